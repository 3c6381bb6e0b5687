"""A feed behind a URL: the NWS's API with its pages, or any CAP document, Atom or RSS feed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from urllib.parse import urlencode, urlsplit, urlunsplit

from eas_station.cap.bug import CapBug
from eas_station.cap.documents.document import Parsed
from eas_station.cap.documents.feed import FeedLink
from eas_station.capd.feed.bounded_call import StationStopsError
from eas_station.capd.feed.reading import NO_ALERTS, DocumentReading, parse
from eas_station.capd.http.fetch import (
    DEADLINE_S,
    NO_CONTENT,
    NOT_MODIFIED,
    Answer,
    HttpClient,
    ServerError,
    Validators,
    redirected,
)
from eas_station.capd.http.links import LinkTarget, UnnamedHostError, hosts_sentence, link_target
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError

NWS_URL = "https://api.weather.gov"
NWS_PATH = "/alerts/active"
ACCEPT_NWS = "application/geo+json"
ACCEPT_CAP = (
    "application/cap+xml, application/common-alerting-protocol+xml, application/atom+xml,"
    " application/rss+xml, application/geo+json;q=0.9, application/xml;q=0.8, */*;q=0.1"
)
BELIEVED_S = 3600.0  # how long a server's "not modified" counts
MAX_PAGES = 50
MAX_LINKS = 100  # fetched in one poll; the others come with the next ones
MAX_TRIES, TRIES_S = 5, 600.0  # of a link that gives no document: so many in so many seconds


@dataclass(slots=True)
class _Link:
    """A link of the feed, and what came of it."""

    target: LinkTarget
    updated: str | None  # of its entry
    is_read: bool = False
    tries: int = 0  # without a document
    gives_nothing: bool = False  # by what the server answered last

    @property
    def is_waiting(self) -> bool:
        """Is it still to be fetched; not after many tries, unless its server did not answer."""
        return not self.is_read and not (self.gives_nothing and self.tries >= MAX_TRIES)


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

    def __init__(
        self,
        feed: FeedConfig,
        client: HttpClient,
        is_taken: Callable[[str], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            is_taken: was an alert with this text taken; then it is not parsed again.
        """
        self.max_age_s = 0.0
        self.listed: tuple[str, ...] | None = ()
        self._feed = feed
        self._url = nws_url(feed) if feed.kind == "nws" else feed.url or ""
        self._accept = ACCEPT_NWS if feed.kind == "nws" else ACCEPT_CAP
        self._client = client
        self._is_taken = is_taken
        self._monotonic = monotonic
        self._validators: Validators | None = None  # None: ask for the whole answer
        self._pending: Validators | None = None
        self._whole_s = self._asked_s = self._tries_s = -inf  # last whole answer, poll, tries
        self._links: dict[str, _Link] = {}
        self._unnamed: Counter[str] = Counter()  # hosts

    @property
    def note(self) -> str:
        """How many links are still to be fetched."""
        waiting = len(self._waiting())
        return f"{waiting} linked alerts still to be fetched" if waiting else ""

    @property
    def fault(self) -> str | None:
        """Which hosts the operator has to name."""
        return hosts_sentence(self._unnamed) if self._unnamed else None

    def read(self) -> Iterator[DocumentReading]:
        """The documents of one poll, as they come; nothing if nothing has changed.

        Raises FeedError, and CapError where the answer as a whole is no CAP document: what was
        given before that is good.
        """
        self._asked_s = self._monotonic()
        deadline_s = self._asked_s + DEADLINE_S
        validators = self._believed()
        answer = self._client.get(self._url, self._accept, validators, deadline_s)
        self.max_age_s = answer.max_age_s
        if answer.status != NOT_MODIFIED or validators is None:
            yield from self._whole(answer, deadline_s)
        yield from self._linked(deadline_s)

    def accept(self) -> None:
        """The last poll was good to its end: from now on ask only for what is new."""
        if self._pending is not None:
            self._validators, self._whole_s, self._pending = self._pending, self._asked_s, None

    def close(self) -> None:
        """Nothing to do: each request has its own connection."""

    def _whole(self, answer: Answer, deadline_s: float) -> Iterator[DocumentReading]:
        """The pages of an answer. Its links are noted; those that must not be followed refused."""
        self._pending = None
        names: list[str] = []
        links: list[tuple[str, FeedLink]] = []
        for url, parsed in self._pages(answer, deadline_s):
            names.append(url)
            links.extend((url, link) for link in parsed.links)
            yield DocumentReading(url, parsed)
        refused = list(self._note_links(links))
        self.listed = tuple(dict.fromkeys([*names, *(r.name for r in refused), *self._links]))
        if len(names) == 1:  # the validators are those of the first page alone
            self._pending = answer.validators
        yield from refused

    def _believed(self) -> Validators | None:
        """The validators; None once an hour: a server may call an answer unchanged by mistake.

        The hour must not pass before the next poll, which may come after twice the interval.
        """
        next_s = self._asked_s + 2 * self._feed.interval_s
        return self._validators if next_s <= self._whole_s + BELIEVED_S else None

    def _pages(self, answer: Answer, deadline_s: float) -> Iterator[tuple[str, Parsed]]:
        """The first page and those that follow, each once: some servers' pages form a circle."""
        visited: set[str] = set()
        for _ in range(MAX_PAGES):
            visited.add(answer.url)
            parsed = _parsed(answer, self._is_taken)
            yield answer.url, parsed
            if parsed.next_url is None:
                return
            following = redirected(answer.url, parsed.next_url)
            if following in visited:
                return
            visited.add(following)
            answer = self._client.get(following, self._accept, None, deadline_s)
        raise FeedError(f"more than {MAX_PAGES} pages")

    def _note_links(self, links: Iterable[tuple[str, FeedLink]]) -> Iterator[DocumentReading]:
        """Replace the links by those of a new answer; the refusals of those not to be followed."""
        found: dict[str, _Link] = {}
        self._unnamed.clear()
        for base, link in links:
            try:
                target = link_target(base, link.url, self._feed.link_hosts)
            except CapError as error:
                if isinstance(error, UnnamedHostError):
                    self._unnamed[error.host] += 1
                yield DocumentReading(link.url, None, _named(link.url, error))
                continue
            known = self._links.get(target.url)
            if known is None or known.updated != link.updated:
                known = _Link(target, link.updated)
            found.setdefault(target.url, known)
        self._links = found

    def _linked(self, deadline_s: float) -> Iterator[DocumentReading]:
        """The documents behind the links that were not read yet; those that failed come last."""
        if self._asked_s >= self._tries_s + TRIES_S:
            self._tries_s = self._asked_s
            for link in self._links.values():
                link.tries = 0
        for link in sorted(self._waiting(), key=lambda link: link.tries)[:MAX_LINKS]:
            if self._monotonic() >= deadline_s:
                return
            url = link.target.url
            try:
                answer = self._client.get(
                    url, ACCEPT_CAP, None, deadline_s, link.target.public_only
                )
                parsed = _parsed(answer)
            except StationStopsError:
                raise
            except (FeedError, CapError) as error:
                link.tries += 1
                link.gives_nothing = isinstance(error, (ServerError, CapError))
                yield DocumentReading(url, None, _named(url, error))
                continue
            link.is_read = True
            yield DocumentReading(url, parsed)

    def _waiting(self) -> list[_Link]:
        return [link for link in self._links.values() if link.is_waiting]


def _parsed(answer: Answer, is_taken: Callable[[str], bool] | None = None) -> Parsed:
    """Raises CapError, and ServerError where there is no document."""
    if answer.status == NO_CONTENT:
        return NO_ALERTS
    if answer.status == NOT_MODIFIED:
        raise ServerError("HTTP 304 to a request without a condition", None)
    return parse(answer.body, is_taken)


def _named(url: str, error: FeedError | CapError) -> CapError:
    """Why a link gave nothing, with the link."""
    if isinstance(error, CapBug):
        return error
    text = error.text if isinstance(error, CapError) else ""
    return CapError(f"{url[:200]}: {error}", text)
