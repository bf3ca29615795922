"""``bridge outbox list``: all that is on disk is in it, what has no time yet, too."""

import io
import json

from bridge.cli.outbox.outbox import OutboxCommand
from bridge.outbox.desk import answer
from bridge.outbox.destination import LOCAL
from bridge.outbox.store import Store
from tests.cli.test_terminal import Screen


def store_at(folder):
    return Store(folder / "outbox.db", max_bytes=10**8, destination=LOCAL, devices={})


def listed(folder, **environ):
    out = io.StringIO()
    code = OutboxCommand({"DATA_DIR": str(folder), "COLUMNS": "200", **environ}, out).run("list", "", yes=False)
    return code, out.getvalue().splitlines()


def test_what_waits_for_the_clock_is_shown_apart_and_holds_nothing_back(tmp_path):
    store = store_at(tmp_path)
    rows = [(number, "main", 1_000 * number, "{}", "main", 7, number) for number in (1, 2)]
    store.tell(lambda held: store.undated.add(rows, tag=held.own_tag(), accepted_s=0))
    told = json.loads(json.dumps(store.tell(lambda held: answer(held, "list", None))))
    store.close()
    assert told["undated"] == {"count": 2, "oldest_ts_ms": 1000, "newest_ts_ms": 2000}
    code, lines = listed(tmp_path)
    (row,) = [line.split("  ") for line in lines if line.startswith("no time yet")]
    assert [cell.strip() for cell in row if cell] == [
        "no time yet", "2", "1970-01-01 00:00:01", "1970-01-01 00:00:02", "wait for the clock",
    ]  # fmt: skip
    assert (code, lines[-1]) == (0, "nothing is held back")
    assert any(line.startswith("aún sin hora") for line in listed(tmp_path, LANG="es")[1])


def test_where_the_table_is_too_wide_each_destination_is_a_paragraph(tmp_path):
    destination = f"thingsboard {'x' * 20}.example.com:1883 gateway"
    store = Store(tmp_path / "outbox.db", max_bytes=10**8, destination=destination, devices={})
    store.append([(1, "main", 1000, "{}", "main"), (2, "main", 61_000, "{}", "main")])
    store.close()
    lines = listed(tmp_path, COLUMNS="80")[1]
    assert max(map(len, lines)) <= 80
    assert lines[2:4] == [
        f"kept, not sent: {destination}", "  samples: 2; 1970-01-01 00:00:01 to 1970-01-01 00:01:01 UTC",
    ]  # fmt: skip
    assert lines[-1] == "2 samples are held back: export saves them, discard --yes removes them"
    assert any(line.startswith(f"{destination}  2 ") for line in listed(tmp_path, COLUMNS="200")[1])


def test_where_every_sample_has_its_time_nothing_is_said_of_those_without(tmp_path):
    store_at(tmp_path).close()
    assert not any("no time yet" in line for line in listed(tmp_path)[1])


def test_a_long_export_says_how_far_it_is_and_what_it_wrote(tmp_path, capsys):
    store = Store(tmp_path / "outbox.db", max_bytes=10**8, destination="thingsboard tb:1883 gateway", devices={})
    rows = [(number, "main", number, "{}", "main") for number in range(1, 1001)]
    store.append(rows)
    store.close()
    out = Screen()
    command = OutboxCommand({"DATA_DIR": str(tmp_path), "COLUMNS": "80"}, out)
    assert command.run("export", str(tmp_path / "held.jsonl"), yes=False) == 0
    assert "500/1000" in out.getvalue()
    assert len((tmp_path / "held.jsonl").read_text().splitlines()) == 1000
    assert command.run("export", "-", yes=False) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1000
    assert "1000 samples written to -" in printed.err
