"""The connection to the NWWS-OI room: XMPP by slixmpp, in a thread with its own event loop.

It ends when its caller no longer reads it, and it never reconnects: the caller opens another after
a pause. A second session of one account locks the account, so a failed connection is closed before
its failure is reported.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eas_station.capd.http.fetch import ServerError
from eas_station.capd.nwws import nwws_stanza
from eas_station.capd.nwws.nwws_stanza import Stanza
from eas_station.errors import FeedError

log = logging.getLogger(__name__)

REFUSED_S = 300.0  # wait after a refused login: repeated ones lock the account
MAX_WAITING = 5_000  # unread products
ALIVE_ERRORS = ("feature-not-implemented", "service-unavailable")  # XEP-0410, 3
_STEP_S = 0.2


@dataclass(frozen=True, slots=True)
class NwwsLogin:
    """The address of the server, and the account."""

    user: str
    password: str
    host: str
    port: int
    room: str
    ca_file: Path | None = None  # None: the CAs of the system

    def __repr__(self) -> str:
        return f"NwwsLogin({self.user!r} at {self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class NwwsTimeouts:
    """The time limits of the connection."""

    join_s: float = 15.0  # from name resolution to joining the room
    ping_every_s: float = 30.0
    ping_s: float = 15.0  # for the answer
    silent_s: float = 600.0  # without a product: the room no longer sends
    lease_s: float = 60.0  # without a call of `wait`
    read_s: float = 5.0  # of one poll without a product; the status is reported after each
    close_s: float = 3.0


class NwwsConnection:
    """One connection: opened once, read, closed."""

    def __init__(
        self,
        xmpp: Any,
        login: NwwsLogin,
        since: datetime,
        is_stopping: Callable[[], bool],
        timeouts: NwwsTimeouts | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            xmpp: the module slixmpp.
            since: the start of the requested history of the room.
        """
        self._xmpp = xmpp
        self._login = login
        self._since = since
        self._is_stopping = is_stopping
        self._timeouts = timeouts or NwwsTimeouts()
        self._monotonic = monotonic
        self._products: deque[Stanza] = deque()
        self._arrived = threading.Event()
        self._joined = threading.Event()
        self._ended = threading.Event()
        self._failure: FeedError | None = None
        self._read_s = self._heard_s = monotonic()
        self._client: Any = None
        self._thread = threading.Thread(target=self._run, name="nwws", daemon=True)

    def open(self) -> None:
        """Connect and join the room. Raises FeedError, ServerError."""
        self._thread.start()
        until_s = self._monotonic() + self._timeouts.join_s + self._timeouts.close_s
        while not self._joined.wait(_STEP_S):
            if self._ended.is_set():
                raise self._failure or FeedError("the connection ended")
            if self._monotonic() >= until_s:
                raise self._failure or FeedError("timeout while connecting")

    def wait(self, longest_s: float) -> list[Stanza]:
        """The products that have arrived; empty if none arrives in time. Raises FeedError."""
        self._read_s = self._monotonic()
        until_s = self._read_s + longest_s
        while not self._arrived.wait(_STEP_S):
            if self._ended.is_set():
                raise self._failure or FeedError("the connection ended")
            if self._is_stopping() or self._monotonic() >= until_s:
                return []
        self._arrived.clear()
        found = []
        while self._products:
            found.append(self._products.popleft())
        return found

    def close(self) -> None:
        """End the connection, and wait for its end for a limited time."""
        self._fail(FeedError("closed"))
        self._thread.join(self._timeouts.close_s)

    def _run(self) -> None:
        """The thread: the connection is closed before its failure is reported."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._live())
        except Exception:
            log.exception("internal error in the connection")
            self._fail(FeedError("internal error in the connection"))
        finally:
            _drain(loop)
            self._fail(FeedError("the connection ended"))
            self._ended.set()

    async def _live(self) -> None:
        client = self._client = self._new_client()
        _connect(client, self._login)
        joined_until_s = self._monotonic() + self._timeouts.join_s
        pinging = asyncio.ensure_future(self._ping(client))
        while self._failure is None:
            await asyncio.sleep(_STEP_S)
            self._look(self._monotonic(), joined_until_s)
            if pinging.done():
                pinging.result()  # raises if the task failed
        pinging.cancel()
        try:
            await asyncio.wait_for(_disconnected(client), self._timeouts.close_s)
        except TimeoutError:
            client.abort()

    def _look(self, now_s: float, joined_until_s: float) -> None:
        """End the connection when a time limit is over."""
        if self._is_stopping():
            self._fail(FeedError("the station is stopping"))
        elif not self._joined.is_set() and now_s >= joined_until_s:
            self._fail(FeedError("timeout while joining the room"))
        elif now_s >= self._read_s + self._timeouts.lease_s:
            self._fail(FeedError("the connection is no longer read"))
        elif self._joined.is_set() and now_s >= self._heard_s + self._timeouts.silent_s:
            self._fail(FeedError(f"no product for {self._timeouts.silent_s:g} seconds"))

    def _new_client(self) -> Any:
        login = self._login
        client = self._xmpp.ClientXMPP(f"{login.user}@{login.host}", login.password)
        client.use_aiodns = False
        if login.ca_file is not None:
            client.ca_certs = login.ca_file
        for plugin in ("xep_0030", "xep_0045", "xep_0199", "xep_0203"):
            client.register_plugin(plugin)
        for name, handler in (
            ("session_start", self._on_session),
            ("groupchat_message", self._on_message),
            ("failed_all_auth", self._on_refused),
            ("connection_failed", self._on_failed),
            ("disconnected", self._on_lost),
            ("stream_error", self._on_stream_error),
        ):
            client.add_event_handler(name, handler)
        return client

    async def _on_session(self, _: object) -> None:
        login = self._login
        try:
            await self._client.plugin["xep_0045"].join_muc_wait(
                self._xmpp.JID(login.room),
                login.user,
                since=self._since.astimezone(UTC),
                timeout=int(self._timeouts.join_s),
            )
        except (TimeoutError, self._xmpp.exceptions.XMPPError) as error:
            why = getattr(error, "condition", None) or "no answer"
            self._fail(ServerError(f"the room {login.room} refuses to be joined: {why}", None))
            return
        self._heard_s = self._monotonic()
        self._joined.set()

    def _on_message(self, message: Any) -> None:
        """Take one message of the room. Messages without a product are skipped."""
        if message["from"].bare != self._login.room:
            return
        element = message.xml.find(nwws_stanza.TAG)
        if element is None:
            return
        self._heard_s = self._monotonic()
        if len(self._products) >= MAX_WAITING:
            self._fail(FeedError(f"more than {MAX_WAITING} unread products"))
            return
        self._products.append(nwws_stanza.read(element))
        self._arrived.set()

    def _on_refused(self, _: object = None) -> None:
        self._fail(ServerError("the server refuses the user or the password", REFUSED_S))

    def _on_failed(self, why: object) -> None:
        self._fail(FeedError(f"cannot connect: {str(why)[:200] or type(why).__name__}"))

    def _on_lost(self, why: object) -> None:
        self._fail(FeedError(f"connection lost{f': {str(why)[:200]}' if why else ''}"))

    def _on_stream_error(self, error: Any) -> None:
        self._fail(ServerError(f"the server ended the session: {error['condition'][:80]}", None))

    async def _ping(self, client: Any) -> None:
        """Ping our own address in the room, to detect that it dropped us (XEP-0410)."""
        target = self._xmpp.JID(f"{self._login.room}/{self._login.user}")
        errors = self._xmpp.exceptions
        while self._failure is None:
            await asyncio.sleep(self._timeouts.ping_every_s)
            if not self._joined.is_set():
                continue
            try:
                iq = client.make_iq_get(ito=target)
                iq.enable("ping")
                await iq.send(timeout=self._timeouts.ping_s)
            except errors.IqTimeout:
                self._fail(FeedError("the server does not respond"))
            except errors.IqError as error:
                if error.condition not in ALIVE_ERRORS:
                    self._fail(FeedError(f"we are no longer in the room: {error.condition}"))

    def _fail(self, error: FeedError) -> None:
        """Record why the connection ends: the first reason is kept. The thread then ends."""
        if self._failure is None:
            self._failure = error


def _connect(client: Any, login: NwwsLogin) -> None:
    """Connect, by STARTTLS only: the password is never sent in the clear."""
    client.enable_direct_tls = False
    client.enable_plaintext = False
    client.connect(host=login.host, port=login.port)


async def _disconnected(client: Any) -> None:
    """End the stream, so that the server frees the account."""
    client.cancel_connection_attempt()
    ended = client.disconnect(wait=1.0)
    if ended is not None:
        await ended


def _drain(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks of a loop and close it."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def history_from(last_heard_at: datetime | None, now: datetime) -> datetime:
    """The start of the requested history: the last product, at most 30 minutes ago."""
    longest = now - timedelta(minutes=30)
    if last_heard_at is None:
        return now - timedelta(minutes=10)
    return max(min(last_heard_at, now) - timedelta(minutes=1), longest)
