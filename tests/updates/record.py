"""Writes down the data folder of an older bridge that was stopped while samples waited, to be taken over by this one.

    git worktree add --detach /tmp/old COMMIT && (cd /tmp/old && uv sync --frozen --no-dev)
    python -m tests.updates.record /tmp/old tests/updates COMMIT

runs that bridge at the site of ``scene.py``: it provisions its token, delivers, loses its ThingsBoard, goes on reading,
and is ended, once by SIGTERM and once by SIGKILL; and, where it has a clock that may be wrong, once more while no
sample has a time yet. Each run becomes an archive: the data folder as it was left, and ``facts.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import tarfile
import tempfile
from pathlib import Path

from tests.app.seen import accepted
from tests.updates.scene import DEVICES, Site, rows_in

RENAMED = "Hall 3, north side"
ENOUGH = 12


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("checkout", type=Path, help="the older bridge, with its .venv")
    arguments.add_argument("into", type=Path, help="folder for the archives")
    arguments.add_argument("label", help="how the archives are called: the commit")
    given = arguments.parse_args()
    runs = {"sigterm": signal.SIGTERM, "sigkill": signal.SIGKILL}
    if (given.checkout / "bridge" / "clock").is_dir():
        runs["undated"] = signal.SIGKILL
    renames = (given.checkout / "bridge" / "delivery" / "names.py").exists()
    for name, number in runs.items():
        with tempfile.TemporaryDirectory(prefix="older-bridge-") as folder:
            site = Site(Path(folder), older=given.checkout.resolve())
            async with site:
                facts = await _run(site, number, renames=renames and name != "undated", undated=name == "undated")
            facts |= {"commit": given.label, "ended": number.name}
            (Path(folder) / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
            with tarfile.open(given.into / f"{given.label}-{name}.tar.xz", "w:xz") as archive:
                archive.add(site.bridge.data, "data")
                archive.add(Path(folder) / "facts.json", "facts.json")
            print(given.label, name, {meter: len(stamps) for meter, stamps in facts["waiting"].items()})


async def _run(site: Site, number: signal.Signals, *, renames: bool, undated: bool) -> dict[str, object]:
    upstream, bridge = site.upstream, site.bridge
    if undated:
        bridge.environ["CLOCK__PATIENCE"] = "86400"
        await asyncio.to_thread(site.start_broker)
        bridge.start()
        await site.until(lambda: _is_made(bridge.data) and len(rows_in(bridge.data, "undated")) >= 2 * ENOUGH)
    else:
        await upstream.start()
        await asyncio.to_thread(site.start_broker)
        bridge.start()
        await site.until((bridge.data / "thingsboard.token").exists)
        for device in upstream.model._devices.by_name.values():
            device.marked = device.marked or device.name == "dlms-bridge"  # older ones asked a person to do it
        await site.until(lambda: {device for device, _ in upstream.telemetry} >= set(DEVICES.values()))
        if renames:
            upstream.rename(DEVICES["hall"], RENAMED)
            upstream.share("main", interval=1.5)
            await site.until(lambda: any(device == RENAMED for device, _ in upstream.telemetry))
            await site.until((bridge.data / "shared.json").exists)
        await site.until(lambda: "gate | auth |" in bridge.lines())
        await upstream.stop()
        before = len(accepted(bridge.lines()))
        await site.until(lambda: len(accepted(bridge.lines())) >= before + 2 * ENOUGH)
    await asyncio.to_thread(bridge.stop, number)
    devices = DEVICES | ({"hall": RENAMED} if renames else {})
    stored = {(device, ts_ms) for device, ts_ms in upstream.telemetry}
    waiting = set(rows_in(bridge.data, "undated" if undated else "samples"))
    for meter, ts_ms in accepted(bridge.lines()) if not undated else ():
        is_stored = {(DEVICES[meter], ts_ms), (devices[meter], ts_ms)} & stored
        assert is_stored or (meter, ts_ms) in waiting, "the older bridge kept what it said that it had"
    return {
        "token": (bridge.data / "thingsboard.token").read_text().strip() if not undated else "",
        "devices": devices,
        "waiting": {meter: sorted(ts_ms for one, ts_ms in waiting if one == meter) for meter in DEVICES},
        "counter_seen_by_hall": site.memories["hall"].received,
    }


def _is_made(data: Path) -> bool:
    """Whether the tables are there: a file that is just made has none."""
    return (data / "outbox.db").exists() and (data / "clock.json").exists()


if __name__ == "__main__":
    asyncio.run(main())
