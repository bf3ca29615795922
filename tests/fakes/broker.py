"""A real mosquitto on a free loopback port, with a user as the stack has one."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt

from tests.fakes.ports import free_port
from tests.fakes.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "bridge", "for-this-test-alone"


class Mosquitto:
    """A broker process that can be killed and started again on the same port."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self.credentials_file = folder / "credentials"
        self.credentials_file.write_text(f"{USER}\n{PASSWORD}\n")
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        tool = [find_program("mosquitto_passwd"), "-b", str(passwords), USER, PASSWORD]
        subprocess.run(tool, check=True, capture_output=True)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"persistence false\nuser root\nlog_dest file {folder / 'mosquitto.log'}\n{extra}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [find_program("mosquitto"), "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"mosquitto does not listen on {self.port}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_broker(folder: Path) -> Iterator[Mosquitto]:
    """A broker that runs while the context lasts."""
    broker = Mosquitto(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def listener(port: int, *topics: str, on_message) -> Iterator[mqtt.Client]:
    """A subscriber that hands each message to ``on_message(topic, payload, retained)`` on its own thread."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(USER, PASSWORD)
    client.reconnect_delay_set(0.1, 0.5)
    client.on_connect = lambda c, *_: c.subscribe([(topic, 1) for topic in topics])
    client.on_message = lambda _c, _u, message: on_message(message.topic, message.payload, message.retain)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
