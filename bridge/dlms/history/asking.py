"""Questions about one profile: counted, and a meter that cannot answer one costs no more than the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.access_results import refusal_text
from bridge.dlms.cosem_classes import PROFILE_GENERIC
from bridge.dlms.history.ways import SilentWayError
from bridge.dlms.load_profile import BUFFER
from bridge.dlms.planned_registers import OTHER_REASON
from bridge.dlms.xdlms import Result
from bridge.errors import NotAtTheMomentError, ReplyTimeout, ServiceError

if TYPE_CHECKING:
    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.history.ways import HistoryWays

_TEMPORARY_FAILURE = 2


class ProfileQuestions:
    """Asks about a profile.

    Args:
        session: the association.
        logical_name: of the profile.
    """

    __slots__ = ("_logical_name", "_session", "count")

    def __init__(self, session: MeterSession, logical_name: str) -> None:
        self._session = session
        self._logical_name = logical_name
        self.count = 0
        """How many were asked."""

    def buffer(self, selection: bytes = b"", *, if_silent: HistoryWays | None = None) -> Conversation[Result]:
        """Ask for rows.

        Args:
            selection: which ones; empty for all.
            if_silent: what is learnt when the meter does not answer; None where this way is proven.

        Returns:
            the buffer, or why not; an exception instead of an answer counts as a refusal, and silence while
            the data link stands.

        Raises:
            NotAtTheMomentError: ask again later; nothing is learnt from it.
            SilentWayError: nothing was answered; the association is gone.
            MeterError: as everywhere; the association is gone.
        """
        self.count += 1
        try:
            result = yield from self._session.get(PROFILE_GENERIC, self._logical_name, BUFFER, selection)
        except ServiceError as error:
            if error.not_allowed:
                raise
            return Result(None, OTHER_REASON)
        except ReplyTimeout as silence:
            if silence.stands and not silence.final:
                return Result(None, OTHER_REASON)
            if if_silent is None:
                raise
            raise SilentWayError(silence, if_silent) from silence
        if result.refusal == _TEMPORARY_FAILURE:
            raise NotAtTheMomentError(
                f"cannot give rows of {self._logical_name} at the moment: {refusal_text(result.refusal)}",
                hint="nothing to do: it is asked again",
            )
        return result

    def number(self, attribute: int) -> Conversation[int | None]:
        """Ask for an attribute that is a number; None where it is refused, or something else."""
        self.count += 1
        result = yield from self._session.get(PROFILE_GENERIC, self._logical_name, attribute)
        value = result.value
        return int(value) if isinstance(value, int) and not isinstance(value, bool) and not result.refusal else None
