"""One CAP message as values: CAP 1.2 (OASIS, 1 July 2010), 3.2, in its own words.

XML, GeoJSON and text products all end here. Times are aware UTC, rings are closed (latitude,
longitude). `CapMessage.notes` says what was dropped or mended on the way in. These are named
tuples, because a nationwide answer holds ten thousand of them and a frozen dataclass takes five
times as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Ring = tuple[tuple[float, float], ...]  # closed, (latitude, longitude) in degrees
Circle = tuple[float, float, float]  # latitude, longitude in degrees, radius in km

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")  # CAP 1.2, 3.2.1


class Named(NamedTuple):
    """A valueName and its value: an eventCode, a parameter or a geocode."""

    name: str
    value: str


class Reference(NamedTuple):
    """An earlier message, named by its three parts."""

    sender: str
    identifier: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that belongs to an info block. Parsers never fetch it."""

    description: str | None
    mime_type: str | None
    size_bytes: int | None
    uri: str | None
    deref_uri: str | None  # the content in base64, as in the document
    digest: str | None


class CapArea(NamedTuple):
    """One area block."""

    description: str | None
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude: str | None = None  # feet above mean sea level, as written
    ceiling: str | None = None


class CapInfo(NamedTuple):
    """One info block: what a message says, in one language."""

    language: str  # "en-US" if the document names none (CAP 1.2, 3.2.2)
    event: str | None
    categories: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None
    audience: str | None = None
    event_codes: tuple[Named, ...] = ()
    effective_at: datetime | None = None
    onset_at: datetime | None = None
    expires_at: datetime | None = None
    ends_at: datetime | None = None  # NWS only: `ends`, or the parameter eventEndingTime
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    web: str | None = None
    contact: str | None = None
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[CapArea, ...] = ()

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter; ECIG 3.3.1: of repeated ones the first counts."""
        for found, value in self.parameters:
            if found == name:
                return value
        return None

    def parameter_values(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter, in document order."""
        return tuple([value for found, value in self.parameters if found == name])


class CapMessage(NamedTuple):
    """One CAP alert message."""

    identifier: str
    sender: str
    sent_at: datetime
    status: str  # one of STATUSES
    message_type: str  # as written: Alert Update Cancel Ack Error, or a word of the sender
    scope: str  # as written: Public Restricted Private
    version: str  # "1.1", "1.2"; "nws": GeoJSON of api.weather.gov or a text product
    raw: str  # the text of this alert alone
    infos: tuple[CapInfo, ...] = ()
    references: tuple[Reference, ...] = ()  # references, then expiredReferences
    codes: tuple[str, ...] = ()  # "IPAWSv1.0"
    source: str | None = None
    restriction: str | None = None
    addresses: str | None = None
    note: str | None = None
    incidents: str | None = None
    signed: bool = False  # it carries a signature
    signature: str | None = None  # "valid", "invalid: why", "unchecked: why"; None: not checked
    notes: tuple[str, ...] = ()  # what was dropped or mended, and why

    def info(self, language: str = "en-US") -> CapInfo | None:
        """The info block to read (ECIG 3.7): the first in the language, else in English, else any.

        "fr" finds "fr-CA", and so does "fr-FR" where nothing is nearer (RFC 4647, 3.3 and 3.4).
        None: the message has no info block, as a Cancel may.
        """
        if len(self.infos) < 2:
            return self.infos[0] if self.infos else None
        parts = language.lower().split("-")
        nearer = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
        for wanted in (*nearer, "en-us", "en"):
            for info in self.infos:
                if f"{info.language.lower()}-".startswith(f"{wanted}-"):
                    return info
        return self.infos[0]


_ISSUE_RANKS = {"Update": 1, "Cancel": 2}  # what ends or replaces something comes after it


def order_of_issue(message: CapMessage) -> tuple[datetime, int, str, str]:
    """A sort key: the order in which messages were issued; within one second Alert before Update
    before Cancel."""
    rank = _ISSUE_RANKS.get(message.message_type, 0)
    return message.sent_at, rank, message.sender, message.identifier
