"""A shard's own part of ``METERS_FILE``, as a file that Swarm hands to the shard's container.

Swarm takes no file beyond 1,000 kB as a config and beyond 500 kB as a secret, and a fleet's is larger: so each shard
gets its own lines, compressed where they would not fit.
"""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING, Final

from bridge.configuration.fleet import COLUMNS
from bridge.configuration.variables import METERS, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.configuration.load import Configuration

LARGEST_CONFIG: Final = 1_000_000
LARGEST_SECRET: Final = 500_000
"""Bytes that Swarm takes."""


class FleetFile:
    """The lines of some meters.

    Args:
        reading: the configuration, ``METERS_FILE`` with it.
        meters: whose lines; those that stand elsewhere are left out.
    """

    def __init__(self, reading: Configuration, meters: Iterable[str]) -> None:
        source = str(reading.settings.meters_file)
        self.is_secret = False
        rows = []
        for name in meters:
            row = {"name": name}
            for column in COLUMNS[1:]:
                given = reading.given.get((METERS, name.lower(), column))
                if given is not None and given.source.rpartition(":")[0] == source:
                    row[column] = given.value
                    self.is_secret |= is_secret((METERS, column))
            if len(row) > 1:
                rows.append(row)
        columns = [column for column in COLUMNS if column in ("name", "host") or any(column in row for row in rows)]
        text = io.StringIO()
        # All quoted: a password keeps the spaces that it begins with.
        writer = csv.DictWriter(text, columns, restval="", quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue().encode()
        self.is_compressed = len(content) > LARGEST_SECRET
        self.content = gzip.compress(content, mtime=0) if self.is_compressed else content
        self.fits = len(self.content) <= (LARGEST_SECRET if self.is_secret else LARGEST_CONFIG)

    @property
    def name(self) -> str:
        """What it is called in the container's ``/config``."""
        return "meters.csv.gz" if self.is_compressed else "meters.csv"
