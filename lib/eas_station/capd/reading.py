"""What a feed gives in one poll, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from eas_station.cap.document import Parsed
from eas_station.errors import CapError


@dataclass(frozen=True, slots=True)
class Reading:
    """One document: what it says, or why it says nothing."""

    name: str  # the URL or the file
    parsed: Parsed | None
    refused: CapError | None = None  # the document as a whole


class Reader(Protocol):
    """One kind of feed."""

    max_age_s: float  # do not ask earlier than so long after a good answer

    def read(self) -> Iterator[Reading]:
        """The documents that are new or may be. Raises FeedError, CapError."""

    def accept(self) -> None:
        """All of the last poll was taken: do not give it again."""
