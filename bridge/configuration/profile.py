"""What to read from a kind of meter, and how to talk to it: TOML in ``bridge/profiles/``.

A user's own profile is in a mounted folder and takes precedence over a built-in one of the same name.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema, ValidationError, field_validator
from pydantic_core import CoreSchema, core_schema

from bridge.configuration.load_profile_entry import LoadProfileEntry  # noqa: TC001 - pydantic needs it at run time
from bridge.configuration.push_entry import PushEntry  # noqa: TC001 - the same
from bridge.dlms.association_parameters import Authentication, Referencing  # noqa: TC001 - pydantic needs them at run time

# pydantic needs these at run time
from bridge.dlms.framing import Framing  # noqa: TC001
from bridge.dlms.obis_names import logical_name
from bridge.dlms.register import Register
from bridge.dlms.security_keys import Security, Suite  # noqa: TC001
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from pydantic import GetCoreSchemaHandler

_PLAINLY = {"extra_forbidden": "there is no such field", "missing": "is missing"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RegisterEntry(_Strict):
    """A :class:`Register` as a profile writes it: what is allowed in it, and ``class`` for its class."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    obis: str
    class_id: Annotated[int, Field(ge=1, le=0xFFFF)] = Field(3, alias="class")
    attribute: Annotated[int, Field(ge=1, le=127)] = 2
    label: str = ""

    @field_validator("obis")
    @classmethod
    def _is_obis(cls, value: str) -> str:
        logical_name(value)
        return value

    def plain(self) -> Register:
        """Return it as the readers know it."""
        return Register(self.key, self.obis, self.class_id, self.attribute, self.label)


def _as_entry(_: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    return core_schema.no_info_after_validator_function(RegisterEntry.plain, handler(RegisterEntry))


_Register = Annotated[Register, GetPydanticSchema(_as_entry)]


class Profile(_Strict):
    """A kind of meter. What the settings of a meter leave unset comes from here.

    Args:
        description: one line for people.
        framing: ``hdlc`` or ``wrapper``.
        client: client address (SAP).
        server: server address: HDLC lower (and upper) address, or wrapper port.
        server_address_bytes: HDLC address length on the wire; 0 lets the address decide.
        referencing: ``ln`` (logical names) or ``sn`` (short names).
        authentication: ``none``, ``low``, or the mechanism of high-level security.
        security: what protects the APDUs; ``none``, or ``authenticated-encryption`` and its halves.
        suite: security suite 0, 1 or 2.
        counter_obis: where the meter shows its invocation counter to the public client; ``none`` never asks.
        conformance: proposed conformance block, three bytes in hex as on the wire; empty proposes all that is read.
        max_pdu_bytes: largest PDU that the bridge says it takes.
        max_info_bytes: HDLC information field that is proposed; 0 proposes nothing, so 128 holds.
        window: HDLC frames that the meter may send in a row.
        list_items: most registers in one GET-WITH-LIST; 0 asks for each by itself.
        frame_gap_s: least silence before a request.
        reconnect_gap_s: least time between closing a connection and opening the next.
        timeout_s: how long a complete answer may take; unset leaves it to ``POLL__TIMEOUT``.
        registers: what to read, in the order in which it is logged.
        attributes: what is read once per association and reported as attributes of the device: serial number, firmware.
        load_profiles: the meter's own history: what it recorded while nobody read it.
        pushes: what it pushes, where that is not told by itself.
    """

    description: str = ""
    framing: Framing = "hdlc"
    client: Annotated[int, Field(ge=1, le=0xFFFF)] = 16
    server: Annotated[int, Field(ge=1, le=0x0FFFFFFF)] = 1
    server_address_bytes: Annotated[int, Field(ge=0, le=4)] = 0
    referencing: Referencing = "ln"
    authentication: Authentication = "none"
    security: Security = "none"
    suite: Suite = 0
    counter_obis: str = "0-0:43.1.0"
    conformance: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{6})?$")] = ""
    max_pdu_bytes: Annotated[int, Field(ge=64, le=0xFFFF)] = 0xFFFF
    max_info_bytes: Annotated[int, Field(ge=0, le=2030)] = 0
    window: Annotated[int, Field(ge=1, le=7)] = 1
    list_items: Annotated[int, Field(ge=0, le=127)] = 64
    frame_gap_s: Annotated[float, Field(ge=0, le=10)] = 0.0
    reconnect_gap_s: Annotated[float, Field(ge=0, le=300)] = 0.0
    timeout_s: Annotated[float, Field(gt=0, le=300)] | None = None
    registers: tuple[_Register, ...]
    attributes: tuple[_Register, ...] = ()
    load_profiles: tuple[LoadProfileEntry, ...] = ()
    pushes: tuple[PushEntry, ...] = ()

    @field_validator("load_profiles")
    @classmethod
    def _are_named_once(cls, value: tuple[LoadProfileEntry, ...]) -> tuple[LoadProfileEntry, ...]:
        names = [entry.logical_name for entry in value]
        twice = sorted({entry.obis for entry in value if names.count(entry.logical_name) > 1})
        if twice:
            raise ValueError(f"each load profile may appear once; twice: {', '.join(twice)}")
        return value

    @field_validator("registers")
    @classmethod
    def _has_keys_that_differ(cls, value: tuple[Register, ...]) -> tuple[Register, ...]:
        if not value:
            raise ValueError("a profile reads at least one register")
        keys = [register.key for register in value]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"each key may appear once; twice: {', '.join(twice)}")
        return value


def profile_names(profiles_dir: Path | None) -> list[str]:
    """Return the names that :func:`load_profile` knows, in order."""
    return sorted({_stem(file) for folder in _folders(profiles_dir) for file in folder.iterdir() if _is_profile(file)})


def load_profile(name: str, profiles_dir: Path | None = None) -> Profile:
    """Return the profile ``name`` (file name without ``.toml``).

    Raises:
        ConfigError: there is none, or it is not right; each problem names the file and the field. Print and stop.
    """
    if _NAME.fullmatch(name):  # a name is never a path
        for folder in _folders(profiles_dir):
            file = folder / f"{name}.toml"
            if file.is_file():
                return _parse(file)
    known = ", ".join(profile_names(profiles_dir))
    raise ConfigError([f"profile {name!r}: there is none; known: {known}"])


def _parse(file: Traversable) -> Profile:
    try:
        return Profile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ConfigError([_problem(file, item) for item in error.errors(include_url=False)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError([f"{file}: not a readable TOML file: {error}"]) from error


def _problem(file: Traversable, item: Any) -> str:
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in item["loc"])
    said = _PLAINLY.get(item["type"], item["msg"].removeprefix("Value error, "))
    return f"{file}: {where}: {said}"


def _folders(profiles_dir: Path | None) -> Iterator[Traversable]:
    if profiles_dir is not None and profiles_dir.is_dir():
        yield profiles_dir
    yield files("bridge") / "profiles"


def _is_profile(file: Traversable) -> bool:
    return file.name.endswith(".toml") and _NAME.fullmatch(_stem(file)) is not None


def _stem(file: Traversable) -> str:
    return file.name.removesuffix(".toml")
