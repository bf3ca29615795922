"""What a meter says when it does not take a request at all: exception-response, confirmedServiceError. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import AssociationError, ServiceError

if TYPE_CHECKING:
    from bridge.dlms.invocation_counter import InvocationCounter

_EXCEPTION, _SERVICE_ERROR = 0xD8, 0x0E
_COUNTER_ERROR = 6  # exception-response, service-error invocation-counter-error: the counter it wants follows
_NOT_ALLOWED = 1
_STATES = {1: "service not allowed", 2: "service unknown"}
_ERRORS = {
    1: "operation not possible",
    2: "service not supported",
    3: "other reason",
    4: "PDU too long",
    5: "deciphering error",
    6: "invocation counter error",
}
"""Exception-response (IEC 62056-5-3, ExceptionResponse)."""


def raise_if_refused(apdu: bytes, counter: InvocationCounter | None) -> None:
    """Raise what an exception-response or a confirmedServiceError says; do nothing for any other APDU.

    Args:
        apdu: what came.
        counter: told what a meter says about the invocation counter; None without protection.

    Raises:
        ServiceError, AssociationError: the meter refuses the request as a whole.
    """
    tag = apdu[0] if apdu else 0
    if tag == _EXCEPTION:
        state, error = (*apdu[1:3], 0, 0)[:2]
        what = f"{_STATES.get(state, f'state {state}')}, {_ERRORS.get(error, f'error {error}')}"
        if error == _COUNTER_ERROR and counter is not None:
            wanted = int.from_bytes(apdu[3:7]) if len(apdu) >= 7 else 0
            counter.seen_by_meter(wanted + 1 if wanted < 0xFFFFFFFF else wanted)
            raise AssociationError(
                f"finds the invocation counter too low ({what}); it is raised above {wanted}",
                hint="nothing to do: the next association goes on above it",
            )
        raise ServiceError(f"answers with an exception: {what}", not_allowed=state == _NOT_ALLOWED)
    if tag == _SERVICE_ERROR:
        raise ServiceError(f"answers with a confirmed service error: {apdu[1:].hex(' ').upper() or 'empty'}")
