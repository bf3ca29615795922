"""Marks: how a thing in ThingsBoard says that the bridge made it, and whether somebody has changed it since. Pure.

A mark holds a hash of what was written. ThingsBoard adds empty members to what it is given, so the hash leaves those
out, and so does every comparison.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, Literal

MADE_BY: Final = "dlms-bridge"
Standing = Literal["same", "old", "edited", "not mine"]
"""Of what is there: as it is wanted; as an earlier bridge wanted it; changed by a person; made by somebody else."""


def mark_of(wanted: object) -> dict[str, str]:
    """Return the mark of what is to be written."""
    return {"madeBy": MADE_BY, "hash": digest(wanted)}


def standing(found: object, mark: object, wanted: object) -> Standing:
    """Return how what is there stands to what is wanted.

    Args:
        found: what is there, without its mark.
        mark: its mark; anything that is none counts as missing.
        wanted: what should be there.
    """
    if digest(found) == digest(wanted):
        return "same"
    if not is_ours(mark):
        return "not mine"
    return "edited" if is_edited(found, mark) else "old"


def is_ours(mark: object) -> bool:
    """Return whether a mark is one of ours."""
    return isinstance(mark, dict) and mark.get("madeBy") == MADE_BY


def is_edited(found: object, mark: object) -> bool:
    """Return whether somebody changed what bears this mark of ours."""
    return isinstance(mark, dict) and mark.get("hash") != digest(found)


def digest(content: object) -> str:
    """Return a hash that is the same for what differs in empty members alone."""
    text = json.dumps(_full(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _full(content: object) -> object:
    if isinstance(content, dict):
        members = ((str(name), _full(value)) for name, value in content.items())
        return {name: value for name, value in members if not _is_empty(value)}
    if isinstance(content, list):
        return [_full(one) for one in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value in ({}, [])
