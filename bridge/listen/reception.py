"""One pushed message: whose it is, whether it is what it says, its values on disk. Knows no socket.

Rules
    Whose: by system title; else by the name in its body; else by what its modem said; else by its address.
    A meter with keys is not believed without them: plain messages want ``PUSH_PLAIN``, and where its settings ask for
    authentication, encryption alone does not do, for it shows no change on the way.
    Counters must rise by title and key. A plain message that states its time and came already within a minute, byte
    for byte, is the same one.
    :meth:`Reception.kept` returns when the message is on disk, and its counter: only then may more be read.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

from loguru import logger

from bridge.dlms.push import PushError, names_in, open_notification, pushed_body
from bridge.dlms.security_keys import AUTHENTICATION
from bridge.dlms.xdlms import Attribute
from bridge.listen.push_file import PushCounters
from bridge.listen.pushed_meter import PushedMeter
from bridge.listen.unknown_callers import UnknownCaller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from bridge.clock.moment import Moment
    from bridge.configuration.meter import Meter
    from bridge.dlms.push import Notification, PushApdu, PushedBody
    from bridge.dlms.security_keys import SecurityKeys
    from bridge.listen.identities import Identities
    from bridge.listen.metrics import ListenMetrics
    from bridge.listen.refusals import Refusals
    from bridge.outbox.receipt import Receipt
    from bridge.sample import Sample

_SAME_FOR_S = 60.0
_MOST_DIGESTS = 10_000
_LISTED = ("unknown-title", "wrong-key")


class PushClock(Protocol):
    """What is needed of the bridge's clock."""

    def moment(self) -> Moment:
        """Return now, as the machine counts it."""

    def best_ms(self, moment: Moment) -> int:
        """Return a moment's time as well as it is known."""

    def now_ms(self) -> int | None:
        """Return the time; None while it is not known."""

    def steady_s(self) -> float:
        """Return seconds that pass as they do."""

    def shown_s(self) -> float:
        """Return Unix seconds as the machine shows them."""


class TakenMessage(NamedTuple):
    """A message on its way to the disk.

    Args:
        meter: whose.
        receipts: its samples, each with its receipt.
        sender, counter: what is kept once it is on disk; an empty sender for a plain one.
        is_doubled: whether it was had already.
    """

    meter: Meter
    receipts: tuple[tuple[Sample, Receipt], ...]
    sender: str
    counter: int
    is_doubled: bool = False


class _Whose(NamedTuple):
    notification: Notification
    body: PushedBody
    meter: Meter | None


class Reception:
    """Takes messages.

    Args:
        identities: who is who.
        counters: the last counter of each sender.
        refusals: where what is not taken goes.
        metrics: where it is counted.
        put: the outbox's; the receipt tells when it is on disk.
        heard: is told of each sample that is on disk.
        scalers: scaler and unit by logical name that a meter stated when it was read.
        clock: the bridge's.
        here: the zone to go by where a meter states none.
    """

    def __init__(
        self,
        identities: Identities,
        *,
        counters: PushCounters,
        refusals: Refusals,
        metrics: ListenMetrics,
        put: Callable[[Sample], Receipt],
        heard: Callable[[Sample], None],
        scalers: Callable[[str], Mapping[str, tuple[int, str]]],
        clock: PushClock,
        here: tzinfo,
    ) -> None:
        self._identities = identities
        self._counters = counters
        self.refusals = refusals
        self._metrics = metrics
        self._put = put
        self._heard = heard
        self._scalers = scalers
        self._clock = clock
        self._here = here
        self._meters: dict[str, PushedMeter] = {}
        self._digests: dict[bytes, float] = {}  # of plain messages, the oldest first

    def take(self, message: PushApdu, address: str, known: Meter | None) -> TakenMessage | None:
        """Take a message and return it, for :meth:`kept`; None: it was not taken, and that was said.

        Args:
            message: whole.
            address: where it came from.
            known: whom the caller showed itself to be before, on this connection.
        """
        moment = self._clock.moment()
        known = known or self._identities.behind(self._identities.by_address(address), message.source)
        whose = self._whose(message, address, known)
        if whose is None:
            return None
        told, body, meter = whose
        reason, said = self._mistrusted(meter, told)
        if meter is None or reason:
            name = next(iter(names_in(body)), "")
            caller = UnknownCaller(address, told.title.hex().upper(), name, framing=message.framing, reason=reason)
            caller.said = f"{meter.name}: {said}" if meter else said
            caller.values = len(body.values) or len(body.unnamed)
            self.refusals.stranger(caller)
            return None
        sender, counter = "", told.counter or 0
        if told.counter is not None and meter.keys is not None:
            sender = PushCounters.name(told.title, meter.keys.encryption_key)
            self._counters.claim(sender, counter)
        elif self._is_doubled(meter, message, told):
            self._metrics.listen_messages.labels("doubled").inc()
            return TakenMessage(meter, (), "", 0, is_doubled=True)
        samples = self._meter(meter).samples(told, body, moment)
        return TakenMessage(meter, tuple((sample, self._put(sample)) for sample in samples), sender, counter)

    async def kept(self, taken: TakenMessage) -> None:
        """Return when a message that was taken is on disk, and its counter behind it."""
        if taken.is_doubled:
            return
        for sample, receipt in taken.receipts:
            await receipt.kept()
            self._heard(sample)
        if taken.sender:
            self._counters.note(taken.sender, taken.counter)
            await self._counters.keep()
        self._metrics.listen_messages.labels("stored" if taken.receipts else "empty").inc()
        if not self._metrics.is_fleet:
            self._metrics.listen_last_push.labels(taken.meter.name).set(self._clock.shown_s())

    def _whose(self, message: PushApdu, address: str, known: Meter | None) -> _Whose | None:
        """Open a message; None when it cannot be, which is said."""
        by_key: dict[bytes, Meter] = {}

        def keys_of(title: bytes) -> SecurityKeys | None:
            meter = self._identities.by_title(title)
            if meter is None and known is not None and not known.calling.system_title:
                meter = known  # its keys will show
            if meter is None or meter.keys is None:
                return None
            by_key[title] = meter
            return meter.keys

        def last_of(title: bytes) -> int | None:
            keys = keys_of(title)
            return None if keys is None else self._counters.last(PushCounters.name(title, keys.encryption_key))

        assumed = known.calling.system_title if known is not None else b""
        try:
            told = open_notification(message.apdu, keys_of, last_of, assumed_title=assumed)
        except PushError as error:
            meter = by_key.get(error.title) or known
            who = meter.name if meter else address
            if error.reason in _LISTED:
                said = f"{meter.name}: {error}" if meter else str(error)
                title = error.title.hex().upper()
                self.refusals.stranger(
                    UnknownCaller(address, title, framing=message.framing, reason=error.reason, said=said)
                )
            else:
                self.refusals.refuse(who, error.reason, str(error), error.hint)
            return None
        body = pushed_body(told)
        meter = by_key.get(told.title) or self._identities.by_names(names_in(body)) or known
        if meter is not None and meter.pushes and body.unnamed and not body.values:
            columns = [_attribute(one.class_id, one.logical_name, one.attribute) for one in meter.pushes]
            body = pushed_body(told, columns)
        return _Whose(told, body, meter)

    @staticmethod
    def _mistrusted(meter: Meter | None, told: Notification) -> tuple[str, str]:
        """Return why a message is no meter's word, in a word and a sentence; empty when it is."""
        if meter is None:
            return "unknown-meter", "names no meter that is configured"
        keys, security = meter.keys, told.security
        if keys is None or not keys.security or (security == "none" and meter.calling.takes_plain):
            return "", ""
        if security == "none":
            return "plain", "pushed a plain message, and has keys; PUSH_PLAIN=true takes it"
        if security == "encryption" and keys.security & AUTHENTICATION:
            said = "pushed a message that is encrypted and not authenticated; SECURITY=encryption takes it"
            return "unauthenticated", said
        return "", ""

    def _is_doubled(self, meter: Meter, message: PushApdu, told: Notification) -> bool:
        """Return whether the very same plain message came within a minute; one without a time may be a new one."""
        if not told.sent:
            return False
        digest, now_s = blake2b(message.apdu, digest_size=16, key=meter.name.encode()).digest(), self._clock.steady_s()
        before_s = self._digests.pop(digest, None)
        self._digests[digest] = now_s
        if len(self._digests) > _MOST_DIGESTS:
            del self._digests[next(iter(self._digests))]
        return before_s is not None and now_s - before_s < _SAME_FOR_S

    def _meter(self, meter: Meter) -> PushedMeter:
        found = self._meters.get(meter.name)
        if found is None:
            logger.info("{} | pushes", meter.name)
            scalers = self._scalers
            found = self._meters[meter.name] = PushedMeter(
                meter, lambda: scalers(meter.name), clock=self._clock, here=self._here
            )
        return found


def _attribute(class_id: int, logical_name: str, number: int) -> Attribute:
    return Attribute(class_id, bytes(map(int, logical_name.split("."))), number)
