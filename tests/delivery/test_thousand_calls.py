"""A thousand calls at random moments against meters that die and come back: each answered once, in time, rightly.

The same for the same seed, in virtual time. Sessions end now and then, a device is renamed, the line goes dark for a
moment: a call that one of these took its session from may end in ThingsBoard's 504, and no other may.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from tests.delivery.downlink_rig import Users, in_virtual_time

CALLS = 1000
METERS = 8
_LOST_WITHIN_S = 30.0
"""After a session ended: until the devices are open again a call to them waits, and may wait too long."""


class Trial:
    """One run.

    Args:
        users: the world.
        rng: what happens when.
    """

    def __init__(self, users: Users, rng: random.Random) -> None:
        self.users, self.rng = users, rng
        self.calls: dict[int, tuple[str, str, bool, float]] = {}  # meter, method, whether it was alive, when
        self.ended_s: list[float] = []
        self.flips: dict[str, list[float]] = {meter: [] for meter in users.meters}

    async def run(self, *, breaks: bool) -> None:
        tasks = [asyncio.ensure_future(one) for one in (self._fates(), self._samples())]
        tasks += [asyncio.ensure_future(self._breaks())] if breaks else []
        for _ in range(CALLS):
            await asyncio.sleep(self.rng.expovariate(4.0))
            self._call()
        await asyncio.sleep(20)
        self.users.server.pump()
        for task in tasks:
            task.cancel()

    def _call(self) -> None:
        users, now_s = self.users, self.users.loop.time()
        meter = self.rng.choice([*users.meters, ""])
        method = self.rng.choice(["getStats", "read", "reconnect", "boom"])
        device = users.bridge.names[meter] if meter else "GW"
        if device not in users.model.devices:
            return
        number = users.call(device, method, {"n": len(self.calls)})
        self.calls[number] = meter, method, not meter or users.meters[meter].is_alive, now_s

    async def _fates(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(0.4))
            meter = self.rng.choice(list(self.users.meters.values()))
            meter.is_alive = not meter.is_alive
            meter.answer_s = self.rng.choice([0.05, 0.5, 3.0, 12.0])
            self.flips[meter.name].append(self.users.loop.time())
            self.users.tell(meter.name, "ok" if meter.is_alive else "failing")

    async def _samples(self) -> None:
        ts_ms = 0
        while True:
            await asyncio.sleep(5.0)
            ts_ms += 1
            for meter in self.users.meters.values():
                if meter.is_alive:
                    self.users.put(meter.name, ts_ms)

    async def _breaks(self) -> None:
        users = self.users
        while True:
            await asyncio.sleep(self.rng.uniform(20, 60))
            match self.rng.randrange(3):
                case 0:
                    users.close_session()
                case 1:
                    users.server.line.dark_until_s = users.loop.time() + self.rng.uniform(1, 20)
                    self.ended_s.append(users.server.line.dark_until_s)
                case _:
                    meter = self.rng.choice(list(users.meters))
                    users.rename(users.bridge.names[meter], f"{meter} {users.loop.time():.0f}")
                    self.ended_s.append(users.loop.time() + 10)  # the session is made anew after the quiet
            self.ended_s.append(users.loop.time())

    # What is owed

    def judge(self) -> Counter[str]:
        """Return how many ended in which way; fails where one ended as none may."""
        users, ends = self.users, Counter()
        for number, (meter, method, alive, at_s) in self.calls.items():
            assert number in users.results, "each call ends"
            status, body, took_s = users.results[number]
            if status == 504:
                assert any(end_s - 15 <= at_s <= end_s + _LOST_WITHIN_S for end_s in self.ended_s), (
                    f"{meter or 'the gateway'} {method} at {at_s:.1f}: no answer, and no session had ended"
                )
                ends["504"] += 1
                continue
            assert took_s <= 10.1
            ends[self._rightly(meter, method, alive, at_s, body)] += 1
        return ends

    def _rightly(self, meter: str, method: str, alive: bool, at_s: float, body: dict) -> str:
        if str(body.get("error", "")).startswith("busy"):
            assert "renamed" in body["error"]
            return "busy"
        if not meter:
            assert body == {"of": "the gateway", "method": method}
            return "gateway"
        if method == "boom":
            assert "knows getStats, read, reconnect, setInterval" in body["error"]
            return "unknown method"
        if method == "getStats":
            assert body["interval"] == 60.0
            return "stats"
        flipped = any(at_s - 0.1 <= flip_s <= at_s + 13 for flip_s in self.flips[meter])
        if "not done within" in str(body.get("error")):
            return "slow"
        worked = "values" in body if method == "read" else "success" in body
        assert worked or "connection refused" in body["error"], body
        assert flipped or worked == alive, f"{meter} {method} at {at_s:.1f}: {body}"
        return "done" if worked else "dead"


async def trial(folder, seed: int, *, breaks: bool) -> tuple[Users, Counter[str]]:
    rng = random.Random(f"{seed} calls")
    users = Users(folder, {f"m{number}": f"Meter {number}" for number in range(METERS)}, seed=seed)
    await users.begin()
    for meter in users.meters:
        users.tell(meter)
    await users.until(lambda: all(users.state(f"Meter {number}") == "ok" for number in range(METERS)))
    run = Trial(users, rng)
    await run.run(breaks=breaks)
    ends = run.judge()
    await users.bridge.end()
    return users, ends


@pytest.mark.parametrize("seed", range(3))
@in_virtual_time
async def test_each_of_a_thousand_calls_is_answered_once_in_time_and_rightly(tmp_path, seed):
    users, ends = await trial(tmp_path, seed, breaks=False)
    assert ends.total() == CALLS
    assert ends["504"] == 0
    assert min(ends[kind] for kind in ("done", "dead", "slow", "stats", "gateway", "unknown method")) > 10
    assert set(users.answered.values()) == {1}
    assert users.answered == users.asked


@pytest.mark.parametrize("seed", range(3))
@in_virtual_time
async def test_where_sessions_end_and_names_change_none_is_answered_twice_or_for_another(tmp_path, seed):
    users, ends = await trial(tmp_path, seed, breaks=True)
    assert ends.total() <= CALLS
    assert ends["504"] < 0.15 * CALLS
    assert ends["done"] > 50
    assert max(users.answered.values()) == 1
    unasked = users.answered.keys() - users.asked.keys()
    assert len(unasked) <= 3  # what Mosquitto still held when a session ended
    for meter, name in users.bridge.names.items():
        assert name in users.model.devices, meter
