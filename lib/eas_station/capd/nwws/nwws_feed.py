"""A feed of kind nwws: products are read as the NWWS-OI room sends them.

CAP documents, text products with P-VTEC and text products of an EAS event code become messages.
Other products, mostly forecasts, are skipped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from eas_station.cap.bug import CapBug
from eas_station.cap.documents.document import Parsed
from eas_station.cap.products import product_messages
from eas_station.cap.products.product_messages import ProductReading, ProductTables
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.optional_library import NotInstalled, library
from eas_station.capd.feed.reading import DocumentReading, parse
from eas_station.capd.http.fetch import ServerError
from eas_station.capd.nwws.nwws_connection import (
    REFUSED_S,
    NwwsConnection,
    NwwsLogin,
    NwwsTimeouts,
    history_from,
)
from eas_station.capd.nwws.nwws_stanza import Stanza
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError

log = logging.getLogger(__name__)

DEFAULT_HOST, DEFAULT_PORT = "nwws-oi.weather.gov", 5222
_MISSED_AT_MOST = 100_000  # a larger gap means that the server counts anew


class NwwsFeed:
    """Keeps the connection and reads its products."""

    max_age_s = 0.0
    fault: str | None = None
    listed: tuple[str, ...] | None = None

    def __init__(
        self,
        feed: FeedConfig,
        credentials: FeedCredentials,
        tables: ProductTables,
        *,
        now: Callable[[], datetime],
        is_stopping: Callable[[], bool],
        timeouts: NwwsTimeouts | None = None,
    ) -> None:
        self._feed = feed
        self._credentials = credentials
        self._tables = tables
        self._now = now
        self._is_stopping = is_stopping
        self._timeouts = timeouts or NwwsTimeouts()
        self._wire: NwwsConnection | None = None
        self._last_heard_at: datetime | None = None
        self._missed = 0
        self._sequences: dict[int, int] = {}  # by process: the last number

    @property
    def note(self) -> str:
        """The last product and the number of missed ones."""
        last = self._last_heard_at
        heard = "no product so far" if last is None else f"last product {last:%H:%M}Z"
        return f"{heard}, {self._missed} missed" if self._missed else heard

    def read(self) -> Iterator[DocumentReading]:
        """The products that have arrived, or arrive within some seconds. Raises FeedError."""
        # Right after opening it does not wait, so that the status is reported.
        longest_s = 0.0 if self._wire is None else self._timeouts.read_s
        wire = self._wire or self._opened()
        self._wire = None  # after a failure the next poll opens another
        try:
            stanzas = wire.wait(longest_s)
        except FeedError:
            wire.close()
            raise
        self._wire = wire
        for stanza in stanzas:
            self._last_heard_at = self._now()
            self._count(stanza)
            reading = self._reading(stanza)
            if reading is not None:
                yield reading

    def accept(self) -> None:
        """Nothing to do: a product is sent once."""

    def close(self) -> None:
        """Leave the room."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _opened(self) -> NwwsConnection:
        """Raises FeedError."""
        try:
            xmpp = library("slixmpp", "python3-slixmpp")
        except NotInstalled as error:
            raise ServerError(str(error), REFUSED_S) from error
        since = history_from(self._last_heard_at, self._now())
        wire = NwwsConnection(xmpp, self._login(), since, self._is_stopping, self._timeouts)
        try:
            wire.open()
        except FeedError:
            wire.close()
            raise
        self._sequences.clear()
        log.info("feed %s: in the room", self._feed.name, extra={"EAS_FEED": self._feed.name})
        return wire

    def _login(self) -> NwwsLogin:
        feed = self._feed
        if feed.login_file is None:
            raise FeedError("login_file is not configured")
        lines = self._credentials.lines(feed.login_file)
        if len(lines) != 2:
            raise FeedError(
                f"the credential {feed.login_file} must be two lines, user and password"
            )
        return login_of(feed, lines[0].partition("@")[0], lines[1])

    def _count(self, stanza: Stanza) -> None:
        """Count missed products by the gaps in their numbers."""
        if stanza.process is None or stanza.sequence is None:
            return
        before = self._sequences.get(stanza.process)
        if before is not None and before < stanza.sequence <= before + _MISSED_AT_MOST:
            self._missed += stanza.sequence - before - 1
        if len(self._sequences) > 100:
            self._sequences.clear()
        self._sequences[stanza.process] = max(stanza.sequence, before or 0)

    def _reading(self, stanza: Stanza) -> DocumentReading | None:
        """The messages of a product; None: it is not a warning."""
        try:
            document = product_messages.cap_document(stanza.text)
            if document is not None:
                return DocumentReading(stanza.name, parse(document))
            found = self._product(stanza)
        except CapError as error:
            return DocumentReading(stanza.name, None, _told(stanza, error))
        if not found.messages and not found.rejected:
            return None
        return DocumentReading(stanza.name, Parsed("cap", found.messages, found.rejected))

    def _product(self, stanza: Stanza) -> ProductReading:
        """Raises CapError, and CapBug on an internal error."""
        try:
            sent_at = stanza.issued_at or self._now()
            return product_messages.read(stanza.text, sent_at, self._tables, stanza.awips)
        except CapError:
            raise
        except Exception as error:
            raise CapBug(error, stanza.text) from error


def _told(stanza: Stanza, error: CapError) -> CapError:
    """The error with the name of the product."""
    return error if isinstance(error, CapBug) else CapError(f"{stanza.name}: {error}", error.text)


def login_of(feed: FeedConfig, user: str, password: str) -> NwwsLogin:
    """Where to connect for a feed, with the service's defaults for what is not configured."""
    host = feed.host or DEFAULT_HOST
    return NwwsLogin(
        user=user,
        password=password,
        host=host,
        port=feed.port or DEFAULT_PORT,
        room=feed.room or f"nwws@conference.{host}",
        ca_file=feed.ca_file,
    )
