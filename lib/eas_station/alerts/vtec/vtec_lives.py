"""The events that P-VTEC numbers name, followed through the messages in the order of issue.

Source: NWSI 10-1703. A message that tells no year speaks of the event of that office, phenomenon,
significance and number that is alive; then the begin time decides, then the message's own date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eas_station.alerts.model import EventRef, Statement
from eas_station.alerts.vtec.ends import end_of, expiry_of
from eas_station.alerts.vtec.message_order import said_at
from eas_station.alerts.vtec.vtec_events import AT_ONCE, EXPIRES, fixed_year, years_of

SAME_TIME = timedelta(minutes=10)  # copies of one product, by CAP and as a text, are dated so
AFTERWARDS = timedelta(hours=1)  # an event is spoken of so long after its end
OPEN = timedelta(days=200)  # an event until further notice has this number, renewed or not
UNHEARD = timedelta(days=7)  # an event without NEW is the same for so long after its end


@dataclass(slots=True)
class EventLife:
    """One event: its year, and how long its places are held."""

    member: int  # the number of a message that speaks of it
    years: tuple[int, ...]  # in which it may have got its number, the likeliest first
    is_fixed: bool  # its NEW was heard
    first_at: datetime
    begins_at: datetime | None
    ends_at: datetime | None = None
    until: dict[str, datetime] = field(default_factory=dict)  # by place

    def may_be(self, event: EventRef, said: Statement) -> bool:
        """Can a message speak of this event, by its year and time."""
        year = fixed_year(event, said.issued_at)
        if year is not None and not self.is_fixed:  # nothing is said of an event before its NEW
            return year in self.years and said_at(said) <= self.first_at + SAME_TIME
        if not set(years_of(event, said.issued_at)) & set(self.years):
            return False
        return year is not None or self._is_spoken_of(event, said)

    def _is_spoken_of(self, event: EventRef, said: Statement) -> bool:
        """Is it alive, or over only lately; or does nothing but its year decide."""
        silent = said_at(said) - self.over_at()
        if silent <= AFTERWARDS:
            return True
        is_likeliest = years_of(event, said.issued_at)[0] == self.years[0]
        return is_likeliest and (self.is_fixed or silent <= UNHEARD)

    def over_at(self) -> datetime:
        """When the last of its places is released."""
        return max(self.until.values(), default=self.first_at)

    def unlikeness(self, event: EventRef, said: Statement, places: set[str]) -> tuple[object, ...]:
        """How ill a message fits, to choose among several: the least is taken."""
        at = said_at(said)
        held = {place for place, until in self.until.items() if until > at}
        return (
            not held,
            event.begins_at is None or event.begins_at != self.begins_at,
            event.ends_at != self.ends_at,
            not held & places,
            -self.years[0],
        )

    def take(self, event: EventRef, said: Statement, places: set[str]) -> None:
        """What a message says of it."""
        year = fixed_year(event, said.issued_at)
        if year is not None:
            self.years, self.is_fixed, self.begins_at = (year,), True, event.begins_at
        self.ends_at = event.ends_at
        places = places or {""}
        if said.kind == "cancel" or event.action in (*AT_ONCE, EXPIRES):
            over_at = said.issued_at
            if event.action == EXPIRES:
                over_at = expiry_of(said, event) or over_at
            named = self.until.keys() if places == {""} else places & self.until.keys()
            for place in list(named) or places:
                self.until[place] = min(self.until.get(place, over_at), over_at)
            return
        until, kind = end_of(said, event, alone=len(said.events) == 1)
        if until is None or kind == "until_further_notice":
            until = said_at(said) + OPEN
        self.until.update(dict.fromkeys(places, until))


def begun(member: int, event: EventRef, said: Statement) -> EventLife:
    """An event of which a message is the first word."""
    year = fixed_year(event, said.issued_at)
    return EventLife(
        member=member,
        years=years_of(event, said.issued_at),
        is_fixed=year is not None,
        first_at=said_at(said),
        begins_at=event.begins_at,
    )
