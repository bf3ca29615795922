"""Whether a meter that says nothing speaks another framing than the configured one. Asked without any secret."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.cli.visit import link_to
from bridge.dlms import acse
from bridge.dlms.hdlc import Hdlc
from bridge.dlms.wrapper import Wrapper
from bridge.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.configuration.meter import Meter
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.framing import Framing

_PUBLIC_CLIENT = 16
_HIGHEST_HDLC_CLIENT, _HIGHEST_PORT = 0x7F, 0xFFFF


class _Heard:
    """Notes whether any whole frame came; a :class:`~bridge.meters.frame_watch.FrameWatch`."""

    def __init__(self) -> None:
        self.anything = False

    def sent(self, data: bytes) -> None:
        """Nothing is to be kept of that."""

    def came(self, _: bytes) -> None:
        """Note it."""
        self.anything = True


async def other_framing(meter: Meter, *, connect_timeout_s: float) -> Framing | None:
    """Return the framing that the meter answers in when asked without any secret, if it is not its configured one."""
    for framing, greeting in _greetings(meter):
        heard = _Heard()
        link = link_to(replace(meter, framing=framing), connect_timeout_s)
        try:
            await link.open()
            await link.converse(greeting, meter.timeout_s, heard)
        except (MeterError, ValueError):
            pass  # a refusal is an answer, too; silence leaves no frame
        finally:
            link.close()
        if heard.anything:
            return framing
    return None


def _greetings(meter: Meter) -> Iterator[tuple[Framing, Conversation[object]]]:
    """Yield what a meter with another framing answers, be it by a refusal, and what counts as no attempt to get in."""
    if meter.framing == "wrapper":
        client = min(meter.client, _HIGHEST_HDLC_CLIENT)
        octets = meter.server_address_bytes
        yield "hdlc", Hdlc(client=client, server=meter.server, server_address_bytes=octets, retries=0).connect()
        return
    server = min(meter.server, _HIGHEST_PORT)
    yield "wrapper", Wrapper(client=meter.client, server=server).ask(acse.NAMELESS_GET)
    yield "wrapper", Wrapper(client=_PUBLIC_CLIENT, server=server).ask(acse.aarq())
