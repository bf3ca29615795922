"""``bridge audit``: what ThingsBoard has against what it should have; what is missing, and sending it again.

Needs ThingsBoard's REST API and the data folder, not the running bridge; where one runs, it sends what is sent again.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TextIO

from bridge.cli.audit.audit_shown import AuditShown, plain
from bridge.cli.catalogue import Catalogue
from bridge.cli.ledger_file import Unanswerable, past_time, utc_iso
from bridge.cli.outbox_desk import asked, connected
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG, UNUSABLE
from bridge.cli.terminal import Terminal
from bridge.clock.machine import wall_s
from bridge.configuration.load import SECRETS_DIR, read
from bridge.delivery.names import Names, names_file
from bridge.errors import DiskError, UpstreamError
from bridge.outbox.assembly import open_outbox
from bridge.outbox.desk import QUESTION_BYTES, send_again
from bridge.outbox.destination import destination_of
from bridge.thingsboard.audit_rounds import keep_findings, since_of_rounds_ms
from bridge.thingsboard.audit_setup import audit_setup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bridge.outbox.kept import KeptSample
    from bridge.thingsboard.audit import AuditFindings
    from bridge.thingsboard.audit_setup import AuditSetup

_BYTES_A_QUESTION = QUESTION_BYTES // 4  # what JSON makes of a body may be longer
_DAY_MS = 86_400_000
_DEMO = "demo"


class AuditCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
        as_json: one JSON document instead of lines.
        clock_s: Unix time in seconds.
    """

    def __init__(
        self, environ: Mapping[str, str], out: TextIO, *, as_json: bool = False, clock_s: Callable[[], float] = wall_s
    ) -> None:
        self._say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        self._as_json = as_json
        self._clock_s = clock_s
        self._now_ms = int(clock_s() * 1000)
        configuration = read(environ, SECRETS_DIR)
        self._problems = configuration.problems
        self._settings = settings = configuration.settings
        configured = {name: meter.device or name for name, meter in settings.meters.items()}
        self._destination = destination_of(settings.thingsboard, next(iter(configured.values()), ""))
        self._devices = Names(configured, names_file(settings.data_dir, self._destination))

    def run(self, meter: str, since: str, *, repair: bool) -> int:
        """Do it and return the exit code.

        Args:
            meter: its name, in upper or lower case; empty for all.
            since: as typed.
            repair: whether what is missing is sent again.
        """
        try:
            devices = self._chosen(meter)
            since_ms = past_time("--since", since, self._now_ms, self._say)
            return self._audited(devices, since_ms - since_ms % _DAY_MS, repair=repair)
        except Unanswerable as error:
            return self._cannot(str(error))
        except (UpstreamError, DiskError) as error:
            return self._cannot(self._say("audit.failed", said=error), error.hint)

    def _chosen(self, meter: str) -> dict[str, str]:
        if self._problems:
            raise Unanswerable(self._say("audit.configuration", said=self._problems[0]))
        if not self._settings.meters and self._settings.poll.demo_meter:
            self._devices.add(_DEMO)
        devices = dict(self._devices)
        if not meter:
            if not devices:
                raise Unanswerable(self._say("audit.no_meters"))
            return devices
        chosen = {name: device for name, device in devices.items() if name.lower() == meter.lower()}
        if not chosen:
            raise Unanswerable(self._say("audit.unknown", name=meter, known=", ".join(devices) or "-"))
        return chosen

    def _audited(self, devices: dict[str, str], since_ms: int, *, repair: bool) -> int:
        with audit_setup(
            self._settings,
            self._destination,
            since_ms=since_ms,
            now_ms=self._now_ms,
            send_again=self._send_again,
        ) as setup:
            with self._terminal.progress(len(devices), lines=not self._as_json) as progress:
                asked_for: set[str] = set()

                def step(name: str) -> None:
                    again = name in asked_for
                    asked_for.add(name)
                    progress.step(self._say("audit.comparing" if again else "audit.counting", meter=name), by=not again)

                findings = setup.audit.run(devices, setup.since_ms, setup.until_ms, step=step)
            ordered = setup.audit.send_again(findings) if repair and findings.missing_values else 0
        is_all = set(devices) == set(self._devices) and since_ms == since_of_rounds_ms(self._now_ms)
        if is_all:  # the bridge's metrics, and the alert, need not wait for its own next audit
            keep_findings(self._settings.data_dir, self._destination, findings, self._clock_s())
        self._show(setup, findings, ordered, repair=repair)
        return SOMETHING_WRONG if findings.missing_values else ALL_WELL

    def _show(self, setup: AuditSetup, findings: AuditFindings, ordered: int, *, repair: bool) -> None:
        if self._as_json:
            live_since_ms = setup.live_since_ms if setup.live_since_ms < setup.until_ms else None
            document = plain(findings) | {"live_samples_since": utc_iso(live_since_ms)}
            if repair:
                document["sent_again"] = ordered
            self._terminal.say(json.dumps(document))
            return
        shown = AuditShown(self._terminal, self._say)
        shown.show(findings, live_since_ms=setup.live_since_ms)
        if repair and findings.missing_values:
            shown.say_ordered(ordered, sum(len(one.stamps) for one in findings.missing))
        elif findings.missing_values:
            self._terminal.say(self._say("audit.repair_hint"))

    def _cannot(self, why: str, hint: str = "") -> int:
        if self._as_json:
            self._terminal.say(json.dumps({"error": why, "hint": hint}))
            return UNUSABLE
        self._terminal.say(self._terminal.sign("bad"), " ", why)
        if hint:
            self._terminal.say("      ", (hint, "dim"))
        return UNUSABLE

    def _send_again(self, samples: list[KeptSample]) -> int:
        """Give kept samples to the running bridge; without one put them into the outbox for its next start."""
        count = 0
        for some in _portions(samples):
            with connected(self._settings.data_dir) as running:
                if running is None:
                    return count + asyncio.run(self._put(samples[count:]))
                count += next(asked(running, {"do": "again", "samples": some}))["count"]
        return count

    async def _put(self, samples: list[KeptSample]) -> int:
        outbox = open_outbox(self._settings, self._destination, devices=self._devices, clock_s=self._clock_s)
        await outbox.open()
        try:
            if not outbox.is_open:
                raise DiskError(
                    f"{self._settings.data_dir}: the outbox cannot be opened",
                    hint="a bridge that runs under another user? bridge outbox list says more",
                )
            count = 0
            for some in _portions(samples):
                count += send_again(outbox, [list(sample) for sample in some])
                if not await outbox.flush():
                    raise DiskError(f"{self._settings.data_dir}: the outbox takes nothing")
            return count
        finally:
            await outbox.close()


def _portions(samples: list[KeptSample]) -> Iterator[list[KeptSample]]:
    some: list[KeptSample] = []
    size = 0
    for sample in samples:
        if some and size + len(sample.body) > _BYTES_A_QUESTION:
            yield some
            some, size = [], 0
        some.append(sample)
        size += len(sample.body) + 100
    if some:
        yield some
