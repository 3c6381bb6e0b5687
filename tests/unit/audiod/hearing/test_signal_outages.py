"""Deaf intervals of channels whose audio carries no signal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station import wire
from eas_station.audiod.hearing.channel_assessment import Assessment
from eas_station.audiod.hearing.signal_outages import SignalOutages
from eas_station.store.records.deaf import DeafInterval

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HEARD = Assessment("hearing", "heard")
SILENT = Assessment("silent", "silent since 12:00 UTC", True, NOON)


class Station:
    """A spool, and the outages of one process after another."""

    def __init__(self, folder: Path) -> None:
        self.full = False
        self.rows: dict[str, DeafInterval] = {}
        self.note = folder / "state" / "lapses.json"

    def process(self) -> SignalOutages:
        return SignalOutages("wx", ("162.400", "162.550"), self.note, self.record)

    def record(self, kind: str, json: str) -> bool:
        assert kind == "deaf_interval"
        if not self.full:
            row = wire.from_json(DeafInterval, json)
            self.rows[row.interval_id] = row
        return not self.full

    def told(self) -> list[tuple[str, datetime, datetime | None]]:
        return [(row.channel, row.began_at, row.ended_at) for row in self.rows.values()]


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def test_silence_is_one_row_from_its_beginning_to_its_end(station: Station) -> None:
    outages = station.process()
    for minute in range(5, 9):
        outages.follow((HEARD, SILENT), NOON + minute * MINUTE)
    assert station.told() == [("162.550", NOON, None)]
    outages.follow((HEARD, HEARD), NOON + 9 * MINUTE)
    assert station.told() == [("162.550", NOON, NOON + 9 * MINUTE)]
    (row,) = station.rows.values()
    assert row.why == "silent since 12:00 UTC"


def test_another_reason_begins_another_row_where_the_first_ends(station: Station) -> None:
    outages = station.process()
    outages.follow((HEARD, SILENT), NOON + 5 * MINUTE)
    gone = Assessment("silent", "no carrier", True, NOON + 6 * MINUTE)
    outages.follow((HEARD, gone), NOON + 11 * MINUTE)
    assert station.told() == [
        ("162.550", NOON, NOON + 6 * MINUTE),
        ("162.550", NOON + 6 * MINUTE, None),
    ]


def test_an_interval_left_open_by_a_kill_is_ended_by_the_next_process(station: Station) -> None:
    station.process().follow((HEARD, SILENT), NOON + 5 * MINUTE)
    following = station.process()
    following.end_left_open(NOON + 7 * MINUTE)
    assert station.told() == [("162.550", NOON, NOON + 7 * MINUTE)]
    station.process().end_left_open(NOON + 60 * MINUTE)
    assert station.told() == [("162.550", NOON, NOON + 7 * MINUTE)]


def test_an_end_refused_by_the_spool_is_left_to_the_next_process(station: Station) -> None:
    outages = station.process()
    outages.follow((HEARD, SILENT), NOON + 5 * MINUTE)
    station.full = True
    outages.follow((HEARD, HEARD), NOON + 6 * MINUTE)
    station.full = False
    station.process().end_left_open(NOON + 8 * MINUTE)
    assert station.told() == [("162.550", NOON, NOON + 8 * MINUTE)]


def test_a_corrupt_or_unwritable_note_is_only_logged(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    station.note.parent.mkdir()
    station.note.write_text('{"intervals": 3}')
    station.process().end_left_open(NOON)
    assert station.rows == {}
    station.note.unlink()
    station.note.parent.rmdir()
    station.note.parent.write_text("a file where a folder should be")
    station.process().follow((HEARD, SILENT), NOON + 5 * MINUTE)
    assert station.told() == [("162.550", NOON, None)]
    assert "cannot write open deaf intervals" in caplog.text
