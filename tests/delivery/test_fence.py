from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.delivery import fence as rules
from bridge.delivery.actions import Ask, Confirm, FallBack, Hand, PutBack, Unanswered, Wait
from bridge.delivery.fence import Fence
from bridge.delivery.messages import Message
from bridge.delivery.pace import Limits, Pace, Rate


def message(*ids: int) -> Message:
    return Message("t", b"", ids, len(ids))


@pytest.fixture
def fence() -> Fence:
    return Fence(Pace(), first_id=100)


def proven(fence: Fence, now_s: float = 0) -> Fence:
    fence.broker(up=True, now_s=now_s)
    fence.upstream(up=True, now_s=now_s)
    fence.answered(fence.next(now_s).request_id, now_s)
    return fence


def send(fence: Fence, *ids: int, now_s: float = 0) -> int:
    """Hand a window over and return the number of the question behind it."""
    assert isinstance(fence.next(now_s), Hand)
    fence.handed([message(*ids)], now_s)
    return fence.next(now_s).request_id


def test_nothing_happens_until_the_broker_and_its_session_are_up(fence):
    assert fence.next(0) == Wait()
    fence.broker(up=True, now_s=0)
    assert fence.next(0) == Wait()
    fence.upstream(up=True, now_s=0)
    assert fence.next(0) == Ask(101)


def test_a_session_begins_with_a_question_alone(fence):
    fence.broker(up=True, now_s=0)
    fence.upstream(up=True, now_s=0)
    assert fence.next(0) == Ask(101)
    assert fence.next(0) == Wait(rules.TIMEOUT_S)
    fence.answered(101, 1)
    assert fence.next(1) == Hand(1)


def test_an_answered_question_confirms_the_window_before_it_and_doubles_the_next(fence):
    proven(fence)
    widths = []
    for number in range(7):
        hand = fence.next(0)
        widths.append(hand.messages)
        fence.answered(send(fence, number), 0)
        assert fence.next(0) == Confirm((number,))
    assert widths == [1, 2, 4, 8, 16, 16, 16]


def test_a_break_puts_the_window_back_and_begins_anew_even_if_the_answer_comes_late(fence):
    proven(fence)
    number = send(fence, 1, 2)
    fence.upstream(up=False, now_s=1)
    fence.upstream(up=True, now_s=2)
    fence.answered(number, 2)

    assert fence.next(2) == PutBack((1, 2), "ThingsBoard's session ended", blamed=True)
    again = fence.next(2)
    assert again == Ask(number + 1)
    fence.answered(again.request_id, 3)
    assert fence.next(3) == Hand(1)


def test_a_second_up_without_a_down_is_a_break_too(fence):
    proven(fence)
    send(fence, 1)
    fence.upstream(up=True, now_s=1)
    assert isinstance(fence.next(1), PutBack)


def test_a_broker_that_went_away_blames_no_sample(fence):
    proven(fence)
    send(fence, 1)
    fence.broker(up=False, now_s=1)
    assert fence.next(1) == PutBack((1,), "the broker went away", blamed=False)
    assert fence.next(1) == Wait()


def test_an_unanswered_question_puts_the_window_back_and_is_asked_again_more_patiently(fence):
    proven(fence)
    send(fence, 1)
    assert fence.next(19) == Wait(20)
    assert fence.next(20) == PutBack((1,), "ThingsBoard did not answer", blamed=True)
    assert fence.next(20) == Unanswered(1)
    assert isinstance(fence.next(20), Ask)
    assert fence.next(20) == Wait(20 + 40)


def test_windows_that_keep_failing_are_tried_with_growing_pauses(fence):
    now, pauses = 0.0, []
    proven(fence)
    for _ in range(8):
        while not isinstance(step := fence.next(now), Hand):
            pauses.append(step.until_s - now)
            now = step.until_s
        send(fence, 1, now_s=now)
        fence.upstream(up=False, now_s=now)
        assert isinstance(fence.next(now), PutBack)
        fence.upstream(up=True, now_s=now)
        fence.answered(fence.next(now).request_id, now)
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 30])


def silent(fence: Fence) -> list[object]:
    """What comes of questions that nobody answers, on a session that stands."""
    fence.broker(up=True, now_s=0)
    fence.upstream(up=True, now_s=0)
    now, seen = 0.0, []
    for _ in range(12):
        step = fence.next(now)
        if isinstance(step, Wait):
            now = step.until_s
        else:
            seen.append(type(step))
    return seen


def test_a_server_that_takes_everything_and_answers_nothing_is_fallen_back_for(fence):
    fence.relay(queued=0, dropped=0, now_s=0)
    assert silent(fence).index(FallBack) == 6  # three questions, three times unanswered, then this


def test_while_the_broker_still_holds_messages_silence_is_no_reason_to_fall_back(fence):
    fence.relay(queued=3, dropped=0, now_s=0)
    assert FallBack not in silent(fence)


def test_while_the_broker_does_not_say_what_it_holds_silence_is_no_reason_either(fence):
    assert FallBack not in silent(fence)


def test_questions_keep_to_the_limits_too():
    pace = Pace()
    pace.obey(Limits(messages=(Rate(1, 10),)))
    fence = proven(Fence(pace, first_id=1))
    fence.handed([message(1)], 0)
    step = fence.next(0)
    assert isinstance(step, Wait)
    assert 9 < step.until_s < 11
    assert isinstance(fence.next(step.until_s), Ask)


class World(RuleBasedStateMachine):
    """A broker and a ThingsBoard that do the worst they are known to do, and a fence that must not be taken in."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.fence = Fence(Pace(), first_id=7)
        self.on_disk = set(range(200))
        self.flying = set()
        self.stored = set()
        self.queue = []  # the broker's, upstream
        self.news = []  # the broker's, to us
        self.session = False
        self.fence.broker(up=True, now_s=0)

    @rule()
    def work(self):
        for _ in range(50):
            match self.fence.next(self.now):
                case Hand(count):
                    window = [message(row) for row in sorted(self.on_disk - self.flying)[:count]]
                    if not window:
                        return
                    self.queue += window
                    self.flying |= {row for one in window for row in one.ids}
                    self.fence.handed(window, self.now)
                case Ask(number):
                    self.queue.append(number)
                case Confirm(ids):
                    assert set(ids) <= self.stored, "confirmed, but ThingsBoard has not got it"
                    self.on_disk -= set(ids)
                    self.flying -= set(ids)
                case PutBack(ids, _, _):
                    self.flying -= set(ids)
                case Wait():
                    return

    @rule(
        fate=st.sampled_from(["taken"] * 6 + ["thrown away", "thrown away", "refused", "taken, unacknowledged"]),
        heard=st.booleans(),
    )
    def relay(self, fate, heard):
        if not (self.session and self.queue):
            return
        first = self.queue[0]
        if fate in ("taken", "taken, unacknowledged"):
            if isinstance(first, Message):
                self.stored |= set(first.ids)
            else:
                self.news.append(("answer", first))
        if fate in ("taken", "thrown away"):
            self.queue.pop(0)
        if fate != "taken":
            self.end_session(heard)

    @rule(times=st.integers(1, 4))
    def go_on(self, times):
        """A quiet while: without it the rules seldom get as far as a window."""
        for _ in range(times):
            self.begin_session()
            self.hear(5)
            self.work()
            self.relay("taken", heard=True)

    @rule(heard=st.booleans())
    def end_session(self, heard):
        """The news of it is QoS 0 and may be lost; that of the next session is retained and comes in any case."""
        if self.session:
            self.session = False
            if heard:
                self.news.append(("state", False))

    @rule()
    def begin_session(self):
        if not self.session:
            self.session = True
            self.news.append(("state", True))

    @rule(count=st.integers(1, 5))
    def hear(self, count):
        for _ in range(min(count, len(self.news))):
            what, value = self.news.pop(0)
            if what == "state":
                self.fence.upstream(up=value, now_s=self.now)
            else:
                self.fence.answered(value, self.now)

    @rule()
    def broker_dies(self):
        self.queue.clear()
        self.news.clear()
        self.session = False
        self.fence.broker(up=False, now_s=self.now)
        self.fence.broker(up=True, now_s=self.now)
        self.fence.upstream(up=False, now_s=self.now)

    @rule(seconds=st.floats(0.01, 30))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def nothing_is_lost(self):
        assert self.on_disk | self.stored == set(range(200))

    def teardown(self):
        for _ in range(3000):  # whatever has happened, it drains once the world is kind again
            if not self.on_disk:
                return
            self.now += 5
            self.begin_session()
            self.hear(5)
            self.work()
            self.relay("taken", heard=True)
        raise AssertionError(f"{len(self.on_disk)} rows never arrive")


World.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
test_whatever_broker_and_thingsboard_do_nothing_is_confirmed_that_has_not_arrived = World.TestCase
