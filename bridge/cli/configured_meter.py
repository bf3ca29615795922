"""A meter of the configuration, found by its name, and visited over a connection of our own."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from bridge import demo
from bridge.cli.secret_attempts import SecretAttempts
from bridge.cli.visit import link_to, visit
from bridge.configuration.load import SECRETS_DIR
from bridge.configuration.load import read as read_configuration
from bridge.configuration.meter import DEMO_NAME, demo_meter
from bridge.errors import ConfigError
from bridge.meters.counter_store import CounterStore
from bridge.meters.refused_secrets import RefusedSecrets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.visit import Visit
    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import Settings
    from bridge.meters.frame_watch import FrameWatch

_HELD = {"same": "read.held.same", "many": "read.held.many", "forgetful": "read.held.forgetful"}
_ANY_PORT = 4059
"""Stands where the demo meter's own will, which it has only while it is visited."""


class ConfiguredMeter:
    """One meter of the configuration.

    Args:
        meter: whom.
        settings: where the data volume is, how long a connection may take.
    """

    def __init__(self, meter: Meter, settings: Settings) -> None:
        self.meter = meter
        self._settings = settings
        with suppress(OSError):  # without it nothing secret is tried: see secret_attempts.py
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._attempts = SecretAttempts(RefusedSecrets(settings.data_dir), meter.host, meter.port, meter.server)

    @classmethod
    def named(cls, name: str, environ: Mapping[str, str], say: Catalogue) -> ConfiguredMeter:
        """Return the meter that is called ``name``, in upper or lower case; the demo meter where none is configured.

        Raises:
            ConfigError: there is none, or the configuration has mistakes.
        """
        configuration = read_configuration(environ, SECRETS_DIR)
        if configuration.problems:
            raise ConfigError(configuration.problems)
        named = {each.lower(): meter for each, meter in configuration.resolved.items()}
        meter = named.get(name.lower())
        if not named and name.lower() == DEMO_NAME:
            return _DemoMeter(configuration.settings)
        if meter is None:
            raise ConfigError([say("read.unknown", name=name, known=", ".join(configuration.resolved) or "-")])
        return cls(meter, configuration.settings)

    def objection(self, say: Catalogue) -> str:
        """Return why the meter cannot be visited: it calls, or its secret is held back; empty when it can be."""
        if self.meter.calling.calls:
            return say("read.calls", name=self.meter.name)
        held = self._attempts.held(self.meter.client, self.meter.secret) if self.meter.secret else None
        if held is None:
            return ""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(held.last_s)) if held.last_s else "-"
        return say(_HELD[held.reason], name=self.meter.name, count=held.count, when=when)

    @asynccontextmanager
    async def visit(self, watch: FrameWatch | None = None) -> AsyncIterator[Visit]:
        """Associate, and release at the end of the block.

        Args:
            watch: sees the bytes; None for nobody.

        Raises: as :func:`bridge.cli.visit.visit`.
        """
        link = link_to(self.meter, self._settings.link.connect_timeout_s)
        counters = CounterStore(self._settings.data_dir / "counters.db")
        async with visit(link, self.meter, counters=counters, attempts=self._attempts, watch=watch) as one:
            yield one


class _DemoMeter(ConfiguredMeter):
    """The built-in demo meter, served for as long as the visit takes. Its password is no secret."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(demo_meter(_ANY_PORT, demo.DEMO_PASSWORD, settings.poll), settings)

    def objection(self, _: Catalogue) -> str:
        """Return nothing: it may always be visited."""
        return ""

    @asynccontextmanager
    async def visit(self, watch: FrameWatch | None = None) -> AsyncIterator[Visit]:
        """Serve it, associate, and release it at the end of the block."""
        async with await demo.serve() as server:
            port = server.sockets[0].getsockname()[1]
            meter = demo_meter(port, demo.DEMO_PASSWORD, self._settings.poll)
            async with visit(link_to(meter, self._settings.link.connect_timeout_s), meter, watch=watch) as one:
                yield one
