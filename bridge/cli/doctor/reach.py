"""The doctor on the first steps to ThingsBoard: name, port, TLS. Tells one mistake from another; sends no token."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import TYPE_CHECKING

from bridge.cli.doctor.finding import Finding, bad, good

if TYPE_CHECKING:
    from bridge.configuration.settings import ThingsBoardSettings

_REACH_S = 8.0
_UNTRUSTED = (18, 19, 20, 21)  # X509_V_ERR_…: self-signed, or an issuer that is not known
_NOT_YET, _EXPIRED, _OTHER_NAME = 9, 10, (62, 64)


class Unreached(Exception):  # noqa: N818 - an end of the examination, with its result
    """The way ends here.

    Args:
        finding: why.
    """

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.key)
        self.finding = finding


async def reach(to: ThingsBoardSettings) -> Finding:
    """Connect, greet in TLS where that is set, and return that it went well.

    Raises:
        Unreached: it did not; it holds the finding.
    """
    host, port = to.host or "", port_of(to)
    where = f"{host}:{port}"
    context = context_of(to)
    try:
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=host if context else None
            )
    except socket.gaierror as error:
        fix = "doctor.upstream.dns.fix"
        raise Unreached(bad("doctor.upstream.dns", fix, "dns", error_text(error), host=host)) from None
    except ssl.SSLCertVerificationError as error:
        raise Unreached(_untrusted(error, where, to)) from None
    except ssl.SSLError as error:
        raise Unreached(_no_tls(error.reason or str(error), where)) from None
    except TimeoutError:
        if context is not None and await _listens(host, port):
            raise Unreached(_no_tls("no answer to the TLS greeting", where)) from None
        fix = "doctor.upstream.silent.fix"
        raise Unreached(bad("doctor.upstream.silent", fix, "upstream", where=where, seconds=_REACH_S)) from None
    except OSError as error:
        if context is not None and await _listens(host, port):
            raise Unreached(_no_tls(error_text(error), where)) from None
        said = error_text(error)
        raise Unreached(bad("doctor.upstream.tcp", "doctor.upstream.tcp.fix", "upstream", said, where=where)) from None
    writer.transport.abort()
    return good("doctor.upstream.reach_tls" if context else "doctor.upstream.reach", where=where)


def context_of(to: ThingsBoardSettings) -> ssl.SSLContext | None:
    """Return how to encrypt; None where nothing is.

    Raises:
        Unreached: a certificate file cannot be used.
    """
    if not to.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=to.ca_file)
        if to.cert_file is not None:
            context.load_cert_chain(to.cert_file, to.key_file, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        said = error_text(error)
        raise Unreached(bad("doctor.upstream.files", "doctor.upstream.files.fix", "upstream", said)) from None
    return context


def _untrusted(error: ssl.SSLCertVerificationError, where: str, to: ThingsBoardSettings) -> Finding:
    said, code = error.verify_message, error.verify_code
    if code in (_NOT_YET, _EXPIRED):
        return bad("doctor.upstream.tls_dates", "doctor.upstream.tls_dates.fix", "upstream", said, where=where)
    if code in _OTHER_NAME:
        return bad("doctor.upstream.tls_name", "doctor.upstream.tls_name.fix", "upstream", said, where=where)
    if code in _UNTRUSTED:
        file = to.ca_file or "-"
        return bad("doctor.upstream.tls_ca", "doctor.upstream.tls_ca.fix", "upstream", said, where=where, file=file)
    return bad("doctor.upstream.tls", "doctor.upstream.tls.fix", "upstream", said, where=where)


def _no_tls(said: str, where: str) -> Finding:
    return bad("doctor.upstream.not_tls", "doctor.upstream.not_tls.fix", "upstream", said, where=where)


async def _listens(host: str, port: int) -> bool:
    """Return whether anything takes a plain TCP connection there."""
    try:
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def speaks_tls(host: str, port: int) -> bool:
    """Return whether TLS is spoken there, whoever's certificate it is."""
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(_REACH_S):
            _, writer = await asyncio.open_connection(host, port, ssl=anyone, server_hostname=host)
    except (OSError, TimeoutError):  # ssl.SSLError is one
        return False
    writer.transport.abort()
    return True


def port_of(to: ThingsBoardSettings) -> int:
    """Return the port that is used."""
    return to.port or (8883 if to.tls else 1883)


def error_text(error: OSError) -> str:
    """Return what went wrong, in the system's words and without the address, which stands beside it."""
    if error.errno is not None and error.errno > 0 and not isinstance(error, socket.gaierror | ssl.SSLError):
        return os.strerror(error.errno)
    return error.strerror or str(error) or "the connection ended without a word"
