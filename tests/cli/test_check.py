"""``bridge check``: the configuration as the bridge sees it, and what is wrong with it."""

from __future__ import annotations

import io
import resource

import pytest

from bridge.cli.check.check import check

SECRET = "hunter2-hunter2"


@pytest.fixture
def run(tmp_path):
    def run(**environ):
        out = io.StringIO()
        code = check(environ, out, tmp_path / "secrets")
        return code, out.getvalue().replace(str(tmp_path), "…")

    return run


def rows(text):
    """Each line's cells: they are two spaces apart."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_without_meters_it_says_that_the_demo_meter_will_be_read(run):
    code, text = run()
    assert code == 0
    assert text.splitlines()[-1] == "no meters configured: the built-in demo meter will be read"
    assert ["POLL__INTERVAL", "5", "default"] in rows(text)
    assert ["THINGSBOARD__TOKEN", "-", "default"] in rows(text)
    assert "upstream: none; each sample is confirmed here and goes no further" in text


def test_it_shows_every_meter_and_where_each_value_came_from(run, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "METERS__M1__PASSWORD").write_text(SECRET)
    (tmp_path / "meters.csv").write_text("name,host,port,profile\n\nM1,192.168.1.127,3333,microstar\n")
    code, text = run(
        METERS_FILE=str(tmp_path / "meters.csv"),
        METERS__MAIN__HOST="fe80::1",
        METERS__MAIN__FRAMING="wrapper",
        METERS__MAIN__INTERVAL="0.5",
    )
    assert (code, text.splitlines()[-1]) == (0, "configuration is fine: 2 meters")
    table = rows(text)
    header = [
        "name",
        "address",
        "profile",
        "framing",
        "client",
        "server",
        "auth",
        "password",
        "interval",
        "timeout",
        "from",
    ]
    assert table[1] == header
    main = ["main", "[fe80::1]:4059~", "single_phase~", "wrapper", "16*", "1*", "none*", "-", "0.5 s", "5 s~"]
    assert [*main, "environment"] in table
    m1 = ["M1", "192.168.1.127:3333", "microstar", "hdlc*", "1*", "1*", "low", "<secret>", "5 s~", "5 s~"]
    assert [*m1, "…/meters.csv:3, …/secrets/METERS__M1__PASSWORD"] in table


def test_it_shows_which_meters_share_a_connection(run):
    _, text = run(METERS__A__HOST="rs485", METERS__B__HOST="rs485", METERS__B__SERVER="2", METERS__C__HOST="c")
    assert ["rs485:4059", "a, b"] in rows(text)


def test_it_shows_the_upstream_with_the_port_that_tls_implies(run):
    _, text = run(THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN=SECRET, THINGSBOARD__TLS="true")
    assert "upstream: ThingsBoard at tb:8883, TLS, direct" in text
    assert ["THINGSBOARD__TOKEN", "<secret>", "environment"] in rows(text)


def test_it_shows_what_it_understood_and_then_every_mistake(run):
    code, text = run(METERS__MAIN__HOST="a", METERS__MAIN__PORT="99999", METERS__MAIN__PROT="1", LOG__LEVEL="chatty")
    assert code == 2
    assert "a:?" in text
    assert ["LOG__LEVEL", "?", "environment"] in rows(text)
    assert text.splitlines()[-5:] == [
        "mistakes",
        "  METERS__MAIN__PROT: unknown setting; did you mean METERS__MAIN__PORT?",
        "  LOG__LEVEL=chatty: must be one of TRACE, DEBUG, INFO, WARNING, ERROR",
        "  METERS__MAIN__PORT=99999: must be a whole number from 1 to 65535",
        "3 mistakes: the bridge will not start",
    ]


def test_it_shows_a_meter_whose_host_is_missing(run):
    code, text = run(METERS__MAIN__PORT="3333", METERS__OTHER__HOST="http://a")
    assert code == 2
    assert "?:3333" in text
    assert "?:4059~" in text
    assert "unknown" not in text


@pytest.mark.parametrize("broken", [{}, {"METERS__MAIN__PROFILE": "nosuch"}, {"METERS__MAIN__CLIENT": "x"}])
def test_it_never_shows_a_secret(run, broken):
    _, text = run(
        METERS__MAIN__HOST="a",
        METERS__MAIN__PASSWORD=SECRET,
        THINGSBOARD__HOST="tb",
        THINGSBOARD__TOKEN=SECRET,
        **broken,
    )
    assert SECRET not in text
    assert text.count("<secret>") == 2


@pytest.mark.parametrize(("zone", "is_said"), [("Mars/Phobos", True), ("America/Santiago", False), ("", False)])
def test_a_time_zone_that_is_none_is_said(run, zone, is_said):
    code, text = run(METERS__MAIN__HOST="a", TZ=zone)
    assert code == 0
    assert (f"TZ={zone} names no time zone" in text) is is_said


def test_a_terminal_without_utf8_gets_the_rest_escaped():
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    assert check({"METERS__MAIN__HOST": "a", "METERS__MAIN__PORT": "ñ"}, out) == 2
    out.flush()
    assert rb"METERS__MAIN__PORT=\xf1: must be" in raw.getvalue()


def test_what_is_set_of_a_meter_without_a_column_of_its_own_is_listed_with_its_place(run):
    _, text = run(
        METERS__MAIN__HOST="a",
        METERS__MAIN__DEVICE="Hall 2",
        METERS__MAIN__ENCRYPTION_KEY="0" * 32,
        METERS__MAIN__SUITE="0",
    )
    further = rows(text[text.index("other meter settings") : text.index("\n\nsettings\n  name")])
    assert ["METERS__MAIN__DEVICE", "Hall 2", "environment"] in further
    assert ["METERS__MAIN__ENCRYPTION_KEY", "<secret>", "environment"] in further
    assert ["METERS__MAIN__SUITE", "0", "environment"] in further


def test_it_speaks_the_technicians_language(run):
    _, text = run(LANG="es_MX.UTF-8", METERS__MAIN__HOST="a")
    assert text.splitlines()[-1] == "la configuración está bien: 1 medidor"
    assert "destino: ninguno" in text


@pytest.fixture
def at_most_1024_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def fleet(folder, meters, behind=1):
    rows = ["name,host,port,profile,server,password"]
    for number in range(meters):
        place, server = divmod(number, behind)
        rows.append(f"m{number},10.{place // 250}.0.{place % 250},4059,microstar,{1 + server},12345678")
    (folder / "meters.csv").write_text("\n".join(rows))
    return {"METERS_FILE": str(folder / "meters.csv"), "POLL__INTERVAL": "60"}


def test_more_connections_than_descriptors_are_said_with_what_to_raise(run, tmp_path, at_most_1024_descriptors):
    code, text = run(**fleet(tmp_path, 1000))
    assert code == 0
    assert "want 1256 file descriptors" in text
    assert "may open 1024" in text
    assert "nofile" in text
    assert "ulimit -n" in text
    assert "descriptores" in run(**fleet(tmp_path, 1000), LANG="es_CO.UTF-8")[1]


def test_meters_behind_converters_want_one_descriptor_a_converter(run, tmp_path, at_most_1024_descriptors):
    assert "descriptors" not in run(**fleet(tmp_path, 1000, behind=20))[1]


def test_it_shows_how_the_fleet_is_shared_out_and_only_its_own_meters(run):
    meters = {f"METERS__M{number}__HOST": f"10.0.0.{number}" for number in range(1, 9)}
    code, text = run(**meters, SHARD__COUNT="2", SHARD__INDEX="2")
    table = rows(text)
    start = table.index(["shards: who reads how much; this is shard 2 of 2"])
    assert table[start + 1 : start + 4] == [["shard", "meters", "connections"], ["1", "4", "4"], ["2", "4", "4"]]
    assert "3 shards instead of 2: " in text
    assert (code, text.splitlines()[-1]) == (0, "configuration is fine: 4 meters")
    assert "10.0.0.2:4059" in text
    assert "10.0.0.1:4059" not in text


def test_a_shard_that_no_meter_falls_to_is_no_mistake(run):
    code, text = run(METERS__M1__HOST="10.0.0.1", SHARD__COUNT="2", SHARD__INDEX="2")
    assert (code, text.splitlines()[-1]) == (0, "configuration is fine: no meter falls to this shard, so it reads none")


def test_secrets_that_everybody_on_the_machine_may_read_are_named_and_others_are_not(run, tmp_path):
    (tmp_path / "secrets").mkdir()
    for name, mode in (("METERS__MAIN__PASSWORD", 0o644), ("THINGSBOARD__TOKEN", 0o640)):
        (tmp_path / "secrets" / name).write_text(SECRET)
        (tmp_path / "secrets" / name).chmod(mode)
    (tmp_path / "meters.csv").write_text(f"name,host,password\nhall,192.0.2.2,{SECRET}\n")
    (tmp_path / "meters.csv").chmod(0o644)
    given = {"METERS__MAIN__HOST": "192.0.2.1", "METERS_FILE": str(tmp_path / "meters.csv")}
    _, text = run(**given)
    [line] = [line for line in text.splitlines() if "everybody on this machine may read" in line]
    assert "…/meters.csv, …/secrets/METERS__MAIN__PASSWORD:" in line
    assert "TOKEN" not in line
    (tmp_path / "secrets" / "METERS__MAIN__PASSWORD").chmod(0o600)
    (tmp_path / "meters.csv").chmod(0o600)
    assert "may read" not in run(**given)[1]
    assert SECRET not in text
