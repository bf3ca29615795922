"""What the stack tests share: the images, a stack of one's own, and the double of ThingsBoard."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.programs import CACHE, find_program, missing
from tests.stack.stack import SERVICES, TOP, Stack, docker
from tests.stack.thingsboard import ThingsBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def images() -> None:
    """The base images, pulled or stood in for, and the bridge's image built from this checkout."""
    find_program("docker")
    if subprocess.run(("docker", "info"), capture_output=True, check=False).returncode != 0:
        missing("no Docker daemon answers; start it, or run tests/run as root")
    if subprocess.run(("docker", "compose", "version"), capture_output=True, check=False).returncode != 0:
        missing("no Docker Compose (docker compose version)")
    script = subprocess.run(
        (TOP / "tests/stack/base_images.sh", CACHE), capture_output=True, text=True, timeout=900, check=False
    )
    if script.returncode != 0:
        missing(f"no base images: {script.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="session")
def built(images: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The bridge's image, from this checkout."""
    folder = tmp_path_factory.mktemp("build")
    Stack(folder, "dlms-test-build").compose("build", "bridge", timeout_s=600)
    shutil.rmtree(folder)


@pytest.fixture
def new_stack(built: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Stack]]:
    """Makes stacks under the test's own project name, and takes them away afterwards."""
    made: list[Stack] = []

    def make(env: str | None = None) -> Stack:
        number = len(made)
        stack = Stack(tmp_path / f"stack{number}", f"dlms-test-{os.getpid()}-{number}", env)
        made.append(stack)
        return stack

    yield make
    for stack in made:
        if getattr(request.node, "failed", False):
            print(stack.compose("logs", "--no-color", "--tail", "60", check=False))
        stack.down()


@pytest.fixture
def thingsboard(images: None, tmp_path: Path) -> Iterator[ThingsBoard]:
    """The double of ThingsBoard, not yet in any stack's network."""
    image = re.search(r"eclipse-mosquitto:\S+", (TOP / "docker-compose.yml").read_text())
    assert image
    double = ThingsBoard(tmp_path / "thingsboard", f"dlms-test-{os.getpid()}-thingsboard", image.group())
    yield double
    double.close()


@pytest.fixture
def services(images: None) -> tuple[str, ...]:
    """Those whose image is here: Grafana's is in no Debian."""
    image = re.search(r"grafana/grafana:\S+", (TOP / "docker-compose.yml").read_text())
    assert image
    here = docker("images", "--quiet", image.group()).strip()
    return (*SERVICES, "grafana") if here else SERVICES


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report
