"""The opening of IEC 62056-21 mode E, by its bytes."""

from bridge.demo.mode_e import ModeE

IDENTIFICATION = b"/DEM5\\2METER\r\n"


def opening():
    return ModeE("DEM", "METER", "00000042")


def test_the_opening_switches_to_hdlc():
    meter = opening()
    assert meter.feed(b"/?!\r\n") == (IDENTIFICATION, b"")
    assert not meter.is_open
    assert meter.feed(b"\x06252\r\n\x7e\xa0") == (b"\x06252\r\n", b"\x7e\xa0")
    assert meter.is_open
    assert meter.feed(b"\x07") == (b"", b"\x07")


def test_it_answers_to_its_address_alone():
    assert opening().feed(b"/?42!\r\n") == (IDENTIFICATION, b"")
    assert opening().feed(b"/?43!\r\n") == (b"", b"")


def test_it_comes_byte_by_byte_and_behind_wake_up_characters():
    meter = opening()
    answers = [meter.feed(bytes((byte,)))[0] for byte in b"\x00\x00\x00/?!\r\n"]
    assert b"".join(answers) == IDENTIFICATION


def test_another_mode_than_e_is_not_acknowledged():
    meter = opening()
    meter.feed(b"/?!\r\n")
    assert meter.feed(b"\x06051\r\n") == (b"", b"")
    assert not meter.is_open


def test_hdlc_before_the_opening_is_not_heard():
    meter = opening()
    assert meter.feed(bytes.fromhex("7EA0070303938C117E")) == (b"", b"")


def test_a_client_may_begin_anew():
    meter = opening()
    meter.feed(b"/?!\r\n")
    meter.feed(b"\x06252\r\n")
    assert meter.feed(b"/?!\r\n") == (IDENTIFICATION, b"")
    assert not meter.is_open
