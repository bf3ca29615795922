"""``bridge witness --look``: which witnesses answer, and who holds which shard's lease by them."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from bridge.cli.witness.witness_settings import shard_and_secret
from bridge.lease.datagrams import WitnessAddress
from bridge.lease.wire import WitnessQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from bridge.cli.catalogue import Catalogue
    from bridge.lease.wire import WitnessAnswer

_PATIENCE_S = 2.0


def look(environ: Mapping[str, str], out: TextIO, say: Catalogue, *, own_port: int) -> int:
    """Print what each witness says of each shard; return 0 when most of them answer, else 1.

    Args:
        environ: the settings; without ``SHARD__WITNESSES`` the witness on this machine is asked.
        out: where to.
        say: the language.
        own_port: where that one listens.

    Raises:
        ConfigError: the settings cannot be used.
    """
    shard, secret = shard_and_secret(environ)
    addresses = shard.witness_addresses or (("127.0.0.1", own_port),)
    shards = [shard.index] if shard.index else list(range(1, shard.count + 1))
    answering = 0
    for host, port in addresses:
        answers = asyncio.run(_ask(WitnessAddress(host, port, secret), shards))
        out.write(f"{host}:{port}\n")
        answering += all(answer is not None for answer in answers.values())
        out.writelines(
            f"  {say('witness.shard', number=number)}  {_said(answer, say)}\n" for number, answer in answers.items()
        )
    return 0 if answering > len(addresses) // 2 else 1


async def _ask(witness: WitnessAddress, shards: list[int]) -> dict[int, WitnessAnswer | None]:
    questions = (WitnessQuestion("look", number, "", 0.0, secrets.token_hex(8)) for number in shards)
    return {question.shard: await witness.put(question, _PATIENCE_S) for question in questions}


def _said(answer: WitnessAnswer | None, say: Catalogue) -> str:
    if answer is None:
        return say("witness.silent")
    if answer.why == "just started":
        return say("witness.just_started", seconds=f"{answer.left_s:.0f}")
    if answer.why == "held":
        node, _, _ = answer.holder.partition("/")
        return say("witness.held", node=node, seconds=f"{answer.left_s:.0f}")
    return say("witness.free")
