"""``bridge witness``: one of the three that grant the leases of shards, until it is stopped. Keeps nothing on disk."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from loguru import logger

from bridge import __version__
from bridge.cli.witness.witness_settings import shard_and_secret
from bridge.clock.uptime import since_boot, up_s
from bridge.configuration.load import read
from bridge.errors import ConfigError
from bridge.health import logs
from bridge.lease.datagrams import WitnessServer
from bridge.lease.grants import Grants
from bridge.lease.receipts import Receipts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.lease.wire import WitnessAnswer, WitnessQuestion

_MOST_STRANGERS = 100


def serve(environ: Mapping[str, str], host: str, port: int) -> int:
    """WitnessAnswer until SIGTERM or SIGINT; return the exit code: 0.

    Raises:
        ConfigError: the settings cannot be used, or it cannot be listened there.
    """
    shard, secret = shard_and_secret(environ)
    logs.set_up(read(environ).settings.log)
    asyncio.run(_serve(host, port, secret, shard.lease_s))
    return 0


async def _serve(host: str, port: int, secret: bytes, lease_s: float) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    receipts = Receipts(secret, since_boot().boot)
    grants = Grants(longest_s=lease_s, now_s=up_s(), receipts=receipts)
    log = _Log()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: WitnessServer(grants, secret, clock_s=up_s, told=log.told, unheard=log.unheard),
            local_addr=(host, port),
        )
    except OSError as error:
        raise ConfigError([f"--host {host} --port {port}: cannot listen there: {error.strerror}"]) from error
    logger.info(
        "dlms-bridge {} | witness on UDP port {} | grants nothing for {:g} s: what it granted before its start, it has "
        "forgotten",
        __version__, transport.get_extra_info("sockname")[1], lease_s,
    )  # fmt: skip
    await stop.wait()
    transport.close()
    logger.info("dlms-bridge | witness stopped")


class _Log:
    """Says whose each shard's vote is, whenever that changes; and who is not heard, once."""

    def __init__(self) -> None:
        self._strangers: set[str] = set()
        self._holders: dict[int, str] = {}

    def told(self, question: WitnessQuestion, answer: WitnessAnswer) -> None:
        if answer.granted and self._holders.get(question.shard) != answer.holder:
            self._holders[question.shard] = answer.holder
            logger.info("witness | shard {} | granted to {}", question.shard, answer.holder)
        elif question.do == "release" and self._holders.get(question.shard) == question.holder:
            del self._holders[question.shard]
            logger.info("witness | shard {} | given back by {}", question.shard, question.holder)

    def unheard(self, address: str) -> None:
        if address not in self._strangers and len(self._strangers) < _MOST_STRANGERS:
            self._strangers.add(address)
            logger.warning("witness | {} is not heard: it does not sign with this SHARD__SECRET", address)
