"""What a single value may be: hosts, ports, durations, keys, names, OBIS lists. The models that use them are elsewhere.

Each refusal tells a technician what to do; ``wording.py`` words the limits that pydantic checks itself.
"""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.?")


def is_host(value: str) -> str:
    """Return a host name or an IP address; raises ValueError for anything else."""
    with suppress(ValueError):
        ip_address(value)
        return value
    if not _HOST_NAME.fullmatch(value) or not re.search("[A-Za-z]", value):
        raise ValueError("must be a host name or an IP address alone: no quotes, no http://, no port")
    return value


def _is_url(value: str) -> str:
    wrong = "must be an address such as https://thingsboard.example.com"
    try:
        parts = urlsplit(value)
        host = is_host(parts.hostname or "")
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme not in ("http", "https") or not host or not has_port:
        raise ValueError(wrong)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be an address alone: no user, no password, nothing behind a ? or #")
    return value.rstrip("/").removesuffix("/api")


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
        raise ValueError("after hex: there must be pairs of the digits 0-9 and A-F")
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
Host = Annotated[str, Field(min_length=1), AfterValidator(is_host)]
Url = Annotated[str, AfterValidator(_is_url)]
Port = Annotated[int, Field(ge=1, le=65535)]
DECIMAL_COMMA = BeforeValidator(_decimal_comma)
DIGIT = BeforeValidator(_digit)
LOWER_CASE = BeforeValidator(_lower)
UPPER_CASE = BeforeValidator(_upper)
Interval = Annotated[float, Field(ge=0.1, le=86400, allow_inf_nan=False), DECIMAL_COMMA]
Timeout = Annotated[float, Field(gt=0, le=300, allow_inf_nan=False), DECIMAL_COMMA]
CallerText = Annotated[str, Field(min_length=1, max_length=64)]
Token = Annotated[SecretStr, AfterValidator(_is_token)]
Secret = Annotated[SecretStr, AfterValidator(_is_secret_text)]
Key = Annotated[SecretStr, AfterValidator(_is_key)]
EcdsaKey = Annotated[SecretStr, AfterValidator(_is_ecdsa_key)]
SystemTitle = Annotated[str, AfterValidator(_is_system_title)]
RegisterList = Annotated[str, AfterValidator(_is_register_list)]
CounterObis = Annotated[str, AfterValidator(_is_counter_obis)]
