"""Whose a pushed message is, and whether it is its own: titles, keys, tags, counters, forms that are not understood."""

import pytest

from bridge.dlms.push import (
    PushError,
    ReplayedPushError,
    UnknownTitleError,
    UnsupportedPushError,
    WrongKeyError,
    open_notification,
)
from bridge.dlms.security_keys import SecurityKeys
from tests.dlms.push.gurux_pushes import TITLE, keys, protected

DATA = b"\x0f\x00\x00\x00\x07\x00\x02\x01\x11\x05"
SECURITIES = [0x10, 0x20, 0x30]


def opened(apdu, known=None, last=None, **more):
    return open_notification(apdu, lambda title: known, lambda title: last, **more)


def test_a_title_that_nobody_knows_is_told_and_nothing_is_deciphered():
    with pytest.raises(UnknownTitleError, match="4752580000000007") as refused:
        opened(protected(DATA))
    assert (refused.value.title, refused.value.reason) == (TITLE, "unknown-title")


def test_keys_are_asked_for_by_the_title_that_the_message_names():
    asked = []

    def keys_of(title):
        asked.append(title)
        return keys()

    assert open_notification(protected(DATA), keys_of).body == [5]
    assert asked == [TITLE]


@pytest.mark.parametrize("security", SECURITIES)
@pytest.mark.parametrize("which", ["encryption", "authentication"])
def test_another_key_is_a_wrong_key(security, which):
    right = keys(security)
    wrong = SecurityKeys(
        security,
        0,
        bytes(16) if which == "encryption" else right.encryption_key,
        bytes(16) if which == "authentication" else right.authentication_key,
    )
    apdu = protected(DATA, security=security)
    assert opened(apdu, right).body == [5]
    if which == "authentication" and not security & 0x10:
        assert opened(apdu, wrong).body == [5]  # it has no part in encryption alone
        return
    with pytest.raises(WrongKeyError) as refused:
        opened(apdu, wrong)
    assert "ENCRYPTION_KEY" in refused.value.hint
    assert right.encryption_key.hex() not in f"{refused.value!r} {refused.value.hint}"


@pytest.mark.parametrize("security", [0x10, 0x30])
def test_an_octet_changed_anywhere_is_a_wrong_key_or_another_title(security):
    apdu = protected(DATA, security=security)
    for at in range(2, len(apdu)):
        bent = apdu[:at] + bytes((apdu[at] ^ 1,)) + apdu[at + 1 :]
        with pytest.raises(PushError):
            open_notification(bent, lambda title: keys(security) if title == TITLE else None)


@pytest.mark.parametrize("security", SECURITIES)
@pytest.mark.parametrize(("last", "is_taken"), [(None, True), (6, True), (7, False), (8, False), (1 << 31, False)])
def test_a_counter_must_rise(security, last, is_taken):
    apdu = protected(DATA, security=security, counter=7)
    if is_taken:
        assert opened(apdu, keys(security), last).counter == 7
        return
    with pytest.raises(ReplayedPushError, match=f"7, after one under {last}"):
        opened(apdu, keys(security), last)


def test_what_is_not_the_meters_own_is_no_replay():
    """Else anybody who knows a title could count as many replays as he likes for a meter that sent none."""
    apdu = bytearray(protected(DATA, counter=7))
    apdu[-1] ^= 1
    with pytest.raises(WrongKeyError):
        opened(bytes(apdu), keys(), last=100)


def test_a_counter_is_asked_for_by_title_and_one_at_its_end_is_still_taken():
    asked = []
    apdu = protected(DATA, counter=0xFFFFFFFF)
    told = open_notification(apdu, lambda title: keys(), lambda title: asked.append(title) or 0xFFFFFFFE)
    assert (told.counter, asked) == (0xFFFFFFFF, [TITLE])


@pytest.mark.parametrize(
    ("apdu", "said"),
    [
        (b"\xdc\x08" + TITLE + b"\x05\x30\x00\x00\x00\x01", "dedicated key"),
        (b"\xd2\x05\x30\x00\x00\x00\x01", "dedicated key"),
        (b"\xdd\x00\x08" + TITLE, "general ciphering"),
        (b"\xdf\x00\x08" + TITLE, "signature"),
        (b"\x18\x00\x01\x02\xfa\x00\x01\x11\x05", "information report"),
        (b"\x38\x05\x30\x00\x00\x00\x01", "information report"),
        (b"\xe6\x00\x01\x07" + DATA, "gateway"),
        (protected(b"/EST5\\2537_A\r\n"), "text"),  # a telegram of P1 in general-glo-ciphering, as in Luxembourg
    ],
)
def test_a_form_that_is_not_understood_is_refused_with_what_to_do(apdu, said):
    with pytest.raises(UnsupportedPushError, match=said) as refused:
        opened(apdu, keys())
    assert "have it push" in str(refused.value)


@pytest.mark.parametrize(
    ("control", "said"), [(0x00, "unprotected"), (0x70, "broadcast"), (0xB0, "compressed"), (0x40, "broadcast")]
)
def test_a_security_control_that_is_not_understood_is_refused_before_anything_is_deciphered(control, said):
    apdu = bytearray(protected(DATA))
    apdu[11] = control
    with pytest.raises(UnsupportedPushError, match=said):
        opened(bytes(apdu), keys())


def test_another_suite_than_the_keys_are_of_is_named():
    with pytest.raises(WrongKeyError, match="suite 2, and its keys are of suite 0"):
        opened(protected(DATA, suite=2), keys())
    assert opened(protected(DATA, suite=2), keys(suite=2)).body == [5]


@pytest.mark.parametrize("security", SECURITIES)
def test_what_is_ciphered_and_no_notification_is_refused(security):
    get = b"\xc0\x01\xc1\x00\x03\x01\x00\x01\x08\x00\xff\x02\x00"
    with pytest.raises(WrongKeyError if security == 0x20 else PushError):
        opened(protected(get, security=security), keys(security))


@pytest.mark.parametrize("security", SECURITIES)
def test_a_message_may_not_be_ciphered_twice(security):
    twice = protected(protected(DATA, security=security), security=security, counter=2)
    with pytest.raises(PushError):
        opened(twice, keys(security))


@pytest.mark.parametrize(
    "apdu", [b"", b"\x61\x05", b"\xc4\x01\xc1\x00\x11\x05", b"\x00", b"\xe0\x80\x00\x01\x00\x00\x00"]
)
def test_what_is_no_notification_is_an_error_by_name(apdu):
    with pytest.raises(PushError):
        opened(apdu, keys())


@pytest.mark.parametrize("size", range(len(protected(DATA))))
def test_what_is_cut_short_is_an_error_by_name(size):
    with pytest.raises(PushError):
        opened(protected(DATA)[:size], keys())


def test_a_ciphered_event_without_a_title_needs_somebody_whose_it_may_be():
    with pytest.raises(UnknownTitleError, match="no system title"):
        opened(protected(b"\xc2\x00", 0xCA), keys())


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        (b"\x00", b""),
        (b"\x01\x0c", b"time"),
        (b"\x01\x09\x0c", b"time"),
        (b"\x0c", b"time"),  # without the octet that says that there is one
        (b"\x09\x0c", b"time"),
        (b"\x01", b"time"),  # without its length
        (b"", b""),  # without anything
    ],
)
def test_an_events_time_is_found_with_and_without_the_octets_before_it(head, sent):
    time = bytes.fromhex("07ea0b1a0417050700003c00")
    about = b"\x00\x01\x00\x00\x60\x0b\x00\xff\x02"
    event = opened(b"\xc2" + head + (time if sent else b"") + about + b"\x11\x28")
    assert (event.sent, event.body) == (time if sent else b"", 0x28)
    assert tuple(event.subject) == (1, bytes.fromhex("0000600b00ff"), 2)


def test_a_data_notifications_time_may_stand_behind_its_tag():
    time = bytes.fromhex("07ea0b1a0417050700003c00")
    for head in (b"\x0c", b"\x09\x0c"):
        assert opened(b"\x0f\x40\x00\x00\x01" + head + time + b"\x11\x05").sent == time
    for head in (b"\x00", b"\x09\x00"):
        assert opened(b"\x0f\x40\x00\x00\x01" + head + b"\x11\x05").sent == b""
    with pytest.raises(PushError, match="time has 7 octets"):
        opened(b"\x0f\x40\x00\x00\x01\x07" + bytes(7) + b"\x11\x05")
