"""How a fleet is shared out among shards, as a table: for ``bridge check`` and ``bridge stack``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.configuration.shard_settings import MOST_SHARDS
from bridge.configuration.sharding import moving, shares

if TYPE_CHECKING:
    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Terminal
    from bridge.configuration.load import Configuration


def show_shares(reading: Configuration, terminal: Terminal, say: Catalogue, title: str = "") -> None:
    """Write who reads how much, and what one shard more would change; nothing where one bridge reads all."""
    shard, fleet = reading.settings.shard, tuple(reading.fleet.values())
    if not shard.several:
        return
    header = [say("check.column.shard"), say("check.column.meters"), say("check.column.connections")]
    rows = [(str(one.shard), str(one.meters), str(one.connections)) for one in shares(fleet, shard.count)]
    terminal.table(header, rows, title=title or say("check.shares", shard=shard.number, count=shard.count))
    later = shard.count + 1
    if later <= MOST_SHARDS:
        moved = moving(fleet, shard.count, later)
        terminal.say(
            "  ",
            (say("check.one_more", shards=later, count=shard.count, moving=moved, meters=len(fleet)), "dim"),
        )
    terminal.say()
