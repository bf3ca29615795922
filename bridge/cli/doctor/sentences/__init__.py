"""What ``bridge doctor`` says, put together from the files beside this one."""

from __future__ import annotations

from typing import Final

from bridge.cli.doctor.sentences import bridge, disk, meters, report, upstream

SENTENCES: Final = {
    **report.SENTENCES,
    **bridge.SENTENCES,
    **disk.SENTENCES,
    **meters.SENTENCES,
    **upstream.SENTENCES,
}
