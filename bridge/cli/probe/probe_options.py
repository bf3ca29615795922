"""Turns the options of ``bridge probe`` into what is tried: ports, addresses, clients, waits, secrets."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING

from bridge.cli.probe.given_secrets import GivenSecrets
from bridge.cli.probe.likely_addresses import CLIENTS, HDLC_ADDRESSES, WRAPPER_SERVERS, ServerAddress, from_serial
from bridge.cli.probe.search_scope import Patience, SearchScope
from bridge.cli.probe.targets import TargetError
from bridge.configuration.settings import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import TextIO

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.probe.port_questions import Naming
    from bridge.cli.terminal import Terminal

_SECRETS = (
    ("password", "PROBE_PASSWORD", "probe.prompt.password"),
    ("encryption_key", "PROBE_ENCRYPTION_KEY", "probe.prompt.encryption_key"),
    ("authentication_key", "PROBE_AUTHENTICATION_KEY", "probe.prompt.authentication_key"),
)
_SHORTEST_CONNECT_S = 2.0
_LONGEST_S = 60.0
_BETWEEN_S = 0.5
_HIGHEST_PORT = 0xFFFF


def scope(arguments: argparse.Namespace) -> SearchScope:
    """Return which addresses and clients the options leave to be tried.

    Raises:
        TargetError: no meter can have such an address.
    """
    hdlc: tuple[ServerAddress, ...] = HDLC_ADDRESSES
    wrapper = tuple(ServerAddress(server) for server in WRAPPER_SERVERS)
    if arguments.serial:
        hdlc = (*from_serial(arguments.serial), *hdlc)
    if arguments.server is not None:
        hdlc, wrapper = _one_server(arguments.server, arguments.server_address_bytes)
    if arguments.client is not None and not 1 <= arguments.client <= _HIGHEST_PORT:
        raise TargetError("probe.wrong.client", value=arguments.client, most=_HIGHEST_PORT)
    clients = CLIENTS if arguments.client is None else (arguments.client,)
    framings = (arguments.framing,) if arguments.framing else ("hdlc", "wrapper", "hdlc-mode-e")
    namings: tuple[Naming, ...] = (arguments.referencing,) if arguments.referencing else ("ln", "sn")
    return SearchScope(hdlc, wrapper, clients, framings, namings)


def _one_server(server: int, octets: int | None) -> tuple[tuple[ServerAddress, ...], tuple[ServerAddress, ...]]:
    """Return the one address in HDLC and on the wrapper, each where it fits."""
    sizes = [size for size in (octets,) if size] or [size for size in (1, 2, 4) if server < 1 << 7 * size][:1]
    hdlc = tuple(ServerAddress(server, size) for size in sizes if 1 <= server < 1 << 7 * size)
    wrapper = (ServerAddress(server),) if 1 <= server <= _HIGHEST_PORT else ()
    if not hdlc and not (wrapper and not octets):
        raise TargetError("probe.wrong.server", value=server)
    return hdlc, wrapper


def patience(arguments: argparse.Namespace) -> Patience:
    """Return how long is waited for what.

    Raises:
        TargetError: it is no time to wait.
    """
    if not 0 < arguments.timeout <= _LONGEST_S:
        raise TargetError("probe.wrong.timeout", value=f"{arguments.timeout:g}", most=f"{_LONGEST_S:g}")
    if not arguments.rate > 0:
        raise TargetError("probe.wrong.rate", value=f"{arguments.rate:g}")
    timeout_s = arguments.timeout
    return Patience(max(_SHORTEST_CONNECT_S, timeout_s), timeout_s, min(_BETWEEN_S, timeout_s))


def ports(text: str) -> tuple[int, ...]:
    """Return the ports that ``text`` lists, each once.

    Raises:
        TargetError: it lists something else.
    """
    found = []
    for part in filter(None, text.replace(" ", "").split(",")):
        if not part.isascii() or not part.isdigit() or not 1 <= int(part) <= 0xFFFF:
            raise TargetError("probe.wrong.ports", value=text)
        found.append(int(part))
    return tuple(dict.fromkeys(found))


def given(
    arguments: argparse.Namespace, environ: Mapping[str, str], say: Catalogue, terminal: Terminal
) -> GivenSecrets:
    """Return the secrets: from the options, from the environment, or asked for."""
    found: dict[str, str] = {}
    for name, variable, prompt in _SECRETS:
        text = getattr(arguments, name)
        if text == "-":
            text = _asked(say(prompt), sys.stdin)
        elif text:
            terminal.say(terminal.sign("warn"), " ", say("probe.visible"))
        found[name] = text or environ.get(variable, "")
    return GivenSecrets(
        **found,
        authentication=arguments.authentication,
        security=arguments.security,
        suite=arguments.suite,
        system_title=arguments.system_title,
    )


def places() -> Settings:
    """Return where data and profiles lie; nothing else is looked at: a mistake in a meter must not stop a probe."""
    named = {name: os.environ.get(name.upper(), "") for name in ("data_dir", "profiles_dir")}
    return Settings.model_validate({name: value for name, value in named.items() if value})


def _asked(prompt: str, stdin: TextIO) -> str:
    """Ask for a secret without showing it; from a pipe it is the next line."""
    return getpass.getpass(prompt) if stdin.isatty() else stdin.readline().rstrip("\r\n")
