"""A feed of kind naad: Canada's alerts, read as they are sent.

Source: NAAD System LMD User Guide, "TCP streaming feed": a heartbeat each minute shows that the
stream lives and lists the last ten alerts. Those that did not come are fetched from the archive.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from eas_station.cap.bug import CapBug
from eas_station.cap.documents.document import Parsed
from eas_station.cap.message import CapMessage
from eas_station.capd.feed.bounded_call import BoundedCaller, StationStopsError
from eas_station.capd.feed.reading import DocumentReading, parse
from eas_station.capd.feed.seen_texts import SeenTexts
from eas_station.capd.http.fetch import HttpClient, ServerError
from eas_station.capd.naad.archive import ListedAlert, is_heartbeat, listed_alerts
from eas_station.capd.naad.connection import NaadConnection, connect, tls_context
from eas_station.capd.naad.document_splitter import MAX_DAMAGED, MAX_DOCUMENT_BYTES
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError

log = logging.getLogger(__name__)

DEFAULT_HOST = "streaming.alertready.ca"  # until 2026 streaming1.naad-adna.pelmorex.com
DEFAULT_ARCHIVE = "https://cap.alertready.ca"
TLS_PORT, PLAIN_PORT = 8443, 8080
ACCEPT = "application/cap+xml, application/xml;q=0.9, */*;q=0.1"
MAX_SEEN = 2_000  # alerts; a heartbeat lists ten
MAX_TRIES = 5  # to fetch an alert, one after each heartbeat


@dataclass(frozen=True, slots=True)
class NaadServer:
    """Where the stream and its archive are."""

    host: str
    port: int
    is_encrypted: bool
    archive: str


@dataclass(frozen=True, slots=True)
class NaadTimeouts:
    """How long things may take, in seconds."""

    heartbeat_s: float = 90.0  # from one heartbeat to the next
    read_s: float = 5.0  # of one poll while nothing comes: the state is reported after each
    archive_s: float = 15.0  # of one poll for all alerts from the archive


@dataclass(slots=True)
class _Missing:
    """An alert that a heartbeat lists and that did not come."""

    alert: ListedAlert
    tries: int = 0
    is_due: bool = True  # to be fetched in this poll
    reason: str | None = None  # why it could not be fetched


def server_of(feed: FeedConfig) -> NaadServer:
    """The server of a feed of kind naad, with defaults for what is not configured."""
    is_encrypted = feed.tls if feed.tls is not None else feed.host is None
    default_archive = DEFAULT_ARCHIVE if feed.host is None else f"http://{feed.host}"
    return NaadServer(
        host=feed.host or DEFAULT_HOST,
        port=feed.port or (TLS_PORT if is_encrypted else PLAIN_PORT),
        is_encrypted=is_encrypted,
        archive=feed.archive or default_archive,
    )


class NaadFeed:
    """Keeps the connection, reads what it brings, and fetches what it did not bring."""

    max_age_s = 0.0
    listed: tuple[str, ...] | None = None

    def __init__(
        self,
        feed: FeedConfig,
        client: HttpClient,
        *,
        now: Callable[[], datetime],
        is_stopping: Callable[[], bool],
        timeouts: NaadTimeouts | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            client: asks the archive.
        """
        self._feed = feed
        self._server = server_of(feed)
        self._client = client
        self._now = now
        self._is_stopping = is_stopping
        self._timeouts = timeouts or NaadTimeouts()
        self._monotonic = monotonic
        self._caller = BoundedCaller("naad", is_stopping, monotonic)
        self._connection: NaadConnection | None = None
        self._heartbeat_s = 0.0
        self._heartbeat_at: datetime | None = None
        self._seen = SeenTexts(MAX_SEEN)
        self._missing: dict[str, _Missing] = {}  # of the last heartbeat, by alert

    @property
    def note(self) -> str:
        """When the last heartbeat came."""
        at = self._heartbeat_at
        return "no heartbeat so far" if at is None else f"last heartbeat {at:%H:%M}Z"

    @property
    def fault(self) -> str | None:
        """Which alerts are missing, although a heartbeat lists them."""
        reasons = [missing.reason for missing in self._missing.values() if missing.reason]
        if not reasons:
            return None
        alerts = "1 alert" if len(reasons) == 1 else f"{len(reasons)} alerts"
        return f"{alerts} listed in the last heartbeat cannot be fetched: {reasons[0]}"

    def read(self) -> Iterator[DocumentReading]:
        """What the stream has brought, or brings within some seconds. Raises FeedError."""
        longest_s = 0.0 if self._connection is None else self._timeouts.read_s
        connection = self._connection = self._connection or self._connected()
        try:
            for document in connection.wait(longest_s):
                yield from self._readings(document)
            self._check(connection)
        except FeedError:
            self.close()
            raise
        yield from self._fetched()

    def accept(self) -> None:
        """Nothing to do: documents come once."""

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> NaadConnection:
        """Raises FeedError."""
        server = self._server
        tls = tls_context(self._feed.ca_file) if server.is_encrypted else None
        connection = connect(
            server.host, server.port, tls, self._caller, self._is_stopping, self._monotonic
        )
        self._heartbeat_s = self._monotonic()
        extra = {"EAS_FEED": self._feed.name}
        log.info(
            "feed %s: connected to %s:%s", self._feed.name, server.host, server.port, extra=extra
        )
        return connection

    def _check(self, connection: NaadConnection) -> None:
        """Raises FeedError if the connection is of no use."""
        if self._monotonic() > self._heartbeat_s + self._timeouts.heartbeat_s:
            raise FeedError(f"no heartbeat for {self._timeouts.heartbeat_s:g} seconds")
        if connection.damaged > MAX_DAMAGED:
            raise FeedError(f"{connection.damaged} damaged documents in a row")

    def _readings(self, document: bytes | CapError) -> Iterator[DocumentReading]:
        """The alerts of one document; a heartbeat has none."""
        if isinstance(document, CapError):
            yield DocumentReading(self._server.host, None, document)
            return
        try:
            parsed = parse(document)
        except CapError as error:
            yield DocumentReading(self._server.host, None, error)
            return
        if any(is_heartbeat(message) for message in parsed.messages):
            self._heartbeat_s, self._heartbeat_at = self._monotonic(), self._now()
            self._note_listed(listed_alerts(document))
            return
        yield self._reading(self._server.host, parsed)

    def _reading(self, name: str, parsed: Parsed) -> DocumentReading:
        for message in parsed.messages:
            key = _key(message.identifier, message.sent_at)
            self._seen.add(key)
            self._missing.pop(key, None)
        return DocumentReading(name, parsed)

    def _note_listed(self, alerts: tuple[ListedAlert, ...]) -> None:
        """Which alerts of a heartbeat's list did not come; each may be tried once again."""
        before, self._missing = self._missing, {}
        for alert in alerts:
            key = _key(alert.identifier, alert.sent_at)
            if self._seen.seen(key):
                continue
            missing = before.get(key) or _Missing(alert)
            missing.is_due = missing.tries < MAX_TRIES
            self._missing[key] = missing

    def _fetched(self) -> Iterator[DocumentReading]:
        """The missing alerts, from the archive."""
        deadline_s = self._monotonic() + self._timeouts.archive_s
        for missing in list(self._missing.values()):
            if not missing.is_due or self._monotonic() >= deadline_s:
                continue
            missing.is_due, missing.tries = False, missing.tries + 1
            url = missing.alert.urls(self._server.archive)[0]
            try:
                parsed = self._archived(missing.alert, deadline_s)
            except StationStopsError:
                raise
            except (FeedError, CapError) as error:
                missing.reason = str(error)
                text = error.text if isinstance(error, CapError) else ""
                told = error if isinstance(error, CapBug) else CapError(f"{url}: {error}", text)
                yield DocumentReading(url, None, told)
                continue
            yield self._reading(url, parsed)

    def _archived(self, alert: ListedAlert, deadline_s: float) -> Parsed:
        """An alert from the archive. Raises FeedError, CapError."""
        *others, last = alert.urls(self._server.archive)
        for url in others:
            try:
                return self._archived_at(url, alert, deadline_s)
            except ServerError:
                continue
        return self._archived_at(last, alert, deadline_s)

    def _archived_at(self, url: str, alert: ListedAlert, deadline_s: float) -> Parsed:
        answer = self._client.get(url, ACCEPT, None, deadline_s)
        if len(answer.body) > MAX_DOCUMENT_BYTES:
            raise CapError(f"a document of more than {MAX_DOCUMENT_BYTES} bytes")
        parsed = parse(answer.body)
        if not any(_is(message, alert) for message in parsed.messages):
            raise CapError("the archive gave another document")
        return parsed


def _is(message: CapMessage, alert: ListedAlert) -> bool:
    return (message.identifier, message.sent_at) == (alert.identifier, alert.sent_at)


def _key(identifier: str, sent_at: datetime) -> str:
    return f"{identifier}\0{sent_at.astimezone(UTC).isoformat()}"
