"""The last frames of a meter, for the support bundle."""

from __future__ import annotations

from bridge.meters.recent_frames import RecentFrames


class Next:
    def __init__(self):
        self.seen = []

    def sent(self, data):
        self.seen.append(("sent", data))

    def came(self, frame):
        self.seen.append(("came", frame))


def test_frames_are_kept_with_time_and_direction_and_handed_on():
    following = Next()
    recorder = RecentFrames((), following, clock_s=lambda: 1_800_000_000.25)
    recorder.sent(b"\x7e\xa0")
    recorder.came(b"\x7e")
    assert recorder.text() == "08:00:00.250000 -> 7E A0\n08:00:00.250000 <- 7E\n"
    assert following.seen == [("sent", b"\x7e\xa0"), ("came", b"\x7e")]


def test_only_the_last_ones_are_kept():
    recorder = RecentFrames(())
    for number in range(100):
        recorder.sent(bytes((number,)))
    lines = recorder.text().splitlines()
    assert len(lines) == 24
    assert lines[-1].endswith("-> 63")


def test_a_secret_is_masked_when_somebody_looks():
    recorder = RecentFrames((b"12345678",))
    recorder.sent(b"\x01" + b"12345678" + b"\x02")
    assert recorder.text().endswith("-> 01 ** ** ** ** ** ** ** ** 02\n")
