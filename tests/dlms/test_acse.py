"""Association requests without a secret, and what meters answer to them."""

import pytest
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXDLMSException, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms import acse

ACCEPTED = "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F0400007E1F04B00007"
REQUIRED = "6117A109060760857405080101A203020101A305A10302010E"


def test_the_request_for_no_authentication_is_the_one_that_gurux_makes_too():
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.PDU)
    theirs = bytes(client.aarqRequest()[0])
    ours = acse.aarq()
    assert len(ours) == len(theirs)
    # What is proposed differs: gurux's default conformance and PDU size stand at the end.
    assert ours[:-5] == theirs[:-5]


def test_an_accepted_association_is_read():
    answer = acse.parse(bytes.fromhex(ACCEPTED))
    assert answer.accepted
    assert not answer.asks_for_secret
    assert not answer.could_count


def test_a_meter_that_asks_for_authentication_is_understood():
    answer = acse.parse(bytes.fromhex(REQUIRED))
    assert (answer.accepted, answer.diagnostic, answer.reason) == (False, 14, "authentication required")
    assert answer.asks_for_secret
    assert not answer.could_count


@pytest.mark.parametrize(
    ("diagnostic", "asks", "counts"),
    [(1, False, False), (2, False, False), (11, True, False), (12, True, False), (13, True, True), (14, True, False)],
)
def test_only_an_authentication_failure_could_be_counted_towards_a_lock(diagnostic, asks, counts):
    answer = acse.parse(bytes.fromhex(REQUIRED[:-2]) + bytes((diagnostic,)))
    assert (answer.asks_for_secret, answer.could_count) == (asks, counts)


def test_the_provider_s_diagnostics_are_not_taken_for_the_user_s():
    answer = acse.parse(bytes.fromhex(REQUIRED.replace("A305A1", "A305A2")[:-2] + "02"))
    assert (answer.is_user, answer.asks_for_secret, answer.reason) == (False, False, "no common ACSE version")


def test_mechanism_and_system_title_are_read():
    body = (
        "A109060760857405080103A203020100A305A10302010EA40A04084C475A3030303031"
        "88020780890760857405080205AA12801001020304050607080102030405060708"
    )
    answer = acse.parse(bytes.fromhex(f"61{len(body) // 2:02X}{body}"))
    assert (answer.accepted, answer.mechanism, answer.title) == (True, "gmac", b"LGZ00001")


def test_a_request_for_a_high_mechanism_is_one_that_gurux_s_server_side_understands():
    request = acse.aarq(mechanism=5, challenge=bytes(range(16)), title=b"DLB00001")
    assert request.startswith(b"\x60")
    assert request[1] == len(request) - 2
    assert bytes.fromhex("60857405080205") in request
    assert b"DLB00001" in request


def test_no_request_can_carry_a_password():
    with pytest.raises(ValueError, match="without a secret"):
        acse.aarq(mechanism=1, challenge=b"password")


@given(st.binary(max_size=80))
def test_whatever_a_meter_sends_is_an_answer_or_none(data):
    answer = acse.parse(b"\x61" + data)
    assert answer is None or isinstance(answer.diagnostic, int)


@pytest.mark.parametrize("diagnostic", range(1, 15))
def test_a_diagnostic_is_refused_by_gurux_as_well(diagnostic):
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.PDU)
    client.aarqRequest()
    reply = GXReplyData()
    reply.data = GXByteBuffer(bytes.fromhex(REQUIRED[:-2]) + bytes((diagnostic,)))
    with pytest.raises(GXDLMSException):
        client.parseAareResponse(reply.data)
    assert not acse.parse(bytes.fromhex(REQUIRED[:-2]) + bytes((diagnostic,))).accepted
