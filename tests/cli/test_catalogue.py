"""Every sentence in both languages, with the same placeholders; none missing, none left over, none said twice."""

from __future__ import annotations

import ast
import re
from collections import Counter
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from bridge.cli.catalogue import Catalogue, sentences

ROOT = Path(__file__).parents[2]
BRIDGE = ROOT / "bridge"
FILES = sorted([*BRIDGE.glob("cli/**/sentences.py"), *BRIDGE.glob("cli/*/sentences/[!_]*.py")])
"""Every file of sentences that there is, whoever imports it."""
WRITTEN = {file: import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)).SENTENCES for file in FILES}
SENTENCES = {key: said for file in WRITTEN.values() for key, said in file.items()}
ROOMS = sorted({key.partition(".")[0] for key in SENTENCES})
KEY = re.compile(rf"({'|'.join(ROOMS)})(?!\.json$|\.txt$|\.db$|\.yml$)(\.[a-z0-9_]+)+")
OF_A_COMMAND = re.compile(r"\w+\.help|help\.(run|demo)")
"""What ``parsers.add`` says besides, under the same key: what stands above and below the options."""


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def commands(text):
    """What is typed or set: it is the same in every language."""
    return set(re.findall(r"(?:docker compose \w+|THINGSBOARD__\w+|METERS__\w+|OUTBOX__\w+|%\(\w+\)s|--[a-z]+)", text))


def is_said(call):
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return name in ("say", "_say") and len(call.args) == 1 and isinstance(call.args[0], ast.Constant)


def literals():
    """Every text in the commands' code that looks like a key, with the places where it stands."""
    found = {}
    for file in [*BRIDGE.glob("cli/**/*.py"), BRIDGE / "__main__.py"]:
        if file in FILES:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        said = {id(call.args[0]) for call in ast.walk(tree) if isinstance(call, ast.Call) and is_said(call)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and (KEY.fullmatch(node.value) or id(node) in said)
            ):
                found.setdefault(node.value, []).append(f"{file.name}:{node.lineno}")
    for command in [file.parent.name for file in BRIDGE.glob("cli/*/command.py")]:
        found[f"{command}.help"] = ["parsers.py"]
    for key in [key for key in found if OF_A_COMMAND.fullmatch(key)]:
        found |= {f"{key}.about": found[key], f"{key}.after": found[key]}
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


def test_the_catalogue_finds_every_sentence_that_is_written_and_no_key_is_written_twice():
    assert {key: said for room in ROOMS for key, said in sentences(room).items()} == SENTENCES
    assert [key for key, count in Counter(key for file in WRITTEN.values() for key in file).items() if count > 1] == []


@pytest.mark.parametrize("key", ["check.nonsense", "nonsense.help", "catalogue.help"])
def test_a_key_that_nobody_wrote_is_an_error(key):
    with pytest.raises(KeyError):
        Catalogue("en")(key)


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
