"""One visit to a meter: released whatever happens in it, and no secret counted that never went out."""

import asyncio
from contextlib import suppress

import pytest

from bridge.cli.secret_attempts import SecretAttempts
from bridge.cli.visit import SecretHeldBackError, link_to, visit
from bridge.configuration.load import read
from bridge.demo import Client
from bridge.errors import AuthError, LinkError, MeterError
from bridge.meters.refused_secrets import RefusedSecrets
from tests.cli.meters_on_loopback import meter as demo_meter
from tests.cli.test_probe_secrets import PASSWORD
from tests.fakes.ports import free_port


def configured(tmp_path, host, port, password=PASSWORD, framing="hdlc"):
    settings = {
        "METERS__MAIN__FRAMING": framing,
        "METERS__MAIN__HOST": host,
        "METERS__MAIN__PORT": str(port),
        "METERS__MAIN__PROFILE": "microstar",
        "METERS__MAIN__PASSWORD": password,
    }
    [meter] = read(settings, tmp_path).resolved.values()
    return meter


@pytest.fixture
def attempts(tmp_path):
    return lambda meter: SecretAttempts(RefusedSecrets(tmp_path), meter.host, meter.port, meter.server)


def open_associations(served):
    return [one for side in served.connections for one in side._associations.values() if one.is_open]


@pytest.mark.parametrize("ending", [RuntimeError("a mistake"), asyncio.CancelledError(), LinkError("broke")], ids=repr)
@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_whatever_ends_it_the_meter_is_released(tmp_path, framing, ending):
    async with demo_meter(framing=framing, clients=[Client(1, "low", PASSWORD.encode())]) as served:
        meter = configured(tmp_path, served.host, served.port, framing=framing)
        with suppress(RuntimeError, asyncio.CancelledError, LinkError):
            async with visit(link_to(meter, 2.0), meter):
                assert open_associations(served)
                raise ending
        assert served.memory.associations == 1
        assert not open_associations(served)


async def test_a_secret_that_never_went_out_is_not_counted(tmp_path, attempts):
    meter = configured(tmp_path, "127.0.0.1", free_port())
    account = attempts(meter)
    for _ in range(3):  # two that went out would be the end
        with pytest.raises(LinkError):
            async with visit(link_to(meter, 2.0), meter, attempts=account):
                pass
    assert account.held(meter.client, meter.secret) is None


async def test_a_secret_that_was_refused_is_counted_and_then_held_back_without_asking_the_meter(tmp_path, attempts):
    async with demo_meter(clients=[Client(1, "low", PASSWORD.encode())]) as served:
        meter = configured(tmp_path, served.host, served.port, password="87654320")
        with pytest.raises(AuthError):
            async with visit(link_to(meter, 2.0), meter, attempts=attempts(meter)):
                pass
        tried = served.memory.associations
        with pytest.raises(SecretHeldBackError) as held:
            async with visit(link_to(meter, 2.0), meter, attempts=attempts(meter)):
                pass
        assert held.value.held.reason == "same"
        assert isinstance(held.value, MeterError)
        assert served.memory.associations == tried
