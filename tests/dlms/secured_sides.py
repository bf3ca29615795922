"""A session and a demo meter that protect what they say to each other."""

from cryptography.hazmat.primitives.asymmetric import ec

from bridge.dlms.association import MeterSession
from bridge.meters.counter_store import CounterStore
from tests.meters.by_hand import demo_keys, meter, server

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
    session = MeterSession(
        meter(
            framing, referencing=referencing, authentication=authentication, suite=suite, security=security,
            encryption_key=keys.encryption_key.hex(), authentication_key=keys.authentication_key.hex(),
            dedicated_key=dedicated, general_ciphering=general, profile=profile,
            **signing,
        ),
        counters or CounterStore(None),
    )  # fmt: skip
    return session, side
