"""Contradictions among the settings of a shard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.configuration.source_values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import Settings
    from bridge.configuration.source_values import SourceValue, SourceValues


def find(settings: Settings, found: SourceValues) -> None:
    """Add every contradiction about shards to ``found``."""
    found.problems += _problems(settings, found)


def of_meters(settings: Settings, meters: Mapping[str, Meter], found: SourceValues) -> Iterator[str]:
    """Yield each meter that two machines would cipher for under one system title, each with a counter of its own."""
    for name, meter in meters.items() if settings.shard.witnesses else ():
        title = found.values.get(("meters", name.lower(), "system_title"))
        if title and meter.keys is not None:
            yield (
                f"{title.place}: with SHARD__WITNESSES another machine may go on reading meter {name}, and no two may "
                "cipher under one system title: they would use the same invocation counters. Take it out, and each "
                "machine makes its own; a meter that takes no other needs a bridge without witnesses"
            )


def _problems(settings: Settings, found: SourceValues) -> Iterator[str]:
    shard = settings.shard

    def given(name: str) -> SourceValue | None:
        return found.values.get(("shard", name)) if ("shard", name) not in found.tried else None

    def lacks(name: str) -> bool:
        return not found.values.get(("shard", name)) and ("shard", name) not in found.tried

    def said(one: SourceValue) -> str:
        return f"{one.place}={shown(('shard',), one.value)}"

    count, index = given("count"), given("index")
    if count and shard.several and lacks("index"):
        yield f"{count.beside('index')}: missing; {said(count)}, and each shard has a number"
    if index and shard.number > shard.count and ("shard", "count") not in found.tried:
        yield f"{said(index)}: there are shards 1 to {shard.count} ({index.beside('count')})"
    calls = found.values.get(("listen", "port"))
    if calls and shard.several:
        yield (
            f"{calls.place}={shown(('listen',), calls.value)}: meters that call are not shared out: they know one "
            "address, and the shard there may not be theirs; give them a bridge of their own, without SHARD__COUNT"
        )
    witnesses, secret = given("witnesses"), given("secret")
    if witnesses and lacks("secret"):
        yield (
            f"{witnesses.beside('secret')}: missing; {witnesses.place} is given, and a witness hears only those who "
            "have its secret"
        )
    if secret and lacks("witnesses"):
        yield f"{secret.beside('witnesses')}: missing; {secret.place} is given, but no witness to use it with"
    different = {(host.lower(), port) for host, port in shard.witness_addresses}
    if witnesses and (len(different) < max(3, len(shard.witness_addresses)) or len(different) % 2 == 0):
        yield (f"{said(witnesses)}: must name three different witnesses, or five: more than half of them must agree")
