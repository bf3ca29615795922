"""What reaches a terminal, a pipe, and a terminal that knows little."""

from __future__ import annotations

import asyncio
import io

import pytest

from bridge.cli.progress import ticking
from bridge.cli.terminal import Terminal


class Screen(io.StringIO):
    """A stream that says that a person watches it."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return True


def lines(out):
    return out.getvalue().splitlines()


def test_a_pipe_gets_plain_lines_without_colour_or_bar():
    out = io.StringIO()
    terminal = Terminal(out, {})
    with terminal.progress(2) as bar:
        bar.step("half")
        terminal.say(terminal.sign("good"), " ", ("done", "bold"))
    assert out.getvalue() == "✔ done\n"


def test_a_terminal_gets_colours():
    out = Screen()
    Terminal(out, {}).say(("done", "good"), " and more")
    assert out.getvalue() == "\x1b[32mdone\x1b[0m and more\n"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_colour_gets_none(environ):
    out = Screen()
    Terminal(out, environ).say(("done", "good"))
    assert out.getvalue() == "done\n"


def test_the_bar_is_redrawn_below_the_lines_and_gone_at_the_end(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = Screen()
    terminal = Terminal(out, {"NO_COLOR": "1"})
    with terminal.progress(4) as bar:
        bar.step("main")
        terminal.say("a line")
        bar.step("cellar", by=2)
    drawn = out.getvalue().split("\r\x1b[K")
    assert drawn[1] == "[██████░░░░░░░░░░░░░░░░░░] 1/4 main"
    assert drawn[2] == "a line\n[██████░░░░░░░░░░░░░░░░░░] 1/4 main"
    assert drawn[3] == "[██████████████████░░░░░░] 3/4 cellar"
    assert drawn[4] == ""


def test_a_dumb_terminal_has_no_bar():
    out = Screen()
    with Terminal(out, {"TERM": "dumb"}).progress(4) as bar:
        bar.step("main")
    assert out.getvalue() == ""


def test_the_bar_never_runs_over_the_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = Screen()
    with Terminal(out, {}).progress() as bar:
        bar.show("x" * 200)
        assert len(out.getvalue().rpartition("\x1b[K")[2]) == 39


@pytest.mark.parametrize(("sign", "text"), [("good", "[ok]"), ("bad", "[x]"), ("warn", "[!]"), ("none", "[-]")])
def test_a_terminal_without_utf8_gets_signs_that_it_can_show(sign, text):
    out = Screen("latin-1")
    terminal = Terminal(out, {"NO_COLOR": "1"})
    terminal.say(terminal.sign(sign), " ñ €")
    assert out.getvalue() == f"{text} ñ \\u20ac\n"


def test_what_a_meter_says_cannot_steer_the_terminal():
    out = Screen()
    terminal = Terminal(out, {})
    terminal.say("name \x1b[2J\x07\u202e", ("x\ry\n", "bad"))
    terminal.table(("a\x1b", "b"), [["\x9b1m", "ok"]])
    assert "\x1b[2J" not in out.getvalue()
    assert not set(out.getvalue()) & {"\x07", "\u202e", "\r", "\x9b"}


def test_a_tables_columns_are_as_wide_as_their_widest_cell_whatever_its_colour():
    out = Screen()
    Terminal(out, {"NO_COLOR": "1"}).table(
        ("name", "value"), [["main", "1"], [("cellar of hall 2", "bad"), "22"]], title="meters"
    )
    assert lines(out) == ["meters", "  name              value", "  main              1", "  cellar of hall 2  22"]
    coloured = Screen()
    Terminal(coloured, {}).table(("name", "value"), [[("main", "good"), "1"]])
    assert "  \x1b[32mmain\x1b[0m  1" in lines(coloured)


def test_an_empty_table_is_its_header():
    out = io.StringIO()
    Terminal(out, {}).table(("name",), [])
    assert out.getvalue() == "  name\n"


def test_clearing_does_nothing_to_a_file():
    out, screen = io.StringIO(), Screen()
    Terminal(out, {}).clear()
    Terminal(screen, {}).clear()
    assert (out.getvalue(), screen.getvalue()) == ("", "\x1b[H\x1b[2J")


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_a_pipe_gets_a_line_every_ten_seconds_of_silence():
    out, clock = io.StringIO(), Clock()
    terminal = Terminal(out, {}, clock_s=clock)
    with terminal.progress() as bar:
        for second in range(45):
            clock.now_s = float(second)
            if second == 15:
                terminal.say("found something")
            bar.show(f"question {second}")
    assert lines(out) == [
        "10 s: question 10",
        "found something",
        "25 s: question 25",
        "35 s: question 35",
    ]


def test_a_document_is_not_interrupted():
    out, clock = io.StringIO(), Clock()
    with Terminal(out, {}, clock_s=clock).progress(lines=False) as bar:
        clock.now_s = 60.0
        bar.show("rows")
    assert out.getvalue() == ""


async def test_the_line_comes_however_long_one_step_takes():
    out, clock = io.StringIO(), Clock()
    with Terminal(out, {}, clock_s=clock).progress() as bar:
        bar.show("one long step")
        async with ticking(bar, every_s=0.001):
            clock.now_s = 10.0
            while not out.getvalue():
                await asyncio.sleep(0.001)
    assert lines(out) == ["10 s: one long step"]


def test_how_long_the_rest_takes_is_said_once_that_is_no_guess():
    out, clock = io.StringIO(), Clock()
    with Terminal(out, {}, clock_s=clock).progress(100) as bar:
        for second, done in ((5, 10), (20, 10), (40, 60)):
            clock.now_s = float(second)
            bar.step("pages", by=done)
        clock.now_s = 60.0
        bar.step(by=20)
    assert lines(out) == [
        "20 s: 20/100 (~ 1 min 20 s) pages",
        "40 s: 80/100 (~ 10 s) pages",
        "60 s: 100/100 pages",
    ]


@pytest.mark.parametrize("columns", [40, 80])
def test_wrapped_text_hangs_below_where_it_began(columns):
    out = io.StringIO()
    terminal = Terminal(out, {"COLUMNS": str(columns)})
    terminal.wrap(["      → "], "word " * 40)
    assert max(map(len, lines(out))) <= columns
    assert all(line.startswith("        word") for line in lines(out)[1:])
    terminal.pairs([("name", "value " * 30), ("longer name", "other")])
    assert lines(out)[-1] == "longer name  other"
    assert max(map(len, lines(out))) <= columns


@pytest.mark.parametrize("given", ["", "0", "wide"])
def test_a_pipe_is_80_wide_where_nobody_says_otherwise(given):
    assert Terminal(io.StringIO(), {"COLUMNS": given}).columns == 80
