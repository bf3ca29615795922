"""The bill of materials: by CycloneDX's own schema, of exactly what is locked, with licences that were looked at."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.fakes.programs import missing
from tests.supply.locked import ROOT, runtime_packages
from tests.supply.sbom import find_uv, write_sbom

PAGE = Path(__file__).with_name("README.md")


@pytest.fixture(scope="module")
def sbom(tmp_path_factory) -> Path:
    if find_uv() is None:
        missing("no uv on this machine; tests/run installs it")
    file = tmp_path_factory.mktemp("sbom") / "sbom.json"
    write_sbom(file)
    return file


def components(file: Path) -> dict[str, dict]:
    found = json.loads(file.read_text(encoding="utf-8"))["components"]
    return {re.sub(r"[-_.]+", "-", one["name"]).lower(): one for one in found}


def licences(component: dict) -> set[str]:
    """What its metadata declare, SPDX where they have it; a classifier beside an identifier says nothing more."""
    told = component.get("licenses", [])
    known = {one.get("expression") or one["license"].get("id") for one in told} - {None}
    return known or {one["license"]["name"] for one in told}


def test_cyclonedxs_own_schema_takes_it_and_would_not_take_anything(sbom):
    text = sbom.read_text(encoding="utf-8")
    assert json.loads(text)["specVersion"] == "1.6"
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"components"', '"parts"', 1)) is not None


def test_it_lists_exactly_what_is_locked_for_the_image(sbom):
    found = {name: one["version"] for name, one in components(sbom).items()}
    assert found == runtime_packages()
    assert len(found) > 15
    assert {one["purl"] for one in components(sbom).values()} == {
        f"pkg:pypi/{name}@{version}" for name, version in runtime_packages().items()
    }


def test_the_same_lock_gives_the_same_file(sbom, tmp_path):
    write_sbom(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == sbom.read_bytes()


def test_the_licence_of_each_package_stands_in_the_table_with_what_it_means(sbom):
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    table = {name: {part.strip() for part in told.split(";")} for name, told, _ in rows}
    assert table == {name: licences(one) for name, one in components(sbom).items()}
    assert all(len(judged) > 10 for _, _, judged in rows), "each is judged"


def test_the_readme_and_the_licence_name_the_one_that_binds():
    for file in ("README.md", "LICENSE"):
        assert "gurux-dlms" in (ROOT / file).read_text(encoding="utf-8")
