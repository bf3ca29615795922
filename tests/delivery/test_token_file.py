"""The token's file: its owner's alone, and never somewhere else than where it is."""

from __future__ import annotations

import stat

import pytest

from bridge.delivery.token_file import TOKEN_FILE, keep, kept


@pytest.mark.parametrize("name", [TOKEN_FILE, "thingsboard.new"])
def test_the_token_is_never_written_through_a_link(tmp_path, name):
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    elsewhere.write_text("what somebody else has here")
    data.mkdir()
    (data / name).symlink_to(elsewhere)
    keep("a-token", data)
    assert elsewhere.read_text() == "what somebody else has here"
    assert not (data / TOKEN_FILE).is_symlink()
    assert kept(data) == "a-token"
    assert stat.S_IMODE((data / TOKEN_FILE).stat().st_mode) & 0o007 == 0
