"""gurux protects an association by OpenSSL, and prints nothing."""

import json
import os
import subprocess
import sys
from contextlib import suppress

import gurux_dlms
import pytest
from gurux_dlms import GXDLMSChippering

from bridge.dlms.framing import framer
from bridge.dlms.openssl_in_gurux import quiet_and_fast
from bridge.errors import MeterError
from tests.dlms.ciphers import cipher
from tests.dlms.secured_sides import BOTH, both_sides
from tests.dlms.test_association_counters import read_once
from tests.meters.by_hand import READINGS, converse, read_as

GURUX = """
import json, sys
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.enums import Security
from gurux_dlms.objects.enums import SecuritySuite
made = []
for case in json.load(sys.stdin):
    size = 32 if case["suite"] == 2 else 16
    p = AesGcmParameter(case["tag"], bytearray.fromhex("4D4D4D0000BC614E"), bytearray(case["key"] or range(size)),
                        bytearray(range(0xD0, 0xD0 + size)))
    p.security, p.securitySuite = Security(case["security"]), SecuritySuite(case["suite"])
    p.invocationCounter = case["counter"]
    made.append(bytes(GXCiphering.encrypt(p, bytes.fromhex(case["apdu"]))).hex())
print("\\n" + json.dumps(made))
"""


def test_every_protected_apdu_is_what_unpatched_gurux_makes_of_it():
    cases = []
    for suite in (0, 1, 2):
        for security in (0x10, 0x20, 0x30):
            for dedicated in (False, True):
                for general in (False, True):
                    for size in (3, 13, 100, 200, 300):
                        tag = (0xDC if dedicated else 0xDB) if general else 0xD0 if dedicated else 0xC8
                        key = list(range(50, 50 + (32 if suite == 2 else 16))) if dedicated else None
                        apdu = b"\xc0" + bytes(n % 256 for n in range(size - 1))
                        cases.append({
                            "suite": suite, "security": security, "tag": tag, "key": key, "general": general,
                            "counter": 1000 * len(cases) + 7, "apdu": apdu.hex(),
                        })  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", GURUX], input=json.dumps(cases), capture_output=True, text=True, check=True, timeout=60
    )
    ours = [
        cipher(
            case["security"], case["suite"], general=case["general"], first=case["counter"],
            dedicated=bytes(case["key"]) if case["key"] else None,
        ).protect(bytes.fromhex(case["apdu"])).hex()
        for case in cases
    ]  # fmt: skip
    assert ours == json.loads(done.stdout.splitlines()[-1])
    assert len(ours) == 180


def poisoned(monkeypatch):
    """Make gurux's own AES-GCM fail when it is made."""

    def fail(*_, **__):
        raise AssertionError("gurux's own AES-GCM was called")

    theirs = sys.modules["gurux_dlms.GXDLMSChipperingStream"].GXDLMSChipperingStream
    monkeypatch.setattr(theirs, "__init__", fail)
    return theirs


@pytest.mark.parametrize("authentication", ["low", "gmac"])
@pytest.mark.parametrize("suite", [0, 2])
def test_guruxs_own_aes_is_never_called(monkeypatch, authentication, suite):
    poisoned(monkeypatch)
    session, side = both_sides("wrapper", authentication=authentication, suite=suite)
    assert read_as(read_once(session, side)) == READINGS


def test_the_test_above_would_see_guruxs_own_aes(monkeypatch):
    theirs = poisoned(monkeypatch)
    monkeypatch.setitem(vars(sys.modules[GXDLMSChippering.__module__]), "GXDLMSChipperingStream", theirs)
    session, side = both_sides("wrapper")
    with pytest.raises(MeterError, match="own AES-GCM was called"):
        converse(session.associate(), side.answer)


def test_a_gurux_without_the_seam_is_refused_at_the_start(monkeypatch):
    monkeypatch.delitem(vars(sys.modules[GXDLMSChippering.__module__]), "GXDLMSChipperingStream")
    with pytest.raises(ImportError, match="GXDLMSChipperingStream"):
        quiet_and_fast()


@pytest.mark.parametrize("module", ["GXSecure", "GXDLMSClient"])
def test_a_gurux_without_the_seam_for_signatures_is_refused_too(monkeypatch, module):
    monkeypatch.delitem(vars(sys.modules[f"gurux_dlms.{module}"]), "GXEcdsa")
    with pytest.raises(ImportError, match="GXEcdsa"):
        quiet_and_fast()


def test_every_module_of_gurux_that_prints_is_silenced():
    silenced = quiet_and_fast()
    session, side = both_sides(authentication="ecdsa", suite=1)
    read_once(session, side)
    late = {name for name in sys.modules if name.split(".")[0] == "gurux_dlms"} - set(silenced.modules)
    chatty = [name for name in late if "print(" in open(sys.modules[name].__file__, encoding="utf-8").read()]  # noqa: SIM115, PTH123
    assert chatty == []
    assert gurux_dlms.GXDLMSClient is not None


def test_the_tag_of_the_association_response_is_looked_at():
    # gurux itself does not look (1.0.203); a bent response must not be taken for agreed.
    for at in range(1, 14):
        session, side = both_sides("wrapper", authentication="low")

        def bent(request, side=side, at=at):
            answer = bytearray(side.answer(request))
            if answer[8] == 0x61:
                answer[-at] ^= 0x40
            return bytes(answer)

        with pytest.raises(MeterError):
            converse(session.associate(), bent)


CLIENT_SCRIPT = """
import sys
from bridge.errors import ReplyTimeout
from bridge.dlms.framing import framer
from bridge.dlms.volley import Volley
from bridge.configuration.meter import resolve
from bridge.meters.counter_store import CounterStore
from bridge.dlms.security_keys import SecurityKeys
from bridge.configuration.profile import load_profile
from bridge.dlms.association import MeterSession
from bridge.configuration.settings import MeterSettings, PollSettings
import json, os
given = json.loads(sys.argv[1])
there, here = int(sys.argv[2]), int(sys.argv[3])
profile = load_profile("microstar").model_copy(update={"counter_obis": "none", "conformance": ""})
meter = resolve("main", MeterSettings.model_validate(given), profile, PollSettings())
session = MeterSession(meter, CounterStore(None))
cut = framer(given["framing"])

def converse(conversation):
    try:
        said = next(conversation)
        while True:
            volley = said if isinstance(said, Volley) else None
            frames = []
            if said:
                os.write(there, volley.request if volley else said)
            while not frames:
                frames = cut.feed(os.read(here, 65536))
            if not (volley and volley.take(frames[0])):
                said = conversation.send(frames[0])
            elif not volley.request:
                said = conversation.send(b"")
    except StopIteration as done:
        return done.value

for _ in range(2):
    converse(session.associate())
    for _ in range(3):
        readings = converse(session.read())
    converse(session.release())
assert [one.value for one in readings] == [135.19, 1.23, 59.98, -156, 56348], readings
assert "bridge.demo" not in sys.modules
sys.exit(42)
"""


@pytest.mark.parametrize("authentication", ["none", "low", "high", "md5", "sha256", "gmac", "ecdsa"])
def test_nothing_is_printed_in_a_ciphered_association_and_its_reads(authentication):
    session, side = both_sides("wrapper", authentication=authentication, suite=1, security=BOTH, dedicated=True)
    meter = session._meter
    given = {
        "host": "meter", "profile": "microstar", "framing": "wrapper", "authentication": authentication, "suite": 1,
        "security": BOTH, "dedicated_key": True, "encryption_key": meter.keys.encryption_key.hex(),
        "authentication_key": meter.keys.authentication_key.hex(), "password": meter.password.decode(),
    }  # fmt: skip
    if meter.signing_keys:
        given["meter_public_key"], given["signing_key"] = meter.signing_keys
    (child_reads, parent_writes), (parent_reads, child_writes) = os.pipe(), os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT_SCRIPT, json.dumps(given), str(child_writes), str(child_reads)],
        pass_fds=(child_reads, child_writes), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(child_reads)
        os.close(child_writes)
        cut = framer("wrapper")
        with suppress(BrokenPipeError):
            while data := os.read(parent_reads, 65536):
                for request in cut.feed(data):
                    os.write(parent_writes, side.answer(request))
        out, err = process.communicate(timeout=30)
    os.close(parent_reads)
    os.close(parent_writes)
    assert (out, err, process.returncode) == (b"", b"", 42)
