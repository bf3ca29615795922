"""The support bundle: a zip with what somebody far away needs to see, and none of the secrets in the settings.

Its contents are chosen to hold none; redacting all of it as well is for what nobody thought of.
"""

from __future__ import annotations

import io
import json
import os
import platform
import sqlite3
import ssl
import sys
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from bridge import __version__
from bridge.cli.check.check import show_configuration
from bridge.cli.doctor.broker import secrets_of
from bridge.cli.doctor.finding import print_group
from bridge.cli.doctor.redaction import MASK, Redaction, secrets_in
from bridge.cli.doctor.upstream import token_of
from bridge.cli.terminal import Terminal
from bridge.configuration.variables import is_secret
from bridge.meters.trace import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.doctor.examination import Examination

_FOLDER = "dlms-bridge"
_METERS = 50
"""At most this many meters' frames: a fleet behind a dead router would only repeat itself."""


def write_bundle(path: Path, found: Examination, say: Catalogue) -> int:
    """Write the bundle to ``path``, in place of what may be there; ``-`` is standard output.

    Returns:
        how many files are in it.

    Raises:
        OSError: it cannot be written.
    """
    settings = found.reading.settings
    given = [item.value for key, item in found.reading.given.items() if is_secret(key)]
    # What was given but cannot be used is a secret as well.
    redaction = Redaction(
        [*given, *secrets_in(settings), *secrets_of(settings.broker), token_of(settings.thingsboard, settings.data_dir)]
    )
    files = {name: redaction.masked(text) for name, text in _files(found, say)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{_FOLDER}/{name}", text.encode("utf-8", "backslashreplace"))
    if str(path) == "-":
        sys.stdout.buffer.write(packed.getvalue())
        sys.stdout.buffer.flush()
        return len(files)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(packed.getvalue())
    return len(files)


def _files(found: Examination, say: Catalogue) -> Iterator[tuple[str, str]]:
    yield "README.txt", say("doctor.bundle.readme", mask=MASK) + "\n"
    report = io.StringIO()
    for group, findings in found.groups.items():
        print_group(Terminal(report, {}), say, group, findings)
    yield "doctor.txt", report.getvalue()
    yield "doctor.json", json.dumps(found.plain(say), indent=1, ensure_ascii=False) + "\n"
    configuration = io.StringIO()
    show_configuration(found.reading, Terminal(configuration, {}), say)
    yield "configuration.txt", configuration.getvalue()
    yield "versions.txt", _versions()
    if found.bridge is not None:
        bridge, status = found.bridge
        yield "status.json", json.dumps(status, indent=1) + "\n"
        for name, path in (("metrics.txt", "/metrics"), ("log.txt", "/log")):
            with suppress(OSError):
                yield name, bridge.text(path)
    frames = "\n".join(_frames(found))
    yield "frames.txt", frames + "\n" if frames else say("doctor.bundle.no_frames") + "\n"


def _frames(found: Examination) -> Iterator[str]:
    """Yield the frames of the meters that failed, in hex."""
    for reading in found.directly.readings if found.directly else ():
        if reading.error is not None:
            mask = Mask(reading.secrets)
            yield f"{reading.name} | {reading.error.stage} | {reading.error}"
            for direction, frame in reading.frames:
                yield f"  {direction} {mask.shown(frame)}"
    if found.bridge is not None:
        bridge, report = found.bridge
        for row in [row for row in report["meters"] if row["last_error_stage"]][:_METERS]:
            with suppress(OSError):
                if frames := bridge.text(f"/frames?meter={quote(row['name'])}"):
                    yield f"{row['name']} | {row['last_error_stage']} | {row['last_error']}"
                    yield from (f"  {line}" for line in frames.splitlines())


def _versions() -> str:
    return (
        f"dlms-bridge {__version__}\nPython {platform.python_version()}\n{platform.platform()}\n"
        f"{ssl.OPENSSL_VERSION}\nSQLite {sqlite3.sqlite_version}\n"
    )
