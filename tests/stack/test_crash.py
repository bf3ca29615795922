"""Containers die, one by one and together, and nothing that the outbox had accepted is missing upstream.

``docker kill`` is not a crash to Docker: it counts as stopped by hand, and ``restart: always`` then waits for the next
start of Docker (or ``docker compose up -d``). What a crash or the out-of-memory killer does is a SIGKILL to the
process, from outside its container: so do these tests, and one of them shows what ``docker kill`` does.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.fakes.programs import missing
from tests.stack.stack import SERVICES, docker, eventually
from tests.stack.thingsboard import ENV


@pytest.fixture
def running(new_stack, thingsboard):
    """A whole stack with the double of ThingsBoard above it, samples flowing."""
    stack = new_stack(ENV)
    stack.up()
    thingsboard.join(f"{stack.project}_broker")
    eventually(lambda: len(thingsboard.received()) >= 5, "samples flow")
    return stack


def test_each_container_that_crashes_comes_back_and_so_do_all_at_once(running, thingsboard):
    for services in (*((service,) for service in SERVICES), SERVICES):
        crash(running, *services)
        flows_again(running, thingsboard)
    for service in SERVICES:
        eventually(lambda service=service: running.health(service) == "healthy", f"{service} is healthy")
    nothing_is_missing(running, thingsboard)


def test_after_docker_kill_a_container_stays_down_until_somebody_starts_it_and_nothing_is_missing(running, thingsboard):
    docker("kill", *(running.container(service) for service in SERVICES))
    for service in SERVICES:
        state = running.inspect(service)["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 137)
    running.up()
    flows_again(running, thingsboard)
    nothing_is_missing(running, thingsboard)


def test_thingsboard_goes_away_and_comes_back_and_nothing_is_missing(running, thingsboard):
    docker("kill", thingsboard.name)
    before = len(running.committed())
    eventually(lambda: len(running.committed()) >= before + 5, "reading goes on")
    docker("start", thingsboard.name)
    flows_again(running, thingsboard)
    nothing_is_missing(running, thingsboard)


def crash(stack, *services):
    """SIGKILL the processes of ``services``, and wait until Docker has started them again."""
    before = {service: stack.inspect(service) for service in services}
    for found in before.values():
        pid = found["State"]["Pid"]
        if os.geteuid() != 0 or not Path(f"/proc/{pid}").exists():
            missing("no way to kill a container's process from outside: not root, or Docker runs elsewhere")
        os.kill(pid, signal.SIGKILL)
    for service, found in before.items():
        eventually(
            lambda service=service, found=found: (
                stack.inspect(service)["RestartCount"] > found["RestartCount"]
                and stack.inspect(service)["State"]["Running"]
            ),
            f"{service} is started again",
        )


def flows_again(stack, thingsboard):
    """Wait until samples arrive that were read after now."""
    newest = max((ts_ms for _, ts_ms in stack.committed()), default=0)
    eventually(lambda: any(ts_ms > newest for _, ts_ms in thingsboard.received()), "new samples upstream", within_s=120)


def nothing_is_missing(stack, thingsboard):
    accepted = stack.committed()
    assert accepted
    eventually(lambda: not accepted - thingsboard.received(), "every accepted sample upstream", within_s=120)
