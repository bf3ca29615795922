"""The settings: what they are called, what is allowed, what they default to.

Models only. ``load.py`` finds what was written where, checks it and builds these; ``app.py`` hands each object its own
section. Nothing here reads the environment.
Durations are seconds: a bare number in the environment, a field that ends in ``_s`` here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bridge.configuration.field_types import (
    DECIMAL_COMMA,
    DIGIT,
    LOWER_CASE,
    UPPER_CASE,
    CallerText,
    CounterObis,
    EcdsaKey,
    Host,
    Interval,
    Key,
    Port,
    RegisterList,
    Secret,
    SystemTitle,
    ThingsBoardName,
    Timeout,
    Token,
    Url,
)
from bridge.configuration.health_settings import HealthSettings
from bridge.configuration.home_assistant import HomeAssistantSettings
from bridge.configuration.listen_settings import ListenSettings
from bridge.configuration.section import Section
from bridge.configuration.shard_settings import ShardSettings

# pydantic needs these at run time
from bridge.dlms.association_parameters import Authentication, Referencing  # noqa: TC001
from bridge.dlms.framing import Framing  # noqa: TC001
from bridge.dlms.security_keys import Security, Suite  # noqa: TC001


class MeterSettings(Section):
    """``METERS__<NAME>__…``, or one row of the CSV that ``METERS_FILE`` names. The profile fills what is unset."""

    host: Host = Field("", description="name or address of the meter, or of the converter before it")
    port: Port = 4059
    profile: str = "single_phase"
    framing: Annotated[Framing, LOWER_CASE] | None = None
    client: Annotated[int, Field(ge=1, le=0xFFFF)] | None = Field(None, description="HDLC: 1 to 127")
    server: Annotated[int, Field(ge=1, le=0x0FFFFFFF)] | None = Field(None, description="wrapper: 1 to 65535")
    server_address_bytes: Annotated[Literal[1, 2, 4], DIGIT] | None = None
    referencing: Annotated[Referencing, LOWER_CASE] | None = None
    authentication: Annotated[Authentication, LOWER_CASE] | None = None
    password: Secret | None = Field(None, description="text, or hex:00112233 for bytes")
    security: Annotated[Security, LOWER_CASE] | None = None
    suite: Annotated[Suite, DIGIT] | None = None
    encryption_key: Key | None = Field(None, description="global unicast encryption key")
    authentication_key: Key | None = None
    dedicated_key: bool | None = Field(None, description="a key of its own per association")
    general_ciphering: bool | None = Field(None, description="general-glo-ciphering instead of glo-get")
    system_title: SystemTitle | None = Field(None, description="the client's, eight bytes in hex")
    counter_obis: CounterObis | None = Field(None, description="where the meter shows its invocation counter")
    signing_key: EcdsaKey | None = Field(None, description="ECDSA: the client's private key")
    meter_public_key: EcdsaKey | None = Field(None, description="ECDSA: the meter's public key")
    registers: RegisterList | None = Field(
        None, description="OBIS codes to read instead of the profile's, separated by commas; 4/1-0:1.6.0 with a class"
    )
    leave_out: str | None = Field(None, description="keys of the profile that are not read, separated by commas")
    list_items: Annotated[int, Field(ge=0, le=127)] | None = Field(
        None, description="most registers in one request; 0 asks for each by itself"
    )
    interval_s: Interval | None = Field(None, validation_alias="interval")
    timeout_s: Timeout | None = Field(None, validation_alias="timeout")
    device: ThingsBoardName | None = Field(None, description="device name in ThingsBoard; the meter's name if unset")
    dial_in: bool = Field(False, description="read over the connection that the meter opens itself")
    via_caller: CallerText | None = Field(None, description="the meter over whose connection this one is read")
    push_only: bool = Field(False, description="never asked: what it pushes every INTERVAL is all there is")
    meter_system_title: SystemTitle | None = Field(None, description="the meter's own, in what it ciphers")
    logical_device_name: CallerText | None = Field(None, description="as it stands in what the meter pushes")
    caller_id: CallerText | None = Field(None, description="text in what the meter's modem sends first")
    push_plain: bool = Field(False, description="take plain messages although the meter has keys")

    @property
    def calls(self) -> bool:
        """Whether nobody connects to the meter: it is the one who calls."""
        return self.dial_in or self.push_only


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
    """``THINGSBOARD__…``. Without a host there is no upstream: the local broker confirms, or the bridge itself."""

    host: Host | None = None
    port: Port | None = Field(None, description="1883, or 8883 with TLS, when unset")
    via: Annotated[Literal["mosquitto", "direct"], LOWER_CASE] | None = Field(
        None,
        description="mosquitto: through the local broker, the default where there is one; direct: the bridge itself",
    )
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = Field(None, description="the client's certificate, with KEY_FILE; needs TLS")
    key_file: Path | None = None
    token: Token | None = None
    provision_key: Token | None = Field(None, description="with PROVISION_SECRET and without TOKEN: get a token")
    provision_secret: Token | None = None
    provision_name: ThingsBoardName = "dlms-bridge"
    api_url: Url | None = Field(None, description="where ThingsBoard's REST API answers; without it nobody asks it")
    api_key: Token | None = Field(None, description="of a tenant administrator; ThingsBoard 4.3 or newer")
    api_user: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None, description="with API_PASSWORD, instead of API_KEY"
    )
    api_password: SecretStr | None = None
    mode: Annotated[Literal["gateway", "device"], LOWER_CASE] = Field(
        "gateway", description="device: the token is the one meter's own, and no gateway's"
    )
    device_type: ThingsBoardName = Field("meter", description="device profile in ThingsBoard that new meters get")
    confirm: Annotated[Literal["mark", "fence", "puback"], LOWER_CASE] = Field(
        "mark",
        description="mark: stored by ThingsBoard; fence: only accepted by it; puback: only for a server that answers "
        "no question",
    )

    @property
    def uses_kept_token(self) -> bool:
        """Whether the token is the one that provisioning or ``bridge thingsboard apply`` put into the data folder."""
        by_apply = self.api_url is not None and self.cert_file is None and self.mode == "gateway"
        return self.token is None and (self.provision_key is not None or by_apply)


class BrokerSettings(Section):
    """``BROKER__…``: the local Mosquitto. The compose file sets these; a technician need not."""

    host: Host | None = Field(None, description="no local broker when unset, and none is needed")
    port: Port = 1883
    credentials_file: Path | None = Field(
        None, description="file with user name and password, one line each, that the broker's container writes"
    )

    @property
    def where(self) -> str:
        """Name or address of the broker, where there is one; else the stack's, for whoever looks for it."""
        return self.host or "mosquitto"


Way = Literal["mosquitto", "direct"]


def way_of(thingsboard: ThingsBoardSettings, broker: BrokerSettings) -> Way:
    """Which way samples go to ThingsBoard: as set, or else through the local broker where there is one."""
    return thingsboard.via or ("direct" if broker.host is None else "mosquitto")


_KEEP_HOURS = 48


class OutboxSettings(Section):
    """``OUTBOX__…``: samples on disk until they are confirmed."""

    max_mb: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False), DECIMAL_COMMA] = 512
    max_age_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False), DECIMAL_COMMA] | None = Field(
        None, description="older samples are dropped unsent; unset keeps them as long as there is room"
    )
    commit_interval_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        1.0, validation_alias="commit_interval"
    )
    commit_samples: Annotated[int, Field(ge=1, le=100_000)] = 500
    keep_hours: Annotated[float, Field(ge=0, le=8760, allow_inf_nan=False), DECIMAL_COMMA] | None = Field(
        None, description="how long samples are kept after they were stored, to be sent again; 0: not at all"
    )
    keep_mb: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False), DECIMAL_COMMA] = 256

    def keep_s(self, thingsboard: ThingsBoardSettings) -> float:
        """Seconds that samples are kept after they were stored: as set, else two days where an audit can ask."""
        hours = self.keep_hours if self.keep_hours is not None else _KEEP_HOURS if thingsboard.api_url else 0
        return hours * 3600


class AuditSettings(Section):
    """``AUDIT__…``: asking ThingsBoard whether it has everything. Without ``THINGSBOARD__API_URL`` nobody asks."""

    every_s: Annotated[float, Field(ge=0, le=2_592_000, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        86_400.0, validation_alias="every", description="seconds from one audit to the next; 0: only when asked to"
    )


class LedgerSettings(Section):
    """``LEDGER__…``: reading back what the meters keep themselves: load profiles and event logs."""

    enabled: bool = True
    requests_per_hour: Annotated[float, Field(ge=1, le=100_000, allow_inf_nan=False)] = Field(
        120, description="most requests for history that one meter gets"
    )
    depth_days: Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        60, description="how far a meter that is new here is read back"
    )


class ClockSettings(Section):
    """``CLOCK__…``: when this machine's clock is believed."""

    patience_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False), DECIMAL_COMMA] = Field(
        600.0,
        validation_alias="patience",
        description="seconds without a step after which a clock that nobody confirms is believed; 0: always",
    )


class LogSettings(Section):
    """``LOG__…``."""

    level: Annotated[Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"], UPPER_CASE] = "INFO"
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
    audit: AuditSettings = AuditSettings()
    clock: ClockSettings = ClockSettings()
    ledger: LedgerSettings = LedgerSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    shard: ShardSettings = ShardSettings()
    listen: ListenSettings = ListenSettings()
    health: HealthSettings = HealthSettings()
    log: LogSettings = LogSettings()

    @property
    def via(self) -> Way:
        """Which way samples go to ThingsBoard."""
        return way_of(self.thingsboard, self.broker)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the arguments and nothing else: only ``load.py`` can say where a value was written."""
        return (init_settings,)
