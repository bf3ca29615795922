"""A choice of a meter's objects: by OBIS code with wildcards, and by class. Pure."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bridge.dlms.obis_names import short_obis
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.dlms.object_list import CosemObject

_PATTERN = re.compile(r"(?=.*[:*])[0-9*?:.-]+")


def patterns(texts: Sequence[str], say: Catalogue) -> tuple[str, ...]:
    """Return the patterns that the options give, separated by commas.

    Raises:
        ConfigError: one of them is none.
    """
    found = [part for text in texts for part in text.split(",") if part]
    wrong = [part for part in found if not _PATTERN.fullmatch(part)]
    if wrong:
        raise ConfigError([say("objects.wrong_pattern", text=part) for part in wrong])
    return tuple(found)


def select_objects(objects: Sequence[CosemObject], only: Sequence[str], classes: Sequence[int]) -> list[CosemObject]:
    """Return the objects whose code fits one of ``only`` and whose class is one of ``classes``; empty takes all.

    They come by medium and code, those of the present before those of past billing periods.
    """
    found = [
        one
        for one in objects
        if (not only or any(_fits(one.logical_name, pattern) for pattern in only))
        and (not classes or one.class_id in classes)
    ]
    return sorted(found, key=lambda one: (_groups(one.logical_name)[5] != 255, _groups(one.logical_name), one.class_id))


def _fits(logical_name: str, pattern: str) -> bool:
    """Return whether the code fits; a pattern without a star group F stands for the present alone."""
    whole = logical_name.split(".")
    code = short_obis(logical_name)
    return fnmatchcase(code, pattern) or fnmatchcase(f"{code.partition('*')[0]}.{whole[5]}", pattern)


def _groups(logical_name: str) -> list[int]:
    return [int(group) for group in logical_name.split(".")]
