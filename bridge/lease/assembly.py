"""The turn of this bridge at its shard, as the settings want it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from bridge.lease.datagrams import WitnessAddress
from bridge.lease.folder_lock import FolderLock
from bridge.lease.holder import ShardLease
from bridge.lease.turn import ShardTurn

if TYPE_CHECKING:
    import asyncio
    from random import Random

    from bridge.configuration.settings import Settings
    from bridge.configuration.shard_settings import ShardSettings


def shard_lease(settings: Settings, rng: Random) -> ShardLease | None:
    """Return the lease of the settings' shard; None where they name no witnesses."""
    shard = settings.shard
    if not shard.witnesses or shard.secret is None:
        return None
    secret = shard.secret.get_secret_value().encode()
    witnesses = [WitnessAddress(host, port, secret) for host, port in shard.witness_addresses]
    return ShardLease(shard.number, node_of(shard), witnesses, lease_s=shard.lease_s, rng=rng, shards=shard.count)


def node_of(shard: ShardSettings) -> str:
    """Return as whom a bridge holds its lease: the machine's name."""
    return shard.node or socket.gethostname()


def shard_turn(settings: Settings, lease: ShardLease | None, stop: asyncio.Event) -> ShardTurn:
    """Return the turn, not begun yet.

    Args:
        settings: all of them.
        lease: of :func:`shard_lease`.
        stop: set when the process is to end.
    """
    return ShardTurn(lease, FolderLock(settings.data_dir), stop)
