"""The secrets given on the command line, and the meter they make. No secret shows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bridge.configuration.meter import resolve
from bridge.configuration.profile import Profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from bridge.cli.probe.likely_addresses import ServerAddress
    from bridge.configuration.meter import Meter

_WITH_KEYS = ("gmac", "ecdsa")
_RETRIES = 1  # a secret goes out once; under HDLC the same frame again is no second attempt
_NOTHING_TO_READ = Profile.model_validate({"registers": [{"key": "none", "obis": "0-0:42.0.0", "class": 1}]})


@dataclass(frozen=True, slots=True)
class GivenSecrets:
    """Secrets and what belongs to them, by the names of a meter's settings; empty for what was not given.

    Args:
        password: password or secret, as the setting takes it: text, or ``hex:…``.
        encryption_key: in hex.
        authentication_key: in hex.
        authentication: as the setting; empty leaves it to the probe.
        security: as the setting; empty means that keys do both.
        suite: security suite.
        system_title: ours, in hex.
    """

    password: str = field(default="", repr=False)
    encryption_key: str = field(default="", repr=False)
    authentication_key: str = field(default="", repr=False)
    authentication: str = ""
    security: str = ""
    suite: str = ""
    system_title: str = ""

    @property
    def has_secret(self) -> bool:
        """Whether there is anything to be let in with."""
        return bool(self.password or self.encryption_key)

    @property
    def has_keys(self) -> bool:
        """Whether APDUs can be ciphered."""
        return bool(self.encryption_key)

    def suits(self, mechanism: str) -> bool:
        """Return whether what is needed for ``mechanism`` was given."""
        return self.has_keys if mechanism in _WITH_KEYS else bool(self.password)

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """The settings of these that are no secret, as they go into ``.env``."""
        named = (("SECURITY", self.security), ("SUITE", self.suite), ("SYSTEM_TITLE", self.system_title))
        return tuple((name, value) for name, value in named if value) if self.has_keys else ()

    def secrets_for(self, mechanism: str) -> tuple[str, ...]:
        """Return the names of the settings whose secrets are to be filled in."""
        names: tuple[str, ...] = ("PASSWORD",) if mechanism not in ("none", *_WITH_KEYS) else ()
        if self.has_keys or mechanism in _WITH_KEYS:
            names += ("ENCRYPTION_KEY", "AUTHENTICATION_KEY")
        return names


@dataclass(frozen=True, slots=True)
class MeterPlace:
    """Where a meter is: host, port, framing, naming, server address."""

    host: str
    port: int
    framing: str
    referencing: str
    address: ServerAddress


def meter_at(
    place: MeterPlace, client: int, authentication: str, given: GivenSecrets | None, timeout_s: float
) -> Meter:
    """Return the meter to associate with, without any register.

    Args:
        place: where it is.
        client: as whom.
        authentication: mechanism.
        given: secrets; None for the public way in.
        timeout_s: how long an answer may take.

    Raises:
        ConfigError: what was given cannot be used: a key of the wrong length. Print and stop.
    """
    fields: dict[str, object] = {
        "host": place.host,
        "port": place.port,
        "framing": place.framing,
        "referencing": place.referencing,
        "client": client,
        "server": place.address.server or None,
        "server_address_bytes": place.address.octets or None,
        "authentication": authentication,
        "timeout": min(timeout_s, 300),
    }
    if given is not None:
        names = ("password", "encryption_key", "authentication_key", "security", "suite", "system_title")
        fields |= {name: getattr(given, name) or None for name in names}
    try:
        settings = MeterSettings.model_validate(fields)
    except ValidationError as error:
        raise ConfigError([_problem(item) for item in error.errors(include_input=False)]) from None
    meter = resolve(place.host, settings, _NOTHING_TO_READ, PollSettings(retries=_RETRIES))
    return replace(meter, registers=(), attributes=())


def _problem(item: object) -> str:
    assert isinstance(item, dict)  # noqa: S101 - pydantic's ErrorDetails
    option = "--" + str(item["loc"][0]).replace("_", "-")
    return f"{option}: {str(item['msg']).removeprefix('Value error, ')}"
