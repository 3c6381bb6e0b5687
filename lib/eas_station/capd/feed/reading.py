"""What a feed gives in one poll, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from eas_station.cap.bug import CapBug
from eas_station.cap.documents import document
from eas_station.cap.documents.document import Parsed
from eas_station.errors import CapError


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """One document: what it says, or why it says nothing."""

    name: str  # the URL or the file
    parsed: Parsed | None
    refused: CapError | None = None  # the document as a whole


class FeedReader(Protocol):
    """One kind of feed."""

    max_age_s: float  # do not ask earlier than so long after a good answer

    @property
    def note(self) -> str:
        """What the operator should know besides, as a part of a sentence; or ""."""

    def read(self) -> Iterator[DocumentReading]:
        """The documents that are new or may be. Raises FeedError, CapError."""

    def accept(self) -> None:
        """All of the last poll was taken: do not give it again."""


def parse(data: bytes, is_known: Callable[[str], bool] | None = None) -> Parsed:
    """Read a document. Raises CapError, and CapBug where the reading itself fails.

    Args:
        is_known: says of the text of an alert in GeoJSON that it was read before: it is left out.
    """
    try:
        return document.parse(data, is_known=is_known)
    except CapError:
        raise
    except Exception as error:
        raise CapBug(error, data.decode("utf-8", "backslashreplace")) from error
