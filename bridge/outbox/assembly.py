"""The outbox as the settings want it, with what is kept beside it; for the bridge and for commands that stand in."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bridge.outbox.age import AgeClock
from bridge.outbox.kept import FOLDER, SUFFIX, KeptSamples
from bridge.outbox.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.configuration.settings import Settings


def open_outbox(
    settings: Settings, destination: str, *, devices: Mapping[str, str], clock_s: Callable[[], float]
) -> Outbox:
    """Return the outbox of the data folder, not opened yet.

    Args:
        settings: all of them.
        destination: for whom samples are accepted.
        devices: a meter's device name in ThingsBoard.
        clock_s: Unix seconds, for names and reports.
    """
    age = AgeClock()
    outbox = Outbox(
        settings.data_dir / "outbox.db",
        settings=settings.outbox,
        destination=destination,
        devices=devices,
        clock=clock_s,
        age=age,
    )
    keep_s = settings.outbox.keep_s(settings.thingsboard)
    if keep_s <= 0:  # what was kept before is of no more use
        for file in (settings.data_dir / FOLDER).glob(f"*{SUFFIX}"):
            with suppress(OSError):
                file.unlink()
    else:
        outbox.keep(
            KeptSamples(
                settings.data_dir / FOLDER,
                keep_s=keep_s,
                max_bytes=int(settings.outbox.keep_mb * 1_000_000),
                destination=destination,
                age_s=age.now_s,
                wall_ms=lambda: int(clock_s() * 1000),
            )
        )
    return outbox
