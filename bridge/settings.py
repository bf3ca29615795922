"""The settings: what they are called, what is allowed, what they default to.

Read once at start by :func:`load`; every object gets its own part from ``app.py``. Nothing else reads the environment,
and these models do not either: ``configuration/`` finds what was written where, checks it and hands it over.
Durations are seconds: a bare number in the environment, a field that ends in ``_s`` here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS_DIR = Path("/run/secrets")
"""Where Docker puts a container's secrets, one file each."""

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")


def _is_host(value: str) -> str:
    with suppress(ValueError):
        ip_address(value)
        return value
    if not _HOST_NAME.fullmatch(value) or not re.search("[A-Za-z]", value):
        raise ValueError("must be a host name or an IP address alone: no quotes, no http://, no port")
    return value


def _is_token(value: SecretStr) -> SecretStr:
    # It is the user name on a line of Mosquitto's configuration.
    if not re.fullmatch("[!-~]+", value.get_secret_value()):
        raise ValueError("must be ASCII letters, digits and signs, without spaces; copy it again from ThingsBoard")
    return value


def _decimal_comma(value: Any) -> Any:
    # A spreadsheet that separates cells by ";" writes 0,5 for 0.5.
    return value.replace(",", ".", 1) if isinstance(value, str) and "." not in value else value


def _digit(value: Any) -> Any:
    return {"0": 0, "1": 1, "2": 2, "4": 4}.get(value, value) if isinstance(value, str) else value


def _is_secret_text(value: SecretStr) -> SecretStr:
    # A secret that no keyboard can type is written in hex.
    text = value.get_secret_value()
    if text.lower().startswith("hex:") and not re.fullmatch("([0-9A-Fa-f]{2})+", text[4:]):
        raise ValueError("behind hex: must stand pairs of the digits 0-9 and A-F")
    return value


def _is_key(value: SecretStr) -> SecretStr:
    if not re.fullmatch("([0-9A-Fa-f]{32}){1,2}", value.get_secret_value().replace(" ", "")):
        raise ValueError("must be 32 hexadecimal digits, or 64 in security suite 2")
    return value


def _is_ecdsa_key(value: SecretStr) -> SecretStr:
    if not re.fullmatch("[0-9A-Fa-f]{64,260}", value.get_secret_value().replace(" ", "")):
        raise ValueError("must be the key in hexadecimal digits")
    return value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _is_taken_by_thingsboard(value: str) -> str:
    """What ThingsBoard takes for markup it never acknowledges: everything behind it would wait."""
    if markup := re.search(r"<(?:[/?]?[A-Za-z]\w*|!)", value):
        raise ValueError(f"holds {markup.group()}, which looks like markup; ThingsBoard takes no such name")
    return value


def _is_system_title(value: str) -> str:
    if not re.fullmatch("[0-9A-Fa-f]{16}", value):
        raise ValueError("must be 16 hexadecimal digits")
    return value


def _is_counter_obis(value: str) -> str:
    groups = re.fullmatch(r"(\d+)-(\d+):(\d+)\.(\d+)\.(\d+)(?:\*(\d+))?", value)
    if value != "none" and (groups is None or any(int(group) > 255 for group in groups.groups("0"))):
        raise ValueError("must look like 0-0:43.1.0, or be none")
    return value


def _is_register_list(value: str) -> str:
    for part in parts_of(value):
        code = re.fullmatch(r"(?:(\d{1,5})/)?(\d+)-(\d+):(\d+)\.(\d+)\.(\d+)(?:\*(\d+))?", part)
        if code is None or any(int(group) > 255 for group in code.groups("0")[1:]):
            raise ValueError(
                "must be OBIS codes such as 1-0:1.8.0, or 4/1-0:1.6.0 with their class, separated by commas"
            )
    return value


def parts_of(value: str | None) -> list[str]:
    """Return the parts of a list that commas or blanks separate."""
    return (value or "").replace(",", " ").split()


ThingsBoardName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_is_taken_by_thingsboard)]
Host = Annotated[str, Field(min_length=1), AfterValidator(_is_host)]
Port = Annotated[int, Field(ge=1, le=65535)]
_COMMA = BeforeValidator(_decimal_comma)
Interval = Annotated[float, Field(ge=0.1, le=86400, allow_inf_nan=False), _COMMA]
Timeout = Annotated[float, Field(gt=0, le=300, allow_inf_nan=False), _COMMA]
Token = Annotated[SecretStr, AfterValidator(_is_token)]
Secret = Annotated[SecretStr, AfterValidator(_is_secret_text)]
Key = Annotated[SecretStr, AfterValidator(_is_key)]
EcdsaKey = Annotated[SecretStr, AfterValidator(_is_ecdsa_key)]
SystemTitle = Annotated[str, AfterValidator(_is_system_title)]
CounterObis = Annotated[str, AfterValidator(_is_counter_obis)]
Framing = Literal["hdlc", "wrapper", "hdlc-mode-e"]
Referencing = Literal["ln", "sn"]
Authentication = Literal["none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa"]
Security = Literal["none", "authentication", "encryption", "authenticated-encryption"]
Suite = Literal[0, 1, 2]


class Section(BaseModel):
    """One group of settings: frozen, and strict about names it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)


class MeterSettings(Section):
    """``METERS__<NAME>__…``, or one row of the CSV that ``METERS_FILE`` names. The profile fills what is unset."""

    host: Host = Field(description="name or address of the meter, or of the converter before it")
    port: Port = 4059
    profile: str = "single_phase"
    framing: Annotated[Framing, BeforeValidator(_lower)] | None = None
    client: Annotated[int, Field(ge=1, le=0xFFFF)] | None = Field(None, description="HDLC: 1 to 127")
    server: Annotated[int, Field(ge=1, le=0x0FFFFFFF)] | None = Field(None, description="wrapper: 1 to 65535")
    server_address_bytes: Annotated[Literal[1, 2, 4], BeforeValidator(_digit)] | None = None
    referencing: Annotated[Referencing, BeforeValidator(_lower)] | None = None
    authentication: Annotated[Authentication, BeforeValidator(_lower)] | None = None
    password: Secret | None = Field(None, description="text, or hex:00112233 for bytes")
    security: Annotated[Security, BeforeValidator(_lower)] | None = None
    suite: Annotated[Suite, BeforeValidator(_digit)] | None = None
    encryption_key: Key | None = Field(None, description="global unicast encryption key")
    authentication_key: Key | None = None
    dedicated_key: bool | None = Field(None, description="a key of its own for each association")
    general_ciphering: bool | None = Field(None, description="general-glo-ciphering instead of glo-get")
    system_title: SystemTitle | None = Field(None, description="the client's, eight bytes in hex")
    counter_obis: CounterObis | None = Field(None, description="where the meter shows its invocation counter")
    signing_key: EcdsaKey | None = Field(None, description="ECDSA: the client's private key")
    meter_public_key: EcdsaKey | None = Field(None, description="ECDSA: the meter's public key")
    registers: Annotated[str, AfterValidator(_is_register_list)] | None = Field(
        None, description="OBIS codes to read instead of the profile's, separated by commas; 4/1-0:1.6.0 with a class"
    )
    leave_out: str | None = Field(None, description="keys of the profile that are not read, separated by commas")
    list_items: Annotated[int, Field(ge=0, le=127)] | None = Field(
        None, description="most registers in one request; 0 asks for each by itself"
    )
    interval_s: Interval | None = Field(None, validation_alias="interval")
    timeout_s: Timeout | None = Field(None, validation_alias="timeout")
    device: ThingsBoardName | None = Field(None, description="device name in ThingsBoard; the meter's name if unset")


class PollSettings(Section):
    """``POLL__…``: how often and how patiently, for every meter that does not say otherwise."""

    interval_s: Interval = Field(5.0, validation_alias="interval")
    timeout_s: Timeout = Field(5.0, validation_alias="timeout")
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    demo_meter: bool = Field(False, description="read the demo meter although there is a ThingsBoard: invented values")


class LinkSettings(Section):
    """``LINK__…``: opening TCP connections."""

    connect_timeout_s: Timeout = Field(5.0, validation_alias="connect_timeout")
    max_connecting: Annotated[int, Field(ge=1, le=10000)] = 50


class ThingsBoardSettings(Section):
    """``THINGSBOARD__…``. Without a host there is no upstream, and the local broker's acknowledgement confirms."""

    host: Host | None = None
    port: Port | None = Field(None, description="1883, or 8883 with TLS, when unset")
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = Field(None, description="the client's certificate, with KEY_FILE; needs TLS")
    key_file: Path | None = None
    token: Token | None = None
    provision_key: Token | None = Field(None, description="with PROVISION_SECRET and without TOKEN: get a token")
    provision_secret: Token | None = None
    provision_name: ThingsBoardName = "dlms-bridge"
    mode: Annotated[Literal["gateway", "device"], BeforeValidator(_lower)] = Field(
        "gateway", description="device: the token is the one meter's own, and no gateway's"
    )
    device_type: ThingsBoardName = Field("meter", description="device profile in ThingsBoard that new meters get")
    confirm: Annotated[Literal["mark", "fence", "puback"], BeforeValidator(_lower)] = Field(
        "mark",
        description="mark: stored by ThingsBoard; fence: only accepted by it; puback: only for a server that answers "
        "no question",
    )


class BrokerSettings(Section):
    """``BROKER__…``: the local Mosquitto. The compose file sets these; a technician need not."""

    host: Host = "mosquitto"
    port: Port = 1883
    credentials_file: Path | None = Field(
        None, description="file with user name and password, one line each, that the broker's container writes"
    )


class OutboxSettings(Section):
    """``OUTBOX__…``: samples on disk until they are confirmed."""

    max_mb: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False), _COMMA] = 512
    max_age_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False), _COMMA] | None = Field(
        None, description="older ones go unsent; for ever when unset, as far as there is room"
    )
    commit_interval_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False), _COMMA] = Field(
        1.0, validation_alias="commit_interval"
    )
    commit_samples: Annotated[int, Field(ge=1, le=100_000)] = 500


class HealthSettings(Section):
    """``HEALTH__…``: where /metrics, /healthz, /readyz and /status are served."""

    host: Host = "127.0.0.1"
    port: Port = 9108
    fleet: bool = Field(False, description="durations of all meters together, none of each: for thousands of meters")
    register_values: bool = Field(True, description="whether /metrics shows the values read, a series a register")


class LogSettings(Section):
    """``LOG__…``."""

    level: Annotated[Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = "INFO"
    json_lines: bool = Field(False, validation_alias="json")
    trace_meters: str | None = Field(
        None, description="names, separated by commas, of meters whose frames are logged in hex"
    )

    @property
    def traced(self) -> frozenset[str]:
        """The meters whose frames are logged."""
        return frozenset(name.strip().lower() for name in (self.trace_meters or "").split(",") if name.strip())


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_nested_delimiter="__",
        case_sensitive=False,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    meters: dict[str, MeterSettings] = Field(default_factory=dict)
    meters_file: Path | None = None
    data_dir: Path = Path("data")
    profiles_dir: Path | None = Field(None, description="folder with a user's own profiles, beside the built-in ones")
    poll: PollSettings = PollSettings()
    link: LinkSettings = LinkSettings()
    thingsboard: ThingsBoardSettings = ThingsBoardSettings()
    broker: BrokerSettings = BrokerSettings()
    outbox: OutboxSettings = OutboxSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what :func:`load` hands over and nothing else: only it can say where a value was written."""
        return (init_settings,)


def load(environ: Mapping[str, str], secrets_dir: Path = SECRETS_DIR) -> Settings:
    """Return the settings that environment, secrets and ``METERS_FILE`` give together.

    Args:
        environ: the variables; names in any case. Empty values count as unset.
        secrets_dir: folder whose files are named like variables and hold their values.

    Raises:
        ConfigError: every mistake at once, one line each, no secret in them. Print them and exit 2.
    """
    from bridge.configuration.reading import read  # noqa: PLC0415 - it is made of the models above
    from bridge.errors import ConfigError  # noqa: PLC0415

    found = read(environ, secrets_dir)
    if found.problems:
        raise ConfigError(found.problems)
    return found.settings
