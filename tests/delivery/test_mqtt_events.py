"""What paho's thread tells reaches the event loop: all of it, in its order, however much comes at once."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from bridge.delivery.mqtt_events import Events

GOOD = SimpleNamespace(is_failure=False, value=0)


class Listener:
    def __init__(self):
        self.heard = []

    def puback(self, message_id, code=0, said=""):
        self.heard.append(message_id)

    def message(self, topic, payload):
        self.heard.append((topic, payload))


async def on_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    await asyncio.to_thread(thread.join)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_a_burst_is_heard_in_order_and_wakes_the_loop_once(monkeypatch):
    loop, listener, wakes = asyncio.get_running_loop(), Listener(), []
    events = Events(loop, listener)
    wake = loop.call_soon_threadsafe

    def counted(callback, *arguments):
        if callback == events._hear:
            wakes.append(callback)
        return wake(callback, *arguments)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)

    def burst():
        for number in range(500):
            events._on_publish(None, None, number, GOOD, None)
        events._on_message(None, None, SimpleNamespace(topic="t", payload=b"p"))

    thread = threading.Thread(target=burst)
    thread.start()
    thread.join()  # the loop does not run meanwhile
    await until(lambda: len(listener.heard) == 501)

    assert listener.heard == [*range(500), ("t", b"p")]
    assert len(wakes) == 1


async def test_nothing_is_lost_while_the_loop_listens():
    listener = Listener()
    events = Events(asyncio.get_running_loop(), listener)

    def stream():
        for number in range(50_000):
            events._on_publish(None, None, number, GOOD, None)

    await on_a_thread(stream)
    await until(lambda: len(listener.heard) == 50_000)

    assert listener.heard == list(range(50_000))


async def test_one_that_fails_is_reported_and_the_others_are_heard():
    loop, listener, reported = asyncio.get_running_loop(), Listener(), []
    loop.set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
    events = Events(loop, listener)

    def fail(_mid):
        raise ValueError("a fault of ours")

    events.tell(fail, 1)
    events.tell(listener.puback, 2)
    events.tell(listener.puback, 3)
    await until(lambda: len(listener.heard) == 2)

    assert listener.heard == [2, 3]
    assert [type(error) for error in reported] == [ValueError]


@pytest.mark.parametrize("deaf_from", [0, 3])
async def test_what_a_connection_says_after_it_was_given_up_is_not_heard(deaf_from):
    listener = Listener()
    events = Events(asyncio.get_running_loop(), listener)

    def give_up():
        events.deaf = True

    for number in range(deaf_from):
        events.tell(listener.puback, number)
    events.tell(give_up)
    events.tell(listener.puback, 99)
    await until(lambda: not events._told)

    assert listener.heard == list(range(deaf_from))
