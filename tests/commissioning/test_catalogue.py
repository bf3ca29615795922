"""Every sentence in both languages, with the same placeholders; none missing, none left over."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from bridge.commissioning.catalogue import SENTENCES, Catalogue

BRIDGE = Path(__file__).parents[2] / "bridge"
PREFIXES = tuple(sorted({key.partition(".")[0] for key in SENTENCES}))
KEY = re.compile(rf"({'|'.join(PREFIXES)})(?!\.json$|\.txt$)(\.[a-z0-9_]+)+")


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def commands(text):
    """What is typed or set: it is the same in every language."""
    return set(re.findall(r"(?:docker compose \w+|THINGSBOARD__\w+|METERS__\w+|OUTBOX__\w+|%\(\w+\)s|--[a-z]+)", text))


def literals():
    """Every text in the commissioning commands' code that looks like a key, with the places where it stands."""
    found = {}
    for file in [*BRIDGE.glob("commissioning/**/*.py"), BRIDGE / "__main__.py", *BRIDGE.glob("demo/*.py")]:
        if file.name == "catalogue.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value):
                found.setdefault(node.value, []).append(f"{file.name}:{node.lineno}")
    return found


@pytest.mark.parametrize("key", SENTENCES)
def test_both_languages_say_the_same_with_the_same_placeholders(key):
    english, spanish = SENTENCES[key]
    assert english.strip()
    assert spanish.strip()
    assert placeholders(english) == placeholders(spanish)
    assert commands(english) == commands(spanish)


def test_every_sentence_that_the_code_says_is_there():
    assert {key: places for key, places in literals().items() if key not in SENTENCES} == {}


def test_every_sentence_is_said_somewhere():
    assert set(SENTENCES) - set(literals()) == set()


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "es_MX.UTF-8"}, "es"),
        ({"LANG": "es"}, "es"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "es_ES.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "es_CO"}, "es"),
        ({"LANG": "en", "LC_MESSAGES": "en", "LC_ALL": "ES_es"}, "es"),
        ({"LANG": "es", "LC_ALL": ""}, "es"),
    ],
)
def test_the_language_is_the_locales_the_strongest_variable_first(environ, language):
    assert Catalogue.of(environ).language == language


def test_a_sentence_is_filled_with_its_values():
    assert Catalogue("es")("check.many_meters", count=3) == "la configuración está bien: 3 medidores"
    with pytest.raises(KeyError):
        Catalogue("en")("check.many_meters")
