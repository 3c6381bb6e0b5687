"""What a feed gives in one poll, of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from eas_station.cap.bug import CapBug
from eas_station.cap.documents import document
from eas_station.cap.documents.document import Parsed
from eas_station.errors import CapError

NO_ALERTS = Parsed("feed", (), ())  # what HTTP 204 says


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """One document: what is in it, or why it cannot be read."""

    name: str  # the URL or the file
    parsed: Parsed | None
    refused: CapError | None = None  # the document as a whole


class FeedReader(Protocol):
    """One kind of feed."""

    max_age_s: float  # the server gives the same answer for so long

    @property
    def note(self) -> str:
        """What else the operator should know, as a part of a sentence; or ""."""

    @property
    def fault(self) -> str | None:
        """Why the feed gives less than it should, although it answers; None: it does not."""

    @property
    def listed(self) -> tuple[str, ...] | None:
        """The names of all documents of the last answer; None: the feed is a stream."""

    def read(self) -> Iterator[DocumentReading]:
        """The documents that are new or may be. Raises FeedError, CapError."""

    def accept(self) -> None:
        """All of the last poll was taken: do not give it again."""

    def close(self) -> None:
        """End what is connected; the next read connects again."""


def parse(data: bytes, is_known: Callable[[str], bool] | None = None) -> Parsed:
    """Read a document. Raises CapError, and CapBug where the reading itself fails.

    Args:
        is_known: was the text of an alert in GeoJSON taken before; then it is left out.
    """
    try:
        return document.parse(data, is_known=is_known)
    except CapError:
        raise
    except Exception as error:
        raise CapBug(error, data.decode("utf-8", "backslashreplace")) from error
