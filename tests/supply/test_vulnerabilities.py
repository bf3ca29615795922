"""What is known against the locked packages is said, and fails only what can be mended: uv's audit, OSV's double."""

from __future__ import annotations

import pytest

from tests.fakes.programs import missing
from tests.supply.locked import runtime_packages
from tests.supply.osv import osv
from tests.supply.sbom import find_uv
from tests.supply.vulnerabilities import ENDABLE, NONE_TO_END, UNKNOWN, audited


@pytest.fixture(autouse=True)
def uv():
    return find_uv() or missing("no uv on this machine; tests/run installs it")


def audited_against(known):
    asked = []
    with osv(known, asked) as address:
        code, lines = audited("--service-url", address)
    return code, lines, asked


def test_each_package_of_the_image_is_asked_for_and_nothing_is_found_where_nothing_is_known():
    code, lines, asked = audited_against({})
    assert (code, lines) == (NONE_TO_END, [])
    assert {f"{name}=={version}" for name, version in runtime_packages().items()} <= set(asked)
    assert not [one for one in asked if one.startswith("pytest==")]


def test_one_that_a_newer_version_ends_fails_and_says_how_to_end_it():
    code, lines, _ = audited_against({"h11": ("GHSA-aaaa-bbbb-cccc", "99.0"), "idna": ("PYSEC-2026-1", None)})
    assert code == ENDABLE
    assert f"h11 {runtime_packages()['h11']}: GHSA-aaaa-bbbb-cccc: h11 falls over" in lines[0]
    assert "ended by 99.0: uv lock --upgrade-package h11" in lines[0]
    assert "no version ends it yet" in lines[1]


def test_one_that_no_version_ends_is_said_and_fails_nothing():
    code, lines, _ = audited_against({"idna": ("PYSEC-2026-1", None)})
    assert code == NONE_TO_END
    assert [line.partition(":")[0] for line in lines] == [f"idna {runtime_packages()['idna']}"]


def test_a_database_that_cannot_be_asked_is_no_clean_bill(monkeypatch):
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    code, lines = audited("--service-url", "http://127.0.0.1:9")
    assert code == UNKNOWN
    assert "not looked up" in lines[0]
