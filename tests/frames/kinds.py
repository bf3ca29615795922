"""Which conversations the corpus holds: one entry a file, the meter's side and ours. Keys and passwords are public.

The keys of the ciphered ones are the example keys of the standard (000102…, D0D1D2…): they protect nothing. The
ECDSA key is made of a number that stands below. What is random in a conversation of ours (challenges, dedicated keys)
is counted up instead, so that playing it back asks for the very same bytes.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from unittest import mock

from bridge.demo import PUBLIC_CLIENT, Client, Faults, MeterMemory
from tests.meters.by_hand import demo_keys, meter, server

BOTH = "authenticated-encryption"
STARTED_S = 1_800_000_000.0
_SINGLES = {"list_items": 0}
_ALL_TYPES = {
    "registers": [{"key": f"type_{tag}", "obis": f"0-128:96.99.{tag}", "class": 1} for tag in
                  (0, 1, 2, 3, 4, 5, 6, 9, 10, 12, 13, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27)],
}  # fmt: skip
_OTHER_CLASSES = {
    "registers": [
        {"key": "maximum", "obis": "1-1:1.6.0", "class": 4},
        {"key": "captured", "obis": "1-1:1.6.0", "class": 4, "attribute": 5},
        {"key": "demand", "obis": "1-1:1.4.0", "class": 5},
        {"key": "clock", "obis": "0-0:1.0.0", "class": 8},
        {"key": "name", "obis": "0-0:42.0.0", "class": 1},
    ],
    "attributes": [{"key": "serial_number", "obis": "0-0:96.1.0", "class": 1}],
}


@dataclass(frozen=True)
class Kind:
    """One conversation: ``ours`` goes to the meter's settings, ``profile`` over its profile, ``theirs`` to the demo."""

    about: str
    framing: str = "hdlc"
    ours: dict = field(default_factory=dict)
    profile: dict = field(default_factory=dict)
    theirs: dict = field(default_factory=dict)
    faults: dict = field(default_factory=dict)

    def meter(self):
        return meter(self.framing, profile={"conformance": "", "counter_obis": "none"} | self.profile, **self.ours)

    def side(self):
        """Return the meter's side, which says the same at every run."""
        faults = {"faults": Faults(self.faults, seed=7)} if self.faults else {}
        return server(self.framing, clock=lambda: STARTED_S, memory=MeterMemory(), **faults, **self.theirs)


def wrapped(about, **more):
    return Kind(about, framing="wrapper", **more)


def ciphered(authentication="none", suite=0, security=BOTH, *, referencing="ln", dedicated=False, general=False):
    keys = demo_keys(suite)
    return {
        "ours": {
            "authentication": authentication, "suite": suite, "security": security, "referencing": referencing,
            "encryption_key": keys.encryption_key.hex(), "authentication_key": keys.authentication_key.hex(),
            "dedicated_key": dedicated, "general_ciphering": general, "system_title": "4D4D4D0000BC614E",
        },
        "theirs": {
            "authentication": authentication, "security": security, "keys": keys, "referencing": referencing,
            "general_ciphering": general,
        },
    }  # fmt: skip


KINDS = {
    "hdlc_low": Kind("the plainest: HDLC, low-level security, a list"),
    "hdlc_single_gets": Kind("a GET for each register, as the Microstar profile was read at first", profile=_SINGLES),
    "hdlc_two_byte_address": Kind(
        "a server address of two octets", ours={"server": 0x91, "server_address_bytes": 2}, theirs={"server": 0x91}
    ),
    "hdlc_four_byte_address": Kind(
        "a server address of four octets", ours={"server": 0x4011, "server_address_bytes": 4}, theirs={"server": 0x4011}
    ),
    "hdlc_segments": Kind(
        "answers in segments of 64 octets, three a window",
        profile={"max_info_bytes": 64, "window": 3} | _ALL_TYPES | _SINGLES,
        theirs={"max_info_bytes": 64, "window": 3},
    ),
    "hdlc_short_names": Kind("referencing by short names", ours={"referencing": "sn"}, theirs={"referencing": "sn"}),
    "hdlc_notifications": Kind("UI frames before and among the answers", faults={"notify": "0.5"}, profile=_SINGLES),
    "hdlc_lies_about_lists": Kind("agrees to lists, answers them by an exception", faults={"lies-list": "exception"}),
    "wrapper_low": wrapped("the wrapper"),
    "wrapper_public": wrapped(
        "no password", ours={"password": None, "authentication": "none"}, theirs={"password": ""}
    ),
    "wrapper_other_classes": wrapped(
        "extended register, demand register, clock, data, and an attribute", profile=_OTHER_CLASSES
    ),
    "wrapper_all_types": wrapped("a value of every COSEM type", profile=_ALL_TYPES | _SINGLES),
    "wrapper_tiny_blocks": wrapped("a list in blocks of 7 octets", faults={"tiny-blocks": "7"}),
    "wrapper_refused": wrapped("one register of the list is refused", faults={"refuse": ["1.1.31.7.0.255"]}),
    "wrapper_short_names": wrapped(
        "short names over the wrapper", ours={"referencing": "sn"}, theirs={"referencing": "sn"}
    ),
    "hdlc_glo": Kind("suite 0, global key", **ciphered("low")),
    "hdlc_glo_gmac": Kind("suite 0, global key, GMAC", **ciphered("gmac")),
    "wrapper_ded_general": wrapped("dedicated key, general ciphering", **ciphered("low", dedicated=True, general=True)),
    "wrapper_suite_2": wrapped("suite 2: AES-256", **ciphered("gmac", suite=2)),
    "wrapper_authenticated": wrapped("authenticated, in clear", **ciphered("low", security="authentication")),
    "wrapper_sn_glo_sha256": wrapped("short names, SHA-256, ciphered", **ciphered("sha256", referencing="sn")),
    "hdlc_counter_first": Kind(
        "the invocation counter is read by the public client first",
        profile={"counter_obis": "0-0:43.1.0"},
        ours=ciphered("gmac")["ours"],
        theirs={"clients": (PUBLIC_CLIENT, Client(1, "gmac", b"", security=BOTH)), "keys": demo_keys()},
    ),
}  # fmt: skip


@contextmanager
def counted_instead_of_random():
    """Let challenges and dedicated keys be counted up: a conversation is the same at every run."""
    numbers = count(1)

    def token_bytes(size):
        return next(numbers).to_bytes(1) * size

    with mock.patch("secrets.token_bytes", token_bytes):
        yield
