"""Both sides of a cipher."""

from bridge.dlms.ciphering import Cipher
from bridge.dlms.security_keys import SecurityKeys
from bridge.meters.counter_store import CounterStore

CLIENT, METER = bytes.fromhex("4D4D4D0000BC614E"), bytes.fromhex("4D4D4D0000000001")


def cipher(security=0x30, suite=0, *, dedicated=None, general=False, first=1, title=CLIENT, peer=METER, counters=None):
    size = 32 if suite == 2 else 16
    keys = SecurityKeys(security, suite, bytes(range(size)), bytes(range(0xD0, 0xD0 + size)), title)
    counter = (counters or CounterStore(None)).of(keys)
    counter.reserve(first)
    return Cipher(keys, counter, server_system_title=peer, dedicated_key=dedicated, general=general)
