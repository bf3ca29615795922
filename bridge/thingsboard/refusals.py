"""What ThingsBoard's refusals mean, and what to do about each. Pure; the answers are as a real 4.3 gave them.

=======  ====  =========================================================================================
status   code  meaning
=======  ====  =========================================================================================
302            an API key without its scheme, or a proxy's login page
400            a name that is taken (31), a bad id (31), a body that does not fit; telemetry: plain text
401      10    a wrong login or key; a key that is off ("User account is not active", which misleads)
401      11    the token of a login has ended
403      20    the user may not do that
403      41    a limit of the tenant is reached; not a question of rights
404      32    there is no such thing
409      35    somebody else changed it meanwhile
429      33    too many requests; says never for how long
=======  ====  =========================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.configuration.source_values import visible
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    import httpx

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
CONFLICT: Final = 409
BUSY: Final = 429
LIMIT_REACHED: Final = 41
_LONGEST_SAID = 200
_BY_STATUS: Final = {
    CONFLICT: "somebody else changed it at the same time: try again",
    BUSY: "ThingsBoard limits its tenant's requests: try again later, or have the limit raised",
}


class RefusalError(UpstreamError):
    """ThingsBoard says no to a request.

    Args:
        message: what was asked, and what it said.
        hint: what a person can do about it.
        status: HTTP status.
        code: ThingsBoard's own ``errorCode``; 0 where it gave none.
    """

    def __init__(self, message: str, *, hint: str, status: int, code: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


def is_busy(answer: httpx.Response) -> bool:
    """Return whether there were too many requests: the same one may pass after a while."""
    return answer.status_code == BUSY


def in_words(answer: httpx.Response, *, method: str, path: str, with_key: bool) -> RefusalError:
    """Return a refusal as an error that says what was asked, what came back, and what to do.

    Args:
        answer: it; its status says no.
        method: of the request.
        path: of the request; no query, which may be long.
        with_key: whether an API key was the login.
    """
    status, told = answer.status_code, _told(answer)
    code = told.get("errorCode")
    code = code if isinstance(code, int) else 0
    message = f"ThingsBoard answers {method} {path} with {status}: {said_by(answer)}"
    return RefusalError(message, hint=_advice(status, code, told, with_key=with_key), status=status, code=code)


def said_by(answer: httpx.Response) -> str:
    """Return what an answer says, in one short line that no terminal acts on."""
    message = _told(answer).get("message")
    text = message if isinstance(message, str) and message else answer.text
    text = visible(" ".join(text.split()))
    if len(text) > _LONGEST_SAID:
        text = f"{text[:_LONGEST_SAID]}…"
    return text or "nothing"


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _advice(status: int, code: int, told: dict[str, Any], *, with_key: bool) -> str:
    login = "THINGSBOARD__API_KEY" if with_key else "THINGSBOARD__API_USER and THINGSBOARD__API_PASSWORD"
    if 300 <= status < 400:
        advice = f"it wants a login page: {login} is not taken as one, or THINGSBOARD__API_URL is a proxy's"
    elif status == 401 and with_key:
        advice = "the API key is wrong, switched off or has ended: look at it in ThingsBoard, Account, API keys"
    elif status == 401:
        advice = f"{login} are not those of a user of this ThingsBoard; see whether that user can log in there"
    elif status == 403 and code == LIMIT_REACHED:
        limit = f" of {told['limit']}" if isinstance(told.get("limit"), int) else ""
        advice = f"the tenant's limit{limit} is reached: have it raised in the tenant's profile, or remove something"
    elif status == 403:
        advice = (
            f"{login} must be a tenant administrator's: customers' users and the system administrator may not do it"
        )
    elif status >= 500:
        advice = "ThingsBoard itself failed; its log says why"
    else:
        advice = _BY_STATUS.get(status, "")
    return advice
