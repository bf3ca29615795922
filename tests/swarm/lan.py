"""A network of the test's own: a switch, machines on it, and what can happen to their cables.

Every machine is a network namespace with one address of 198.18.0.0/24, which is meant for tests of networks. Nothing
leads from here to any other network: what a machine sends elsewhere is refused at once.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SWITCH_ADDRESS = "198.18.0.254/24"
_CHAINS = ("INPUT", "OUTPUT", "FORWARD")


class Lan:
    """The switch, and the machines that were plugged in. :meth:`close` takes all of it away.

    Args:
        name: begins the names of its namespaces; at most 20 characters.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._machines: dict[str, str] = {}
        self._switch = f"{name}-switch"
        run("ip", "netns", "add", self._switch)
        self._ip(self._switch, "link add switch type bridge")
        self._ip(self._switch, f"addr add {_SWITCH_ADDRESS} dev switch")
        self._ip(self._switch, "link set switch up")
        self._ip(self._switch, "link set lo up")

    def plug_in(self, machine: str) -> str:
        """Give ``machine`` a namespace and an address; return the address."""
        address = f"198.18.0.{len(self._machines) + 1}"
        space = f"{self._name}-{machine}"
        run("ip", "netns", "add", space)
        self._machines[machine] = address
        self._ip(self._switch, f"link add {machine} type veth peer name eth0 netns {space}")
        self._ip(self._switch, f"link set {machine} master switch up")
        self._ip(space, "link set lo up")
        self._ip(space, f"addr add {address}/24 dev eth0")
        self._ip(space, "link set eth0 up")
        # Refused, not swallowed: a name server or registry that cannot be reached must not cost its timeout.
        self._ip(space, "route add unreachable default")
        return address

    def inside(self, machine: str) -> tuple[str, ...]:
        """Return the words that begin a command on ``machine``."""
        return ("nsenter", f"--net=/run/netns/{self._name}-{machine}", "--")

    def address(self, machine: str) -> str:
        """Return the address of ``machine``."""
        return self._machines[machine]

    def cut(self, machine: str) -> None:
        """Pull the cable of ``machine``: nothing reaches it, and it reaches nothing."""
        self._ip(self._switch, f"link set {machine} down")

    def mend(self, machine: str) -> None:
        """Put the cable back, and forget what :meth:`part` parted."""
        self._ip(self._switch, f"link set {machine} up")
        for chain in _CHAINS:
            run(*self.inside(machine), "iptables", "-D", chain, "-j", "parted", check=False)

    def part(self, machine: str, *others: str) -> None:
        """Swallow what goes between ``machine`` and each of ``others``; everybody else is reached as before.

        What its containers send to the others through an overlay network goes the same way: in packets of its own.
        """
        inside = self.inside(machine)
        run(*inside, "iptables", "-N", "parted", check=False)
        run(*inside, "iptables", "-F", "parted")
        for other in others:
            for side in ("-s", "-d"):
                run(*inside, "iptables", "-A", "parted", side, self._machines[other], "-j", "DROP")
        for chain in _CHAINS:
            run(*inside, "iptables", "-I", chain, "1", "-j", "parted")

    def block(self, machine: str, port: int, blocked: bool) -> None:
        """Refuse what ``machine`` and its containers send to any TCP port ``port``, or let it through again."""
        inside = self.inside(machine)
        for chain in ("OUTPUT", "FORWARD"):
            rule = (
                chain,
                "-p",
                "tcp",
                "--dport",
                str(port),
                "-o",
                "eth0",
                "-j",
                "REJECT",
                "--reject-with",
                "tcp-reset",
            )
            run(*inside, "iptables", "-D", *rule, check=False)
            if blocked:
                run(*inside, "iptables", "-I", *rule)

    def close(self) -> None:
        """Take the network away; what still runs on its machines runs on without one."""
        for machine in self._machines:
            run("ip", "netns", "delete", f"{self._name}-{machine}", check=False)
        run("ip", "netns", "delete", self._switch, check=False)

    @staticmethod
    def _ip(space: str, words: str) -> None:
        run("ip", "-n", space, *words.split())


def why_not() -> str:
    """Return why there can be no such network on this machine; empty when there can."""
    if os.geteuid() != 0:
        return "not root, so no network namespaces"
    name = f"dlms-try-{os.getpid()}"
    if run("ip", "netns", "add", name, check=False):
        return "no network namespaces (ip netns add)"
    try:
        if run("ip", "-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1", check=False):
            return "no virtual cables (ip link add type veth)"
        if run("ip", "-n", name, "link", "add", "x0", "type", "vxlan", "id", "9", "dstport", "4789", check=False):
            return "no vxlan, so no overlay networks"
    finally:
        run("ip", "netns", "delete", name, check=False)
    return "" if Path("/usr/bin/nsenter").exists() else "no nsenter (Debian: util-linux)"


def run(*command: str, check: bool = True) -> int:
    """Run ``command`` and return its exit code.

    Raises:
        AssertionError: it failed, and ``check`` was asked for; with what it said.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.returncode
