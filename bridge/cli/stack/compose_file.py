"""The compose file as data, and YAML as we write it. The one place here that knows YAML's library.

Nothing is interpolated on the way: ``${…}`` and ``$$`` go out as they came in, for Docker to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Mapping: TypeAlias = "dict[str, Any]"
NAME: Final = "docker-compose.yml"
NUMBERED: Final = ("bridge", "mosquitto")
"""The services of which each shard has its own."""


class NoComposeFileError(Exception):
    """There is no ``docker-compose.yml`` to write a stack out of; its text says where."""


def load(folder: Path) -> Mapping:
    """Return the project's compose file in ``folder``.

    Raises:
        NoComposeFileError: it is not there, or is not ours.
    """
    try:
        loaded = yaml.safe_load((folder / NAME).read_text(encoding="utf-8"))
        if set(NUMBERED) <= set(loaded["services"]):
            found: Mapping = loaded
            return found
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError):
        pass
    raise NoComposeFileError(str(folder / NAME))


def text_of(document: Mapping, head: str) -> str:
    """Return ``document`` as YAML below the comment ``head``."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())
    return comment + "\n" + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def escaped(value: str) -> str:
    """Return ``value`` so that Docker, which fills in ``$…``, reads it as it stands."""
    return value.replace("$", "$$")


class _Dumper(yaml.SafeDumper):
    """Says everything in full, without anchors, and text of several lines as a block."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
