"""The gateway API against the double of ThingsBoard, through a real mosquitto with the configuration that users get."""

import pytest

from bridge.delivery.told_limits import Told
from bridge.sample import Presence
from tests.delivery.rig import Rig
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, ThingsBoard

pytestmark = pytest.mark.broker

HERE = Presence("main", present=True, attributes={"serial_number": "M17", "units": {"voltage_l1": "V"}})


class Plant:
    """ThingsBoard, the broker and the delivery wing, with what commands were asked."""

    def __init__(self, server, rig):
        self.server, self.rig, self.asked = server, rig, []
        rig.commands = self.carry_out

    async def carry_out(self, device, method, params):
        self.asked.append((device, method, params))
        return {"success": True} if method == "reconnect" else {"error": f"unknown method {method!r}"}

    async def told(self, count):
        await self.rig.until(lambda: len(self.server.told) >= count)
        return self.server.told


def connects(server):
    return [content for topic, content in server.told if topic == "v1/gateway/connect"]


def attributes(server):
    told = [content for topic, content in server.told if topic == "v1/gateway/attributes"]
    return {device: values for content in told for device, values in content.items()}


@pytest.fixture
async def plant(tmp_path):
    async with ThingsBoard() as server, Mosquitto(password="secret", upstream_port=server.port) as broker:
        rig = Rig(tmp_path, broker, upstream=True)
        made = Plant(server, rig)
        async with rig:
            yield made
    assert not server.unexpected


async def test_a_meter_is_announced_with_its_type_and_attributes_before_its_samples(plant):
    plant.rig.publisher.notice(HERE)
    plant.rig.put(1, 10)
    await plant.rig.until(lambda: plant.rig.confirmed == 10)
    topics = [topic for topic, _ in plant.server.told]
    assert topics == ["v1/gateway/connect", "v1/gateway/attributes"]
    assert plant.server.told[0][1] == {"device": "Main meter", "type": "meter"}
    assert plant.server.told[1][1]["Main meter"]["serial_number"] == "M17"


async def test_a_meter_that_does_not_answer_stays_open_over_there_for_a_device_that_was_disconnected_gets_no_calls(
    plant,
):
    plant.rig.publisher.notice(HERE)
    await plant.told(2)
    plant.rig.publisher.notice(Presence("main", present=False))
    plant.server.send("v1/gateway/rpc", {"device": "Main meter", "data": {"id": 5, "method": "reconnect"}})
    assert (await plant.told(3))[2][0] == "v1/gateway/rpc"
    assert "v1/gateway/disconnect" not in [topic for topic, _ in plant.server.told]


async def test_in_a_new_session_a_device_is_proven_before_its_samples_and_its_attributes_are_not_told_again(plant):
    plant.rig.publisher.notice(HERE)
    plant.rig.put(1, 1)
    await plant.rig.until(lambda: plant.rig.confirmed == 1)
    came = []
    plant.server.came = lambda topic, payload: came.append(topic)
    plant.server.close_sessions()
    plant.rig.put(2, 1)
    await plant.rig.until(lambda: plant.rig.confirmed == 2)
    assert came.index("v1/gateway/attributes/request") < came.index("v1/gateway/telemetry")
    assert "v1/gateway/connect" not in came  # it is known to be there, with its type: the question alone opens it
    assert "v1/gateway/attributes" not in came


@pytest.mark.parametrize(
    ("method", "said"), [("reconnect", {"success": True}), ("boom", {"error": "unknown method 'boom'"})]
)
async def test_a_remote_call_is_carried_out_and_answered(plant, method, said):
    plant.rig.publisher.notice(HERE)
    await plant.told(2)
    plant.server.send(
        "v1/gateway/rpc", {"device": "Main meter", "data": {"id": 5, "method": method, "params": {"a": 1}}}
    )
    assert (await plant.told(3))[2] == ("v1/gateway/rpc", {"device": "Main meter", "id": 5, "data": said})
    assert plant.asked == [("main", method, {"a": 1})]


async def test_a_call_to_the_gateway_itself_is_carried_out_and_answered(plant):
    plant.rig.put(1, 1)
    await plant.rig.until(lambda: plant.rig.confirmed == 1)
    number = plant.server.rpc("GW", "status", {"a": 1})
    await plant.rig.until(lambda: number in plant.server.results)
    assert plant.server.results[number] == (200, {"error": "unknown method 'status'"})
    assert plant.asked == [("", "status", {"a": 1})]


async def test_a_call_to_a_meter_that_never_gave_anything_is_carried_out_and_answered(plant):
    plant.rig.publisher.tell_state("main", "failing")
    await plant.rig.until(lambda: attributes(plant.server).get("Main meter") == {"state": "failing"})
    number = plant.server.rpc("Main meter", "reconnect")
    await plant.rig.until(lambda: number in plant.server.results)
    assert plant.server.results[number] == (200, {"success": True})


async def test_a_rename_is_followed_and_samples_go_under_the_new_name(plant):
    plant.rig.put(1, 5)
    await plant.rig.until(lambda: plant.rig.confirmed == 5)
    plant.server.rename("Main meter", "Hall")
    await plant.rig.until(lambda: plant.rig.publisher.state.renamed == {"main": "Hall"})
    plant.rig.put(6, 5)
    await plant.rig.until(lambda: plant.rig.confirmed == 10)
    await plant.server.settled()
    assert set(plant.server.model.rows("Hall")) == set(range(1, 11))
    assert set(plant.server.model.devices) == {"GW", "Hall"}


async def test_at_the_end_devices_are_off_and_disconnected(plant):
    plant.rig.publisher.tell_state("main", "ok")
    await plant.rig.until(lambda: attributes(plant.server).get("Main meter") == {"state": "ok"})
    await plant.rig.publisher.leave(10.0)
    assert plant.server.told[-2:] == [
        ("v1/gateway/attributes", {"Main meter": {"state": "off"}}),
        ("v1/gateway/disconnect", {"device": "Main meter"}),
    ]


async def test_hostile_calls_are_survived(plant):
    plant.rig.publisher.notice(HERE)
    await plant.told(2)
    for payload in ([], {"device": 5}, {"device": "Main meter", "data": {"id": [], "method": {}}}, "x" * 1000):
        plant.server.send("v1/gateway/rpc", payload)
        plant.server.send("v1/gateway/attributes", payload)
    plant.rig.put(1, 5)
    await plant.rig.until(lambda: plant.rig.confirmed == 5)
    assert plant.asked == []


async def test_a_fleet_is_introduced_whole_and_no_sample_waits_for_the_last_of_it(plant):
    for number in range(300):
        plant.rig.publisher.notice(Presence(f"m{number}", present=True, attributes={"serial_number": f"S{number}"}))
    plant.rig.put(1, 10)
    await plant.rig.until(lambda: plant.rig.confirmed == 10)
    assert len(connects(plant.server)) < 300
    await plant.rig.until(lambda: len(attributes(plant.server)) == 300)
    assert {content["type"] for content in connects(plant.server)} == {"meter"}
    assert attributes(plant.server)["m7"]["serial_number"] == "S7"


async def test_the_gateway_devices_own_telemetry_is_told(plant):
    plant.rig.publisher.report({"backlog": 3, "uptime_s": 60})
    assert await plant.told(1) == [("v1/devices/me/telemetry", {"backlog": 3, "uptime_s": 60})]


async def test_in_device_mode_a_meters_own_session_carries_samples_attributes_and_calls(tmp_path):
    async with (
        ThingsBoard(Behaviour(is_gateway=False)) as server,
        Mosquitto(password="secret", upstream_port=server.port, mode="device") as broker,
    ):
        rig = Rig(tmp_path, broker, upstream=True, mode="device")
        plant = Plant(server, rig)
        async with rig:
            rig.publisher.notice(HERE)
            rig.publisher.notice(Presence("main", present=False))
            rig.put(1, 500)
            await rig.until(lambda: rig.confirmed == 500)
            server.send("v1/devices/me/rpc/request/77", {"method": "reconnect", "params": {}})
            await plant.told(2)
            await server.until(500)
    assert {ts_ms for _, ts_ms in server.telemetry} == set(range(1, 501))
    assert [topic for topic, _ in server.told] == ["v1/devices/me/attributes", "v1/devices/me/rpc/response/77"]
    assert server.told[0][1]["serial_number"] == "M17"
    assert server.told[1][1] == {"success": True}
    assert plant.asked == [("main", "reconnect", {})]


async def test_an_answer_of_our_own_is_never_taken_for_thingsboards(tmp_path):
    """A call under the number of a question that stands: its answer goes out, and says nothing about limits."""
    async with (
        ThingsBoard(Behaviour(is_gateway=False, answers_fence=False)) as server,
        Mosquitto(password="secret", upstream_port=server.port, mode="device") as broker,
    ):
        rig = Rig(tmp_path, broker, upstream=True, mode="device")
        said = {"rateLimits": {"telemetryMessages": "1:3600"}}

        async def answer(device, method, params):
            return said

        rig.commands = answer
        async with rig:
            rig.put(1, 5)
            await rig.until(lambda: server.counts["fences"] >= 1)
            asked = rig.publisher._parts.questions._limits_number
            server.send(f"v1/devices/me/rpc/request/{asked}", {"method": "reconnect", "params": {}})
            await rig.until(lambda: (f"v1/devices/me/rpc/response/{asked}", said) in server.told)
            rig.put(6, 5)
            await rig.until(lambda: rig.confirmed == 10)
            assert rig.publisher._parts.limits.told == Told()
