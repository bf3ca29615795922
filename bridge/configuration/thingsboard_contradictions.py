"""Contradictions about ThingsBoard: the way there, its credentials and certificates, and its REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.configuration.source_values import SourceValue, SourceValues, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bridge.configuration.settings import Settings


def find(settings: Settings, found: SourceValues) -> None:
    """Add every contradiction about ThingsBoard to ``found``."""
    host, token = (found.values.get(("thingsboard", name)) for name in ("host", "token"))
    key, secret = (found.values.get(("thingsboard", name)) for name in ("provision_key", "provision_secret"))
    for given, lacking in ((key, "provision_secret"), (secret, "provision_key")):
        if given and not found.values.get(("thingsboard", lacking)) and ("thingsboard", lacking) not in found.tried:
            found.problems.append(f"{given.beside(lacking)}: missing; provisioning needs key and secret")
    if token and key:
        found.problems.append(f"{key.place}: is for getting a token, and {token.place} gives one; remove one of them")
    certificate, api = (found.values.get(("thingsboard", name)) for name in ("cert_file", "api_url"))
    by_apply = api and settings.thingsboard.mode == "gateway"  # bridge thingsboard apply fetches the token
    if host and not (token or key or secret or certificate or by_apply) and ("thingsboard", "token") not in found.tried:
        found.problems.append(
            f"{host.beside('token')}: missing; {host.place} is given, and ThingsBoard asks for an access token"
        )
    if token and not host and ("thingsboard", "host") not in found.tried:
        found.problems.append(f"{token.beside('host')}: missing; {token.place} is given, but no server to use it with")
    found.problems += _way(settings, found)
    mode = found.values.get(("thingsboard", "mode"))
    if mode and settings.thingsboard.mode == "device" and len(settings.meters) > 1:
        found.problems.append(
            f"{mode.place}=device: is for one meter, and {len(settings.meters)} are configured; use gateway"
        )
    found.problems += _certificates(settings, found)
    found.problems += _api(settings, found)


def _way(settings: Settings, found: SourceValues) -> Iterator[str]:
    via, host = found.values.get(("thingsboard", "via")), found.values.get(("thingsboard", "host"))
    if via is None or ("thingsboard", "via") in found.tried:
        return
    if not host and ("thingsboard", "host") not in found.tried:
        yield f"{via.place}: is a way to ThingsBoard, and {via.beside('host')} names none"
    no_broker = settings.broker.host is None and ("broker", "host") not in found.tried
    if settings.thingsboard.via == "mosquitto" and no_broker and host:
        yield (
            f"{via.place}=mosquitto: BROKER__HOST names no broker to go through; with docker compose it is set, "
            "elsewhere set it, or use direct"
        )


def _certificates(settings: Settings, found: SourceValues) -> Iterator[str]:
    given = {name: found.values.get(("thingsboard", name)) for name in ("ca_file", "cert_file", "key_file")}
    for name, lacking in (("cert_file", "key_file"), ("key_file", "cert_file")):
        one = given[name]
        if one and not given[lacking] and ("thingsboard", lacking) not in found.tried:
            yield f"{one.beside(lacking)}: missing; a client certificate is two files, and {one.place} is one of them"
    for name, one in given.items():
        path: Path | None = getattr(settings.thingsboard, name)
        if one and path is not None and not exists(path):
            yield f"{one.place}={shown(('',), one.value)}: there is no such file"
        by_api = name == "ca_file" and (settings.thingsboard.api_url or "").startswith("https:")
        if one and not (settings.thingsboard.tls or by_api) and ("thingsboard", "tls") not in found.tried:
            yield f"{one.place}: is for TLS, which is off; set {one.beside('tls')}=true or remove it"


def _api(settings: Settings, found: SourceValues) -> Iterator[str]:
    """Yield what is wrong with the REST API's address and the credentials for it."""

    def given(section: str, name: str) -> SourceValue | None:
        return found.values.get((section, name)) if (section, name) not in found.tried else None

    def lacks(name: str) -> bool:
        return not found.values.get(("thingsboard", name)) and ("thingsboard", name) not in found.tried

    url, key, user, password = (given("thingsboard", f"api_{name}") for name in ("url", "key", "user", "password"))
    if key and (other := user or password):
        yield f"{other.place}: {key.place} is given as well, and one login is enough; remove one of them"
    elif user and lacks("api_password"):
        yield f"{user.beside('api_password')}: missing; {user.place} is given, and ThingsBoard asks for the password"
    elif password and lacks("api_user"):
        yield f"{password.beside('api_user')}: missing; {password.place} is given, but not whose it is"
    credential = key or user or password
    if credential and lacks("api_url"):
        yield (
            f"{credential.beside('api_url')}: missing; {credential.place} is given, but no address to use it with, "
            "such as https://thingsboard.example.com"
        )
    if url and not credential and all(map(lacks, ("api_key", "api_user", "api_password"))):
        yield (
            f"{url.beside('api_key')}: missing; {url.place} is given, and ThingsBoard asks for an API key, or for "
            f"{url.beside('api_user')} and {url.beside('api_password')}"
        )
    every = given("audit", "every")
    if every and settings.audit.every_s and not credential and lacks("api_url"):
        yield (
            f"{every.place}: an audit asks ThingsBoard over its REST API; set THINGSBOARD__API_URL and "
            "THINGSBOARD__API_KEY"
        )


def exists(path: Path, *, folder: bool = False) -> bool:
    """Return whether there is such a file, or such a folder."""
    try:
        return path.is_dir() if folder else path.is_file()
    except (OSError, ValueError):  # a name too long for any file, a folder above it that is closed to us
        return False
