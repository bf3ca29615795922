"""Make the corpus anew: every conversation of ``kinds.py`` by the real link over loopback, one file each.

    python -m tests.frames.record [NAME …]

Do so only when the conversation has changed on purpose, and read the difference: the corpus is what holds it.
"""

import asyncio
import json
import sys
from pathlib import Path

from bridge.demo import serve
from bridge.dlms.association import MeterSession
from bridge.meters.counter_store import CounterStore
from bridge.meters.link import Link
from bridge.meters.recording import Recorder
from tests.frames.kinds import KINDS, counted_instead_of_random

HERE = Path(__file__).parent


async def record(name):
    kind = KINDS[name]
    side = kind.side()
    meter = kind.meter()
    listening = await serve(port=0, framing=kind.framing, meter=lambda: side)
    host, port = listening.sockets[0].getsockname()[:2]
    link = Link(host, port, meter.framing, connect_timeout_s=5, connecting=asyncio.Semaphore(1))
    with (HERE / f"{name}.txt").open("w", encoding="utf-8") as out, counted_instead_of_random():
        watch = Recorder(out, meter, remark=f"{kind.about}; the demo meter", clock_s=lambda: 0.0)
        session = MeterSession(meter, CounterStore(None))
        await link.open()
        await link.converse(session.associate(), 5, watch)
        readings = await link.converse(session.read(), 5, watch)
        for one in readings:
            # key, value, unit, refusal, quality
            out.write(f"# reading: {json.dumps([one.register.key, *one[1:]])}\n")
        await link.converse(session.release(), 5, watch)
    link.close()
    await asyncio.sleep(0.05)  # the demo meter's side sees the end of the connection
    listening.close()
    await listening.wait_closed()


async def main(names):
    for name in names or KINDS:
        await record(name)
        print(name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
