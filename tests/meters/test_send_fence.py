"""The send fence: nothing to a meter without permission, not a byte and not a connection."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.errors import LinkError
from bridge.meters.send_fence import SHUT, SendFence
from tests.meters.by_hand import SNRM, UA
from tests.meters.link_peer import answered, ask, link_to

LOOPS = ("asyncio", "uvloop")


class Permission:
    def __init__(self):
        self.given = True
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return self.given


@pytest.fixture
def permission():
    return Permission()


@pytest.fixture
async def fenced(peer, permission):
    port, connections = peer
    link = link_to(port, fence=SendFence(permission, linger_s=1.5))
    await link.open()
    reader, writer = await connections.get()
    yield link, reader, writer, connections
    link.close()


async def test_each_request_is_asked_for_and_goes_out(fenced, permission):
    link, reader, writer, _ = fenced
    asked = permission.asked
    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM, SNRM), 1.0))
    for _ in range(3):
        await answered(reader, writer, SNRM, UA)
    assert await talk == [UA] * 3
    assert permission.asked == asked + 3


async def test_without_permission_no_byte_goes_out_and_the_connection_is_over(fenced, permission):
    link, reader, writer, connections = fenced
    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 1.0))
    assert await reader.readexactly(len(SNRM)) == SNRM
    permission.given = False  # between the question and its answer
    writer.write(UA)
    with pytest.raises(LinkError, match=SHUT):
        await talk
    with pytest.raises(ConnectionResetError):  # what was not sent is dropped
        await reader.read()
    with pytest.raises(LinkError, match=SHUT):
        await link.open()
    assert connections.empty(), "no other was opened"


async def test_what_is_not_acknowledged_is_given_up_in_time(peer, permission):
    link = link_to(peer[0], fence=SendFence(permission, linger_s=1.5))
    await link.open()
    connected = link._stream._transport._connected
    assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1500
    link.close()


IN_A_NAMESPACE = """
import asyncio, os, signal, socket, subprocess, sys, time
from bridge.meters.send_fence import SendFence
from tests.meters.link_peer import ask, link_to

def sh(*words):
    subprocess.run(words, check=True)

async def stopped_with_a_request_under_way(port):
    link = link_to(port, fence=SendFence(lambda: True, linger_s=1.5))
    await link.open()
    await asyncio.sleep(1)
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGSTOP)
    await link.converse(ask(b"request"), 1.0)

sh("ip", "link", "set", "lo", "up")
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
port = server.getsockname()[1]
child = os.fork()
if not child:
    asyncio.run(stopped_with_a_request_under_way(port))
meter, _ = server.accept()
sh("iptables", "-A", "INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP")
os.waitpid(child, os.WUNTRACED)
time.sleep(3)
sh("iptables", "-F")
meter.settimeout(4)
try:
    print(meter.recv(100))
except TimeoutError:
    print("nothing")
os.kill(child, signal.SIGKILL)
"""


def test_the_kernel_of_a_stopped_process_sends_nothing_once_the_network_is_back():
    """Without TCP_USER_TIMEOUT it sends the request again for minutes, and the meter gets it from the wrong one."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", IN_A_NAMESPACE],
        cwd=Path(__file__).parents[2],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "Operation not permitted" in done.stderr or "No such file" in done.stderr:
        pytest.skip("no network namespace with iptables here: needs root, ip and iptables")
    assert done.stdout == "nothing\n", done.stderr
