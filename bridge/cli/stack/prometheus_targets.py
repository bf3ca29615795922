"""``prometheus.yml`` for several bridges: one target a shard, by its name in Docker's DNS, with the label ``shard``.

A target that is written down, instead of one that DNS was seen to have, is still there when its bridge is not: only so
can an alert say that it is down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = "# Written by bridge stack out of prometheus/prometheus.yml: one target a shard.\n\n"


def with_targets(text: str, bridges: Mapping[int, str]) -> str:
    """Return Prometheus's configuration with the bridge's one target replaced.

    Args:
        text: of ``prometheus/prometheus.yml``.
        bridges: the host name of each shard's bridge, by the shard's number.
    """
    document: dict[str, Any] = yaml.safe_load(text)
    [job] = (job for job in document["scrape_configs"] if job["job_name"] == "bridge")
    [only] = job["static_configs"]
    [target] = only["targets"]
    port = target.rpartition(":")[2]
    job["static_configs"] = [
        {"targets": [f"{host}:{port}"], "labels": {"instance": host, "shard": str(shard)}}
        for shard, host in bridges.items()
    ]
    return _HEAD + yaml.safe_dump(document, sort_keys=False, width=120)
