"""The REST client against the double, over loopback: logins, refusals in words, waits, and what is in no text."""

from __future__ import annotations

import random
import ssl

import pytest

from bridge.configuration.settings import ThingsBoardSettings
from bridge.errors import UpstreamError
from bridge.thingsboard.rest import RefusalError, Rest
from tests.fakes.authority import Authority
from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.rest_api import ApiKey, User
from tests.thingsboard.rest_server import KEY, RestServer
from tests.thingsboard.server import ThingsBoard

INFO = "/api/system/info"
PASSWORD = "open-sesame"


@pytest.fixture
def server():
    with RestServer(ThingsBoard(Behaviour(), rng=random.Random(1))) as running:
        running.now_s = 0.0
        running.api._clock_s = lambda: running.now_s
        yield running


@pytest.fixture
def client(server):
    made = []

    def make(**settings):
        login = {"api_key": KEY} if not {"api_key", "api_user"} & set(settings) else {}
        pauses = []
        rest = Rest(ThingsBoardSettings(**{"api_url": server.url, **login, **settings}), sleep=pauses.append)
        rest.pauses = pauses
        made.append(rest)
        return rest

    yield make
    for rest in made:
        rest.close()


def refused(rest, path=INFO):
    with pytest.raises(RefusalError) as caught:
        rest.get(path)
    return caught.value


def test_a_key_is_enough(client):
    assert client().get(INFO)["version"] == "4.3.1.3"


def test_a_user_logs_in_once_and_again_when_the_token_has_ended(client, server):
    rest = client(api_user="tenant@example.com", api_password=PASSWORD)
    for _ in range(3):
        rest.get(INFO)
    assert server.behaviour.answered == ["POST /api/auth/login", *[f"GET {INFO}"] * 3]
    server.now_s += 9001
    assert rest.get(INFO)["version"] == "4.3.1.3"
    assert server.behaviour.answered[4:] == [f"GET {INFO}", "POST /api/auth/login", f"GET {INFO}"]


def test_a_login_that_is_refused_is_not_tried_again(client, server):
    error = refused(client(api_user="tenant@example.com", api_password="wrong"))
    assert server.behaviour.answered == ["POST /api/auth/login"]
    assert (error.status, error.code) == (401, 10)
    assert "Invalid username or password" in str(error)
    assert "THINGSBOARD__API_USER and THINGSBOARD__API_PASSWORD are not those of a user" in error.hint


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda key: setattr(key, "value", "tb_other"), "Invalid username or password"),
        (lambda key: setattr(key, "enabled", False), "User account is not active"),
        (lambda key: setattr(key, "expires_s", 1.0), "API key is expired"),
    ],
)
def test_a_key_that_is_no_good_is_said_to_be_wrong_off_or_ended(client, server, prepare, said):
    server.now_s = 10.0
    prepare(server.behaviour.keys[0])
    error = refused(client())
    assert said in str(error)
    assert "the API key is wrong, switched off or has ended" in error.hint
    assert len(server.behaviour.answered) == 1


def test_who_is_no_tenant_administrator_is_told_so(client, server):
    server.behaviour.keys[:] = [ApiKey(KEY, User(authority="CUSTOMER_USER"))]
    error = refused(client(), "/api/tenant/devices?deviceName=A")
    assert (error.status, error.code) == (403, 20)
    assert "must be a tenant administrator's" in error.hint


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (403, b'{"status":403,"errorCode":41,"message":"Devices limit reached","limit":5}', "the tenant's limit of 5"),
        (409, b'{"status":409,"errorCode":35,"message":"Dashboard was already changed"}', "somebody else changed it"),
        (500, b'{"status":500,"errorCode":2,"message":"null"}', "ThingsBoard itself failed"),
        (302, b"", "it wants a login page"),
        (400, b"Incorrect TsKvQuery. Number of intervals is to high - 701.", ""),
    ],
)
def test_each_refusal_says_what_to_do(client, server, status, body, hint):
    server.behaviour.fails_with = status, body
    error = refused(client())
    assert error.status == status
    assert hint in error.hint
    assert f"answers GET {INFO} with {status}" in str(error)


def test_too_many_requests_are_waited_out(client, server):
    server.behaviour.busy = 2
    rest = client()
    assert rest.get(INFO)["version"] == "4.3.1.3"
    assert rest.pauses == [1.0, 2.0]


def test_too_many_requests_for_too_long_are_a_refusal(client, server):
    server.behaviour.busy = 100
    rest = client()
    error = refused(rest)
    assert (error.status, error.code, len(rest.pauses)) == (429, 33, 5)
    assert "limits its tenant's requests" in error.hint


def test_an_answer_that_is_no_json_is_not_believed(client, server):
    server.behaviour.fails_with = 200, b"<html>Welcome to the hotel's network</html>"
    with pytest.raises(UpstreamError, match="was not answered in JSON") as caught:
        client().get(INFO)
    assert "without a page in between" in caught.value.hint


def test_nobody_there_and_no_tls_there(client, server):
    with pytest.raises(UpstreamError) as caught:
        client(api_url="http://127.0.0.1:1").get(INFO)
    assert "is THINGSBOARD__API_URL right" in caught.value.hint
    with pytest.raises(UpstreamError) as caught:
        client(api_url=server.url.replace("http:", "https:")).get(INFO)
    assert "http:// instead of https://" in caught.value.hint


def test_a_certificate_is_checked_and_the_authoritys_file_makes_it_good(server_certificate):
    authority, context = server_certificate
    with RestServer(ThingsBoard(Behaviour(), rng=random.Random(1)), tls=context) as running:
        with (
            Rest(ThingsBoardSettings(api_url=running.url, api_key=KEY)) as rest,
            pytest.raises(UpstreamError) as caught,
        ):
            rest.get(INFO)
        assert "THINGSBOARD__CA_FILE" in caught.value.hint
        settings = ThingsBoardSettings(api_url=running.url, api_key=KEY, ca_file=authority)
        with Rest(settings) as rest:
            assert rest.get(INFO)["version"] == "4.3.1.3"


def test_a_file_that_is_no_certificate_is_named(tmp_path):
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    with pytest.raises(UpstreamError, match="is no PEM certificate") as caught:
        Rest(ThingsBoardSettings(api_url="https://127.0.0.1:1", api_key=KEY, ca_file=wrong))
    assert str(wrong) in str(caught.value)


def test_neither_key_nor_password_nor_token_is_in_any_text(client, server):
    server.now_s = 10.0
    texts = []
    for settings in ({}, {"api_user": "tenant@example.com", "api_password": PASSWORD}):
        rest = client(**settings)
        rest.get(INFO)
        texts += [repr(rest), str(vars(rest).get("_key")), str(vars(rest).get("_password"))]
        server.behaviour.fails_with = 500, b"no"
        error = refused(rest)
        texts += [str(error), error.hint, repr(error)]
        server.behaviour.fails_with = None
    told = " ".join(texts)
    assert KEY not in told
    assert PASSWORD not in told
    assert "eyJ." not in told


@pytest.fixture
def server_certificate(tmp_path):
    """The file of an authority made for the run, and a server's context with a certificate by it for loopback."""
    authority = Authority(tmp_path)
    authority.issue("ca")
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", *names))
    return authority.certificate, context
