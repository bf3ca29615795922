"""Which secrets are in the environment, where ``docker inspect`` shows them to anyone who may use Docker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.configuration.variables import Unknown, is_secret, understand

if TYPE_CHECKING:
    from collections.abc import Mapping


def exposed(environ: Mapping[str, str]) -> list[str]:
    """Return the names of the variables in ``environ`` that hold a secret of ours, in order."""
    return sorted(name for name, value in environ.items() if value and _is_secret(name))


def _is_secret(name: str) -> bool:
    key = understand(name)
    return key is not None and not isinstance(key, Unknown) and is_secret(key)
