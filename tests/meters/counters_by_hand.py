"""Keys and a counter for the tests of the counter store."""

import os

from bridge.dlms.security_keys import SecurityKeys
from bridge.meters.counter_store import CounterStore

KEY = SecurityKeys(security=0x30, suite=0, encryption_key=bytes(16), authentication_key=bytes(16))


def counter(path, key=KEY, **more):
    one = CounterStore(path, **more).of(key)
    one.reserve()
    return one


def bend(file, how):
    size = file.stat().st_size
    if how == "emptied":
        file.write_bytes(b"")
    elif how == "cut":
        os.truncate(file, size // 2 + 100)
    elif how == "overwritten":
        file.write_bytes(b"this is no database" * 500)
    elif how == "header":
        with file.open("r+b") as stream:
            stream.write(bytes(100))
