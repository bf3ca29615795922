"""Recovery and secrets on the loop's time: a refused password is not sent again and again."""

import asyncio
import json
import threading
from functools import partial
from itertools import pairwise
from random import Random

import pytest

from bridge.clock.uptime import Uptime
from bridge.demo import MeterMemory, MeterServer
from bridge.errors import AuthError
from bridge.meters.refused_secrets import FOLDER, RefusedSecrets
from tests.meters.plant import HEALTHY, Plant, fixed_load, values_of
from tests.meters.waiting_meters import now_s, silence

LOOPS = ("warp",)


def wall_clock():
    """A wall clock that jumps with the loop's; it is read on threads as well."""
    loop = asyncio.get_running_loop()
    return lambda: loop.time() + 1.7e9


def remembered(data_dir):
    """Return the memory of secrets on the loop's time."""
    loop = asyncio.get_running_loop()
    return RefusedSecrets(
        data_dir, clock_s=wall_clock(), uptime=lambda: Uptime("this start", loop.time()), forgiving=True
    )


@pytest.fixture
def locking(tmp_path):
    """A meter with another password that locks at the third wrong one, and its memory."""
    memory = MeterMemory(lock_after=3, lock_minutes=600)
    return memory, {"password": "another", "memory": memory}


async def test_a_password_that_was_refused_in_words_is_sent_once_and_no_more(plant, place, tmp_path):
    await place.start(password="another")
    plant.read("main", place.port, interval=5, poller={"rng": Random(1), "refusals": remembered(tmp_path)})
    await asyncio.sleep(3 * 24 * 3600)
    assert len(place.at_s) == 1
    assert plant.pollers["main"].state.condition == "left alone"
    assert 60 <= len(plant.lines) <= 90  # told every hour


async def test_a_password_that_was_right_and_is_refused_now_is_sent_twice_a_day(plant, place, tmp_path):
    await place.start()
    plant.read("main", place.port, interval=5, poller={"rng": Random(1), "refusals": remembered(tmp_path)})
    await plant.sample()
    place.stop()
    await silence(plant, place.port)
    place.at_s.clear()
    await place.start(password="another")
    await asyncio.sleep(3 * 24 * 3600)
    gaps_s = [later - earlier for earlier, later in pairwise(place.at_s)]
    print(f"\na password that was right: attempts {', '.join(f'{gap_s:.0f}' for gap_s in gaps_s)} s apart")
    assert len(place.at_s) <= 6
    assert all(60 <= gap_s <= 67 or gap_s >= 24 * 3600 for gap_s in gaps_s)
    place.stop()
    await place.start()
    while not plant.samples.empty():
        plant.samples.get_nowait()
    assert values_of(await plant.sample(patience_s=2 * 24 * 3600)) == HEALTHY


async def test_a_meter_that_is_left_alone_is_not_woken_by_anybody(plant, place):
    await place.start(password="another")
    plant.read("main", place.port, interval=5)
    poller = plant.pollers["main"]
    await asyncio.sleep(1)
    assert len(place.at_s) == 1
    with pytest.raises(AuthError):
        await poller.read_now()
    with pytest.raises(AuthError):
        await poller.reconnect()
    for interval_s in (1, 2, 3):
        poller.set_interval(interval_s)
        await asyncio.sleep(5)
    assert len(place.at_s) == 1


async def test_starting_again_and_again_does_not_lock_a_meter(place, tmp_path, locking):
    memory, arguments = locking
    await place.start(**arguments)
    for _ in range(30):  # Docker, `restart: always`, and something that ends the process every ten seconds
        plant = Plant()
        plant.read("main", place.port, interval=5, poller={"refusals": remembered(tmp_path)})
        await asyncio.sleep(10)
        condition = plant.pollers["main"].state.condition
        await plant.stop()
    assert len(place.at_s) == 1
    assert memory.locks == 0
    assert condition == "left alone"


async def test_a_corrected_password_is_tried_at_the_next_start_and_forgets_the_refusal(plant, place, tmp_path):
    await place.start()
    poller = {"refusals": remembered(tmp_path)}
    plant.read("main", place.port, interval=5, password="wrong", poller=poller)
    await asyncio.sleep(1)
    assert plant.figure("dlms_meter_errors_total", meter="main", stage="auth") == 1
    await plant.stop()
    plant.read("main", place.port, interval=5, poller=poller)
    assert values_of(await plant.sample()) == HEALTHY
    assert not RefusedSecrets(tmp_path).remembers(RefusedSecrets.where("127.0.0.1", place.port, 1, 1))


async def test_after_two_wrong_ones_even_a_corrected_password_waits_for_a_day(place, tmp_path):
    await place.start()
    for password in ("wrong", "wrong as well", None):
        plant = Plant()
        settings = {} if password is None else {"password": password}
        started_s = now_s()
        plant.read("main", place.port, interval=5, poller={"refusals": remembered(tmp_path)}, **settings)
        if password is None:
            assert values_of(await plant.sample(patience_s=100_000)) == HEALTHY
            assert 86_000 <= now_s() - started_s <= 86_500
        await asyncio.sleep(1)
        await plant.stop()


async def test_a_bridge_that_is_stopped_before_the_password_went_out_or_after_it_was_let_in_holds_nothing_against_it(
    place, tmp_path
):
    """Stopped again and again at each step of its first association."""
    await place.start()
    refusals = remembered(tmp_path)
    where = RefusedSecrets.where("127.0.0.1", place.port, 1, 1)
    for steps in range(0, 60, 2):
        plant = Plant()
        plant.read("main", place.port, interval=5, poller={"refusals": refusals})
        for _ in range(steps):
            await asyncio.sleep(0)
        await plant.stop()
        session = plant.pollers["main"]._session
        if session.secret_sent and not session.let_in:  # in between, which counts, and rightly
            refusals.unheard(where)
        assert not refusals.remembers(where)
        await asyncio.sleep(0.05)
    plant = Plant()
    plant.read("main", place.port, interval=5, poller={"refusals": refusals})
    assert values_of(await plant.sample()) == HEALTHY
    await plant.stop()


async def test_a_bridge_that_is_stopped_while_the_password_is_counted_holds_nothing_against_it(place, tmp_path):
    await place.start()
    refusals = remembered(tmp_path)
    where = RefusedSecrets.where("127.0.0.1", place.port, 1, 1)
    counting, go_on = threading.Event(), threading.Event()
    claim = refusals.claim

    def slow_disk(*asked):
        counting.set()
        assert go_on.wait(20)
        return claim(*asked)

    refusals.claim = slow_disk
    plant = Plant()
    task = plant.read("main", place.port, interval=5, poller={"refusals": refusals})
    assert await asyncio.to_thread(counting.wait, 20)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait([task])
    await plant.stop()
    assert not refusals.remembers(where)


async def test_a_data_volume_that_cannot_be_written_keeps_no_meter_from_being_read(plant, place, tmp_path):
    await place.start()
    (tmp_path / "file").write_text("no folder")
    plant.read("main", place.port, poller={"refusals": RefusedSecrets(tmp_path / "file", forgiving=True)})
    assert values_of(await plant.sample()) == HEALTHY


async def test_a_meter_without_any_secret_is_none_of_the_refusals_business(plant, tmp_path):
    class Never(RefusedSecrets):
        def _read(self, meter):
            raise AssertionError

    port = await plant.meter(make=partial(MeterServer, password=b"", load=fixed_load))
    changes = {"authentication": "none"}
    plant.read("main", port, password=None, profile_changes=changes, poller={"refusals": Never(tmp_path)})
    assert values_of(await plant.sample()) == HEALTHY


async def test_what_a_technician_sends_beside_a_running_bridge_counts_as_well(plant, place, tmp_path):
    await place.start()
    refusals = remembered(tmp_path)
    where = RefusedSecrets.where("127.0.0.1", place.port, 1, 1)
    for _ in range(2):
        refusals.claim(where, b"a guess")  # by `bridge probe`
    plant.read("main", place.port, interval=5, poller={"refusals": refusals, "rng": Random(1)})
    await asyncio.sleep(80_000)
    assert not place.at_s


async def test_a_file_of_refusals_that_makes_no_sense_keeps_no_meter_from_being_read(plant, place, tmp_path):
    await place.start()
    refusals = RefusedSecrets(tmp_path)
    refusals.refused(RefusedSecrets.where("127.0.0.1", place.port, 1, 1), b"12345678")
    for file in (tmp_path / FOLDER).glob("*.json"):
        file.write_text(json.dumps({"salt": "ab", "right": {}, "sent": 5}))
    plant.read("main", place.port, poller={"refusals": RefusedSecrets(tmp_path)})
    assert values_of(await plant.sample()) == HEALTHY
    assert not plant.tasks[0].done()
