"""`eas-ctl end`: an alert is over, or hidden, and the audit log says who did it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Alert
from eas_station.alerts.sources import from_same
from eas_station.clock import utc_now
from eas_station.ctl import main as dispatch
from eas_station.geo.area import Area
from eas_station.store.alerts import alert_queries, flags
from eas_station.store.alerts.batch import AlertBatch
from eas_station.store.database.database import Database
from eas_station.store.records import audit
from eas_station.store.upkeep import migrate


class Station:
    """A station with one tornado warning in force."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'station.db'}"
        migrate.upgrade(url)
        self.database = Database(url)
        self.config = folder / "station.toml"
        self.config.write_text(f'[database]\nurl = "{url}"\n')
        self.alert_id = self._hear(utc_now())

    def _hear(self, now: datetime) -> str:
        known = tables.load()
        heard = from_same.reception(
            f"ZCZC-WXR-TOR-039173+0045-{now:%j%H%M}-KCLE/NWS-",
            origin="wx",
            channel="162.550",
            received_at=now,
            evidence=None,
            clock_trusted=True,
            event_name=known.event_name,
            new_id=lambda: str(uuid.uuid4()),
        )
        with self.database.write() as connection:
            batch = AlertBatch(connection, now)
            batch.admit_all([heard], Admission(Area, known, utc_now), lambda: str(uuid.uuid4()))
            (change,) = batch.write()
        return change.alert_id

    def run(self, *arguments: str) -> int:
        return dispatch.main(["end", *arguments, "--config", str(self.config)])

    def alert(self) -> Alert:
        with self.database.read() as connection:
            found = alert_queries.by_id(connection, self.alert_id)
        assert found is not None
        return found


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.database.close()


def test_an_alert_is_over_and_the_audit_says_why(station: Station, capsys: Any) -> None:
    assert station.run(station.alert_id[:8], "--why", "cancelled by telephone", "--json") == 0
    assert json.loads(capsys.readouterr().out)["end_reason"] == "ended by operator"
    assert station.alert().ended_at is not None
    with station.database.read() as connection:
        (entry,) = audit.page(connection, 9).entries
        changes = alert_queries.changes_of(connection, station.alert_id)
    assert (entry.action, entry.outcome, entry.detail) == (
        *("end_alert", "done"),
        "cancelled by telephone",
    )
    assert changes[-1].kind == "ended"
    assert "cancelled by telephone" in changes[-1].why


def test_a_hidden_alert_stays_in_force(station: Station, capsys: Any) -> None:
    assert station.run(station.alert_id, "--why", "drill", "--hide") == 0
    assert "is hidden from the" in capsys.readouterr().out
    assert station.alert().ended_at is None
    with station.database.read() as connection:
        assert list(flags.hidden(connection)) == [station.alert_id]


def test_without_a_reason_or_an_alert_nothing_is_done(station: Station, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        station.run(station.alert_id)
    assert station.run("no such alert", "--why", "x") == 2
    assert "no alert has the ID" in capsys.readouterr().err
    assert station.alert().ended_at is None
