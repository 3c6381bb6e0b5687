"""A feed of FEMA's IPAWS-OPEN: everything since the last good poll, each alert with its signature.

`recent/TIME` gives all messages since that time, so each poll asks from the last good one, and from
some minutes before it. There is no ETag and no paging.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit, urlunsplit

from eas_station.cap.documents.document import Parsed
from eas_station.cap.message import CapMessage
from eas_station.cap.xml import cut
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.reading import NO_ALERTS, DocumentReading, parse
from eas_station.capd.feed.seen_texts import SeenTexts, message_key
from eas_station.capd.http.fetch import (
    DEADLINE_S,
    NO_CONTENT,
    NOT_MODIFIED,
    HttpClient,
    ServerError,
)
from eas_station.capd.ipaws.signatures import Verifier
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError
from eas_station.store.records.feeds import FeedState

log = logging.getLogger(__name__)

IPAWS_URL = "https://apps.fema.gov/IPAWSOPEN_EAS_SERVICE/rest/eas/recent"
ACCEPT = "application/xml, application/cap+xml;q=0.9, */*;q=0.1"
OVERLAP = timedelta(minutes=5)  # an alert may become visible some time after it was sent
FIRST_REACH = timedelta(hours=24)  # of a station that has never polled this feed
LONGEST_REACH = timedelta(days=3)
HIDDEN = "[PIN]"
SAVED_S = 600.0  # an answer like the one before is no reason to write
_MAX_TOLD = 2_000


class IpawsFeed:
    """Asks for what is new since the last good poll, and verifies its signatures."""

    max_age_s = 0.0
    fault: str | None = None

    def __init__(
        self,
        feed: FeedConfig,
        client: HttpClient,
        verifier: Verifier,
        credentials: FeedCredentials,
        remembered: FeedState,
        save: Callable[[FeedState], None],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            remembered: what an earlier process knew of the feed.
            save: keeps when the last good poll was, for the next process.
        """
        self.listed: tuple[str, ...] | None = ()
        self._feed = feed
        self._client = client
        self._verifier = verifier
        self._credentials = credentials
        self._save = save
        self._now = now
        self._monotonic = monotonic
        self._last_good_at = remembered.last_good_at
        self._asked_at: datetime | None = None
        self._body = b""  # of the last good answer
        self._is_news = False
        self._saved_s = -SAVED_S
        self._told = SeenTexts(_MAX_TOLD)

    @property
    def note(self) -> str:
        """The state of the verification."""
        return self._verifier.note

    def read(self) -> Iterator[DocumentReading]:
        """One document with all recent alerts. Raises FeedError, CapError."""
        self._asked_at = None
        asked_at = self._now()
        pin = None if self._feed.pin_file is None else self._credentials.single(self._feed.pin_file)
        self._verifier.refresh()
        shown = recent_url(self._feed.url, self._since(asked_at), HIDDEN if pin else None)
        url = recent_url(self._feed.url, self._since(asked_at), pin)
        answer = self._get(url, pin)
        self.listed = (shown,)
        yield DocumentReading(shown, self._parsed(answer) if answer else NO_ALERTS)
        self._is_news, self._body = answer != self._body, answer
        self._asked_at = asked_at

    def accept(self) -> None:
        """The last poll was good to its end: the next one asks from there."""
        if self._asked_at is None:
            return
        self._last_good_at = self._asked_at
        if self._is_news or self._monotonic() >= self._saved_s + SAVED_S:
            self._saved_s = self._monotonic()
            self._save(FeedState(self._feed.name, last_good_at=self._asked_at))

    def close(self) -> None:
        """Nothing to do: each request has its own connection."""

    def _since(self, at: datetime) -> datetime:
        """The time to ask from; after the clock was set back it is earlier, never later."""
        if self._last_good_at is None:
            return at - FIRST_REACH
        return max(min(self._last_good_at, at) - OVERLAP, at - LONGEST_REACH)

    def _get(self, url: str, pin: str | None) -> bytes:
        """The body of the answer, empty if it has no alerts.

        Raises CapError, and FeedError without the PIN in its text.
        """
        try:
            answer = self._client.get(url, ACCEPT, None, self._monotonic() + DEADLINE_S)
        except ServerError as error:
            raise ServerError(_hidden(str(error), pin), error.retry_after_s) from None
        except FeedError as error:
            raise FeedError(_hidden(str(error), pin)) from None
        if answer.status == NOT_MODIFIED:
            raise ServerError("HTTP 304 to a request without a condition", None)
        if answer.status != NO_CONTENT and not answer.body:
            raise CapError("an empty document")
        return answer.body

    def _parsed(self, body: bytes) -> Parsed:
        """The alerts of an answer, each read alone from its own bytes. Raises CapError."""
        whole = parse(body)
        if whole.form not in ("ipaws", "cap"):
            raise CapError(f"a document of the form {whole.form!r}, not that of IPAWS")
        messages: list[CapMessage] = []
        rejected: list[CapError] = []
        for piece in cut.alerts(body):
            try:
                read = parse(piece)
            except CapError as error:
                rejected.append(error)
                continue
            rejected.extend(read.rejected)
            messages.extend(self._judged(message, piece) for message in read.messages)
        return Parsed(whole.form, tuple(messages), tuple(rejected))

    def _judged(self, message: CapMessage, piece: bytes) -> CapMessage:
        """The message with the result for its signature; each bad one is logged once."""
        try:
            verdict = self._verifier.verdict(piece, message.sent_at)
        except Exception:
            log.exception("feed %s: a signature caused an internal error", self._feed.name)
            verdict = "unchecked: internal error"
        key = message_key(message.sender, message.identifier, message.sent_at) + verdict
        if verdict.startswith("invalid") and not self._told.seen(key):
            self._told.add(key)
            log.warning(
                "feed %s: %s is not verified: %s",
                *(self._feed.name, message.identifier[:100], verdict),
                extra={"EAS_FEED": self._feed.name},
            )
        return message._replace(signature=verdict)


def recent_url(url: str | None, since: datetime, pin: str | None) -> str:
    """The address to ask; only the PIN is added to a URL that does not end in `recent`."""
    parts = urlsplit(url or IPAWS_URL)
    path = parts.path.rstrip("/") or urlsplit(IPAWS_URL).path
    if path.endswith("/recent"):
        path = f"{path}/{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    query = parts.query
    if pin is not None:
        written = pin if pin == HIDDEN else quote(pin, safe="")
        query = f"{query}&pin={written}" if query else f"pin={written}"
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _hidden(text: str, pin: str | None) -> str:
    """A sentence without the PIN in any encoding."""
    for written in () if pin is None else (pin, quote(pin, safe=""), quote(pin)):
        text = text.replace(written, HIDDEN)
    return text
