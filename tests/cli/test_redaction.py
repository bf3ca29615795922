"""No secret stays in a text, in whatever form it stands there; what is none stays as it is."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bridge.cli.doctor.redaction import MASK, Redaction, secrets_in
from bridge.configuration.settings import MeterSettings, Settings, ThingsBoardSettings

SECRETS = (
    "hunter2-hunter2", "12345678", "contraseña ñ&=", 'with "quotes" \\ and \'more\'', "hex:00FF10CAFE9911AA",
    "00112233445566778899AABBCCDDEEFF", "<?>+/AAAA", "ab+c/d~e",
)  # fmt: skip


def raw_of(secret):
    """The bytes that the secret stands for: of its text, and of its digits where it is hex."""
    yield secret.encode()
    digits = secret.removeprefix("hex:")
    if re.fullmatch("([0-9A-Fa-f]{2})+", digits):
        yield bytes.fromhex(digits)


def writings(raw):
    """How people and programs write bytes; made here without the code under test."""
    yield from (raw.hex(), raw.hex().upper(), raw.hex(" "), raw.hex(" ").upper(), raw.hex(":"), raw.hex("-"))
    yield " ".join(f"0x{octet:02X}" for octet in raw)
    yield ", ".join(f"0x{octet:02x}" for octet in raw)
    yield repr(raw)
    yield raw.hex(",")
    for coded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield coded.decode()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    yield from (text, text.upper(), json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text), ascii(text))
    yield from (quote(text), quote(text, safe=""), quote_plus(text), html.escape(text))


def leaks(raw, masked):
    """Whether the bytes can still be read out of ``masked``."""
    try:
        text = raw.decode().lower()
    except UnicodeDecodeError:
        text = None
    digits = re.sub("[^0-9a-f]", "", re.sub(r"0x|\\x", "", masked.lower().replace(MASK, "|")))
    return (text is not None and text in masked.lower()) or raw.hex() in digits


@pytest.mark.parametrize("secret", SECRETS)
def test_every_writing_of_a_secret_is_masked(secret):
    redaction = Redaction(SECRETS)
    for raw in raw_of(secret):
        for writing in writings(raw):
            masked = redaction.masked(f"before {writing} after")
            assert MASK in masked, writing
            assert not leaks(raw, masked), writing
            assert masked.startswith("before ")
            assert masked.endswith(" after")


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_in_base64_it_is_masked_wherever_it_begins(before, after):
    coded = base64.b64encode(before + b"hunter2-hunter2" + after).decode()
    masked = Redaction(["hunter2-hunter2"]).masked(coded)
    assert MASK in masked
    assert b"hunter2" not in base64.b64decode("".join(masked.split(MASK)[0]) + "===")
    # What is left at the edges decides two of its characters at most.
    assert len(masked.replace(MASK, "")) <= len(coded) - 16


def test_what_is_no_secret_stays():
    text = "main | tcp | 10.0.0.7:4059: connection refused, 12 345 times; 7E A0 07"
    assert Redaction(["hunter2-hunter2"]).masked(text) == text
    assert Redaction([]).masked(text) == text
    assert Redaction([""]).masked(text) == text


def test_a_very_short_secret_is_masked_where_it_stands_alone_and_words_stay_whole():
    assert Redaction(["a1"]).masked("password=a1, main a10") == f"password={MASK}, main a10"


def test_a_secret_within_another_leaves_nothing_of_the_longer_one():
    assert Redaction(["1234", "12345678"]).masked("x12345678y") == f"x{MASK}y"


def test_every_secret_of_the_settings_is_known():
    settings = Settings(
        meters={"main": MeterSettings(host="a", password=SecretStr("one"), encryption_key=SecretStr("A" * 32))},
        thingsboard=ThingsBoardSettings(token=SecretStr("two"), provision_secret=SecretStr("three")),
    )
    assert sorted(secrets_in(settings)) == ["A" * 32, "one", "three", "two"]
