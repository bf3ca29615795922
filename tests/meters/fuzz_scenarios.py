"""Associations that the fuzzer bends: each stands, on both sides, and can be put back to how it stood."""

from collections import deque

from bridge.dlms.association import MeterSession
from bridge.meters.counter_store import CounterStore
from tests.meters.by_hand import converse, demo_keys, meter, server


class Load:
    """What the meter measures: another figure in each cycle, so that a late answer is a wrong one."""

    def __init__(self):
        self.cycle = 0

    def __call__(self, _):
        n = self.cycle
        return {
            "1.1.32.7.0.255": 13519 + n, "1.1.31.7.0.255": 1230 + n, "1.1.14.7.0.255": 5998 + n,
            "1.1.1.7.0.255": -156 - n, "1.1.1.8.0.255": 56348 + n,
        }  # fmt: skip

    def expected(self, cycle):
        return [(13519 + cycle) / 100, (1230 + cycle) / 1000, (5998 + cycle) / 100, -156 - cycle, 56348 + cycle]


def _keys(**more):
    keys = demo_keys()
    ours = {"encryption_key": keys.encryption_key.hex(), "authentication_key": keys.authentication_key.hex()}
    security = {"security": "authenticated-encryption", "authentication": "low"}
    return {"ours": ours | security | more, "theirs": security | {"keys": keys} | more}


_FREE = {"conformance": "", "counter_obis": "none"}


SCENARIOS = {
    "hdlc_list": {"framing": "hdlc"},
    "hdlc_singles": {"framing": "hdlc", "profile": {"list_items": 0}},
    "hdlc_segments": {
        "framing": "hdlc",
        "profile": {"max_info_bytes": 32, "window": 3}, "theirs": {"max_info_bytes": 32, "window": 3},
    },
    "hdlc_short_names": {"framing": "hdlc", "ours": {"referencing": "sn"}, "theirs": {"referencing": "sn"}},
    "hdlc_ciphered": {"framing": "hdlc", **_keys()},
    "hdlc_ciphered_singles": {"framing": "hdlc", "profile": {"list_items": 0}, **_keys()},
    "hdlc_four_bytes": {
        "framing": "hdlc", "ours": {"server": 0x4011, "server_address_bytes": 4}, "theirs": {"server": 0x4011},
    },
    "wrapper_list": {"framing": "wrapper"},
    "wrapper_singles": {"framing": "wrapper", "profile": {"list_items": 0}},
    "wrapper_blocks": {"framing": "wrapper", "theirs": {"max_pdu_bytes": 64}, "profile": {"max_pdu_bytes": 64}},
    "wrapper_short_names": {"framing": "wrapper", "ours": {"referencing": "sn"}, "theirs": {"referencing": "sn"}},
    "wrapper_ciphered": {"framing": "wrapper", **_keys()},
    "wrapper_ciphered_singles": {"framing": "wrapper", "profile": {"list_items": 0}, **_keys()},
}  # fmt: skip


class Scenario:
    """One association that stands, on both sides, and can be put back to how it stood."""

    def __init__(self, name):
        given = SCENARIOS[name]
        self.name = name
        self.framing = given["framing"]
        self.is_ciphered = "ciphered" in name
        self._given = given
        self.load = Load()
        self.session, self.side = self.fresh()
        converse(self.session.associate(), self.side.answer)
        converse(self.session.read(), self.side.answer)
        session, side = self.session, self.side
        kept = [
            session,
            session._link,
            session._services,
            session._plan,
            session._plan._left_out,
            session._plan._lists,
            session._plan._volleys,
            *(step.request for step in session._plan._steps),
            side.memory,
            *side._stations.values(),
        ]
        kept += [each for one in side._associations.values() for each in (one, one._services, one._cipher)]
        kept += [one for one in (session._services.cipher, session.counter) if one is not None]
        self._kept = [(one, _state(one)) for one in kept]

    def fresh(self):
        given = self._given
        ours = meter(self.framing, profile=_FREE | given.get("profile", {}), **given.get("ours", {}))
        session = MeterSession(ours, CounterStore(None))
        return session, server(self.framing, load=self.load, **given.get("theirs", {}))

    def restore(self):
        counter = self.session.counter
        number = counter.next if counter else 0
        for one, state in self._kept:
            for attribute, value in state.items():
                setattr(one, attribute, _copied(value))
        if counter:  # a number is never used twice, not even here
            counter._next = number
            if counter.is_low:
                counter.reserve()


def _state(one):
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    names = list(getattr(one, "__dict__", ())) or [name for name in slots if hasattr(one, name)]
    return {name: _copied(getattr(one, name)) for name in names}


def _copied(value):
    return value.copy() if isinstance(value, bytearray | list | dict | set | deque) else value
