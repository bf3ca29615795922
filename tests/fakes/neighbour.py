"""A neighbour on the local broker: a subscriber with a user of its own, which hears and tries to speak, or sleeps."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

import paho.mqtt.client as mqtt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fakes.mosquitto_container import MosquittoContainer

_PATIENCE_S = 20.0


class Neighbour:
    """One session, MQTT 5, connected while the ``with`` lasts; made again by itself.

    Args:
        port: of the broker, on loopback.
        user: whose session it is.
        password: of that user.
        topics: what it asks for.
        client_id: what it would like to be called.
        authority: the certificate by which it knows the broker; None speaks no TLS.
    """

    def __init__(
        self, port: int, user: str, password: str, *topics: str, client_id: str = "", authority: Path | None = None
    ) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        """Topic, payload and whether it was retained, in order."""
        self.ends: list[str] = []
        self._port, self._topics = port, topics
        self._codes: dict[int, str] = {}
        self._is_connected = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        self._client.username_pw_set(user, password)
        if authority is not None:
            self._client.tls_set(ca_certs=str(authority))
        self._client.reconnect_delay_set(0.1, 0.5)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._is_connected.set()
        self._client.on_disconnect = lambda _c, _u, _f, code, _p: self.ends.append(str(code))
        self._client.on_message = lambda _c, _u, one: self.heard.append((one.topic, one.payload, one.retain))
        self._client.on_publish = lambda _c, _u, number, code, _p: self._codes.__setitem__(number, str(code))

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._is_connected.wait(_PATIENCE_S), self.ends
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        del self._client  # it closes its last sockets when nobody has it any more, and it has this object

    def says(self, topic: str, payload: bytes, *, retain: bool = False) -> str:
        """Publish with QoS 1; return what the broker says to it: that nobody listens at present is Success as well."""
        number = self._client.publish(topic, payload, qos=1, retain=retain).mid
        self.until(lambda: number in self._codes)
        return "Success" if self._codes[number] == "No matching subscribers" else self._codes[number]

    def shows(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 0, retained."""
        self._client.publish(topic, payload, qos=0, retain=True).wait_for_publish(_PATIENCE_S)

    def of(self, topic: str) -> list[bytes]:
        """Return what came on a topic."""
        return [payload for said_on, payload, _ in self.heard.copy() if said_on == topic]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait, on a thread of the caller's, until something holds."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline_s, (self.heard, self.ends)
            time.sleep(0.02)

    def _connected(self, client: mqtt.Client, *_: object) -> None:
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._is_connected.set()


class SleepingNeighbour:
    """A neighbour that asks for all live values and then reads nothing: a program that hangs.

    Args:
        container: whose neighbour.
        user: with which user.
    """

    def __init__(self, container: MosquittoContainer, user: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", container.neighbours_port), _PATIENCE_S)
        try:
            self._begin(user, container.password_of(user))
        except BaseException:
            self._socket.close()
            raise

    def _begin(self, user: str, password: str) -> None:
        login = struct.pack(">H", 4) + b"MQTT" + b"\x04\xc2\0\0" + b"\0\0"  # 3.1.1, clean, no keep-alive, no client id
        login += b"".join(struct.pack(">H", len(one)) + one.encode() for one in (user, password))
        self._socket.sendall(bytes((0x10, len(login))) + login)
        assert self._socket.recv(4, socket.MSG_WAITALL) == b"\x20\x02\0\0"
        asked = b"\0\x01" + struct.pack(">H", 8) + b"meters/+" + b"\0"
        self._socket.sendall(bytes((0x82, len(asked))) + asked)
        assert self._socket.recv(5, socket.MSG_WAITALL) == b"\x90\x03\0\x01\0"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
