"""Remote calls: read as the gateway API writes them, hostile payloads survived."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.rpc import (
    CALLS,
    CHANGES,
    DEVICE_CALLS,
    DEVICE_CHANGES,
    Call,
    Unreadable,
    answer,
    call,
    shared_attributes,
)


def test_a_call_is_read_and_answered_as_the_gateway_api_says():
    asked = call(CALLS, b'{"device":"M1","data":{"id":7,"method":"read","params":{"a":1}}}')
    assert asked == Call("M1", 7, "read", {"a": 1})
    topic, payload = answer(CALLS, asked, {"success": True})
    assert topic == "v1/gateway/rpc"
    assert json.loads(payload) == {"device": "M1", "id": 7, "data": {"success": True}}


def test_a_call_to_a_meters_own_session_is_read_and_answered_as_the_device_api_says():
    topic = f"{DEVICE_CALLS}12"
    asked = call(topic, b'{"method":"read","params":{}}', "main")
    assert asked == Call("main", 12, "read", {})
    assert answer(topic, asked, {"ts": 1}) == ("v1/devices/me/rpc/response/12", b'{"ts":1}')
    assert shared_attributes(DEVICE_CHANGES, b'{"interval":10}', "main") == ("main", {"interval": 10}, [])


def test_a_call_may_come_without_parameters():
    assert call(CALLS, b'{"device":"M1","data":{"id":7,"method":"read"}}').params is None


def test_a_change_of_shared_attributes_is_read():
    assert shared_attributes(CHANGES, b'{"device":"M1","data":{"interval":10}}') == ("M1", {"interval": 10}, [])
    gone = b'{"device":"M1","data":{"deleted":["interval","colour"]}}'
    assert shared_attributes(CHANGES, gone) == ("M1", {}, ["interval", "colour"])


def test_a_call_on_the_device_api_is_for_the_gateway_where_there_is_one():
    assert call(f"{DEVICE_CALLS}3", b'{"method":"status"}') == Call("", 3, "status", None)
    with pytest.raises(Unreadable):
        call(CALLS, b'{"device":"","data":{"id":7,"method":"read"}}')


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{", b'{"device":1,"data":{}}', b'{"device":"M1","data":{"id":"7","method":"read"}}', b"[" * 100_000],
)
def test_what_is_no_call_is_unreadable(payload):
    with pytest.raises(Unreadable):
        call(CALLS, payload)


@given(st.binary(max_size=200))
def test_no_payload_makes_it_fail_otherwise(payload):
    for read, topic in ((call, CALLS), (call, f"{DEVICE_CALLS}7"), (shared_attributes, CHANGES)):
        with suppress(Unreadable):
            read(topic, payload)
