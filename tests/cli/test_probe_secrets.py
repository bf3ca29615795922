"""What ``bridge probe`` does with a password and with keys: never guesses, tries once, locks no meter."""

import re

import pytest
from gurux_dlms.enums import SourceDiagnostic

from bridge.demo import PUBLIC_CLIENT, MeterMemory
from tests.cli.meters_on_loopback import gurux_meter, meter, typed
from tests.cli.probed import PASSWORD, SECRET, client
from tests.fakes.gurux_meter import GuruxMeter


async def test_without_a_password_it_says_which_client_needs_one_and_tries_none(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1, "sha256", SECRET)]) as served:
        code, printed = await typed("probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "client 1: authentication sha256" in printed
    assert "client 1 needs its password" in printed
    assert "AUTHENTICATION=sha256" in printed
    assert served.memory.wrong_secrets == 0


async def test_a_meter_that_wants_ciphering_is_said_to_need_keys(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1, "gmac", "", "authenticated-encryption")]) as served:
        code, printed = await typed("probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "client 1: must cipher its messages" in printed
    assert "client 1 needs its keys" in printed


@pytest.mark.parametrize("authentication", ["low", "md5"])
async def test_a_wrong_password_is_tried_once_and_never_again(tmp_path, authentication):
    known = [PUBLIC_CLIENT, client(1, authentication, SECRET)]
    async with meter(clients=known) as served:
        for _ in range(3):
            code, printed = await typed(
                "probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD="wrong", LANG="C"
            )
            assert code == 1
            assert "wrong" not in re.sub(r"wrong (?:secret|password)", "", printed)
    assert served.memory.wrong_secrets == 1
    assert "this secret was refused" in printed


async def test_a_meter_that_locks_after_three_wrong_passwords_is_never_locked(tmp_path):
    """Every client has its own password here, and the meter counts them together; four wrong ones are given."""
    known = [PUBLIC_CLIENT, *(client(address, "low", f"secret {address}") for address in (1, 2, 3, 17, 32))]
    memory = MeterMemory(lock_after=3)
    async with meter(clients=known, memory=memory) as served:
        for number in range(4):
            code, printed = await typed(
                "probe", served.place, "--timeout", "0.3", "--authentication", "low",
                DATA_DIR=str(tmp_path), PROBE_PASSWORD=f"guess {number}", LANG="C",
            )  # fmt: skip
            assert code == 1
            assert memory.locks == 0
        assert memory.wrong_secrets == 2
        assert "secrets failed within a day" in printed


async def test_a_meter_that_counts_every_refused_association_is_not_locked_either(tmp_path):
    """It answers "authentication failure" to whoever offers no password, and counts that as a wrong one."""
    counted = []

    class Counting(GuruxMeter):
        def onValidateAuthentication(self, authentication, password):  # noqa: N802 - gurux's name
            if bytes(password or b"") == self._password:
                counted.clear()
                return SourceDiagnostic.NONE
            counted.append(bytes(password or b""))
            return SourceDiagnostic.AUTHENTICATION_FAILURE

    async with gurux_meter(Counting, client=1, password=PASSWORD.encode()) as place:
        for given in ("", "wrong", "wrong too", ""):
            await typed("probe", place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD=given, LANG="C")
            assert len(counted) <= 2
        assert counted == [b"", b"wrong"]


async def test_the_right_password_works_after_a_wrong_one_and_clears_the_account(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1)]) as served:
        for password, expected in (("wrong", 1), (PASSWORD, 0), ("wrong", 1), (PASSWORD, 0)):
            code, _ = await typed(
                "probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD=password, LANG="C"
            )
            assert code == expected
    assert (served.memory.wrong_secrets, served.memory.locks) == (2, 0)


async def test_where_a_refusal_could_not_be_remembered_no_password_is_tried(tmp_path):
    (tmp_path / "file").write_text("")
    async with meter(clients=[PUBLIC_CLIENT, client(1)]) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3",
            DATA_DIR=str(tmp_path / "file"), PROBE_PASSWORD=PASSWORD, LANG="C",
        )  # fmt: skip
    assert code == 1
    assert "no secret is sent" in printed
    assert (served.memory.wrong_secrets, served.memory.associations) == (0, 2)  # both of the public client


async def test_a_password_can_be_asked_for_instead_of_typed_on_the_command_line(tmp_path):
    async with meter(clients=[client(1)]) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3", "--password", "-",
            stdin=f"{PASSWORD}\n", DATA_DIR=str(tmp_path), LANG="C",
        )  # fmt: skip
    assert code == 0
    assert "can be seen" not in printed


async def test_a_key_of_the_wrong_length_is_refused_before_anything_is_sent(tmp_path, capfd):
    async with meter(clients=[client(1)]) as served:
        code, printed = await typed("probe", served.place, "--key", "0011", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert "--encryption-key: must be 32 hexadecimal digits" in printed + capfd.readouterr().err
    assert served.connections == []


# What is no meter.
