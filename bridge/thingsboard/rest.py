"""ThingsBoard's REST API: one client, its login, its refusals in words.

Owns the HTTP connection and the credentials; what is asked stands in the files that ask. Synchronous: a command uses it
as it is, the bridge on a thread. Written by hand on httpx: ThingsBoard's own client libraries name each call after the
server's version.

Rules
    Credentials and tokens are in no message, no log and no representation.
    A login that was refused is not tried again: ThingsBoard locks users. One that worked and has ended is renewed, once
    a request.
    Only *too many requests* is asked again, a few times, after a wait: every other refusal stays one. What writes must
    be safe to be asked twice.
    A redirection is not followed: that is how ThingsBoard answers a key without its scheme, and how a proxy asks for a
    login.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any, Self

import httpx

from bridge.errors import UpstreamError
from bridge.thingsboard.refusals import RefusalError, in_words, is_busy, said_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.configuration.settings import ThingsBoardSettings

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Counting a year of values takes ThingsBoard some seconds on a busy machine."""
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0)
"""After *too many requests*: ThingsBoard never says for how long. Usual limits are a second's or a minute's."""


class Rest:
    """A client of one ThingsBoard. A context manager: closes its connection.

    Args:
        settings: address, login and certificates.
        transport: instead of the network; for tests.
        sleep: waits so many seconds; cut short by whoever wants to stop.

    Raises:
        UpstreamError: ``THINGSBOARD__CA_FILE`` or the client's certificate cannot be used.
    """

    def __init__(
        self,
        settings: ThingsBoardSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if settings.api_url is None:
            raise UpstreamError(
                "there is no address of ThingsBoard's REST API",
                hint="set THINGSBOARD__API_URL, and THINGSBOARD__API_KEY (4.3 or newer) or _USER and _PASSWORD",
            )
        self.url = settings.api_url
        """Where it answers, without ``/api``."""
        self._key = settings.api_key
        self._user = settings.api_user
        self._password = settings.api_password
        self._token = ""
        self._sleep = sleep
        # No proxy and no .netrc from the environment: the MQTT connection knows neither, and both see secrets.
        self._http = httpx.Client(
            base_url=settings.api_url,
            verify=_context(settings),
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=False,
            headers={"Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Return what ``GET path`` answers, as JSON.

        Args:
            path: such as ``/api/system/info``.
            params: the query.

        Raises:
            RefusalError: ThingsBoard says no, in words; its status and code are there to be looked at.
            UpstreamError: no answer, or one that is none of ThingsBoard's.
        """
        return self._asked("GET", path, params=params)

    def post(self, path: str, body: object, params: Mapping[str, str | int] | None = None) -> Any:
        """Return what ``POST path`` with ``body`` as JSON answers; None for nothing. Raises as :meth:`get`."""
        return self._asked("POST", path, params=params, body=body)

    def delete(self, path: str) -> None:
        """``DELETE path``; raises as :meth:`get`."""
        self._asked("DELETE", path)

    def _asked(
        self, method: str, path: str, *, params: Mapping[str, str | int] | None = None, body: object = None
    ) -> Any:
        answer = self._answered(method, path, params, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED and self._token:
            self._token = ""  # it has ended, as every token does after some hours
            answer = self._answered(method, path, params, body)
        if not answer.is_success:
            raise in_words(answer, method=method, path=path, with_key=self._key is not None)
        if not answer.content:
            return None
        return _json(answer, f"{method} {path}")

    def _answered(self, method: str, path: str, params: Mapping[str, str | int] | None, body: object) -> httpx.Response:
        for pause_s in (*_PAUSES_S, None):
            answer = self._sent(method, path, params, body, {"X-Authorization": self._authorization()})
            if pause_s is None or not is_busy(answer):
                break
            self._sleep(pause_s)
        return answer

    def _authorization(self) -> str:
        if self._key is not None:
            return f"ApiKey {self._key.get_secret_value()}"
        if not self._token:
            self._token = self._logged_in()
        return f"Bearer {self._token}"

    def _logged_in(self) -> str:
        if self._password is None:
            raise UpstreamError(
                f"{self.url}: there is no login",
                hint="set THINGSBOARD__API_KEY, or THINGSBOARD__API_USER and _PASSWORD",
            )
        path = "/api/auth/login"
        login = {"username": self._user, "password": self._password.get_secret_value()}
        answer = self._sent("POST", path, None, login, {})
        if not answer.is_success:
            raise in_words(answer, method="POST", path=path, with_key=False)
        token = _json(answer, f"POST {path}")
        if not isinstance(token, dict) or not isinstance(token.get("token"), str):
            raise UpstreamError(f"{self.url}: the login was answered without a token", hint="is that a ThingsBoard?")
        return str(token["token"])

    def _sent(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        body: object,
        headers: dict[str, str],
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, params=params, json=body, headers=headers, follow_redirects=False)
        except httpx.TimeoutException as error:
            raise UpstreamError(
                f"{self.url}: no answer to {method} {path} in time", hint="is ThingsBoard overloaded, or the way to it?"
            ) from error
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise UpstreamError(f"{self.url}: {_why(error)}", hint=_advice(error)) from error


def _json(answer: httpx.Response, what: str) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise UpstreamError(
            f"{answer.request.url.host}: {what} was not answered in JSON: {said_by(answer)}",
            hint="is THINGSBOARD__API_URL ThingsBoard's own address, without a page in between?",
        ) from error


def _why(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _advice(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "put the certificate of the server's authority into THINGSBOARD__CA_FILE"
    if "WRONG_VERSION_NUMBER" in str(error):
        return "that port speaks no TLS: http:// instead of https:// in THINGSBOARD__API_URL?"
    return "is THINGSBOARD__API_URL right, and can this machine reach it?"


def _context(settings: ThingsBoardSettings) -> ssl.SSLContext | bool:
    """Return how certificates are checked: the system's authorities, or the one that the settings name."""
    if not (settings.api_url or "").startswith("https:"):
        return True
    named: object = settings.ca_file
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None:
            named = settings.cert_file
            context.load_cert_chain(settings.cert_file, settings.key_file, password=lambda: "")
    except OSError as error:  # ssl.SSLError is one, too: a file that is no certificate
        why = (
            "is no PEM certificate, or does not belong to its key"
            if isinstance(error, ssl.SSLError)
            else error.strerror
        )
        raise UpstreamError(f"{named}: {why}", hint="put PEM files without a password in ./config") from error
    return context


__all__ = ["RefusalError", "Rest"]
