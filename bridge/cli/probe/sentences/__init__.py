"""What ``bridge probe`` says, put together from the files beside this one."""

from __future__ import annotations

from typing import Final

from bridge.cli.probe.sentences import clients, meter, options, port, scan

SENTENCES: Final = {
    **options.SENTENCES,
    **port.SENTENCES,
    **clients.SENTENCES,
    **meter.SENTENCES,
    **scan.SENTENCES,
}
