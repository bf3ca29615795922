"""The line between meter and bridge in the fuzzer: bends what the meter sends, and remembers what it truly sent."""

from bridge.demo.faults import FALSE_VALUE
from bridge.demo.hdlc import LLC_ANSWER, UI, build
from bridge.demo.hdlc import parse as parse_hdlc

PUSHED = (
    b"\x0f\x00\x00\x00\x01\x00\x02\x02\x09\x01\x05\x06" + FALSE_VALUE.to_bytes(4),  # DataNotification
    b"\xc2\x00\x00\x03\x01\x01\x20\x07\x00\xff\x02\x06" + FALSE_VALUE.to_bytes(4),  # EventNotification
    b"\x18\x00\x01\xfa\x00\x01\x06" + FALSE_VALUE.to_bytes(4),  # InformationReport
)


def flip(rng, data):
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data))
        data[at] ^= 1 << rng.randrange(8)


def cut(rng, data):
    del data[rng.randrange(len(data)) :]


def behead(rng, data):
    del data[: rng.randrange(len(data)) + 1]


def insert(rng, data):
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice((1, 1, 2, 5, 20)))


def remove(rng, data):
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 1, 2, 8))]


def overwrite(rng, data):
    at = rng.randrange(len(data))
    data[at : at + 4] = rng.randbytes(rng.randrange(1, 5))


def lie_about_length(rng, data):
    at = rng.choice((2, 2, 7, 6, 1)) % len(data)
    data[at] = rng.choice((0, 1, 7, 0x7E, 0xFF, (data[at] + 1) & 0xFF, (data[at] - 1) & 0xFF))


def flag_inside(rng, data):
    data[rng.randrange(len(data))] = 0x7E


BYTES = (flip, flip, flip, cut, behead, insert, remove, overwrite, lie_about_length, flag_inside)


class Line:
    """The line between: bends what the meter sends, and remembers what it truly sent."""

    def __init__(self, rng, scenario, side):
        self._rng = rng
        self._side = side
        self._is_hdlc = scenario.framing == "hdlc"
        self._is_ciphered = scenario.is_ciphered
        self._has_no_numbers = scenario.name == "wrapper_short_names"  # an old answer is like a new one
        self._held = []
        self._hoarded = []  # answers, and after how many requests they come
        self._stuck = []
        self.genuine = set()
        self.is_forged = False  # an APDU was bent above every check
        self.is_bent = False  # bytes were
        self.calm = False
        self.rate = rng.choice((0.15, 0.5, 0.9))

    def answer(self, request):
        rng = self._rng
        frames = self._side.frames(request)
        self.genuine.update(frames)
        self._hoarded = [(left - 1, frame) for left, frame in self._hoarded]
        due = [frame for left, frame in self._hoarded if left <= 0]
        self._hoarded = [(left, frame) for left, frame in self._hoarded if left > 0]
        if self.calm:
            frames, self._held = due + self._held + frames, []
            return b"".join(frames)
        frames = due + frames
        if self._stuck:
            frames = self._stuck
        elif rng.random() < self.rate:
            frames = self._by_frames(request, frames)
        else:
            frames, self._held = self._held + frames, []
        pieces = [bytearray(frame) for frame in frames]
        for piece in pieces:
            if rng.random() < self.rate:
                self.is_bent = True
                for _ in range(rng.choice((1, 1, 2, 4))):
                    if piece:
                        rng.choice(BYTES)(rng, piece)
        if rng.random() < 0.1:
            self.is_bent = True
            pieces.insert(rng.randrange(len(pieces) + 1), bytearray(rng.randbytes(rng.randrange(1, 40))))
        return b"".join(pieces)

    def _by_frames(self, request, frames):
        """Bend the order and number of the frames, and once in a while the APDUs themselves.

        What is late comes before what is sent later: the line keeps the order.
        """
        rng = self._rng
        how = rng.choice(
            ("lost", "late", "behind", "echoed", "doubled", "shuffled", "thinned", "pushed", "mad", "stuck", "hoarded")
        )
        if how == "hoarded":  # a gateway that comes back to it when the invoke-ids have come round
            if self._is_hdlc:
                return []
            self._hoarded += [(rng.choice((1, 2, 14, 15, 16, 17, 32)), frame) for frame in frames]
            return []
        if how == "late":
            self._held += frames
            return []
        held, self._held = self._held, []
        if how == "behind":
            self._held = frames
            return held
        if not frames:
            return held
        return (
            held
            + {
                "lost": list,
                "echoed": lambda: [request, *frames],
                "doubled": lambda: frames + [rng.choice(frames)] * rng.choice((1, 2, 20)),
                "shuffled": lambda: rng.sample(frames, len(frames)),
                "thinned": lambda: [frame for frame in frames if rng.random() < 0.6],
                "pushed": lambda: self._pushed(frames),
                "stuck": lambda: self._sticks(frames),
                "mad": lambda: [self._madly(frame) for frame in frames] if rng.random() < 0.3 else frames,
            }[how]()
        )

    def _sticks(self, frames):
        """Say the same for ever from now on, now and then."""
        if self._rng.random() < 0.2:
            self._held = []
            self.is_forged = self.is_forged or self._has_no_numbers
            self._stuck = [self._rng.choice(frames)] * self._rng.choice((1, 10))
        return frames

    def _pushed(self, frames):
        """Put notifications that nobody asked for among the frames."""
        frames = list(frames)
        for _ in range(self._rng.choice((1, 1, 3))):
            apdu = self._rng.choice(PUSHED)
            if self._is_hdlc:
                header = parse_hdlc(frames[0])
                frame = build(header.destination, header.source, UI, LLC_ANSWER + apdu)
            else:
                frame = frames[0][:6] + len(apdu).to_bytes(2) + apdu
            self.genuine.add(frame)
            frames.insert(self._rng.randrange(len(frames) + 1), frame)
        return frames

    def _madly(self, frame):
        """Bend the APDU and close the frame again, as if the meter had meant it."""
        rng = self._rng
        if self._is_hdlc:
            header = parse_hdlc(frame)
            if not header.information.startswith(LLC_ANSWER):
                return frame
            apdu = bytearray(header.information[3:])
        else:
            apdu = bytearray(frame[8:])
        for _ in range(rng.choice((1, 2, 5))):
            if apdu:
                rng.choice(BYTES)(rng, apdu)
        self.is_forged = self.is_forged or not self._is_ciphered
        if not self._is_hdlc:
            return frame[:6] + len(apdu).to_bytes(2) + bytes(apdu)
        control = header.control if rng.random() < 0.8 else rng.randrange(256)
        return build(
            header.destination, header.source, control, LLC_ANSWER + bytes(apdu[:1900]), segmented=header.segmented
        )
