"""``mosquitto/start.sh`` on a real mosquitto: what it makes of its files, whatever has become of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.ports import free_port
from tests.fakes.programs import find_program

pytestmark = pytest.mark.broker
HERE = Path(__file__).parents[2] / "mosquitto"
PROVISIONED = {
    "THINGSBOARD__HOST": "127.0.0.1",
    "THINGSBOARD__PORT": "9",
    "THINGSBOARD__PROVISION_KEY": "KEY",
}


class Container:
    """The script with its container's paths in a folder, and another port."""

    def __init__(self, folder: Path) -> None:
        self.run, self.credentials, self.token = folder / "run", folder / "data" / "bridge", folder / "token"
        self.folder, self.log, self.port = folder, folder / "log", free_port()
        folder.chmod(0o755)
        for one in (self.run, self.credentials.parent):
            one.mkdir(mode=0o777)
            one.chmod(0o777)
        scripts = folder / "scripts"
        shutil.copytree(HERE, scripts)
        places = {
            "/run/mosquitto": str(self.run),
            "/mosquitto/data/bridge": str(self.credentials),
            "/bridge-data/thingsboard.token": str(self.token),
        }
        for file in ("start.sh", "mosquitto.conf"):
            text = (scripts / file).read_text()
            for inside, outside in places.items():
                text = text.replace(inside, outside)
            text = re.sub(r"^listener 1883.*", f"listener {self.port} 127.0.0.1", text, flags=re.MULTILINE)
            # The container's user owns these files; here the daemon would give up root and could not read them.
            own = "\nuser root\n" if file.endswith(".conf") and not os.getuid() else ""
            (scripts / file).write_text(text + own)
        self._script = scripts / "start.sh"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environ: str) -> None:
        path = os.pathsep.join((str(Path(find_program("mosquitto")).parent), os.environ["PATH"]))
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                ["sh", self._script], env={"PATH": path, **environ}, stdout=log, stderr=log, start_new_session=True
            )

    def says(self, text: str) -> None:
        self.until(lambda: text in self.log.read_text())

    def until(self, condition) -> None:
        until = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)

    def ends(self) -> int:
        return self._process.wait(30)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    @property
    def upstream(self) -> str:
        file = self.run / "conf.d" / "upstream.conf"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def container(tmp_path):
    made = Container(tmp_path)
    yield made
    made.stop()


def sound(text: str) -> bool:
    return re.fullmatch(r"bridge\n[0-9a-f]{48}\n", text) is not None


@pytest.mark.parametrize(
    "content",
    [None, b"", b"bridge\n", b"gar\x00bage\nof two lines\n", b"bridge\nshort\n", b"bridge\n" + b"0" * 48 + b"\nmore\n"],
)
def test_credentials_that_it_did_not_write_are_made_again(container, content):
    """Two lines of garbage stayed, and restarting, as advised, did not help."""
    if content is not None:
        container.credentials.write_bytes(content)
    container.start()
    container.says("running")
    assert sound(container.credentials.read_text())


def test_credentials_of_an_earlier_start_stay(container):
    container.credentials.write_text("bridge\n" + "0123456789abcdef" * 3 + "\n")
    container.start()
    container.says("running")
    assert container.credentials.read_text() == "bridge\n" + "0123456789abcdef" * 3 + "\n"


@pytest.mark.parametrize("content", [None, b"", b"two words\n", b"a\nb\n", b"\x00\xff\n"])
def test_without_a_token_yet_the_broker_runs_and_starts_again_with_the_first_one(container, content):
    """Samples and local subscribers had no broker at all; a damaged file named a setting that was not there."""
    if content is not None:
        container.token.write_bytes(content)
    container.start(**PROVISIONED)
    container.says("no upstream yet")
    container.says("running")
    assert container.upstream == ""

    container.token.write_text("first-token\n")
    assert container.ends() == 0
    container.start(**PROVISIONED)
    container.says("upstream: 127.0.0.1:9")
    assert "remote_username first-token" in container.upstream.splitlines()


def test_another_token_is_taken_up_and_the_same_one_is_not(container):
    container.token.write_text("revoked\n")
    container.start(**PROVISIONED)
    container.says("running")
    container.token.write_text("revoked\n")
    time.sleep(3)  # it looks every two seconds
    assert container._process.poll() is None

    container.token.write_text("t0ken-of-today\n")
    assert container.ends() == 0
    assert "t0ken" not in container.log.read_text()
