"""Does what is stored slow what comes: a poll into a small record and into one of 10,000 alerts.

SQLite; CPU time: waiting for the disk is the neighbours' affair. Each poll is new: 100 alerts, and
one alone.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from pathlib import Path

from bench_cap import NOON, made_up
from table import Table

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Alert, Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.documents import document
from eas_station.geo.area import Area
from eas_station.store.alerts import alert_queries
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool
from eas_station.store.upkeep import migrate

STORED, AT_ONCE, ROUNDS = 10_000, 500, 20
MANY, MOST_RATIO = 100, 1.2


class Record:
    """A record and the way into it."""

    def __init__(self, folder: Path, known: tables.Tables) -> None:
        url = f"sqlite:///{folder / 'station.sqlite'}"
        folder.mkdir()
        migrate.upgrade(url)
        self._known, self._next = known, 0
        self._database = Database(url)
        self._spool = Spool(folder / "bench.spool")
        self._intake = Intake(self._spool, lambda *_: None)
        area = Area(same_codes=frozenset({"039173"}))
        admission = Admission(lambda: area, known, now=lambda: NOON)
        self._flusher = Flusher(
            self._spool, self._database, admission, lambda: NOON, lambda change: None
        )

    def new(self, count: int) -> list[Reception]:
        """Receptions of alerts that were not there before."""
        first = self._next
        messages = document.parse(made_up(self._known, count, first)).messages
        self._next += count
        return [
            from_cap.reception(
                message,
                origin="nws",
                received_at=NOON,
                clock_trusted=True,
                callsign="EASBENCH",
                new_id=lambda: str(uuid.uuid4()),
            )
            for message in messages
        ]

    def take_s(self, receptions: list[Reception]) -> float:
        """CPU seconds from the intake through the spool into the record."""
        began_s = time.process_time()
        self._intake.take_all(receptions)
        while self._flusher.run_once():
            pass
        self._flusher.end_overdue(NOON)
        return time.process_time() - began_s

    def count(self) -> int:
        with self._database.read() as connection:
            return len(alert_queries.active(connection, None, limit=1_000_000))

    def entries(self) -> list[tuple[Alert, tuple[Reception, ...]]]:
        """What is in force, with what was received of it."""
        with self._database.read() as connection:
            found = alert_queries.active(connection, None, limit=1_000_000)
            ids = [alert.alert_id for alert in found]
            heard = {}
            for at in range(0, len(ids), 5000):
                heard |= alert_queries.receptions_of(connection, ids[at : at + 5000])
        return [(alert, heard[alert.alert_id]) for alert in found]

    def close(self) -> None:
        self._database.close()
        self._spool.close()


def bench(table: Table, few: Record, many: Record) -> None:
    """Both in turn: so the neighbours of this machine slow both alike."""
    few.take_s(few.new(MANY))
    while many.count() < STORED:
        many.take_s(many.new(AT_ONCE))
    for size in (MANY, 1):
        taken = [(few.take_s(few.new(size)), many.take_s(many.new(size))) for _ in range(ROUNDS)]
        few_s, many_s = (min(times_s) for times_s in zip(*taken, strict=True))
        table.value(f"{size} new into few stored", few_s, "s", 1.0)
        figure = f"{size} new into {STORED:,} stored"
        table.ratio(figure, many_s, "s", many_s / few_s, at_most=MOST_RATIO)


def main() -> None:
    table = Table("Receptions of CAP into the record (SQLite; ratios to the emptier record)")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as folder:
        known = tables.load()
        records = [Record(Path(folder, name), known) for name in ("few", "many")]
        bench(table, *records)
        for record in records:
            record.close()
    table.show()


if __name__ == "__main__":
    main()
