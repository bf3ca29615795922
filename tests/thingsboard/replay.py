"""Plays a recorded scenario to the model as the recording client did, and writes down the same things.

The client: subscribed to the response and call topics before step 0; with one message in flight unless the scenario
says more; after 3 s without a PUBACK it says so and goes on; it shows a message's PUBACK once, and one of its own
making for QoS 0. It ends 1.6 s after its last step, and what is stored is read some seconds later.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.events import MQTT_3, MQTT_5, CallResult, Closed, Deliver, Puback, Session
from tests.thingsboard.server import ThingsBoard

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

TOPICS = (
    "v1/devices/me/rpc/response/+", "v1/devices/me/rpc/request/+", "v1/devices/me/attributes/response/+",
    "v1/gateway/attributes/response", "v1/gateway/rpc",
)  # fmt: skip
_PATIENCE_S, _END_S, _READ_S = 3.0, 1.6, 5.0
_SUBACK = {1: "Granted QoS 1", 0x80: "Unspecified error", 0x8F: "Topic filter invalid"}
_CUT = re.compile(r"… \((\d+) characters\)$")
_NOW_MS = 1_700_000_000_000
"""Stamps behind this are the server's own, but for the one that is far ahead."""
_FAR_AHEAD_MS = 4_000_000_000_000

Seen = tuple[Any, ...]
"""One thing observed: what it was and what it said."""


@dataclass(frozen=True)
class Outcome:
    """What a scenario came to."""

    observed: list[Seen]
    stored: dict[str, Any]


def recorded(scenario: dict[str, Any]) -> Outcome:
    """What the real server did, in the same words as :func:`play`."""
    return Outcome(list(_observed(scenario["observed"])), _stamped(scenario["stored"]))


def play(scenario: dict[str, Any], version: str, rng: random.Random, **traits: Any) -> Outcome:
    """What the model does; ``traits`` are not the version's, to see whether that is noticed."""
    run = _Run(scenario, version, rng, traits)
    run.all()
    return Outcome(run.seen, _stamped(run.stored()))


def payload_of(step: dict[str, Any]) -> bytes:
    """The payload of a publish, that of a long one made whole again."""
    text = step["payload"]
    cut = _CUT.search(text)
    if cut is not None:
        begin, size = text[: cut.start()], int(cut[1])
        if begin.endswith("xxx"):
            text = begin.rstrip("x") + "x" * (size - len(begin.rstrip("x")) - 5) + '"}}]}'
        else:
            text = json.dumps({"D000": [{"ts": 1000 + n, "values": {"v": n}} for n in range(50)]})
        assert len(text) == size
        assert text.startswith(begin)
    # What is not UTF-8 was recorded as the characters of its bytes.
    return text.encode("latin-1" if "\u00ff" in text else "utf-8")


class _Run:
    """One play: the client, and the hand on ThingsBoard's REST interface."""

    def __init__(self, scenario: dict[str, Any], version: str, rng: random.Random, traits: dict[str, Any]) -> None:
        self._scenario = scenario
        self._mqtt = MQTT_5 if scenario["mqtt"] == "5" else MQTT_3
        self.server = ThingsBoard(Behaviour(version=version, is_gateway=scenario.get("gateway", True)), rng=rng)
        for name in scenario.get("existing", ()):
            self.server.add_device(name)
        self.server.set_limits(**scenario.get("limits", {}))
        self.server.behaviour.changed = traits
        self._now_s = 0.0
        self.seen: list[Seen] = []
        self._waiting: set[int] = set()
        self._acknowledged: set[int] = set()
        self._call: tuple[str, dict[str, Any]] = ("", {})
        self._next_mid = len(TOPICS) + 1
        session = self.server.connect(0.0, token=self.server.behaviour.token, mqtt=self._mqtt)
        assert isinstance(session, Session)
        self._session = session
        self.server.subscribe(session, TOPICS, 0.0)

    def all(self) -> None:
        in_flight = self._scenario.get("in_flight", 1)
        for number, step in enumerate(self._scenario["steps"]):
            if "publish" in step:
                self._publish(number, step, in_flight)
            else:
                self._do(step)
        self._until(self._now_s + _END_S)
        self.seen.append(("end", "open" if self._session.alive else "closed"))

    def stored(self) -> dict[str, Any]:
        self.server.advance(self._now_s + _READ_S)
        server, found = self.server, {}
        for name in server.devices:
            telemetry = {
                _short(key): [[ts, _long(v)] for ts, v in sorted(by.items())] for key, by in server.stored[name].items()
            }
            found[_short(name)] = {
                "type": server.type(name),
                "telemetry": telemetry,
                "attributes": dict(server.attributes(name)),
            }
        if len(found) <= 7:
            return found
        gateway = found.pop("GW")
        having: dict[str, int] = {}
        for one in found.values():
            for key, values in one["telemetry"].items():
                for ts_ms, _ in values:
                    having[f"{key}@{ts_ms}"] = having.get(f"{key}@{ts_ms}", 0) + 1
            for key in one["attributes"]:
                having[f"attribute {key}"] = having.get(f"attribute {key}", 0) + 1
        return {"GW": gateway, "devices": len(found), "devices having": having}

    def _publish(self, number: int, step: dict[str, Any], in_flight: int) -> None:
        if not self._session.alive:
            return
        qos = step.get("qos", 1)
        self.server.publish(
            self._session, self._now_s, mid=number, topic=step["publish"], payload=payload_of(step), qos=qos
        )
        self._next_mid += 1
        if not qos:
            self.seen.append(("puback", number, "Success" if self._mqtt == MQTT_5 else None))
            return
        self._waiting.add(number)
        deadline_s = self._now_s + _PATIENCE_S
        while len(self._waiting) >= in_flight and self._session.alive:
            next_s = self.server.next_event_s()
            if next_s is None or next_s > deadline_s:
                self._until(deadline_s)
                self.seen.append(("no_puback", number))
                self._waiting.clear()
                return
            self._until(next_s)

    def _do(self, step: dict[str, Any]) -> None:
        server, now_s = self.server, self._now_s
        match next(iter(step)), next(iter(step.values())):
            case "wait", seconds:
                self._until(now_s + seconds)
            case "limits", fields:
                server.set_limits(**fields)
            case "delete", name:
                server.delete_device(name, now_s)
            case "rename", (old, new):
                server.rename_device(old, new, now_s)
            case "new_token", _:
                server.new_token("another", now_s)
            case "second_client", _:
                server.second_client(now_s)
                self.seen.append(("second_client",))
            case "rpc", (device, body):
                server.rpc(device, body["method"], body["params"], now_s, timeout_s=body["timeout"] / 1000)
            case what, content:
                self._say(what, content)

    def _say(self, what: str, content: Any) -> None:
        """What the client says beside publishing: a subscription, or the answer to the call that came last."""
        if what == "subscribe":
            codes = self.server.subscribe(self._session, [content], self._now_s)
            self.seen.append(("suback", [_SUBACK[code] for code in codes]))
            return
        topic, call = self._call
        if what == "answer":
            content = {"device": call["device"], "id": call["data"]["id"], "data": content}
        else:
            assert what == "answer_me"
            topic = topic.replace("request", "response")
        payload = json.dumps(content)
        self.server.publish(self._session, self._now_s, mid=self._next_mid, topic=topic, payload=payload)

    def _until(self, then_s: float) -> None:
        self._now_s = max(self._now_s, then_s)
        for event in self.server.advance(self._now_s):
            match event:
                case Puback(session=session, mid=mid, reason=reason) if session is self._session:
                    self._waiting.discard(mid)
                    if mid not in self._acknowledged:
                        self._acknowledged.add(mid)
                        self.seen.append(("puback", mid, reason))
                case Closed(session=session, reason=reason) if session is self._session:
                    self.seen.append(("closed", f"DISCONNECT {reason}" if reason else "bare"))
                case Deliver(session=session, topic=topic, payload=payload) if session is self._session:
                    content = json.loads(payload)
                    if "rpc" in topic and "response" not in topic:
                        self._call = (topic, content)
                    self.seen.append(("message", topic, content))
                case CallResult(status=status, body=body):
                    self.seen.append(("rpc_result", status, body))


def _observed(events: list[dict[str, Any]]) -> Iterator[Seen]:
    """Without ``not_sent``, the client's own: it follows from the close, at times one step late."""
    for event in events:
        content = {key: value for key, value in event.items() if key != "at"}
        if "puback" in content:
            yield "puback", content["puback"], content.get("reason")
        elif "payload" in content:
            yield "message", content["message"], json.loads(content["payload"])
        elif "body" in content:
            yield "rpc_result", content["rpc_result"], json.loads(content["body"])
        elif "second_client" in content:
            yield ("second_client",)
        elif "not_sent" not in content:
            ((what, value),) = content.items()
            assert what in {"closed", "no_puback_within_3_s", "suback", "end"}
            yield what.removesuffix("_within_3_s"), value


def _stamped(stored: dict[str, Any]) -> dict[str, Any]:
    """``stored`` with one word for every time of the server's own making."""
    for device in stored.values():
        if isinstance(device, dict) and "telemetry" in device:
            for values in device["telemetry"].values():
                for pair in values:
                    if isinstance(pair[0], int) and _NOW_MS < pair[0] < _FAR_AHEAD_MS:
                        pair[0] = "the server's time"
    return stored


def _short(text: str) -> str:
    return text if len(text) < 200 else f"{text[:3]}… ({len(text)} characters)"


def _long(value: Any) -> Any:
    return value if not isinstance(value, str) or len(value) < 1000 else f"({len(value)} characters)"
