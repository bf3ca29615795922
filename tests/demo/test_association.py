"""Association, its refusals and its lock-out, invocation counters: by the bytes on the wire."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.demo import Client, Keys, MeterMemory, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from tests.demo.raw import INITIATE, aarq, asked, associated, get, get_list

VOLTAGE, CURRENT = "1.1.32.7.0.255", "1.1.31.7.0.255"
TITLE = b"CLI\x00\x00\x00\x00\x01"


def meter(**arguments):
    return MeterServer(framing="wrapper", **arguments)


def diagnostic(aare):
    """Return result and diagnostic of an AARE."""
    assert aare[0] == 0x61
    return aare[17], aare[24]


def test_an_accepted_association_states_what_was_agreed_on():
    aare = asked(meter(conformance=0x001215, max_pdu_bytes=500), aarq())
    assert diagnostic(aare) == (0, 0)
    assert aare.endswith(bytes.fromhex("0800065f1f040000121501f40007"))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (aarq(b"87654321"), 13),
        (aarq(mechanism=0), 14),
        (aarq(mechanism=3), 11),
        (aarq(context=2), 2),
        (aarq(context=3), 2),
    ],
)
def test_a_refused_association_says_why(request_, expected):
    side = meter()
    assert diagnostic(asked(side, request_)) == (1, expected)
    assert asked(side, get(VOLTAGE)) == b"\xd8\x01\x01"


@pytest.mark.parametrize(
    ("initiate", "error"),
    [
        (INITIATE.replace(b"\x06\x5f", b"\x05\x5f"), 1),  # DLMS version too low
        (INITIATE.replace(b"\x7f\xff\xff", b"\x00\x00\x00"), 2),  # incompatible conformance
        (INITIATE.replace(b"\x04\xb0", b"\x00\x20"), 3),  # PDU size too short
    ],
)
def test_a_proposal_that_cannot_be_met_is_answered_by_a_confirmed_service_error(initiate, error):
    aare = asked(meter(), aarq(initiate=initiate))
    assert diagnostic(aare) == (1, 1)
    assert aare.endswith(bytes((0x0E, 1, 6, error)))


def test_three_wrong_passwords_lock_the_meter_for_a_while():
    memory, now = MeterMemory(lock_after=3, lock_minutes=5), [1000.0]

    def connection():
        return meter(memory=memory, clock=lambda: now[0])

    for _ in range(3):
        assert diagnostic(asked(connection(), aarq(b"wrong"))) == (1, 13)
    assert (memory.wrong_secrets, memory.locks) == (3, 1)
    assert diagnostic(asked(connection(), aarq())) == (1, 13)
    now[0] += 301
    assert diagnostic(asked(connection(), aarq())) == (0, 0)


def test_a_right_password_ends_the_row_of_wrong_ones():
    memory = MeterMemory()
    for password in (b"no", b"no", b"12345678", b"no", b"no"):
        asked(meter(memory=memory), aarq(password))
    assert (memory.wrong_secrets, memory.locks) == (4, 0)


def test_strangers_are_met_with_silence_or_a_refusal():
    assert asked(meter(), aarq(), client=5) == b""
    assert diagnostic(asked(meter(strangers="refused"), aarq(), client=5)) == (1, 11)
    assert diagnostic(asked(meter(strangers="refused"), aarq(mechanism=0), client=5)) == (1, 14)


def test_a_refused_item_of_a_list_does_not_spoil_the_others():
    side = associated(meter(load=lambda _: {VOLTAGE: 13519, CURRENT: 1}))
    answer = asked(side, get_list(VOLTAGE, "9.9.9.9.9.255", CURRENT))
    assert answer.hex() == "c403c103001234cf0104000600000001"


def test_without_multiple_references_a_list_is_an_unknown_service():
    assert asked(associated(meter(lists=False)), get_list(VOLTAGE, CURRENT)) == b"\xd8\x02\x02"


def test_a_block_out_of_turn_is_refused():
    side = associated(meter(max_pdu_bytes=100))
    first = asked(side, get("0.0.40.0.0.255", class_id=15))
    assert first[:9].hex() == "c402c1000000000100"
    assert asked(side, bytes.fromhex("c002c100000002"))[:4].hex() == "c402c101"
    assert asked(side, bytes.fromhex("c002c100000001"))[-2:] == b"\x01\x10"  # no long get in progress any more


# Ciphering, with another AES-GCM than the meter's.


def protected(apdu, counter, *, tag, key=DEMO_ENCRYPTION_KEY, suite=0):
    nonce, control = TITLE + counter.to_bytes(4), bytes((0x30 | suite,))
    sealed = AESGCM(key).encrypt(nonce, apdu, control + DEMO_AUTHENTICATION_KEY)[:-4]  # a tag of twelve bytes
    return bytes((tag, len(sealed) + 5)) + control + counter.to_bytes(4) + sealed


def ciphered_meter(**arguments):
    return meter(security="authenticated-encryption", **arguments)


def ciphered(side, counter=1):
    initiate = protected(INITIATE, counter, tag=0x21)
    return asked(side, aarq(initiate=initiate, context=3, title=TITLE))


def test_a_ciphered_association_and_read():
    side = ciphered_meter()
    aare = ciphered(side)
    assert diagnostic(aare) == (0, 0)
    assert side.identity.system_title in aare
    assert asked(side, protected(get(VOLTAGE), 2, tag=0xC8))[0] == 0xCC
    assert asked(side, get(VOLTAGE)) == b"\xd8\x01\x01"  # not without protection


def test_a_counter_that_does_not_rise_is_refused_with_the_one_to_exceed():
    memory = MeterMemory()
    side = ciphered_meter(memory=memory)
    ciphered(side, 100)
    for low in (100, 99, 1):
        assert asked(side, protected(get(VOLTAGE), low, tag=0xC8)) == b"\xd8\x01\x06\x00\x00\x00\x64"
    assert memory.refused_counters == 3
    assert asked(side, protected(get(VOLTAGE), 101, tag=0xC8))[0] == 0xCC


def test_the_counter_outlives_the_connection_and_refuses_the_association_as_well():
    memory = MeterMemory()
    ciphered(ciphered_meter(memory=memory), 100)
    assert diagnostic(ciphered(ciphered_meter(memory=memory), 100)) == (1, 1)
    assert ciphered(ciphered_meter(memory=memory, silent_on_low_counter=True), 100) == b""
    assert diagnostic(ciphered(ciphered_meter(memory=memory), 101)) == (0, 0)


def test_a_dedicated_keys_counter_is_its_own_and_has_to_rise_too():
    side, key = ciphered_meter(), bytes(range(30, 46))
    initiate = b"\x01\x01\x10" + key + INITIATE[2:]
    asked(side, aarq(initiate=protected(initiate, 100, tag=0x21), context=3, title=TITLE))
    assert asked(side, protected(get(VOLTAGE), 1, tag=0xD0, key=key))[0] == 0xD4
    assert asked(side, protected(get(VOLTAGE), 1, tag=0xD0, key=key)).hex() == "d8010600000001"
    assert asked(side, protected(get(VOLTAGE), 2, tag=0xD0, key=key))[0] == 0xD4


def test_a_wrong_key_is_a_deciphering_error():
    side = ciphered_meter()
    ciphered(side)
    assert asked(side, protected(get(VOLTAGE), 2, tag=0xC8, key=bytes(16))) == b"\xd8\x01\x05"
    initiate = protected(INITIATE, 3, tag=0x21, key=bytes(16))
    assert diagnostic(asked(side, aarq(initiate=initiate, context=3, title=TITLE))) == (1, 1)


def test_the_meters_own_counter_rises():
    side = ciphered_meter()
    aare = ciphered(side)
    counters = [int.from_bytes(aare[-40:][aare[-40:].index(0x30) + 1 :][:4])]
    answers = [asked(side, protected(get(VOLTAGE), n, tag=0xC8)) for n in range(2, 5)]
    counters += [int.from_bytes(answer[3:7]) for answer in answers]
    assert counters == [1, 2, 3, 4]


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).digest()


def test_high_level_security_by_short_names_goes_by_a_read_with_parameters():
    side = meter(referencing="sn", authentication="md5", password="secret")
    aare = asked(side, aarq(b"challenge", context=2, mechanism=3))
    assert diagnostic(aare) == (0, 14)
    to_client = aare[aare.index(b"\xaa\x12\x80\x10") + 4 :][:16]
    assert asked(side, b"\x05\x01\x02\x20\x08") == b"\xd8\x01\x01"  # nothing is read before the proof
    proof = md5(to_client + b"secret")
    answer = asked(side, b"\x05\x01\x04\xfa\x58\x01\x09\x10" + proof)
    assert answer == b"\x0c\x01\x00\x09\x10" + md5(b"challenge" + b"secret")
    assert asked(side, b"\x05\x01\x02\x20\x08") == b"\x0c\x01\x00\x09\x0cDEMO00000001"


@pytest.mark.parametrize(
    ("suite", "curve", "digest"), [(1, ec.SECP256R1(), hashes.SHA256()), (2, ec.SECP384R1(), hashes.SHA384())]
)
def test_ecdsa(suite, curve, digest):
    size = curve.key_size // 8
    ours, theirs = ec.generate_private_key(curve), ec.generate_private_key(curve)
    public = ours.public_key().public_numbers()
    keys = Keys(
        suite,
        signing_key=theirs.private_numbers().private_value.to_bytes(size),
        client_public_key=public.x.to_bytes(size) + public.y.to_bytes(size),
    )
    side = meter(clients=(Client(1, "ecdsa"),), keys=keys)
    to_server, own_title = b"c" * 32, side.identity.system_title

    def challenged():
        aare = asked(side, aarq(to_server, mechanism=7, title=TITLE))
        return aare[aare.index(b"\xaa\x12\x80\x10") + 4 :][:16]

    def signed(to_client):
        numbers = utils.decode_dss_signature(ours.sign(TITLE + own_title + to_client + to_server, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(size) for number in numbers)

    action = bytes.fromhex("c301c1000f0000280000ff0101") + bytes((9, 2 * size))
    stale = signed(challenged())
    challenged()
    assert asked(side, action + stale) == b"\xc7\x01\xc1\x03\x00"
    to_client = challenged()
    answer = asked(side, action + signed(to_client))
    assert answer[:7] == b"\xc7\x01\xc1\x00\x01\x00\x09"
    signature = answer[-2 * size :]
    numbers = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    proof = own_title + TITLE + to_server + to_client
    theirs.public_key().verify(utils.encode_dss_signature(*numbers), proof, ec.ECDSA(digest))
