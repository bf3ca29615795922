"""The REST double does what a real ThingsBoard CE 4.3.1.3 was seen to do: each case here was tried on one."""

from __future__ import annotations

import json
import random
from urllib.parse import urlencode

import pytest

from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.rest_api import ApiKey, RestApi, RestBehaviour, User
from tests.thingsboard.server import ThingsBoard

DAY_MS = 86_400_000
LOGIN = {"username": "tenant@example.com", "password": "open-sesame"}


class Asking:
    """The double, asked as one user after another."""

    def __init__(self, **behaviour):
        self.now_s = 1000.0
        self.model = ThingsBoard(Behaviour(), rng=random.Random(1))
        self.model.add_device("A", "meter")
        self.behaviour = RestBehaviour(**behaviour)
        self.behaviour.keys.append(ApiKey("tb_good", self.behaviour.users[0]))
        self.api = RestApi(self.model, self.behaviour, lambda: self.now_s)
        self.rows = self.model._devices.by_name["A"].rows

    def ask(self, method, path, *, body=None, authorization="ApiKey tb_good", **headers):
        given = {"x-authorization": authorization} if authorization else {}
        answer = self.api.handle(method, path, given | headers, json.dumps(body).encode() if body else b"")
        return answer.status, json.loads(answer.body) if answer.is_json and answer.body else answer.body

    def code(self, **headers):
        status, told = self.ask("GET", "/api/system/info", **headers)
        return (status, told["errorCode"], told["message"]) if status >= 400 else status

    def series(self, **query):
        target = f"/api/plugins/telemetry/DEVICE/{self.api.device_id('A')}/values/timeseries?{urlencode(query)}"
        return self.ask("GET", target)


def test_a_login_gives_a_token_that_ends():
    asking = Asking()
    status, told = asking.ask("POST", "/api/auth/login", body=LOGIN, authorization="")
    assert status == 200
    assert set(told) == {"token", "refreshToken"}
    bearer = f"Bearer {told['token']}"
    assert asking.code(authorization=bearer) == 200
    asking.now_s += 9001
    assert asking.code(authorization=bearer)[:2] == (401, 11)


def test_what_is_no_login_is_refused_in_the_servers_own_words():
    asking = Asking()
    wrong = (401, 10, "Invalid username or password")
    status, told = asking.ask("POST", "/api/auth/login", body=LOGIN | {"password": "x"}, authorization="")
    assert (status, told["errorCode"], told["message"]) == wrong
    assert asking.code(authorization="ApiKey tb_unknown") == wrong
    assert asking.code(authorization="Bearer tb_good") == wrong
    assert asking.code(authorization="", **{"x-api-key": "tb_good"})[:2] == (401, 10)
    assert asking.code(authorization="") == (401, 10, "Authentication failed")
    assert asking.ask("GET", "/api/system/info", authorization="tb_good") == (302, b"")
    either = asking.api.handle("GET", "/api/system/info", {"authorization": "ApiKey tb_good"}, b"")
    assert either.status == 200, "one header or the other"


def test_a_key_that_is_off_or_has_ended():
    asking = Asking()
    asking.behaviour.keys[0].enabled = False
    assert asking.code() == (401, 10, "User account is not active")
    asking.behaviour.keys[0] = ApiKey("tb_good", User(), expires_s=900)
    assert asking.code() == (401, 10, "API key is expired")


def test_before_4_3_there_are_no_keys():
    assert Asking(version="4.2.1").code() == (401, 10, "Invalid username or password")


def test_who_is_no_tenant_administrator_may_not():
    asking = Asking(users=[User(authority="CUSTOMER_USER")])
    assert asking.code() == 200
    assert asking.ask("GET", "/api/auth/user")[1]["authority"] == "CUSTOMER_USER"
    status, told = asking.ask("GET", "/api/tenant/devices?deviceName=A")
    assert (status, told["errorCode"]) == (403, 20)


def test_too_many_requests_say_not_for_how_long():
    asking = Asking(busy=1)
    assert asking.code() == (429, 33, "Too many requests for current tenant!")
    assert asking.code() == 200


def test_a_device_is_found_by_its_name_and_keeps_its_id_when_it_is_renamed():
    asking = Asking()
    status, told = asking.ask("GET", "/api/tenant/devices?deviceName=A")
    assert (status, told["name"], told["type"]) == (200, "A", "meter")
    asking.model.rename_device("A", "Z", 0)
    assert asking.ask("GET", "/api/tenant/devices?deviceName=Z")[1]["id"] == told["id"]
    status, told = asking.ask("GET", "/api/tenant/devices?deviceName=A")
    assert (status, told["errorCode"], told["message"]) == (404, 32, "Requested item wasn't found!")


def test_an_id_that_is_none_or_nobodys():
    asking = Asking()
    path = "/api/plugins/telemetry/DEVICE/{}/values/timeseries?keys=p&startTs=0&endTs=1"
    status, told = asking.ask("GET", path.format("x"))
    assert (status, told["errorCode"]) == (400, 31)
    status, told = asking.ask("GET", path.format("00000000-0000-4000-8000-000000000000"))
    assert (status, told["errorCode"]) == (404, 32)


def test_counts_begin_with_the_start_end_before_the_end_and_stand_in_the_middle():
    asking = Asking()
    asking.rows.update({ts: {"p": 1} for ts in (0, 1, DAY_MS - 1, DAY_MS, 3 * DAY_MS)})
    asked = {"keys": "p,q", "startTs": 0, "endTs": 3 * DAY_MS, "agg": "COUNT", "interval": DAY_MS}
    counted = [{"ts": DAY_MS // 2, "value": "3"}, {"ts": DAY_MS * 3 // 2, "value": "1"}]
    assert asking.series(**asked) == (200, {"p": counted}), "a day without values is not there"


def test_an_aggregation_without_an_interval_gives_a_hundred_raw_values():
    asking = Asking()
    asking.rows.update({ts: {"p": ts} for ts in range(200)})
    for asked in ({}, {"interval": 0}):
        status, told = asking.series(keys="p", startTs=0, endTs=DAY_MS, agg="COUNT", **asked)
        assert (status, len(told["p"]), told["p"][0]) == (200, 100, {"ts": 199, "value": "199"})


def test_more_than_700_intervals_are_refused_in_plain_text():
    asking = Asking()
    asked = {"keys": "p", "startTs": 0, "agg": "COUNT", "interval": DAY_MS}
    assert asking.series(endTs=700 * DAY_MS, **asked) == (200, {})
    status, said = asking.series(endTs=701 * DAY_MS, **asked)
    assert status == 400
    assert b"701" in said


def test_a_limit_bounds_raw_values_and_no_aggregation():
    asking = Asking()
    asking.rows.update({day * DAY_MS: {"p": day} for day in range(150)})
    asked = {"keys": "p", "startTs": 0, "endTs": 150 * DAY_MS, "limit": 120}
    assert len(asking.series(**asked)[1]["p"]) == 120
    assert len(asking.series(agg="COUNT", interval=DAY_MS, **asked)[1]["p"]) == 150


def test_an_unknown_zone_is_utc_and_a_known_one_moves_the_month():
    asking = Asking()
    first_ms = 1_790_805_600_000  # 1 October 2026, 00:00 in Berlin; still September in UTC
    asking.rows.update({first_ms: {"p": 1}, first_ms + 31 * DAY_MS: {"p": 1}})  # 23:00 on the 31st, after 25 h
    asked = {"keys": "p", "startTs": first_ms - DAY_MS, "endTs": first_ms + 40 * DAY_MS, "agg": "COUNT"}
    months = {}
    for zone in ("Europe/Berlin", "Europe/Nowhere", "UTC"):
        status, told = asking.series(intervalType="MONTH", timeZone=zone, **asked)
        months[zone] = status, [point["value"] for point in told["p"]]
    assert months == {"Europe/Berlin": (200, ["2"]), "Europe/Nowhere": (200, ["1", "1"]), "UTC": (200, ["1", "1"])}


def test_there_is_no_interval_of_a_day():
    asked = {"keys": "p", "startTs": 0, "endTs": DAY_MS, "agg": "COUNT", "intervalType": "DAY"}
    assert Asking().series(**asked)[0] == 400


@pytest.mark.parametrize(("figure", "value"), [("SUM", "6.0"), ("AVG", "2.0"), ("MIN", "1.0"), ("MAX", "3.0")])
def test_other_aggregations(figure, value):
    asking = Asking()
    asking.rows.update({1: {"p": 1}, 2: {"p": 2}, 3: {"p": 3}})
    status, told = asking.series(keys="p", startTs=0, endTs=10, agg=figure, interval=10)
    assert (status, told) == (200, {"p": [{"ts": 5, "value": value}]})
