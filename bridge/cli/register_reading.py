"""One register, read once for a person: value with scaler and unit, or why there is none, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.dlms.access_results import refusal_text
from bridge.dlms.cosem_classes import enum_text, scaler_attribute
from bridge.dlms.cosem_types import Enum
from bridge.dlms.units import unit_doubt, unit_text
from bridge.dlms.values import interpret
from bridge.errors import FramingError, LinkError, MeterError, ReplyTimeout, ServiceError, ValueUnreadableError

if TYPE_CHECKING:
    from bridge.cli.visit import Visit
    from bridge.sample import Scalar

_OTHER_REASON = 250
_MOST_IN_A_ROW, _MOST_LOSSES = 4, 16


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """One register as it was read.

    Args:
        class_id: interface class.
        logical_name: six groups with dots.
        value: scaled; None when it was refused or holds nothing.
        unit: as the meter stated it.
        note: why there is no value, or what is to be said against it; empty when all is well.
        took_s: how long the answer with the value took.
        refusal: the data-access-result; 0 when it was not refused.
        is_lost: whether there was no answer at all, twice, or one that makes no sense, or the connection ended at it.
    """

    class_id: int
    logical_name: str
    value: Scalar | None
    unit: str = ""
    note: str = ""
    took_s: float = 0.0
    refusal: int = 0
    is_lost: bool = False


class RegisterReader:
    """Asks for one thing after another: what costs the association is asked once more, named, and passed over.

    Args:
        talk: the association.
    """

    def __init__(self, talk: Visit) -> None:
        self._talk = talk
        self._losses = self._in_a_row = 0
        self._garbled: set[str] = set()
        """What was answered in bytes that make no frame, since an answer last came whole."""

    async def read(self, class_id: int, logical_name: str, attribute: int = 2) -> RegisterReading:
        """Read one attribute, and its scaler where it stands under one.

        Raises:
            MeterError: it is not this attribute; the meter answers nothing any more.
        """
        why = ""
        for _ in range(2):  # the line may have lost it
            try:
                read = await read_register(self._talk, class_id, logical_name, attribute)
            except ServiceError as error:  # some meters' way to refuse
                return RegisterReading(class_id, logical_name, None, "", str(error), self._talk.took_s, _OTHER_REASON)
            except MeterError as loss:
                why = _said(loss)
                await self.again_after(loss, f"{class_id}/{logical_name}")
            else:
                self._in_a_row = 0
                self._garbled.clear()
                return read
        return RegisterReading(class_id, logical_name, None, "", why, 0.0, _OTHER_REASON, is_lost=True)

    async def again_after(self, loss: MeterError, what: str = "") -> None:
        """Associate anew after ``loss``, so that something else can be asked.

        Args:
            loss: what came of asking.
            what: for what was asked. When two things in a row come damaged it is the line, and nothing more is asked.

        Raises:
            MeterError: ``loss``, after too many; or the meter does not take us again.
        """
        self._losses += 1
        self._in_a_row += 1
        self._garbled |= {what} if isinstance(loss, FramingError) else set()
        if len(self._garbled) > 1 or self._in_a_row > _MOST_IN_A_ROW or self._losses > _MOST_LOSSES:
            raise loss
        if not isinstance(loss, ValueUnreadableError):
            await self._talk.associate_anew()


def _said(loss: MeterError) -> str:
    """Return in a few words how an object's answer failed."""
    if isinstance(loss, ReplyTimeout) and not isinstance(loss, FramingError):
        return "no answer"
    return "ends the connection" if isinstance(loss, LinkError) else str(loss)


async def read_register(talk: Visit, class_id: int, logical_name: str, attribute: int = 2) -> RegisterReading:
    """Read one attribute, and its scaler where it stands under one.

    Raises:
        MeterError: the association is gone. Release, close.
    """
    result = await talk.carry(talk.session.get(class_id, logical_name, attribute), quick=True)
    took_s = talk.took_s
    if result.refusal:
        note = refusal_text(result.refusal)
        return RegisterReading(class_id, logical_name, None, "", note, took_s, result.refusal)
    scaler, unit, doubt = 0, "", ""
    if where := scaler_attribute(class_id, attribute):
        stated = await talk.carry(talk.session.get(class_id, logical_name, where), quick=True)
        if not stated.refusal and isinstance(stated.value, list) and len(stated.value) == 2:
            power, code = stated.value
            if type(power) is int and type(code) is int:
                scaler, unit, doubt = power, unit_text(code), unit_doubt(code)
    if isinstance(result.value, Enum):
        doubt = enum_text(class_id, attribute, result.value)
    value, quality = interpret(result.value, class_id=class_id, attribute=attribute, scaler=scaler)
    note = ", ".join(part for part in (quality, doubt) if part)
    return RegisterReading(class_id, logical_name, value, unit, note, took_s)
