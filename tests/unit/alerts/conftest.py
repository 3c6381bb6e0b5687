"""Makers of receptions, and a small store that admits them one by one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import (
    Alert,
    EventRef,
    HeardText,
    Key,
    KnownAlert,
    MessageId,
    Reception,
    Statement,
)
from eas_station.alerts.sources import from_same
from eas_station.geo.area import Area
from eas_station.tables import Tables

START = datetime.fromisoformat("2026-04-20T16:00:00Z")
SENDER = "w-nws.webmaster@noaa.gov"


def after(minutes: float) -> datetime:
    """So many minutes after the beginning of the story."""
    return START + timedelta(minutes=minutes)


class Maker:
    """Makes receptions with numbers in place of UUIDs."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"{next(self._numbers):08}"

    def off_air(
        self, header: str, minutes: float, channel: str = "162.550", trusted: bool = True
    ) -> Reception:
        """A SAME header heard so many minutes after START."""
        return from_same.reception(
            header,
            origin="wx",
            channel=channel,
            received_at=after(minutes),
            evidence=None,
            clock_trusted=trusted,
            event_name=lambda code: code,
            new_id=self.new_id,
        )

    def cap(
        self,
        name: str,
        minutes: float,
        *,
        kind: str = "alert",
        references: Sequence[str] = (),
        vtec: Sequence[tuple[str, str]] = (),  # (action, key)
        ends: float | None = None,
        expires: float | None = 60,
        heard: float | None = None,
        signature: str | None = None,
        **more: object,
    ) -> Reception:
        """A CAP message said so many minutes after START; "A@0" names one said at 0."""
        end = ends if ends is not None else expires
        events = tuple(
            EventRef(key, action, "O", None, None if end is None else after(end))
            for action, key in vtec
        )
        said = Statement(
            kind=kind,  # type: ignore[arg-type]
            status="actual",
            event_name="Tornado Warning",
            issued_at=after(minutes),
            message=MessageId(SENDER, name, after(minutes)),
            references=tuple(message_id(reference) for reference in references),
            events=events,
            expires_at=None if expires is None else after(expires),
            ends_at=None if ends is None else after(ends),
        )
        return Reception(
            reception_id=self.new_id(),
            via="cap",
            origin="nws",
            channel=None,
            received_at=after(minutes + 0.5 if heard is None else heard),
            raw=name,
            statement=replace(said, **more),  # type: ignore[arg-type]
            signature=signature,
        )


def message_id(reference: str) -> MessageId:
    name, _, minutes = reference.partition("@")
    return MessageId(SENDER, name, after(float(minutes)))


@dataclass
class Register:
    """What the flusher does with an admission, in memory: every alert with its receptions."""

    admission: Admission
    candidates: list[KnownAlert] = field(default_factory=list)  # in the order of creation
    joined: dict[str, str] = field(default_factory=dict)  # younger → elder
    _keys: dict[int, frozenset[Key]] = field(default_factory=dict)  # of each candidate
    _recorded: int = 0
    _created: int = 0

    def take(self, reception: Reception) -> Alert:
        """Admit one reception; its alert as it stands then."""
        self._recorded += 1
        text = HeardText(reception, self._recorded, reception.received_at)
        known = self._sharing(self.admission.sought(reception))
        admitted = self.admission.admit(text, known, self._begin)
        for one in admitted:
            gone = {one.known.alert.alert_id, *one.joined}
            self.candidates = [c for c in self.candidates if c.alert.alert_id not in gone]
            self.candidates.append(one.known)
            self._keys[one.known.number] = frozenset(
                key for r in one.known.receptions for key in self.admission.keys(r)
            )
            self.joined |= dict.fromkeys(one.joined, one.known.alert.alert_id)
        self.candidates.sort(key=lambda candidate: candidate.number)
        return admitted[0].known.alert

    def take_all(self, receptions: Iterable[Reception]) -> tuple[Alert, ...]:
        for reception in receptions:
            self.take(reception)
        return self.alerts

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(candidate.alert for candidate in self.candidates)

    def _begin(self) -> tuple[str, int]:
        self._created += 1
        return f"alert-{self._created - 1}", self._created

    def _sharing(self, keys: Iterable[Key]) -> list[KnownAlert]:
        asked, found = set(keys), {}
        while True:
            fresh = {
                c.number: c
                for c in self.candidates
                if c.number not in found and not asked.isdisjoint(self._keys[c.number])
            }
            if not fresh:
                return [found[number] for number in sorted(found)]
            found |= fresh
            asked = {key for c in fresh.values() for key in self.admission.rivals(c.receptions)}


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def all_tables() -> Tables:
    return tables.load()


@pytest.fixture
def new_register(all_tables: Tables) -> Callable[..., Register]:
    """Makes an empty register for an area, with the clock at a moment."""

    def new(
        area: Area | None = None,
        now: Callable[[], datetime] = lambda: START,
        trusted: Callable[[], bool] = lambda: True,
    ) -> Register:
        return Register(
            Admission(
                area=lambda: area or Area(),
                tables=all_tables,
                now=now,
                clock_trusted=trusted,
            )
        )

    return new
