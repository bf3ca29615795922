"""Every way to associate: authentication, security suite, protection, keys, framing, referencing; and its refusals."""

from dataclasses import replace
from itertools import product

import pytest

from bridge.demo import Client
from bridge.dlms.association import MeterSession
from bridge.errors import AssociationError, AuthError, MeterError
from tests.dlms.secured_sides import BOTH, both_sides, key_pair
from tests.meters.by_hand import READINGS, converse, meter, read_as, server

AUTHENTICATIONS = ("none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa")


SECURITIES = ("none", "authentication", "encryption", "authenticated-encryption")


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
    session = MeterSession(meter("wrapper", authentication="low", profile={"conformance": ""}))
    side = server("wrapper", authentication="md5")
    with pytest.raises((AuthError, AssociationError)):
        converse(session.associate(), side.answer)


def test_wrong_keys_are_an_error_and_nothing_is_believed():
    session, side = both_sides("wrapper", authentication="none")
    side._keys = replace(side._keys, encryption_key=bytes(16))
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
