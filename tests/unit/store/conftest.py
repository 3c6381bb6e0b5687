"""A record on SQLite with small rules of its own, for the tests of the store."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from eas_station.alerts.model import (
    Admitted,
    Alert,
    HeardText,
    Key,
    KnownAlert,
    MessageId,
    Reception,
    Relevance,
    RuleStep,
    Statement,
)
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.spool import Spool

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


class SmallAdmission:
    """Honest rules, only small: what has the same header is one alert."""

    def __init__(self) -> None:
        self.folded: list[int] = []  # how many receptions each time

    def admits(self, reception: Reception) -> bool:
        return True

    def keys(self, reception: Reception) -> tuple[Key, ...]:
        found = [Key("same", reception.statement.same_header or reception.reception_id)]
        found += [Key("strong", ref.identifier) for ref in reception.statement.references]
        if reception.statement.message is not None:
            found.append(Key("strong", reception.statement.message.identifier))
        return tuple(found)

    def sought(self, reception: Reception) -> tuple[Key, ...]:
        return self.keys(reception)

    def rivals(self, receptions: Sequence[Reception]) -> tuple[Key, ...]:
        return ()

    def admit(
        self,
        text: HeardText | None,
        known: Sequence[KnownAlert],
        begin: Callable[[], tuple[str, int]],
    ) -> tuple[Admitted, ...]:
        if text is None:
            return ()
        texts, previous = {text.name: text}, None
        alert_id, number = begin() if not known else (known[0].alert.alert_id, known[0].number)
        if known:
            previous = known[0].alert
            texts = {one.name: one for one in known[0].texts}
            again = texts.get(text.name)
            texts[text.name] = text if again is None else _again(again, text)
        heard = sorted(texts.values(), key=lambda one: (one.first.received_at, one.number))
        alert = replace(
            self.fold(alert_id, [one.first for one in heard], previous),
            reception_count=sum(one.count for one in heard),
            first_received_at=min(one.first.received_at for one in heard),
            last_received_at=max(one.last_at for one in heard),
        )
        return (Admitted(KnownAlert(alert, number, tuple(heard)), previous),)

    def fold(self, alert_id: str, receptions: Sequence[Reception], previous: Alert | None) -> Alert:
        self.folded.append(len(receptions))
        last = receptions[-1]
        said = last.statement
        if "bug" in (said.headline or ""):
            raise ZeroDivisionError(said.headline)
        cancelled = said.kind == "cancel"
        relevant = "039173" in said.same_codes
        return Alert(
            alert_id=alert_id,
            status=said.status,
            is_test=said.status != "actual",
            event_name=said.event_name,
            event_code=said.event_code,
            originator=said.originator,
            issued_at=said.issued_at,
            first_received_at=min(reception.received_at for reception in receptions),
            last_received_at=max(reception.received_at for reception in receptions),
            ends_at=said.ends_at or said.expires_at,
            end_reason="cancelled" if cancelled else None,
            ended_at=NOON if cancelled else None,
            same_codes=said.same_codes,
            ugc_codes=said.ugc_codes,
            polygons=said.polygons,
            relevance=Relevance(relevant, "same-code", (RuleStep("same-code", relevant, "why"),)),
            reception_count=len(receptions),
            same_header=said.same_header,
            severity=said.severity,
            headline=said.headline,
        )


def _again(before: HeardText, text: HeardText) -> HeardText:
    earlier = min(before, text, key=lambda one: (one.first.received_at, one.number))
    last_at = max(before.last_at, text.last_at)
    return replace(earlier, last_at=last_at, count=before.count + text.count)


Said = Callable[..., Reception]


@pytest.fixture
def said() -> Said:
    """Makes a reception: off the air, or of a CAP message if it is given an identifier."""

    def make(
        header: str = "ZCZC-WXR-TOR-039173+0030-3261155-",
        *,
        identifier: str | None = None,
        origin: str = "wx",
        received_at: datetime = NOON,
        reception_id: str | None = None,
        **more: object,
    ) -> Reception:
        values: dict[str, object] = {
            "kind": "alert",
            "status": "actual",
            "event_name": "Tornado Warning",
            "event_code": "TOR",
            "originator": "WXR",
            "issued_at": NOON,
            "same_codes": ("039173",),
            "expires_at": NOON + timedelta(minutes=30),
            "same_header": header,
        }
        if identifier is not None:
            values["message"] = MessageId("sender@example.org", identifier, NOON)
        return Reception(
            reception_id=reception_id or str(uuid.uuid4()),
            via="same" if identifier is None else "cap",
            origin=origin,
            channel="162.550" if identifier is None else None,
            received_at=received_at,
            raw=header,
            statement=Statement(**{**values, **more}),
        )

    return make


@pytest.fixture
def database(tmp_path: Path, new_database: Callable[[Path], str]) -> Iterator[Database]:
    opened = Database(new_database(tmp_path / "station.db"))
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "eas-test.spool")
    yield opened
    opened.close()


class QuarantinedRow(NamedTuple):
    row_id: int
    kind: str
    body: str
    traceback: str


class Record:
    """A spool, a database, the flusher between them, and the changes that it reported."""

    def __init__(self, spool: Spool, database: Database) -> None:
        self.now = NOON
        self.spool = spool
        self.database = database
        self.told: list[tuple[str, str]] = []  # kind, why
        self.admission = SmallAdmission()
        self.flusher = Flusher(
            spool,
            database,
            self.admission,
            lambda: self.now,
            lambda change: self.told.append((change.kind, change.why)),
            batch=20,
        )

    def quarantined(self) -> list[QuarantinedRow]:
        """The rows in quarantine, as an operator finds them in the file."""
        with closing(sqlite3.connect(self.spool.path)) as connection:
            found = connection.execute("SELECT row_id, kind, body, traceback FROM quarantine")
            return [QuarantinedRow(*row) for row in found]

    def flush(self) -> int:
        moved = 0
        while count := self.flusher.run_once():
            moved += count
        return moved


@pytest.fixture
def record(spool: Spool, database: Database) -> Record:
    return Record(spool, database)
