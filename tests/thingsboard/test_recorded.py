"""The model repeats what a real ThingsBoard was recorded to do, and a model that behaves otherwise is caught."""

import dataclasses

import pytest

from tests.thingsboard import buckets, calls, devices, payloads, sessions
from tests.thingsboard.behaviour import traits
from tests.thingsboard.verdicts import FILES, LEFT_OUT, LOOSE, RACES, judge, scenarios, verdict

REPEATED = ("always", "race", "loose")
VERSIONS = ("3.6.4", "3.9.1", "4.3.1.3")
ALL = [(file, number) for file in FILES for number in range(len(scenarios(file)))]


@pytest.mark.parametrize("file", FILES)
def test_every_recording_is_repeated(file):
    found = [verdict(file, number) for number in range(len(scenarios(file)))]
    wrong = [one for one in found if one not in (*REPEATED, "left out")]
    assert not wrong, "\n".join(wrong)
    print(f"{file}: {sum(one in REPEATED for one in found)} of {len(found)} recordings repeated")


def test_every_exception_has_a_recording_that_needs_it():
    names = {(file.removesuffix("-again"), scenarios(file)[number]["name"]) for file, number in ALL}
    assert set(LEFT_OUT) <= names
    for part in LOOSE:
        assert any(part in name for _, name in names)
    for start in RACES:
        assert any(name.startswith(start) for _, name in names)


def not_repeated(version, **changed):
    """The first scenario of a version that a changed model does not repeat."""
    for scenario in scenarios(version):
        if (version, scenario["name"]) in LEFT_OUT:
            continue
        if judge(scenario, version, **changed) not in REPEATED:
            return scenario["name"]
    return None


UNSEEN = {
    "puback_per_device": "the recording client shows a PUBACK once: FACTS has the counts",
    "attributes_in_order": "a race that may go either way",
}
FIELDS = [field.name for field in dataclasses.fields(traits("4.3.1.3")) if field.name not in UNSEEN]


@pytest.mark.parametrize("field", FIELDS)
def test_a_trait_of_another_version_is_noticed(field):
    own = {version: getattr(traits(version), field) for version in VERSIONS}
    caught = {}
    for version in VERSIONS:
        for value in set(own.values()) - {own[version]}:
            caught[version, value] = not_repeated(version, **{field: value})
    assert any(caught.values()), caught


OTHERWISE = {
    "any name is taken": (devices, "good_name", lambda name: True),
    "any type is taken": (devices, "good_type", lambda name: True),
    "text stays text": (payloads, "_stored", lambda value: value),
    "a key may be as long as it likes": (payloads.Reader, "storable", lambda self, values: True),
    "nothing is past a limit": (buckets.Bucket, "take", lambda self, count, now_s: True),
    "a bucket fills up at once": (buckets.Bucket, "__init__", None),
    "a device is never refused": (devices.Devices, "_has_room", lambda self, name, now_s: True),
    "a session costs nothing": (sessions, "_COSTLY_FILTERS", set()),
    "a packet may be of any size": (sessions, "MAX_PACKET_BYTES", 1 << 20),
    "calls end at once": (calls, "_SHORTEST_S", 0.0),
    "a deleted device stays open": (devices.Devices, "remove", lambda self, name: self.by_name.pop(name)),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_a_model_that_believes_otherwise_is_noticed(what, monkeypatch):
    owner, name, other = OTHERWISE[what]
    if other is None:
        real = owner.__init__

        def other(self, text, now_s):
            real(self, ",".join(f"{part.partition(':')[0]}:0.0001" for part in text.split(",")), now_s)

    monkeypatch.setattr(owner, name, other)
    assert not_repeated("4.3.1.3")
