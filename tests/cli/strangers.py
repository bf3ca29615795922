"""Meters and converters with manners of their own, scripted: what the demo meter is too well-mannered to be asked for.

A :class:`Stranger` speaks HDLC or the wrapper as far as a probe needs, out of a table of objects; a test overrides what
is strange about it. Frames are built here and not with the bridge's own code, so that both do not share a mistake.
"""

import asyncio
from contextlib import asynccontextmanager

from bridge.dlms.framing import HdlcFramer, fcs16

UA = bytes.fromhex("8180140502008006020080070400000001080400000001")
RELEASED = bytes.fromhex("6303800100")


def hdlc(to, here, control, info=b""):
    """Return a frame with addresses as on the wire."""
    length = 2 + len(to) + len(here) + 3 + (len(info) + 2 if info else 0)
    head = bytes((0xA0 | length >> 8, length & 0xFF)) + to + here + bytes((control,))
    body = head + fcs16(head).to_bytes(2, "little") + info if info else head
    return b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"


def taken_apart(frame):
    """Return destination, source, control and information of a frame."""
    at, ends = 3, []
    for _ in range(2):
        start = at
        while not frame[at] & 1:
            at += 1
        at += 1
        ends.append(frame[start:at])
    return *ends, frame[at], frame[at + 3 : -3]


def aare(*, result=0, diagnostic=0, context=1, vaa="0007", conformance="00101D", initiate=True, more=b""):
    """Return an AARE."""
    user = bytes.fromhex(f"0800065F1F0400{conformance}07EB{vaa}")
    body = bytes.fromhex("A109060760857405080100"[:-2]) + bytes((context,))
    body += bytes((0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic)) + more
    if initiate:
        body += bytes((0xBE, len(user) + 2, 4, len(user))) + user
    return bytes((0x61, len(body))) + body


def challenge(mechanism):
    """Return what an AARE has more that goes on with a high-level mechanism."""
    return (
        bytes.fromhex("880207808907608574050802") + bytes((mechanism,)) + bytes.fromhex("AA128010") + bytes(range(16))
    )


def name(obis):
    """Return the six octets of ``1-0:1.8.0``."""
    groups = obis.replace("-", ".").replace(":", ".").split(".")
    return bytes(int(group) for group in groups) + (b"\xff" if len(groups) == 5 else b"")


def scaler(power, unit):
    return b"\x02\x02\x0f" + power.to_bytes(1, signed=True) + b"\x16" + bytes((unit,))


def octets(data):
    return b"\x09" + bytes((len(data),)) + data


def usual(channel=0):
    """Return the objects of a single-phase meter: encoded values by class, name, attribute."""
    objects = {}
    for obis, value, power, unit in (
        ("32.7.0", b"\x12" + (23012).to_bytes(2), -2, 35),
        ("31.7.0", b"\x06" + (4321).to_bytes(4), -3, 33),
        ("14.7.0", b"\x12" + (5001).to_bytes(2), -2, 44),
        ("1.7.0", b"\x06" + (993).to_bytes(4), 0, 27),
        ("1.8.0", b"\x06" + (23456789).to_bytes(4), 0, 30),
    ):
        objects[3, name(f"1-{channel}:{obis}"), 2] = value
        objects[3, name(f"1-{channel}:{obis}"), 3] = scaler(power, unit)
    objects[1, name("0-0:96.1.0"), 2] = octets(b"00012345")
    objects[1, name("1-0:0.2.0"), 2] = octets(b"FW 1.02")
    objects[1, name("0-0:42.0.0"), 2] = octets(b"XYZ00012345")
    return objects


class Stranger:
    """A meter; one object serves every connection.

    Args:
        objects: what it has.
        framing: ``hdlc`` or ``wrapper``.
        clients: whom it answers; all when None.
    """

    lists = False

    def __init__(self, objects=None, framing="hdlc", clients=None):
        self.objects = usual() if objects is None else objects
        self.framing, self.clients = framing, clients
        self.asked = []
        """APDUs that came, in order."""
        self.connections = 0

    # What a test makes strange.
    def greeting(self):
        return b""

    def out(self, data):
        return data

    def linked(self, to, here, frame):
        """Return the answer to SNRM."""
        return hdlc(to, here, 0x73, UA)

    def associated(self, apdu):
        return aare(conformance="00121D" if self.lists else "00101D")

    def apdu(self, apdu):
        """Return the answer to an APDU; None for silence, an exception to close."""
        if apdu[0] == 0x60:
            return self.associated(apdu)
        if apdu[0] == 0x62:
            return RELEASED
        if apdu[0] == 0xC0:
            return self.got(apdu)
        return bytes.fromhex("D80101")

    def got(self, apdu):
        kind, invoke = apdu[1], apdu[2]
        items = [apdu[4 + 11 * n - n : 14 + 10 * n] for n in range(apdu[3])] if kind == 3 else [apdu[3:13]]
        results = [self.value(int.from_bytes(one[:2]), one[2:8], one[8]) for one in items]
        count = bytes((len(results),)) if kind == 3 else b""
        return bytes((0xC4, kind, invoke)) + count + b"".join(results)

    def value(self, class_id, logical_name, attribute):
        """Return a Get-Data-Result."""
        found = self.objects.get((class_id, logical_name, attribute))
        return b"\x01\x04" if found is None else b"\x00" + found

    # The machine.
    async def converse(self, reader, writer):
        self.connections += 1
        try:
            writer.write(self.greeting())
            await (self._hdlc if self.framing == "hdlc" else self._wrapper)(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _hdlc(self, reader, writer):
        frames, received, sent, linked = HdlcFramer(), 0, 0, False
        while data := await reader.read(4096):
            for frame in frames.feed(data):
                here, to, control, info = taken_apart(frame)
                if self.clients is not None and to[0] >> 1 not in self.clients:
                    continue
                if control == 0x93:
                    received = sent = 0
                    answer = self.linked(to, here, frame)
                    linked = True
                elif control == 0x53:
                    answer, linked = hdlc(to, here, 0x73), False
                elif not linked:
                    answer = hdlc(to, here, 0x1F)
                elif control & 1:
                    answer = hdlc(to, here, received << 5 | 0x11)
                else:
                    received = (control >> 1 & 7) + 1 & 7
                    self.asked.append(info[3:])
                    said = self.apdu(info[3:])
                    answer = said
                    if said is not None and said[:1] != b"\x7e":
                        answer = hdlc(to, here, received << 5 | 0x10 | sent << 1, b"\xe6\xe7\x00" + said)
                        sent = sent + 1 & 7
                if answer:
                    writer.write(self.out(answer))

    async def _wrapper(self, reader, writer):
        while True:
            head = await reader.readexactly(8)
            if head[:2] != b"\x00\x01":
                await reader.read(4096)
                continue
            apdu = await reader.readexactly(int.from_bytes(head[6:8]))
            if self.clients is not None and int.from_bytes(head[2:4]) not in self.clients:
                continue
            self.asked.append(apdu)
            said = self.apdu(apdu)
            if said:
                writer.write(self.out(b"\x00\x01" + head[4:6] + head[2:4] + len(said).to_bytes(2) + said))


@asynccontextmanager
async def listening(stranger):
    """Serve it on loopback; yields ``HOST:PORT``."""
    server = await asyncio.start_server(stranger.converse, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


class ShortNames(Stranger):
    """A meter that has short names: its registers, 0x100 apart."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        registers = sorted({one[:2] for one in self.objects if one[0] == 3})
        self.bases = {one: 0x2000 + 0x100 * number for number, one in enumerate(registers)}

    def associated(self, apdu):
        return aare(context=2, conformance="1C0320", vaa="FA00")

    def apdu(self, apdu):
        if apdu[0] == 0x05:
            return self.read(apdu)
        return bytes.fromhex("D80102") if apdu[0] == 0xC0 else super().apdu(apdu)

    def read(self, apdu):
        results, at = b"", 2
        for _ in range(apdu[1]):
            short = int.from_bytes(apdu[at + 1 : at + 3])
            at += 3
            results += self.short(short)
        return bytes((0x0C, apdu[1])) + results

    def short(self, short):
        if short == 0xFA08:
            rows = b"".join(
                b"\x02\x04\x10" + base.to_bytes(2) + b"\x12" + one[0].to_bytes(2) + b"\x11\x00" + octets(one[1])
                for one, base in self.bases.items()
            )
            return b"\x00\x01" + bytes((len(self.bases),)) + rows
        for (class_id, logical_name), base in self.bases.items():
            if base <= short < base + 0x100:
                return self.value(class_id, logical_name, (short - base) // 8 + 1)
        return b"\x01\x04"


def wants_short_names(apdu):
    """Whether an AARQ proposes short names."""
    return bytes.fromhex("60857405080102") in apdu
