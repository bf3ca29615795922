"""Every set of lines that a probe prints gives a sample in the first cycle: whatever the meter's objects are like."""

import re

import pytest

from tests.cli.meters_on_loopback import pasted, sampled, typed
from tests.cli.strangers import Stranger, listening, name, octets, scaler, usual

ALL = {
    "voltage_l1": 230.12,
    "current_l1": 4.321,
    "frequency": 50.01,
    "active_power": 993,
    "active_energy": 23456789,
}


async def probe(place, folder, *options):
    return await typed("probe", place, "--timeout", "0.15", "--client", "16", *options, DATA_DIR=str(folder), LANG="C")


class Touchy(Stranger):
    """Does something strange when it is asked for one of its objects, singly or in a list."""

    cuts = False

    def out(self, data):
        """Cut one check sequence byte off the answer to that object, as often as it is asked for."""
        cut, self.cuts = self.cuts, False
        return data[:-2] + data[-1:] if cut else data

    def __init__(self, obis, how, **named):
        super().__init__(**named)
        self.sore, self.how = name(obis), how

    def apdu(self, apdu):
        if apdu[0] != 0xC0 or self.sore not in apdu:
            return super().apdu(apdu)
        if self.how == "closes":
            raise ConnectionError
        self.cuts = self.how == "short"
        if self.cuts:
            return super().apdu(apdu)
        return {
            "is silent": None,
            "malformed": bytes((0xC4, 1, apdu[2], 0, 0x09, 0x7F, 1)),
            "exception": bytes.fromhex("D80203"),
            "other answer": bytes.fromhex("C70181000000"),
        }[self.how]


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("how", ["is silent", "closes", "malformed", "other answer", "exception"])
@pytest.mark.parametrize(("obis", "key"), [("1-0:14.7.0", "frequency"), ("1-0:0.2.0", "firmware")])
async def test_one_sore_object_is_named_and_not_in_the_lines(tmp_path, framing, how, obis, key):
    async with listening(Touchy(obis, how, framing=framing, clients=(16,))) as place:
        code, printed = await probe(place, tmp_path)
        assert code == 0, printed
        read = await sampled(pasted(printed), tmp_path)
    assert {one: value for one, value in read.items() if value is not None} == {
        one: value for one, value in ALL.items() if one != key
    }, printed
    if how != "exception":  # which is a meter's way to refuse, and costs nothing
        assert re.search(rf"(no answer|left out of the lines).*{re.escape(obis)}", printed), printed
        assert f"LEAVE_OUT={key}" in printed
    assert re.search(r"tried: with these lines [45] of [45] registers", printed)


async def test_one_answer_that_is_lost_leaves_nothing_out(tmp_path):
    class Lossy(Stranger):
        lost = False

        def value(self, class_id, logical_name, attribute):
            return super().value(class_id, logical_name, attribute)

        def apdu(self, apdu):
            if apdu[0] == 0xC0 and name("1-0:1.8.0") in apdu and not self.lost:
                self.lost = True
                return None
            return super().apdu(apdu)

    async with listening(Lossy(clients=(16,))) as place:
        _, printed = await probe(place, tmp_path)
    assert "LEAVE_OUT" not in printed
    assert "5 of 5 registers" in printed


async def test_a_meter_that_no_profile_fits_gets_its_registers_named(tmp_path):
    objects = {(1, name("0-0:42.0.0"), 2): octets(b"HOT00000001")}
    for obis, value in (("6-0:1.0.0", 712), ("6-0:8.0.0", 55)):
        objects[3, name(obis), 2] = b"\x06" + value.to_bytes(4)
        objects[3, name(obis), 3] = scaler(0, 13)
    objects[4, name("6-0:9.0.0"), 2], objects[4, name("6-0:9.0.0"), 3] = b"\x06\x00\x00\x00\x07", scaler(1, 13)

    class Heat(Stranger):
        """Shows its object list."""

        def value(self, class_id, logical_name, attribute):
            if (class_id, attribute) == (15, 2):
                there = dict.fromkeys(one[:2] for one in self.objects)
                rows = [
                    b"\x02\x04\x12" + number.to_bytes(2) + b"\x11\x00" + octets(code) + b"\x02\x02\x01\x00\x01\x00"
                    for number, code in there
                ]
                return b"\x00\x01" + bytes((len(rows),)) + b"".join(rows)
            return super().value(class_id, logical_name, attribute)

    async with listening(Heat(objects, clients=(16,))) as place:
        code, printed = await probe(place, tmp_path)
        assert code == 0, printed
        assert "REGISTERS=6-0:1.0.0,6-0:8.0.0,4/6-0:9.0.0" in printed
        read = await sampled(pasted(printed), tmp_path)
    assert sorted(read.values()) == [55, 70, 712]


@pytest.mark.parametrize("how", ["closes", "malformed", "exception", "silent"])
async def test_lists_that_fail_for_what_is_read_are_switched_off_in_the_lines(tmp_path, how):
    class LiesAboutLists(Stranger):
        lists = True

        def got(self, apdu):
            if apdu[1] != 3 or apdu[3] < 3:  # of two it is capable
                return super().got(apdu)
            if how == "closes":
                raise ConnectionError
            return {
                "malformed": bytes((0xC4, 3, apdu[2], apdu[3], 0, 0x12)),
                "exception": bytes.fromhex("D80101"),
                "silent": None,
            }[how]

    async with listening(LiesAboutLists(clients=(16,))) as place:
        _, printed = await probe(place, tmp_path)
        assert "LIST_ITEMS=0" in printed, printed
        assert await sampled(pasted(printed), tmp_path) == ALL


async def test_a_meter_with_lists_keeps_them(tmp_path):
    class Lists(Stranger):
        lists = True

    async with listening(Lists(usual(), clients=(16,))) as place:
        _, printed = await probe(place, tmp_path)
        assert "LIST_ITEMS" not in printed
        assert "GET-WITH-LIST, 5 in" in printed
        assert await sampled(pasted(printed), tmp_path) == ALL


@pytest.mark.parametrize("how", ["is silent", "closes", "malformed", "short"])
async def test_read_shows_the_others_and_names_the_one(tmp_path, how):
    async with listening(Touchy("1-0:14.7.0", how, clients=(16,))) as place:
        host, port = place.split(":")
        environ = {"HOST": host, "PORT": port, "TIMEOUT": "0.2"}
        code, printed = await typed(
            "read", "main", "--direct", DATA_DIR=str(tmp_path), LANG="C",
            **{f"METERS__MAIN__{key}": value for key, value in environ.items()},
        )  # fmt: skip
    assert code == 0, printed
    assert re.search(r"1-0:14\.7\.0 +frequency +\S", printed)
    for key in ("230.12", "4.321", "993", "23456789"):
        assert key in printed
