"""The clock through what happens to wall clocks: as they come up, as they are set, and when the power goes between."""

import pytest

from tests.clock.world import NOON_S, NS, World

YEAR_S = 365 * 86_400.0


def test_a_machine_without_a_time_service_is_believed_once_it_runs_for_a_while():
    assert World(up_s=7200).condition == "trusted"


def test_after_the_start_of_the_machine_samples_wait_for_the_patience_and_no_longer():
    world = World(up_s=5)
    first = world.stamp(), world.true_ns
    world.wait(594)
    assert world.condition == "waiting"
    assert world.off_by_s(*first) is None
    world.wait(2)
    assert world.condition == "trusted"
    assert abs(world.off_by_s(*first)) < 0.01


def test_a_time_service_ends_the_wait_at_once():
    world = World(up_s=5, off_s=-3000)
    first = world.stamp(), world.true_ns
    world.set_right()
    world.look()
    assert (world.condition, world.clock.state.grade) == ("trusted", "synchronised")
    assert abs(world.off_by_s(*first)) < 0.01


@pytest.mark.parametrize("off_s", [-YEAR_S, -NOON_S], ids=["a year behind", "1970"])
def test_a_clock_that_comes_up_wrong_gives_no_time_until_it_is_right(off_s):
    world = World(up_s=7200)
    world.power_cut(for_s=3600, off_s=off_s)
    read = [(world.stamp(), world.true_ns)]
    world.wait(3600)
    read.append((world.stamp(), world.true_ns))
    assert (world.condition, world.clock.state.is_wrong) == ("waiting", True)
    assert [world.off_by_s(*one) for one in read] == [None, None]
    world.start()
    world.set_right()
    world.look()
    assert max(abs(world.off_by_s(*one)) for one in read) < 0.01  # over a restart of the bridge, exactly


def test_the_patience_is_for_the_meters_clocks_each_less_its_offset_in_good_times():
    world = World(up_s=7200)
    for _ in range(3):
        world.says("a", 100)
        world.says("b", -7)
        world.says("c", 3)
        world.wait(1)
    world.power_cut(for_s=3600, off_s=-3600)  # as fake-hwclock has it: plausible
    first = world.stamp(), world.true_ns
    world.says("a", 100)
    world.says("b", -7)
    world.says("c", 5003)  # somebody set it during the outage
    world.wait(590)
    assert (world.condition, world.off_by_s(*first)) == ("waiting", None)
    world.wait(20)
    assert world.condition == "estimated"
    assert abs(world.off_by_s(*first)) < 2
    assert world.clock.time_of(first[0]).is_estimated
    world.set_right()
    assert world.look().recall == (world.boot,)  # what is still here gets its true time
    assert abs(world.off_by_s(*first)) < 0.01
    assert not world.clock.time_of(first[0]).is_estimated


def test_meters_that_say_the_same_end_the_wait():
    world = World(up_s=7200)
    world.says("a", 100)
    world.wait(1)
    world.power_cut(for_s=60, off_s=0)
    assert world.condition == "waiting"
    world.says("a", 100)
    world.wait(1)
    assert (world.condition, world.clock.state.grade) == ("trusted", "witnessed")


@pytest.mark.parametrize("step_s", [-86_400, -3600, -60, 60, 3600, 86_400, -NOON_S])
@pytest.mark.parametrize("confirmed_by", ["a time service", "a meter"])
def test_a_confirmed_clock_that_is_stepped_by_hand_is_not_followed(step_s, confirmed_by):
    world = World(up_s=7200, synchronised=confirmed_by == "a time service")
    world.says("a", 100)
    world.wait(100)
    world.step(step_s)
    change = world.look()
    assert change.stepped_s == pytest.approx(step_s)
    world.wait(2000)
    assert world.condition == "kept"
    assert abs(world.off_by_s(world.stamp(), world.true_ns)) < 0.01
    assert world.clock.state.wall_off_s == pytest.approx(step_s)
    world.start()
    world.says("a", 100)
    world.wait(2)
    assert world.condition == "kept"  # over a restart of the bridge too
    world.set_right()
    world.look()
    assert world.condition == "trusted"
    assert not any(change.recall for change in world.changes)


def test_a_clock_that_drifted_and_is_set_by_hand_is_followed_after_the_patience():
    world = World(up_s=7200, synchronised=True)
    world.synchronised = False
    world.wait(30 * 86_400, every_s=600)
    read = world.stamp(), world.true_ns
    world.step(90)
    world.wait(700)
    assert world.condition == "trusted"
    assert world.off_by_s(world.stamp(), world.true_ns) == pytest.approx(90, abs=0.01)
    assert not any(change.recall for change in world.changes)
    assert world.off_by_s(*read) is not None


@pytest.mark.parametrize("step_s", [-3600, -60, 60, 3600, 86_400])
def test_a_presumed_clock_that_is_set_waits_then_follows_and_what_is_here_is_stamped_anew(step_s):
    world = World(up_s=7200, off_s=-step_s)
    early = world.stamp(), world.true_ns
    world.wait(100)
    world.step(step_s)
    world.look()
    late = world.stamp(), world.true_ns
    assert world.condition == "waiting"
    assert world.off_by_s(*late) is None
    world.wait(601)
    assert world.condition == "trusted"
    changes = [change for change in world.changes if change.recall]
    assert [change.recall for change in changes] == [(world.boot,)]
    assert changes[0].moved_s == pytest.approx(step_s)
    assert max(abs(world.off_by_s(*one)) for one in (early, late)) < 0.01


def test_a_step_while_the_bridge_was_off_is_seen():
    world = World(up_s=7200)
    world.step(3600)
    world.start()
    assert world.condition == "waiting"
    world.wait(601)
    assert world.condition == "trusted"


def test_two_power_cuts_before_there_is_a_time():
    world = World(up_s=7200)
    world.says("a", 100)
    world.wait(2)
    world.power_cut(for_s=3600, off_s=-3600)
    world.says("a", 100)
    by_meter = world.stamp(), world.true_ns
    world.wait(60)
    world.power_cut(for_s=7200, off_s=-NOON_S)
    by_nothing = world.stamp(), world.true_ns
    world.wait(60)
    world.power_cut(for_s=600, off_s=0)
    assert world.off_by_s(*by_meter) is None
    world.set_right()
    world.look()
    assert abs(world.off_by_s(*by_meter)) < 2
    times = [world.clock.time_of(stamp) for stamp, _ in (by_meter, by_nothing)]
    assert all(time.is_estimated for time in times)
    assert times[0] < times[1]
    assert times[1].ts_ms < world.clock.now_ms() - 600_000  # never after the boot that followed


def test_a_boot_whose_clock_was_a_day_ahead_is_found_out_by_the_next():
    world = World(up_s=7200)
    world.power_cut(for_s=60, off_s=86_400)
    world.wait(700)
    wrong = world.stamp(), world.true_ns
    assert world.off_by_s(*wrong) == pytest.approx(86_400, abs=1)
    number = world.boot
    world.power_cut(for_s=60, off_s=0)
    world.set_right()
    assert world.look().recall == (number,)
    assert abs(world.off_by_s(*wrong)) < 1500
    assert world.clock.time_of(wrong[0]).is_estimated
    assert world.clock.time_of(wrong[0]).ts_ms <= world.clock.now_ms()


def test_a_boot_that_the_ledger_lost_is_dated_by_what_its_clock_showed():
    world = World(up_s=7200)
    read = world.stamp(), world.true_ns
    world.kept = '{"eras": 0, "confirmed_ms": 0, "presumed_ms": 0, "offsets_s": {}, "boots": []}'
    world.power_cut(for_s=60, off_s=0, runs_s=700)
    assert world.off_by_s(*read) is None
    world.clock.met(read[0], read[1] // 1_000_000)
    world.look()
    assert abs(world.off_by_s(*read)) < 0.01
    assert world.clock.time_of(read[0]).is_estimated


def test_ages_do_not_see_steps():
    world = World(up_s=7200)
    before_s = world.clock.steady_s()
    world.step(-86_400)
    world.wait(700)
    assert world.clock.steady_s() - before_s == pytest.approx(700)


def test_what_two_time_services_contradict_is_held_back_for_the_patience_and_no_longer():
    world = World(up_s=7200, off_s=7200, synchronised=True)
    world.power_cut(for_s=60, off_s=0)
    world.synchronised = True
    world.look()
    assert world.condition == "waiting"
    world.wait(601)
    assert world.condition == "trusted"


def test_the_wait_has_no_end_where_only_a_person_can_help_and_patience_0_is_that_help():
    world = World(up_s=7200)
    world.power_cut(for_s=60, off_s=-20 * 86_400)
    world.wait(86_400, every_s=60)
    assert (world.condition, world.clock.state.is_wrong) == ("waiting", True)
    assert "2026" in world.clock.state.why
    world.patience_s = 0.0
    world.start()
    assert world.condition == "trusted"


def test_seconds_are_followed_without_a_word():
    world = World(up_s=7200)
    world.wait(10)
    world.step(-1.5)
    change = world.look()
    assert (change.recall, change.stepped_s, world.condition) == ((), 0.0, "trusted")
    assert abs(world.off_by_s(world.stamp(), world.true_ns) + 1.5) < 0.01
    assert world.true_ns % NS == 0


def test_systemds_file_says_nothing_of_who_set_the_clock_after_it():
    world = World(up_s=5, off_s=-3000)
    world.off_ns, world.served = 0, 1
    world.look()
    assert (world.condition, world.clock.state.grade) == ("trusted", "synchronised")
    world.step(86_400)
    world.wait(5)
    assert world.condition == "kept"
    world.start()
    world.wait(5)
    assert world.condition == "kept"
    world.off_ns, world.served = -5 * NS, 2
    world.look()
    assert world.condition == "trusted"
    assert world.off_by_s(world.stamp(), world.true_ns) == pytest.approx(-5, abs=0.01)


def test_how_long_ago_something_was_is_known_over_a_power_cut_once_both_boots_are():
    world = World(up_s=7200, synchronised=True)
    boot_ids = {number: f"{number:012x}" for number in (1, 2)}
    world.power_cut(for_s=3600, off_s=-3600)
    assert world.clock.ago_s(boot_ids[1], 7000) is None
    world.set_right()
    world.look()
    assert world.clock.ago_s(boot_ids[1], 7000) == pytest.approx(200 + 3600)
    assert world.clock.ago_s("0000000000ff", 7000) is None
    assert world.clock.ago_s("", 7000) is None
