"""Watching: again and again until interrupted, and the exit code of what was seen last."""

import io

import pytest

from bridge.cli.terminal import Terminal
from bridge.cli.watch import watch
from tests.cli.test_terminal import Screen


def looking(*codes, out):
    left = list(codes)

    def look():
        if not left:
            raise KeyboardInterrupt
        out.write("seen\n")
        return left.pop(0)

    return look


@pytest.mark.parametrize(("out", "cleared"), [(Screen(), 3), (io.StringIO(), 0)])
def test_each_look_has_the_screen_for_itself_and_the_last_one_gives_the_code(out, cleared):
    waits = []
    assert watch(looking(0, 1, out=out), Terminal(out, {}), every_s=20, sleep=waits.append) == 1
    assert waits == [20, 20]
    assert out.getvalue().count("\x1b[2J") == cleared
    assert out.getvalue().count("seen") == 2


def test_who_interrupts_the_first_look_has_seen_nothing():
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        watch(looking(out=out), Terminal(out, {}), every_s=2)
