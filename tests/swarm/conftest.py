"""What the swarm tests share: one swarm of three machines, a stack on it, and the plant that it reads."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.programs import missing
from tests.stack.conftest import built, images  # noqa: F401 - fixtures
from tests.stack.stack import TOP, docker
from tests.swarm import lan
from tests.swarm.site import Site
from tests.swarm.swarm import Swarm

if TYPE_CHECKING:
    from collections.abc import Iterator

_BRIDGE = "dlms-bridge:under-test"


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def images_file(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811 - the fixture
    """What the machines are given: the bridge's image under the name that the compose file says, and Mosquitto's."""
    compose = (TOP / "docker-compose.yml").read_text()
    ours, mosquitto = (re.search(rf"image: ({name}:\S+)", compose)[1] for name in ("dlms-bridge", "eclipse-mosquitto"))
    before = docker("image", "inspect", "--format", "{{.Id}}", ours, check=False).strip()
    docker("tag", _BRIDGE, ours)
    try:
        file = tmp_path_factory.mktemp("images") / "images.tar"
        docker("save", "--output", str(file), ours, mosquitto)
    finally:  # an image that is in use on this machine stays what it is
        docker("tag", before, ours) if before.startswith("sha256:") else docker("rmi", ours)
    return file


@pytest.fixture(scope="session")
def swarm(images_file: Path) -> Iterator[Swarm]:
    """Three machines, joined."""
    if why := lan.why_not():
        missing(why)
    if shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        missing("no dockerd on this machine, only a client")
    # The daemons' sockets lie in it, and a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="dlms-swarm-"))
    made = Swarm(folder, f"dlms-{os.getpid()}")
    try:
        made.start(images_file)
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def deployed(swarm: Swarm) -> Site:
    """The stack that ``bridge stack`` wrote, once every meter is read and ThingsBoard has something of each."""
    return Site(swarm)


@pytest.fixture
def site(deployed: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The same, whole again whatever an earlier test did to it; a test that fails shows what the bridges said."""
    deployed.be_calm()
    yield deployed
    if getattr(request.node, "failed", False):
        print(deployed.story())
    deployed.thingsboard_is_reached(True)
    deployed.swarm.mend_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report
