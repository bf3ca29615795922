"""The fleet's CSV: what spreadsheets and people write, and the file and line of what they got wrong."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from bridge.configuration.load import load
from bridge.configuration.settings import MeterSettings, Settings
from bridge.errors import ConfigError


@pytest.fixture
def fleet(tmp_path):
    def write(content, name="meters.csv"):
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


def load_file(file, **environ):
    return load({"METERS_FILE": str(file), **environ}, file.parent / "secrets")


def problems(file, **environ):
    with pytest.raises(ConfigError) as caught:
        load_file(file, **environ)
    return [problem.replace(f"{file}", "meters.csv") for problem in caught.value.problems]


def test_every_column_arrives(fleet):
    file = fleet(
        "name,host,port,profile,framing,client,server,server_address_bytes,authentication,password,interval,timeout,device\n"
        "M1,10.0.0.1,3333,microstar,hdlc,2,17,2,low,12345678,2.5,8,Main building\n"
    )
    meter = load_file(file).meters["M1"]
    assert meter.password is not None
    assert meter.password.get_secret_value() == "12345678"
    assert meter == MeterSettings(
        host="10.0.0.1",
        port=3333,
        profile="microstar",
        framing="hdlc",
        client=2,
        server=17,
        server_address_bytes=2,
        authentication="low",
        password=meter.password,
        interval_s=2.5,
        timeout_s=8,
        device="Main building",
    )


def test_a_spanish_spreadsheets_file_is_read(fleet):
    file = fleet(
        b"\xef\xbb\xbfName;Host;Interval;Device;;\r\n"
        b"# torre; norte\r\n"
        b'"# torre; sur";;;;;\r\n'
        b";;;;;\r\n"
        b"\r\n"
        b' M1 ; 10.0.0.1 ;0,5;"Pe\xc3\xb1a; 3";;\r\n'
        b"m2;10.0.0.2;;;;\r\n"
    )
    meters = load_file(file).meters
    assert list(meters) == ["M1", "m2"]
    assert (meters["M1"].host, meters["M1"].interval_s, meters["M1"].device) == ("10.0.0.1", 0.5, "Peña; 3")
    assert meters["m2"] == MeterSettings(host="10.0.0.2")


def test_only_passwords_complete_a_meter_of_the_file(fleet, tmp_path):
    file = fleet("name,host\nM1,a\nM2,b\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "meters__m1__password").write_text("12345678\n")
    meters = load_file(file, METERS__M2__PASSWORD="87654321").meters
    assert list(meters) == ["M1", "M2"]
    assert [m.password.get_secret_value() for m in meters.values() if m.password] == ["12345678", "87654321"]
    assert problems(file, METERS__m1__PORT="1") == [
        (
            "meters.csv:2: name=M1: a second meter with the name of METERS__m1; "
            "each meter needs a name of its own, upper and lower case being the same"
        ),
    ]


def test_two_lines_with_one_name_are_both_named(fleet):
    assert problems(fleet("name,host\nM1,a\n\nm1,b\n")) == [
        (
            "meters.csv:4: name=m1: a second meter with the name of meters.csv:2; "
            "each meter needs a name of its own, upper and lower case being the same"
        )
    ]


def test_values_are_named_with_line_and_column(fleet):
    found = problems(fleet("name,host,port,interval\n#\nM1,a,99999,\nM2,,1,never\nM3,a b,,\n"))
    assert found == [
        "meters.csv:3: port=99999: must be a whole number from 1 to 65535",
        "meters.csv:4: host: missing; every meter needs one",
        "meters.csv:4: interval=never: must be a number of seconds from 0.1 to 86400",
        "meters.csv:5: host=a b: must be a host name or an IP address alone: no quotes, no http://, no port",
    ]


def test_what_is_wrong_with_the_header_is_named_by_column(fleet):
    assert problems(fleet("name,hots,port,port,colour\nM1,a,1,1,red\n")) == [
        "meters.csv:1: column hots: unknown; did you mean host?",
        "meters.csv:1: column port: appears twice",
        (
            "meters.csv:1: column colour: unknown; the columns are name, host, port, profile, framing, client, server, "
            "server_address_bytes, referencing, authentication, password, security, suite, encryption_key, "
            "authentication_key, dedicated_key, general_ciphering, system_title, counter_obis, signing_key, "
            "meter_public_key, registers, leave_out, list_items, interval, timeout, device, dial_in, via_caller, "
            "push_only, meter_system_title, logical_device_name, caller_id, push_plain"
        ),
    ]
    assert problems(fleet("host,port\na,1\n")) == ["meters.csv:1: column name: missing; every meter needs one"]
    assert problems(fleet("# nothing\n\n")) == ["meters.csv: is empty; the first line names the columns: name, host, …"]


def test_too_many_and_too_few_cells_are_named_without_showing_them(fleet):
    assert problems(fleet("name,host,password\nM1,a,hunter2,hunter2\nM2,a\n")) == [
        "meters.csv:2: has 4 cells; the header has 3 columns",
        "meters.csv:3: has 2 cells; the header has 3 columns",
    ]


def test_a_name_that_no_topic_could_hold_is_named(fleet):
    rule = "a meter's name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"
    assert problems(fleet("name,host\nTorre Norte,a\n,b\na\tb,c\n")) == [
        f"meters.csv:2: name=Torre Norte: {rule}",
        "meters.csv:3: name: missing; every meter needs one",
        rf"meters.csv:4: name=a\tb: {rule}",
    ]


def test_quotes_that_do_not_match_are_named(fleet):
    [problem] = problems(fleet('name,host\n"M1,a\nM2,b\n'))
    assert problem.startswith("meters.csv:2: the quotes do not match")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_named_with_the_line(fleet, encoding):
    [problem] = problems(fleet("name,host,device\nM1,a,b\nM2,a,Peña\n".encode(encoding)))
    line = 3 if encoding == "latin-1" else 1
    assert problem.startswith(f"meters.csv:{line}: not UTF-8 from character")


def test_a_file_that_is_none_is_named(fleet, tmp_path):
    missing = tmp_path / "nothing.csv"
    assert problems(missing) == ["METERS_FILE=meters.csv: there is no such file (a folder or a device will not do)"]
    [problem] = problems(tmp_path)
    assert problem.endswith("there is no such file (a folder or a device will not do)")
    [problem] = problems(tmp_path / ("x" * 300))
    assert "cannot be read" in problem or "there is no such file" in problem


def test_a_file_that_cannot_be_read_is_named(fleet, monkeypatch):
    file = fleet("name,host\n")

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "read_bytes", refuse)
    assert problems(file) == ["METERS_FILE=meters.csv: cannot be read: Permission denied"]


def test_a_meter_lost_with_a_bad_line_is_not_missed_a_second_time(fleet):
    assert problems(fleet("name,host\nM1\n"), METERS__M1__PASSWORD="12345678") == [
        "meters.csv:2: has 1 cells; the header has 2 columns"
    ]


PIECES = ["name", "host", ",", ";", "\n", '"', "#", " ", "M1", "a", "port", "99", "\xff", "\0", "\r", "\x85"]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=strategies.one_of(
        strategies.binary(max_size=200),
        strategies.lists(strategies.sampled_from(PIECES), max_size=60).map(
            lambda parts: ("name,host,port\n" + "".join(parts)).encode("latin-1" if "\xff" in parts else "utf-8")
        ),
    )
)
def test_any_bytes_give_meters_or_a_list_of_mistakes(content, tmp_path):
    file = tmp_path / "any.csv"
    file.write_bytes(content)
    found = []
    try:
        assert isinstance(load_file(file), Settings)
    except ConfigError as error:
        found = error.problems
    assert all(problem.isprintable() for problem in found)


def test_a_compressed_file_is_the_same_fleet(fleet):
    """As bridge stack writes it, where Swarm takes no larger file."""
    content = b"name,host\nM1,10.0.0.1\n"
    file = fleet(gzip.compress(content), "meters.csv.gz")
    assert load_file(file).meters == load_file(fleet(content)).meters


@pytest.mark.parametrize(
    "content",
    [b"name,host\nM1,10.0.0.1\n", gzip.compress(b"name,host\n" * 99)[:-9], b"\x1f\x8b\x08" * 9],
    ids=["plain", "cut short", "nothing but a head"],
)
def test_a_compressed_file_that_is_none_is_named(fleet, content):
    [problem] = problems(fleet(content, "meters.csv.gz"))
    assert "cannot be read" in problem
