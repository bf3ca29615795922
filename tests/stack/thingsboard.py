"""A second Mosquitto that stands for ThingsBoard, and the test's ear and mouth there.

It does what the stack's own broker can see of ThingsBoard: the token is the user name and there is no password, a
client without it gets nothing through, its questions (limits, its attributes, a device's) are answered, and whoever
asks to be provisioned gets the token. It is no double of ThingsBoard's temper.
"""

from __future__ import annotations

import json
import subprocess
import threading
from typing import TYPE_CHECKING

from paho.mqtt import client as paho

from tests.fakes.ports import free_port
from tests.stack.stack import docker, eventually

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "the-gateway-device-token"
ALIAS = "thingsboard"
ENV = (
    f"THINGSBOARD__HOST={ALIAS}\nTHINGSBOARD__TOKEN={TOKEN}\n"
    "LOG__LEVEL=DEBUG\nPOLL__DEMO_METER=true\nPOLL__INTERVAL=0.5\n"
)
"""The ``.env`` that leads a stack here, with a line in the log for each sample that the outbox has on disk."""
_CONF = """\
listener 1883
listener 8883
certfile /conf/certificate.pem
keyfile /conf/key.pem
acl_file /conf/acl
# A user name without a password is anonymous to Mosquitto; the ACL is what tells the token from a stranger.
allow_anonymous true
persistence false
log_dest stdout
"""
_ACL = f"""\
user {TOKEN}
topic readwrite #
topic readwrite $SYS/#

user provision
topic write /provision/request
topic read /provision/response

user responder
topic readwrite #
topic readwrite $SYS/#
"""
_ASKED = "v1/devices/me/rpc/request/"
_ANSWERED = "v1/devices/me/rpc/response/"
_PROVISIONED = "/provision/response"
_ATTRIBUTES = "v1/devices/me/attributes"
_ATTRIBUTES_ASKED, _ATTRIBUTES_ANSWERED = f"{_ATTRIBUTES}/request/", f"{_ATTRIBUTES}/response/"
_DEVICE_ASKED, _DEVICE_ANSWERED = "v1/gateway/attributes/request", "v1/gateway/attributes/response"
_LIMITS = {
    "maxPayloadSize": 65536,
    "maxInflightMessages": 100,
    "rateLimits": {"messages": "200:1", "telemetryMessages": "100:1", "telemetryDataPoints": "500:1"},
    "gatewayRateLimits": {"messages": "200:1", "telemetryMessages": "100:1", "telemetryDataPoints": "500:1"},
}


class ThingsBoard:
    """Runs from its construction to :meth:`close`.

    Args:
        folder: where its configuration is written.
        name: its container's.
        image: the stack's own broker image.
    """

    def __init__(self, folder: Path, name: str, image: str) -> None:
        self.name = name
        self.topics: set[str] = set()
        self.samples: set[tuple[str, int]] = set()
        self.values: dict[str, dict[str, float]] = {}
        self.attributes: dict[str, object] = {}
        """What the gateway wrote to its own: marks."""
        self.questions = 0
        self.asked_after_ms = 0
        """Time stamp of the newest sample that was here when the last question came: what its answer confirms."""
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        (folder / "mosquitto.conf").write_text(_CONF, encoding="utf-8")
        (folder / "acl").write_text(_ACL, encoding="utf-8")
        self.certificate = folder / "certificate.pem"
        self._certify(folder)
        port = free_port()
        docker(
            "run", "--detach", "--name", name, "--user", "1883:1883", "--entrypoint", "mosquitto",
            "--publish", f"127.0.0.1:{port}:1883", "--volume", f"{folder}:/conf:ro",
            image, "-c", "/conf/mosquitto.conf",
        )  # fmt: skip
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="responder")
        self._client.username_pw_set("responder")
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hear
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect_async("127.0.0.1", port)
        self._client.reconnect_delay_set(1, 1)
        self._client.loop_start()
        eventually(self._ready.is_set, "the double of ThingsBoard takes connections")

    def _certify(self, folder: Path) -> None:
        key = folder / "key.pem"
        make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={ALIAS}")
        names = ("-addext", f"subjectAltName=DNS:{ALIAS}", "-keyout", str(key), "-out", str(self.certificate))
        subprocess.run((*make, *names), check=True, capture_output=True)
        key.chmod(0o644)

    def join(self, network: str) -> None:
        """Become ``thingsboard`` in a stack's network."""
        docker("network", "connect", "--alias", ALIAS, network, self.name)

    def received(self) -> set[tuple[str, int]]:
        """Device and time of each telemetry entry that came."""
        with self._lock:
            return set(self.samples)

    def close(self) -> None:
        """End the container."""
        self._client.disconnect()
        self._client.loop_stop()
        docker("rm", "--force", "--volumes", self.name)

    def _subscribe(self, client: paho.Client, *_: object) -> None:
        client.subscribe([("#", 1), ("$SYS/broker/connection/#", 1)])

    def _hear(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        topic = message.topic
        if topic.startswith((_ANSWERED, _PROVISIONED, _ATTRIBUTES_ANSWERED, _DEVICE_ANSWERED)):
            return  # our own
        if topic == "/provision/request":
            granted = {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": TOKEN}
            client.publish(_PROVISIONED, json.dumps(granted), qos=1)
            return
        with self._lock:
            asked = next((prefix for prefix in (_ASKED, _ATTRIBUTES_ASKED) if topic.startswith(prefix)), None)
            self.topics.add(topic if asked is None else f"{asked}+")
        if topic.startswith(_ASKED):
            assert json.loads(message.payload)["method"] == "getSessionLimits"
            self.questions += 1
            client.publish(_ANSWERED + topic.removeprefix(_ASKED), json.dumps(_LIMITS), qos=1)
        elif topic == _ATTRIBUTES:
            self.attributes |= json.loads(message.payload)
        elif topic.startswith(_ATTRIBUTES_ASKED):
            self.asked_after_ms = max((ts_ms for _, ts_ms in self.samples), default=0)
            answer = json.dumps({"client": self.attributes})
            client.publish(_ATTRIBUTES_ANSWERED + topic.removeprefix(_ATTRIBUTES_ASKED), answer, qos=1)
        elif topic == _DEVICE_ASKED:
            question = json.loads(message.payload)
            answer = json.dumps({"id": question["id"], "device": question["device"]})
            client.publish(_DEVICE_ANSWERED, answer, qos=1)
        elif topic == "v1/gateway/telemetry":
            with self._lock:
                for device, entries in json.loads(message.payload).items():
                    self.samples.update((device, entry["ts"]) for entry in entries)
                    self.values[device] = entries[-1]["values"]
