"""What a socket's error means, in words, and what to do about it."""

from __future__ import annotations

import errno


def in_words(error: OSError) -> str:
    """Return what happened in words; asyncio puts addresses and errno numbers into its own."""
    known = {
        errno.ECONNREFUSED: "connection refused",
        errno.EHOSTUNREACH: "no route to the host",
        errno.ENETUNREACH: "no route to the network",
        errno.ECONNRESET: "the other side closed the connection",
        errno.EPIPE: "the other side closed the connection",
        errno.ETIMEDOUT: "the other side went silent",
    }
    return known.get(error.errno or 0, error.strerror or str(error) or type(error).__name__)


def advice_on(error: OSError) -> str:
    """Return what a technician can do about it; empty when nothing is known."""
    if error.errno == errno.ECONNREFUSED:
        return "the host answers, but nothing listens on that port: check the port, or who else holds the converter"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "check the address, the cable and the route"
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return "many meters and converters allow one client at a time: does another program read this one?"
    return ""
