"""What one reception more costs with 20,000 alerts in force: in the record, and on the page.

SQLite; CPU time of one reception, from the intake through the spool into the record with what has
ended by time, and from the bus into what the page shows.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path

from bench_cap import NOON
from bench_cap_store import Record
from table import Table

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Reception
from eas_station.alerts.sources import from_same
from eas_station.bus.messages import BusMessage, ReceptionNew
from eas_station.geo.area import Area
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.webd.state.spooled_receptions import SpoolMerger
from eas_station.webd.state.station_state import StationState, StoredState

FEW, MANY, AT_ONCE, ROUNDS = 100, 20_000, 1000, 15
MOST_S = 0.020


class Page:
    """What eas-webd knows of so many alerts."""

    def __init__(self, known: tables.Tables, entries: tuple[AlertEntry, ...]) -> None:
        area = Area(same_codes=frozenset({"039173"}))
        merger = SpoolMerger(Admission(lambda: area, known, now=lambda: NOON))
        self._state = StationState((), merger, lambda: True, lambda: NOON)
        self._state.set_stored(StoredState(entries, (), frozenset(), 1))
        self._number = 0

    def take_s(self, reception: Reception) -> float:
        """CPU seconds from the message to the picture."""
        news = ReceptionNew(reception, stored=False, durable=True)
        self._number += 1
        message = BusMessage("reception.new", "eas-capd", self._number, NOON, news)
        began_s = time.process_time()
        self._state.take(message)
        self._state.snapshot()
        return time.process_time() - began_s


def off_air(known: tables.Tables, number: int) -> Reception:
    """A header of one county, of its own minute."""
    return from_same.reception(
        f"ZCZC-WXR-FLW-039173+0600-326{600 + number:04}-KCLE/NWS-",
        origin="wx",
        channel="162.550",
        received_at=NOON,
        evidence=None,
        clock_trusted=True,
        event_name=known.event_name,
        new_id=lambda: str(uuid.uuid4()),
    )


def fill(record: Record, count: int) -> tuple[AlertEntry, ...]:
    """So many alerts in a record; gives them as the page has them."""
    while record.count() < count:
        record.take_s(record.new(AT_ONCE if count > AT_ONCE else count))
    return tuple(
        AlertEntry(alert, tuple(replace(one, raw="") for one in heard), True)
        for alert, heard in record.entries()
    )


def bench(table: Table, known: tables.Tables, folder: Path) -> None:
    for count in (FEW, MANY):
        record = Record(folder / str(count), known)
        page = Page(known, fill(record, count))
        more: tuple[tuple[str, list[Reception]], ...] = (
            ("by CAP", record.new(ROUNDS)),
            ("off the air", [off_air(known, number) for number in range(ROUNDS)]),
        )
        for name, heard in more:
            stored_s = min(record.take_s([one]) for one in heard)
            shown_s = min(page.take_s(one) for one in heard)
            where = f"{count:,} in force, one more {name}"
            table.value(f"{where}: recorded", stored_s, "s", at_most=MOST_S)
            table.value(f"{where}: on the page", shown_s, "s", at_most=MOST_S)
        record.close()


def main() -> None:
    table = Table("One reception more")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as folder:
        bench(table, tables.load(), Path(folder))
    table.show()


if __name__ == "__main__":
    main()
