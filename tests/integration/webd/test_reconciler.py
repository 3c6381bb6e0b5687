"""The reconciler on a real record that comes, goes and is damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from eas_station.errors import StoreError
from eas_station.store.alerts import flags
from eas_station.store.database.database import Database
from eas_station.webd.http.fanout import EventQueue, Fanout
from eas_station.webd.live.reconciler import Reconciler
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.state.spooled_receptions import SpoolMerger
from eas_station.webd.state.station_state import StationState


class Away:
    """A database that can be away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self.away:
            raise StoreError("connection refused")
        with self._database.read() as connection:
            yield connection


class Following:
    """A reconciler with its state and one listener, on a station's record."""

    def __init__(self, town: Any) -> None:
        now = town.flusher._now
        self.database = Away(town.database)
        self.state = StationState((), SpoolMerger(town.admission()), lambda: True, now)
        fanout = Fanout()
        listener = fanout.join(frozenset({"alert"}))
        assert listener is not None
        self.listener: EventQueue = listener
        self.states: list[str | None] = []
        self.reconciler = Reconciler(
            self.database,  # type: ignore[arg-type]
            self.state,
            fanout,
            lambda: True,
            now,
            self.states.append,
        )

    def told(self) -> list[str]:
        codes = []
        while (event := self.listener.wait(0.01)) is not None:
            codes.append(json.loads(event.data)["event_code"])
        return codes

    def shown(self) -> list[str | None]:
        return sorted(str(entry.alert.event_code) for entry in self.state.snapshot().active)


@pytest.fixture
def following(town: Any) -> Following:
    return Following(town)


def test_what_was_there_at_the_start_is_shown_and_is_no_news(
    town: Any, following: Following
) -> None:
    town.hear(town.off_air("TOR"))
    assert following.reconciler.reconcile()
    assert (following.shown(), following.told()) == (["TOR"], [])


def test_what_was_recorded_while_the_record_did_not_answer_is_told_when_it_does(
    town: Any, following: Following
) -> None:
    assert following.reconciler.reconcile()
    following.database.away = True
    assert not following.reconciler.reconcile()
    town.hear(town.off_air("TOR"))
    assert not following.reconciler.reconcile()
    assert following.states == [None, "connection refused"], "told once: it has a beginning"
    following.database.away = False
    assert following.reconciler.reconcile()
    assert (following.shown(), following.told()) == (["TOR"], ["TOR"])
    assert following.reconciler.reconcile()
    assert following.told() == [], "and told once"


def test_alerts_that_were_joined_are_one_and_it_is_told(town: Any, following: Following) -> None:
    counties = ("039173", "039095")
    town.hear(*(town.off_air("SVR", (county,), valid=timedelta(minutes=45)) for county in counties))
    assert following.reconciler.reconcile()
    elder, younger = sorted(
        (entry.alert for entry in following.state.snapshot().active), key=lambda one: one.same_codes
    )[::-1]
    town.hear(town.by_cap("Severe Thunderstorm Warning", "SVR", counties))
    assert following.reconciler.reconcile()
    (entry,) = following.state.snapshot().active
    assert (entry.alert.alert_id, entry.alert.reception_count) == (elder.alert_id, 3)
    events = []
    while (event := following.listener.wait(0.01)) is not None:
        events.append(json.loads(event.data))
    joined = [(one["alert_id"], one["other_id"]) for one in events if one["kind"] == "joined"]
    assert joined == [(elder.alert_id, younger.alert_id)]
    found = RecordQueries(town.database, lambda: True, town.flusher._now).entry(younger.alert_id)
    assert found is not None
    assert found.alert.alert_id == elder.alert_id


def test_what_an_operator_hid_is_marked(town: Any, following: Following) -> None:
    town.hear(town.off_air("TOR"))
    assert following.reconciler.reconcile()
    (entry,) = following.state.snapshot().active
    assert not entry.hidden
    with town.database.write() as connection:
        flags.hide(connection, entry.alert.alert_id, town.flusher._now(), "ada")
    assert following.reconciler.reconcile()
    (entry,) = following.state.snapshot().active
    assert entry.hidden


def test_a_damaged_row_hides_no_other_warning_and_ends_nothing(
    town: Any, following: Following, caplog: pytest.LogCaptureFixture
) -> None:
    town.hear(town.off_air("TOR"), town.off_air("SVR"))
    with town.database.write() as connection:
        connection.execute(text("UPDATE receptions SET statement = '{}' WHERE raw LIKE '%-TOR-%'"))
    assert following.reconciler.reconcile()
    assert following.shown() == ["SVR", "TOR"]
    assert "the receptions of an alert cannot be read" in caplog.text


def test_an_alert_that_cannot_be_read_is_a_record_that_does_not_answer(
    town: Any, following: Following
) -> None:
    town.hear(town.off_air("TOR"))
    with town.database.write() as connection:
        connection.execute(text("UPDATE alerts SET relevance = '{}'"))
    assert not following.reconciler.reconcile()
    assert "cannot be read" in str(following.states[0])


def test_a_long_list_keeps_ours_and_the_gravest_and_tells_what_it_leaves_out(
    town: Any, following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.webd.live.reconciler.ACTIVE_MOST", 3)
    minute = timedelta(minutes=1)
    elsewhere = ("027053",)
    town.hear(
        town.by_cap("Severe Thunderstorm Warning", "SVR", elsewhere, 2 * minute, severity="Severe"),
        town.by_cap("Winter Weather Advisory", None, elsewhere, 3 * minute),
        town.by_cap("Flood Watch", "FLA", ("039173",), 4 * minute),
    )
    assert following.reconciler.reconcile()
    assert following.state.snapshot().left_out == 0
    town.hear(town.off_air("TOR", elsewhere, "162.550", minute))
    town.hear(town.off_air("TOR", ("039173",), "162.525", minute))
    assert following.reconciler.reconcile()
    assert following.shown() == ["FLA", "TOR", "TOR"]
    assert following.state.snapshot().left_out == 2
