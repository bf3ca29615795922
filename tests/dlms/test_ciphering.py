"""Ciphering: by OpenSSL alone, as the standard's example and gurux have it, tags looked at, nothing printed."""

import pytest

from bridge.errors import AssociationError, DecodeError
from tests.dlms.ciphers import CLIENT, METER, cipher

EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))


def meters(one, apdu, **more):
    """Return ``apdu`` as the meter protects it, whose client is ``one``."""
    other = cipher(**{"title": METER, "peer": CLIENT} | more)
    other._tags = {0xC4: 0xCC, 0xC7: 0xCF, 0x0C: 0x2C, 0xC2: 0xCA} | ({0xC4: 0xD4} if more.get("dedicated") else {})
    return other.protect(apdu)


def test_the_standards_own_example_comes_out():
    # DLMS UA Green Book, 9.2.7.2.4: glo-get-request under suite 0, authenticated and encrypted.
    request = bytes.fromhex("C0010000080000010000FF0200")
    expected = "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"
    assert cipher(first=0x01234567).protect(request).hex().upper() == expected


@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize("security", [0x10, 0x20, 0x30])
@pytest.mark.parametrize("general", [False, True])
def test_what_the_meter_protects_is_opened(suite, security, general):
    apdu = b"\xc4\x01\xc1\x00\x09\x82\x01\x00" + bytes(range(256))
    one = cipher(security, suite, general=general)
    assert one.open(meters(one, apdu, security=security, suite=suite, general=general, first=5)) == apdu
    assert one.last_received == 5


@pytest.mark.parametrize("security", [0x10, 0x30])
def test_a_flipped_bit_anywhere_is_refused(security):
    apdu = b"\xc4\x01\xc1\x00\x06\x00\x00\x34\xcf"
    whole = meters(None, apdu, security=security, first=5)
    assert cipher(security).open(whole) == apdu
    for at in range(len(whole)):
        for bit in range(8):
            bent = bytearray(whole)
            bent[at] ^= 1 << bit
            try:
                opened = cipher(security).open(bytes(bent))
            except DecodeError:
                continue
            assert at == 0  # another tag under the same key: what it held is whole
            assert opened == apdu


@pytest.mark.parametrize("cut", range(1, 27))
def test_a_protected_answer_that_is_cut_is_refused(cut):
    with pytest.raises(DecodeError):
        cipher().open(meters(None, b"\xc4\x01\xc1\x00\x06\x00\x00\x34\xcf", first=5)[:-cut])


def test_an_answer_under_an_old_counter_is_refused_and_a_higher_one_taken():
    one, apdu = cipher(), b"\xc4\x01\xc1\x00\x0f\x05"
    assert one.open(meters(one, apdu, first=10)) == apdu
    for number in (10, 9, 1):
        with pytest.raises(DecodeError, match="again"):
            one.open(meters(one, apdu, first=number))
    assert one.open(meters(one, apdu, first=11)) == apdu


def test_a_forged_counter_does_not_shut_out_the_meter():
    one, apdu = cipher(), b"\xc4\x01\xc1\x00\x0f\x05"
    forged = bytearray(meters(one, apdu, first=0xFFFFFFF0))
    forged[-1] ^= 1
    with pytest.raises(DecodeError):
        one.open(bytes(forged))
    assert one.open(meters(one, apdu, first=10)) == apdu


def test_an_answer_in_clear_is_refused_where_protection_was_agreed_on():
    with pytest.raises(DecodeError, match="not protected"):
        cipher().open(b"\xc4\x01\xc1\x00\x0f\x05")
    assert (
        cipher().open(b"\xd8\x01\x06\x00\x00\x00\x07") == b"\xd8\x01\x06\x00\x00\x00\x07"
    )  # an exception has no other form


def test_an_answer_with_less_protection_than_agreed_on_is_refused():
    for security in (0x10, 0x20):
        with pytest.raises(DecodeError, match="instead of"):
            cipher(0x30).open(meters(None, b"\xc4\x01\xc1\x00\x0f\x05", security=security))


def test_a_notification_under_the_global_key_is_opened_in_a_dedicated_association():
    one, pushed = cipher(dedicated=bytes(16)), b"\xc2\x00\x00\x03\x01\x01\x01\x07\x00\xff\x02\x0f\x05"
    assert one.open(meters(one, pushed, first=9)) == pushed
    apdu = b"\xc4\x01\xc1\x00\x0f\x05"
    assert one.open(meters(one, apdu, dedicated=bytes(16), first=1)) == apdu  # its own counter, for its own key


def test_a_counter_that_is_used_up_stops_protection():
    one = cipher()
    one._counter._end = one._counter.next
    with pytest.raises(AssociationError, match="invocation counter"):
        one.protect(b"\xc0\x01\xc1")


@pytest.mark.parametrize("size", [1, 100, 107, 108, 109, 200, 235, 240, 300, 60_000])
@pytest.mark.parametrize("general", [False, True])
def test_the_overhead_is_never_more_than_told(size, general):
    one = cipher(general=general)
    assert len(one.protect(b"\xc0" + bytes(size - 1))) <= size + one.overhead_bytes
