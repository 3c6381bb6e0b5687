"""A feed behind a URL: the NWS's API with its pages, or any CAP document, Atom or RSS feed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from math import inf
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from eas_station.cap.bug import CapBug
from eas_station.cap.documents.document import Parsed
from eas_station.capd.feed.known import Known
from eas_station.capd.feed.reading import DocumentReading, parse
from eas_station.capd.http.fetch import (
    DEADLINE_S,
    Answer,
    HttpClient,
    ServerError,
    Validators,
    redirected,
)
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError
from eas_station.store.records.feeds import FeedState

NWS_URL = "https://api.weather.gov"
NWS_PATH = "/alerts/active"
ACCEPT_NWS = "application/geo+json"
ACCEPT_CAP = (
    "application/cap+xml, application/common-alerting-protocol+xml, application/atom+xml,"
    " application/rss+xml, application/geo+json;q=0.9, application/xml;q=0.8, */*;q=0.1"
)
SAVED_EVERY_S = 600.0  # the validators; older ones cost the next life one answer in full
MAX_PAGES = 50
MAX_LINKS = 100  # fetched in one poll; the others come with the next ones
MAX_REMEMBERED_LINKS = 20_000
MAX_TRIES = 5  # of a link that gives no document


def _forget(_: FeedState) -> None:
    """For a feed that is read only once."""


def _validators(remembered: FeedState | None, url: str) -> Validators | None:
    """Those of the last life's last answer, if that came from this address."""
    if remembered is None or remembered.position != url:
        return None
    return Validators(remembered.etag, remembered.last_modified)


def nws_url(feed: FeedConfig) -> str:
    """The address of a feed of kind nws.

    Cancels are asked for by name, or the API leaves them out; zone, area and point exclude each
    other there, so the narrowest that is configured is asked for. A query that the configured URL
    has of its own is kept as it is.
    """
    parts = urlsplit(feed.url or NWS_URL)
    path = parts.path if parts.path not in ("", "/") else NWS_PATH
    if parts.query:
        return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    query = {"status": "actual", "message_type": "alert,update,cancel"}
    if feed.zone:
        query["zone"] = ",".join(feed.zone)
    elif feed.area:
        query["area"] = ",".join(feed.area)
    elif feed.point is not None:
        query["point"] = "{:.4f},{:.4f}".format(*feed.point)
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(query, safe=","), ""))


class HttpFeed:
    """Asks a server for its alerts, and only for what is new since the last good answer."""

    note = ""

    def __init__(
        self,
        feed: FeedConfig,
        client: HttpClient,
        remembered: FeedState | None = None,
        save: Callable[[FeedState], None] = _forget,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            remembered: what the last life of the process knew of the feed.
            save: remembers it for the next one.
        """
        self.max_age_s = 0.0  # what the last good answer said of its own age limit
        self._url = nws_url(feed) if feed.kind == "nws" else feed.url or ""
        self._accept = ACCEPT_NWS if feed.kind == "nws" else ACCEPT_CAP
        self._client = client
        self._monotonic = monotonic
        self._feed = feed.name
        self._save = save
        self._saved_s: float | None = None
        self._validators = _validators(remembered, self._url)
        self._pending: Validators | None = None
        self._texts = Known()  # of the alerts that were given
        self._fetched: dict[str, None] = {}  # links of a feed, each fetched once
        self._failed: dict[str, int] = {}  # links, how often tried in vain

    def read(self) -> Iterator[DocumentReading]:
        """The documents of one poll, as they come; nothing if nothing has changed.

        Raises FeedError, and CapError where the answer as a whole is no CAP document: what was
        given before that is good.
        """
        deadline_s = self._monotonic() + DEADLINE_S
        answer = self._client.get(self._url, self._accept, self._validators, deadline_s)
        self.max_age_s = answer.max_age_s
        if answer.body is None:
            return
        self._pending = None
        complete = True
        for url, parsed in self._pages(answer, answer.body, deadline_s):
            yield DocumentReading(url, parsed)
            for message in parsed.messages:  # they are taken: whoever reads us comes back for more
                self._texts.add(message.raw)
            links = tuple(link.url for link in parsed.links)
            yield from self._linked(url, links, deadline_s)
            complete = complete and parsed.next_url is None and not self._missing(url, links)
        self._pending = answer.validators if complete else None

    def accept(self) -> None:
        """The last poll was good to its end: from now on ask only for what is new."""
        if self._pending is None or self._pending == self._validators:
            return
        self._validators = self._pending
        due_s = -inf if self._saved_s is None else self._saved_s + SAVED_EVERY_S
        if self._monotonic() >= due_s:
            self._saved_s = self._monotonic()
            etag, last_modified = self._validators.etag, self._validators.last_modified
            self._save(FeedState(self._feed, etag, last_modified, position=self._url))

    def _pages(
        self, answer: Answer, body: bytes, deadline_s: float
    ) -> Iterator[tuple[str, Parsed]]:
        """The first page and those it leads to, each once: some lead to themselves."""
        visited = {answer.url}
        url = answer.url
        for _ in range(MAX_PAGES):
            parsed = parse(body, self._texts.seen)
            yield url, parsed
            if parsed.next_url is None:
                return
            following = redirected(url, parsed.next_url)
            if following in visited:
                return
            visited.add(following)
            url = following
            page = self._client.get(url, self._accept, None, deadline_s)
            if page.body is None:
                raise ServerError("HTTP 304 to a question without a condition", None)
            body = page.body
        raise FeedError(f"more than {MAX_PAGES} pages")

    def _linked(
        self, base: str, links: tuple[str, ...], deadline_s: float
    ) -> Iterator[DocumentReading]:
        """The documents behind the links of a feed that were not fetched before."""
        for url in self._missing(base, links)[:MAX_LINKS]:
            if self._monotonic() >= deadline_s:
                return
            try:
                redirected(base, url)
            except FeedError as error:
                self._failed[url] = MAX_TRIES
                yield DocumentReading(url, None, CapError(f"a link is not followed, {error}"))
                continue
            try:
                answer = self._client.get(url, ACCEPT_CAP, None, deadline_s)
                parsed = parse(answer.body or b"")
            except (ServerError, CapError) as error:
                self._failed[url] = self._failed.get(url, 0) + 1
                yield DocumentReading(url, None, _told(url, error))
                continue
            self._fetched[url] = None
            yield DocumentReading(url, parsed)
        for remembered in (self._fetched, self._failed):
            while len(remembered) > MAX_REMEMBERED_LINKS:
                del remembered[next(iter(remembered))]

    def _missing(self, base: str, links: tuple[str, ...]) -> list[str]:
        """The links still to be fetched: not there yet, and not tried in vain too often."""
        return [
            url
            for url in dict.fromkeys(_absolute(base, link) for link in links)
            if url not in self._fetched and self._failed.get(url, 0) < MAX_TRIES
        ]


def _absolute(base: str, link: str) -> str:
    """Where a link leads; as written if that is not an address: `redirected` will refuse it."""
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _told(url: str, error: ServerError | CapError) -> CapError:
    """Why a link gave nothing, with the link."""
    if isinstance(error, CapBug):
        return error
    text = error.text if isinstance(error, CapError) else ""
    return CapError(f"{url[:200]}: {error}", text)
