"""One call of a webhook that cannot hurt: it ends in time whatever the other side does.

The address may hold a secret, as those of chat services do: only its host is ever told.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from eas_station.capd.http.transport import OpenSockets, adapter
from eas_station.errors import FeedError

DEADLINE_S = 10.0  # of the whole call, name resolution included
_LOOK_S = 0.1
_UNWIND_S = 0.5


class Webhook:
    """Calls one address; used by one thread."""

    def __init__(
        self,
        url: str,
        header_file: Path | None,
        secret: Callable[[Path], str],
        user_agent: str,
        is_stopping: Callable[[], bool],
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """
        Args:
            header_file: holds one line that is sent along, "Authorization: Bearer …".
            secret: reads it, every time anew. Raises FeedError.
        """
        self._url = url
        self._header_file = header_file
        self._secret = secret
        self._user_agent = user_agent
        self._is_stopping = is_stopping
        self._deadline_s = deadline_s
        self._hung: threading.Thread | None = None

    @property
    def host(self) -> str:
        """Who is called, without what may be secret."""
        return urlsplit(self._url).hostname or "nobody"

    def call(self, body: Mapping[str, str | None]) -> None:
        """Post it as JSON. Raises FeedError: it was not taken with a 2xx in time."""
        if self._hung is not None and self._hung.is_alive():
            raise FeedError("the call before this one still hangs in name resolution")
        call = _Call(self._url, self._headers(), json.dumps(body).encode())
        thread = threading.Thread(target=call.run, name="webhook", daemon=True)
        thread.start()
        waited_s = 0.0
        while not call.done.wait(_LOOK_S):
            waited_s += _LOOK_S
            if self._is_stopping() or waited_s >= self._deadline_s:
                call.sockets.cut()
                thread.join(_UNWIND_S)
                self._hung = thread
                raise FeedError("no answer in time")
        self._hung = None
        if call.fault is not None:
            raise FeedError(call.fault)

    def _headers(self) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Content-Type": "application/json",
            "Connection": "close",
        }
        if self._header_file is None:
            return headers
        name, colon, value = self._secret(self._header_file).partition(":")
        if not colon or not name.strip() or not value.strip():
            raise FeedError(f'{self._header_file} must hold one line "NAME: VALUE"')
        return {**headers, name.strip(): value.strip()}


class _Call:
    """One call, in a thread that may be left behind."""

    def __init__(self, url: str, headers: dict[str, str], body: bytes) -> None:
        self.done = threading.Event()
        self.sockets = OpenSockets()
        self.fault: str | None = None  # never with the address in it
        self._url = url
        self._headers = headers
        self._body = body

    def run(self) -> None:
        """Work, and say when done."""
        try:
            self.fault = self._post()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            self.fault = _kind(error)
        except ValueError:
            self.fault = "the address or the header is not one that can be sent"
        finally:
            self.sockets.cut()
            self.done.set()

    def _post(self) -> str | None:
        with requests.Session() as session:
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, adapter(self.sockets))
            with session.post(
                self._url,
                data=self._body,
                headers=self._headers,
                timeout=DEADLINE_S,
                allow_redirects=False,  # the secret is for this host alone
                stream=True,  # what it answers is not read
            ) as response:
                status = response.status_code
        return None if 200 <= status < 300 else f"HTTP {status}"


def _kind(error: Exception) -> str:
    """What went wrong; the library's own sentence holds the address."""
    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection"
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    reason = cause.strerror if isinstance(cause, OSError) else None
    return f"no connection: {reason or type(cause).__name__}"
