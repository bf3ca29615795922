"""JSON that is nested deeper than Python follows makes no sense, like any other, wherever it comes from."""

from __future__ import annotations

import hmac
import random

import pytest

from bridge.delivery.introductions import Introductions
from bridge.delivery.questions import Questions
from bridge.dlms.history.ways import HistoryWays
from bridge.lease.wire import MOST_BYTES, Unheard, question_of
from bridge.meters.earlier_refusals import FILE, earlier_refusals
from bridge.meters.secret_files import SecretFiles

DEEP = b"[" * 60_000


def test_an_answer_of_thingsboard():
    questions = Questions(random.Random(1))
    assert questions.read_limits(DEEP) is None
    assert questions.read_shared(DEEP) is None
    assert questions.read_mark("1", DEEP, 0.0) is None
    assert Introductions(device_type="meter", first_id=7).answered(DEEP) is None


def test_a_datagram_between_bridge_and_witness():
    body = DEEP[: MOST_BYTES - 32]
    datagram = hmac.digest(b"secret", b"question\n" + body, "sha256") + body
    with pytest.raises(Unheard, match="no JSON"):
        question_of(datagram, b"secret")


def test_what_is_kept_on_disk(tmp_path):
    (tmp_path / FILE).write_bytes(DEEP)
    assert earlier_refusals(tmp_path, "main") == []
    (tmp_path / "refusals").mkdir()
    files = SecretFiles(tmp_path / "refusals", forgiving=True)
    files.write("main", files.read("main"))
    [file] = (path for path in (tmp_path / "refusals").iterdir() if not path.name.startswith("."))
    file.write_bytes(DEEP)
    assert files.read("main")["sent"] == []
    assert HistoryWays.from_text(DEEP.decode()) == HistoryWays()
