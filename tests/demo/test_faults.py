"""Every fault of the table, by what it puts on the wire."""

import pytest

from bridge.demo import Faults, MeterServer
from bridge.demo.cosem import from_date_time
from bridge.demo.fault_table import TABLE
from bridge.demo.faults import FALSE_VALUE, listed
from bridge.demo.hdlc import build, parse
from bridge.demo.line_faults import LineFaults, Pause, Reset, Send
from bridge.dlms.framing import HdlcFramer
from tests.demo.raw import aarq, asked, associated, get, get_list

VOLTAGE, CURRENT = "1.1.32.7.0.255", "1.1.31.7.0.255"
SNRM = bytes.fromhex("7EA0070303938C117E")
REQUEST = b"the request"
FRAME = MeterServer().answer(SNRM)


def meter(faults, **arguments):
    return associated(MeterServer(framing="wrapper", load=fixed_load, faults=Faults(faults), **arguments))


def fixed_load(_):
    return {VOLTAGE: 13519, CURRENT: 1}


def line(frames=(FRAME,), **faults):
    """Return the acts on a line with these faults (written with an underscore for the hyphen)."""
    wanted = {name.replace("_", "-"): argument for name, argument in faults.items()}
    return LineFaults(Faults(wanted)).acts(REQUEST, list(frames))


def test_a_line_without_faults_sends_the_frames_in_one_piece():
    assert line([b"one", b"two"]) == [Send(b"onetwo")]
    assert line([]) == []


def test_drop_and_silent():
    assert line(drop=1) == []
    assert line(silent="") == []


def test_delay():
    assert line(delay=0.25) == [Pause(0.25), Send(FRAME)]


def test_half_frames():
    assert line(half_frames=1) == [Send(FRAME[: len(FRAME) // 2])]


def test_corrupt_makes_a_check_sequence_fail():
    for seed in range(200):
        (act,) = LineFaults(Faults({"corrupt": 1}, seed=seed)).acts(REQUEST, [FRAME])
        assert len(act.data) == len(FRAME)
        assert sum(a != b for a, b in zip(act.data, FRAME, strict=True)) == 1
        assert HdlcFramer().feed(act.data) == []


def test_missing_last_byte():
    assert line(missing_last_byte=1) == [Send(FRAME[:-1])]


def test_echo_stands_before_the_answer_and_alone_when_there_is_none():
    assert line(echo="") == [Send(REQUEST), Send(FRAME)]
    assert line([], echo="") == [Send(REQUEST)]
    assert line(echo="", silent="") == [Send(REQUEST)]


def test_late_comes_with_the_next_answer():
    faults = Faults({"late": 0.5}, seed=3)
    late = LineFaults(faults)
    acts = [late.acts(REQUEST, [f"{n};".encode()]) for n in range(40)]
    sent = [b"".join(act.data for act in each) for each in acts]
    assert b"".join(sent) == b"".join(f"{n};".encode() for n in range(40))[: len(b"".join(sent))]
    assert sent.count(b"") == faults.counts["late"]
    assert any(each.count(b";") > 1 for each in sent)


def test_reset_ends_the_connection_in_the_middle_of_a_frame():
    assert line(reset=1) == [Send(FRAME[: len(FRAME) // 2]), Reset()]


def test_slow_and_split_send_one_byte_at_a_time():
    acts = line(slow=50)
    assert acts[0::2] == [Send(bytes((byte,))) for byte in FRAME]
    assert set(acts[1::2]) == {Pause(0.02)}
    assert [act for act in line(split="") if isinstance(act, Send)] == acts[0::2]


def test_garbage_stands_before_between_and_after_frames_which_stay_whole():
    for seed in range(50):
        (act,) = LineFaults(Faults({"garbage": 1}, seed=seed)).acts(REQUEST, [FRAME, FRAME])
        first = act.data.index(FRAME)
        second = act.data.index(FRAME, first + len(FRAME))
        assert first > 0
        assert second > first + len(FRAME)
        assert len(act.data) > second + len(FRAME)


def test_frames_in_a_row_share_a_flag():
    (act,) = line([FRAME, FRAME], shared_flag="")
    assert act.data == FRAME + FRAME[1:]
    assert HdlcFramer().feed(act.data) == [FRAME, FRAME]


def test_refuse():
    side = meter({"refuse": [VOLTAGE, "1-1:14.7.0"]})
    assert asked(side, get(VOLTAGE)).hex() == "c401c10103"
    assert asked(side, get("1.1.14.7.0.255")).hex() == "c401c10103"
    assert asked(side, get(CURRENT)).hex() == "c401c1000600000001"
    assert asked(side, get_list(CURRENT, VOLTAGE)).hex() == "c403c1020006000000010103"


@pytest.mark.parametrize(
    ("how", "expected"), [("exception", "d80202"), ("count", "c403c1010000"), ("error", "c401c10103"), ("silent", "")]
)
def test_lies_list(how, expected):
    side = meter({"lies-list": how})
    assert asked(side, get_list(VOLTAGE, CURRENT)).hex() == expected
    assert asked(side, get(CURRENT)).hex() == "c401c1000600000001"


def test_lies_list_agrees_to_multiple_references_all_the_same():
    aare = asked(MeterServer(framing="wrapper", faults=Faults({"lies-list": "garbage"})), aarq())
    assert int.from_bytes(aare[-7:-4]) & 0x200
    side = meter({"lies-list": "garbage"})
    answer = asked(side, get_list(VOLTAGE, CURRENT))
    assert answer[:3].hex() == "c403c1"
    assert len(answer) == 10


def test_counter():
    assert [Faults({"counter": "same"}).counter(n) for n in (1, 2, 3)] == [1, 1, 1]
    assert [Faults({"counter": "low"}).counter(n) for n in (1, 2, 3)] == [999, 998, 997]
    leaps = Faults({"counter": "jump"})
    assert len({leaps.counter(n) for n in range(20)}) == 20
    assert Faults().counter(5) == 5


def test_clock_jump():
    now = [1_800_000_000.0]
    side = meter({"clock-jump": 86400}, clock=lambda: now[0])
    clock = get("0.0.1.0.0.255", class_id=8)
    assert from_date_time(asked(side, clock)[6:]) == now[0]
    now[0] += 9
    assert from_date_time(asked(side, clock)[6:]) == now[0]
    now[0] += 1
    assert from_date_time(asked(side, clock)[6:]) == now[0] + 86400


def test_tiny_blocks():
    side = meter({"tiny-blocks": 3})
    blocks, number = [], 0
    answer = asked(side, get("0.0.42.0.0.255", class_id=1))
    while True:
        number += 1
        assert answer[:3].hex() == "c402c1"
        assert int.from_bytes(answer[4:8]) == number
        assert answer[9] == len(answer) - 10 <= 3
        blocks.append(answer[10:])
        if answer[3]:
            break
        answer = asked(side, bytes.fromhex("c002c1") + number.to_bytes(4))
    assert b"".join(blocks) == b"\x09\x0cDEMO00000001"
    assert number == 5


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_notify_sends_both_kinds_before_and_within_answers(framing):
    side = MeterServer(framing=framing, faults=Faults({"notify": 1}))
    first = SNRM if framing == "hdlc" else b"\x00\x01\x00\x01\x00\x01" + len(aarq()).to_bytes(2) + aarq()
    places, kinds = set(), set()
    for _ in range(40):
        frames = side.frames(first)
        assert len(frames) == 2
        if framing == "hdlc":
            unasked = [parse(frame).control == 0x03 for frame in frames]  # UI
            apdu = parse(frames[unasked.index(True)]).information[3:]
        else:
            unasked = [frame[8] in (0x0F, 0xC2) for frame in frames]
            apdu = frames[unasked.index(True)][8:]
        assert unasked.count(True) == 1
        assert apdu.endswith(FALSE_VALUE.to_bytes(4))
        places.add(unasked.index(True))
        kinds.add(apdu[0])
    assert (places, kinds) == ({0, 1}, {0x0F, 0xC2})


def test_forgets_answers_dm_on_hdlc():
    side = MeterServer(faults=Faults({"forgets": 1}))
    side.answer(SNRM)
    frame = bytes.fromhex("e6e600")
    assert parse(side.answer(build(b"\x03", b"\x03", 0x10, frame + aarq()))).information[3] == 0x61
    assert parse(side.answer(build(b"\x03", b"\x03", 0x32, frame + get(VOLTAGE)))).control == 0x1F
    assert parse(side.answer(build(b"\x03", b"\x03", 0x32, frame + get(VOLTAGE)))).control == 0x1F


def test_forgets_answers_service_not_allowed_behind_the_wrapper():
    side = meter({"forgets": 1})
    assert asked(side, get(VOLTAGE)) == b"\xd8\x01\x01"
    assert asked(side, aarq())[0] == 0x61


def test_exception():
    side = meter({"exception": 1})
    assert {asked(side, get(VOLTAGE)).hex() for _ in range(60)} == {"d80101", "d80202", "d80103", "0e050100"}


def test_nonsense_is_for_values_alone():
    side = meter({"nonsense": 1})
    values = {asked(side, get(VOLTAGE))[4:].hex() for _ in range(100)}
    assert values == {"00", "187ff8000000000000", "177f800000", "0a052d2d2d2d2d", "0902ffff", "0100"}
    assert asked(side, get(VOLTAGE, index=3)).hex() == "c401c10002020ffe1623"


def test_the_same_seed_gives_the_same_faults_and_another_one_others():
    def run(seed):
        faults = LineFaults(Faults({"drop": 0.3, "corrupt": 0.3, "garbage": 0.3}, seed=seed))
        return [faults.acts(REQUEST, [FRAME]) for _ in range(50)]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_faults_are_combined_as_written_on_the_command_line():
    faults = Faults.parse(["drop=0.5,refuse=1-1:32.7.0", "refuse=1.1.31.7.0.255", "echo"])
    assert faults.text("drop") == "0.5"
    assert faults.refuses(VOLTAGE, 2)
    assert faults.refuses(CURRENT, 3)
    assert not faults.refuses(VOLTAGE, 1)
    assert faults.has("echo")
    assert not faults.has("garbage")
    assert not Faults.parse([""])


@pytest.mark.parametrize(
    "text", ["dorp", "drop=2", "drop=often", "echo=1", "lies-list=always", "refuse=voltage", "slow=0"]
)
def test_what_makes_no_sense_is_named(text):
    with pytest.raises(ValueError, match=text.split("=", maxsplit=1)[0]):
        Faults.parse([text])


def test_every_fault_of_the_table_is_explained_and_takes_its_default():
    assert set(TABLE) == set(Faults(dict.fromkeys(TABLE, ""))._arguments)
    for name, fault in TABLE.items():
        assert f"  {name}" in listed()
        assert fault.does in listed()
