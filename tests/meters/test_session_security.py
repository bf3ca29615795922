"""Every way to associate: authentication, security suite, protection, keys, framing, referencing; and its refusals."""

import re
from dataclasses import replace
from itertools import product

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bridge.demo import PUBLIC_CLIENT, Client, Memory
from bridge.errors import AssociationError, AuthError, MeterError, ReplyTimeout
from bridge.meters.keys import Counters
from bridge.meters.session import Session
from tests.meters.by_hand import READINGS, converse, demo_keys, meter, read_as, server

AUTHENTICATIONS = ("none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa")
SECURITIES = ("none", "authentication", "encryption", "authenticated-encryption")
BOTH = "authenticated-encryption"


def key_pair(suite):
    """Return a private key and its public one, raw: P-256 for suite 1, P-384 for suite 2."""
    size, curve = (48, ec.SECP384R1()) if suite == 2 else (32, ec.SECP256R1())
    key = ec.generate_private_key(curve)
    point = key.public_key().public_numbers()
    return key.private_numbers().private_value.to_bytes(size), point.x.to_bytes(size) + point.y.to_bytes(size)


PAIRS = {suite: (key_pair(suite), key_pair(suite)) for suite in (1, 2)}


def both_sides(
    framing="hdlc", referencing="ln", authentication="gmac", suite=0, security=BOTH, *,
    dedicated=False, general=False, counters=None, counter_obis="none", **of_server,
):  # fmt: skip
    mine, its = PAIRS[suite or 1]
    keys = demo_keys(suite, signing_key=its[0], client_public_key=mine[1])
    signing = {"signing_key": mine[0].hex(), "meter_public_key": its[1].hex()} if authentication == "ecdsa" else {}
    of_server = {"authentication": authentication, "security": security} | of_server
    profile = {"counter_obis": counter_obis, "conformance": ""}
    side = server(framing, keys=keys, referencing=referencing, general_ciphering=general, **of_server)
    session = Session(
        meter(
            framing, referencing=referencing, authentication=authentication, suite=suite, security=security,
            encryption_key=keys.encryption_key.hex(), authentication_key=keys.authentication_key.hex(),
            dedicated_key=dedicated, general_ciphering=general, profile=profile,
            **signing,
        ),
        counters,
    )  # fmt: skip
    return session, side


def read_twice(session, side):
    converse(session.associate(), side.answer)
    for _ in range(2):
        readings, requests = converse(session.read(), side.answer)
        assert read_as(readings) == READINGS
    converse(session.release(), side.answer)
    return requests


def sensible():
    """Every authentication under every suite and protection; framings and referencings in turn, gmac in all of them."""
    turns = list(product(("hdlc", "wrapper"), ("ln", "sn")))
    n = 0
    for authentication, suite, security in product(AUTHENTICATIONS, (0, 1, 2), SECURITIES):
        if authentication == "ecdsa" and suite == 0:
            continue  # suite 0 has no signatures
        for turn in turns if authentication == "gmac" else [turns[n % 4]]:
            n += 1
            yield pytest.param(
                *turn, authentication, suite, security, id="-".join((*turn, authentication, str(suite), security))
            )


@pytest.mark.parametrize(("framing", "referencing", "authentication", "suite", "security"), list(sensible()))
def test_every_combination_associates_and_reads(framing, referencing, authentication, suite, security):
    session, side = both_sides(framing, referencing, authentication, suite, security)
    requests = read_twice(session, side)
    if security in ("encryption", BOTH):
        assert not any(b"\x01\x01\x20\x07\x00\xff" in request for request in requests)  # no OBIS code in clear


@pytest.mark.parametrize("referencing", ["ln", "sn"])
@pytest.mark.parametrize("suite", [0, 1, 2])
@pytest.mark.parametrize("security", SECURITIES[1:])
@pytest.mark.parametrize(("dedicated", "general"), [(True, False), (False, True), (True, True)])
def test_dedicated_keys_and_general_ciphering_read_too(referencing, suite, security, dedicated, general):
    framing = "wrapper" if suite == 1 else "hdlc"
    session, side = both_sides(framing, referencing, "low", suite, security, dedicated=dedicated, general=general)
    [request] = read_twice(session, side)
    apdu = request[8:] if framing == "wrapper" else request[11:]
    tags = {
        (False, False): (0xC8, 0x25),
        (True, False): (0xD0, 0x45),
        (False, True): (0xDB,) * 2,
        (True, True): (0xDC,) * 2,
    }
    assert apdu[0] == tags[dedicated, general][referencing == "sn"]


def test_every_association_has_a_dedicated_key_of_its_own():
    session, side = both_sides(dedicated=True, authentication="low")
    keys = set()
    for _ in range(3):
        converse(session.associate(), side.answer)
        keys.add(side._association(1)._cipher.dedicated_key)
    assert len(keys) == 3


def test_general_ciphering_that_the_meter_does_not_offer_is_not_used():
    session, side = both_sides(general=True)
    side._conformance &= ~0x400000  # it does not agree to general protection
    [request] = read_twice(session, side)
    assert request[11] == 0xC8


@pytest.mark.parametrize("authentication", AUTHENTICATIONS[1:])
@pytest.mark.parametrize("referencing", ["ln", "sn"])
def test_a_wrong_secret_is_an_authentication_error(authentication, referencing):
    session, side = both_sides("wrapper", referencing, authentication, 1, "none")
    if authentication == "gmac":
        side._keys = replace(side._keys, encryption_key=bytes(16))
    elif authentication == "ecdsa":
        side._keys = replace(side._keys, client_public_key=key_pair(1)[1])
    else:
        side._clients[1] = Client(1, authentication, b"another1")
    with pytest.raises(AuthError):
        converse(session.associate(), side.answer)


@pytest.mark.parametrize("referencing", ["ln", "sn"])
@pytest.mark.parametrize("authentication", AUTHENTICATIONS[2:])
def test_a_meter_that_does_not_prove_itself_is_not_believed(authentication, referencing):
    session, side = both_sides("wrapper", referencing, authentication, 1, "none")
    association = side._association(1)
    association.forget()
    prove, bent = association._cipher.prove, []

    def wrong(*args):
        proof = bytearray(prove(*args))
        proof[-1] ^= 1
        bent.append(bytes(proof))
        return bytes(proof)

    def answer(request):
        association._cipher.prove = wrong
        return side.answer(request)

    with pytest.raises(AuthError, match="does not prove"):
        converse(session.associate(), answer)
    assert bent


def test_a_meter_that_wants_more_than_a_password_says_so():
    session = Session(meter("wrapper", authentication="low", profile={"conformance": ""}))
    side = server("wrapper", authentication="md5")
    with pytest.raises((AuthError, AssociationError)):
        converse(session.associate(), side.answer)


def test_wrong_keys_are_an_error_and_nothing_is_believed():
    session, side = both_sides("wrapper", authentication="none")
    side._keys = replace(side._keys, encryption_key=bytes(16))
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)


def numbers_used(requests, framing):
    """Return the invocation counter of every protected APDU that went out, the initiate request in AARQ included."""
    at = {"hdlc": 11, "wrapper": 8}[framing]
    for request in requests:
        apdu = request[at:]
        if apdu[:1] == b"\x60" and (initiate := re.search(rb"\x21.[\x10\x20\x30](....)", apdu, re.DOTALL)):
            yield int.from_bytes(initiate[1])
        elif apdu[:1] in b"\xc8\xcb\xdb\x25\xd0\xdc\x45" and apdu:
            skip = 10 if apdu[0] in (0xDB, 0xDC) else 1
            skip += 1 if apdu[skip] < 0x80 else 1 + (apdu[skip] & 0x7F)
            yield int.from_bytes(apdu[skip + 1 : skip + 5])


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("authentication", ["low", "gmac", "sha256"])
def test_no_invocation_counter_goes_out_twice_and_each_is_higher(framing, authentication):
    session, side = both_sides(framing, authentication=authentication)
    sent = []

    def answer(request):
        sent.append(request)
        return side.answer(request)

    for _ in range(3):
        converse(session.associate(), answer)
        converse(session.read(), answer)
        converse(session.read(), answer)
    numbers = list(numbers_used(sent, framing))
    assert len(numbers) >= 12
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_ciphered_request_that_stays_unanswered_goes_out_under_a_new_counter(framing):
    session, side = both_sides(framing)
    converse(session.associate(), side.answer)
    conversation = session.read()
    first = next(conversation)
    sent = [first, *(conversation.throw(ReplyTimeout("silence")) for _ in range(2))]
    if framing == "hdlc":
        assert sent.pop(1)[5] & 0x0F == 0x01  # RR asks for the answer first
        assert sent[0][5] == sent[1][5]  # the same N(S): a meter that had it does not carry it out again
    numbers = list(numbers_used(sent, framing))
    assert len(set(numbers)) == len(sent)
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_ciphered_association_request_is_never_repeated(framing):
    session, _ = both_sides(framing)
    conversation = session.associate()
    sent = [next(conversation)]
    if framing == "hdlc":
        ua = bytes.fromhex("7ea01e03037340cc818014050180060180070400000001080400000001d6487e")
        sent.append(conversation.send(ua))
        for _ in range(2):
            assert conversation.throw(ReplyTimeout("silence"))[5] & 0x0F == 0x01  # RR asks for the answer alone
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))
    assert len(set(sent)) == len(sent)


def test_a_long_association_request_in_segments_is_never_repeated_either():
    session, side = both_sides("hdlc", dedicated=True, suite=2)
    conversation = session.associate()
    segment = conversation.send(side.answer(next(conversation)))
    assert segment[1] & 0x08
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


CLIENTS = (PUBLIC_CLIENT, Client(1, "gmac", b"", security=BOTH))


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("silent", [False, True])
def test_the_counter_that_the_meter_offers_is_read_before_the_first_association(framing, silent):
    memory = Memory(received={1: 5_000_000})
    session, side = both_sides(
        framing, counter_obis="0-0:43.1.0", clients=CLIENTS, memory=memory, silent_on_low_counter=silent
    )
    assert read_as(read_once(session, side)) == READINGS
    assert memory.refused_counters == 0
    assert memory.received[1] > 5_000_000


def read_once(session, side):
    converse(session.associate(), side.answer)
    return converse(session.read(), side.answer)[0]


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("silent", [False, True])
def test_an_association_that_is_refused_for_its_counter_is_recovered_from_by_asking_again(framing, silent):
    memory = Memory()
    session, side = both_sides(
        framing, counter_obis="0-0:43.1.0", clients=CLIENTS, memory=memory, silent_on_low_counter=silent
    )
    assert read_as(read_once(session, side)) == READINGS
    memory.received[1] = 777_777  # another head-end used the key in the meantime
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
    assert read_as(read_once(session, side)) == READINGS
    assert memory.received[1] > 777_777


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_read_that_is_refused_for_its_counter_raises_it_as_the_meter_says(framing):
    memory = Memory()
    session, side = both_sides(framing, counter_obis="none", clients=CLIENTS, memory=memory)
    converse(session.associate(), side.answer)
    memory.received[1] = 777_777
    with pytest.raises(AssociationError, match="too low"):
        converse(session.read(), side.answer)
    assert read_as(read_once(session, side)) == READINGS
    assert memory.received[1] > 777_777


def test_a_process_that_draws_in_between_is_recovered_from_without_the_public_client(tmp_path):
    memory = Memory()
    sides = [both_sides(counters=Counters(tmp_path / "counters.db"), memory=memory) for _ in range(2)]
    for session, side in sides:  # the second one draws a higher block, and the meter sees it
        assert read_as(read_once(session, side)) == READINGS
    session, side = sides[0]
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
    assert read_as(read_once(session, side)) == READINGS


def test_failures_that_are_not_the_counters_use_none_up(tmp_path):
    session, side = both_sides(counters=Counters(tmp_path / "counters.db"))
    silent = lambda request: b"" if len(request) > 12 else side.answer(request)  # noqa: E731 - only the link answers
    for _ in range(50):
        with pytest.raises(MeterError):
            converse(session.associate(), silent)
    assert read_as(read_once(session, side)) == READINGS
    assert session.counter.next < 200


def test_a_public_client_that_is_silent_costs_one_timeout_and_the_association_goes_on():
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=CLIENTS[1:])
    assert read_as(read_once(session, side)) == READINGS


def test_a_public_client_that_may_not_see_the_counter_is_left_in_order():
    blind = Client(16, sees=frozenset({"0.0.42.0.0.255"}))
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=(blind, CLIENTS[1]))
    _, requests = converse(session.associate(), side.answer)
    assert [request[4:6] for request in requests[:5]][-1] == b"\x21\x53"  # DISC of client 16, before the other connects
    assert read_as(converse(session.read(), side.answer)[0]) == READINGS


def test_behind_a_shared_line_the_public_clients_silence_is_the_end_of_this_turn():
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=CLIENTS[1:])
    conversation = session.associate()
    next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("others wait", final=True))
    assert read_as(read_once(session, side)) == READINGS  # the next turn does without


def test_the_meters_word_for_the_counter_never_uses_up_the_key():
    memory = Memory(received={1: 0xFFFF_FFF0})
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=CLIENTS, memory=memory)
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
    assert session.counter.remaining_ratio > 0.99


def test_no_key_and_no_secret_is_in_any_representation():
    session, _ = both_sides(authentication="ecdsa", suite=1)
    text = repr(session._meter) + str(session._meter)
    for secret in (bytes(range(16)), bytes(range(0xD0, 0xE0)), PAIRS[1][0][0]):
        assert secret.hex() not in text.lower()
        assert repr(secret)[2:-1] not in text
