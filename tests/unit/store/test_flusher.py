"""From the spool to the record: in order, exactly once in effect, past rows that meet a bug."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import MessageId, Reception
from eas_station.alerts.sources import from_same
from eas_station.errors import StoreError
from eas_station.geo.area import Area
from eas_station.store.alerts import alert_queries, flags, receptions
from eas_station.store.database.alert_tables import numbers
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.records import (
    audit,
    clips,
    deaf,
    expected_tests,
    feeds,
    health_history,
    jobs,
)
from eas_station.store.records.operator_action import Action
from eas_station.store.spool.spool import Spool
from eas_station.tables import load
from eas_station.wire import to_json

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
Said = Callable[..., Reception]
Record = Any  # of conftest.py


def take(record: Record, *heard: Reception) -> None:
    record.spool.append_all("reception", [to_json(reception) for reception in heard])


def active(record: Record) -> tuple[Any, ...]:
    with record.database.read() as connection:
        return alert_queries.active(connection, record.now)


def test_a_reception_becomes_an_alert_with_all_its_fields(record: Record, said: Said) -> None:
    reception = said(headline="Take cover", polygons=(((41.0, -83.5), (41.5, -83.0)),))
    take(record, reception)
    assert record.flush() == 1
    (alert,) = active(record)
    assert (alert.event_code, alert.headline) == ("TOR", "Take cover")
    assert alert.polygons == (((41.0, -83.5), (41.5, -83.0)),)
    assert alert.relevance.trace[0].rule == "same-code"
    with record.database.read() as connection:
        assert receptions.receptions_of(connection, [alert.alert_id]) == {
            alert.alert_id: (reception,)
        }
        (change,) = alert_queries.changes_after(connection, 0, 10)
        assert (change.change_id, change.kind, change.event_code) == (1, "new", "TOR")
    assert record.told == [("new", "first received by wx on 162.550")]
    assert record.spool.depth() == 0


def test_the_same_header_again_is_the_same_alert(record: Record, said: Said) -> None:
    take(record, said(), said())
    take(record, said(received_at=record.now + timedelta(seconds=9)))
    record.flush()
    (alert,) = active(record)
    assert alert.reception_count == 3
    assert record.told[1:] == [("updated", "received again by wx on 162.550")] * 2


def test_a_row_delivered_twice_changes_nothing(record: Record, said: Said) -> None:
    heard = [said(f"header {n % 3}") for n in range(9)]
    take(record, *heard)
    record.flush()
    told = list(record.told)
    before = active(record)
    take(record, *heard)
    record.flush()
    assert record.told == told
    assert active(record) == before
    assert record.spool.depth() == 0


def test_a_crash_between_commit_and_removal_changes_nothing(
    spool: Spool, record: Record, said: Said
) -> None:
    class Crash(BaseException):
        pass

    class CrashingSpool:
        def oldest(self, count: int) -> Any:
            return spool.oldest(count)

        def remove(self, row_ids: Any) -> None:
            raise Crash

    take(record, said("one"), said("two"))
    crashing: Any = CrashingSpool()
    flusher = Flusher(
        crashing,
        record.database,
        record.flusher._admission,
        lambda: record.now,
        record.told.append,
    )
    with pytest.raises(Crash):
        flusher.run_once()
    assert spool.depth() == 2
    record.told.clear()
    record.flush()
    assert record.told == []
    assert spool.depth() == 0
    assert len(active(record)) == 2


def test_a_cap_message_again_from_its_feed_is_counted_not_stored(
    record: Record, said: Said
) -> None:
    take(record, said(identifier="urn:1", origin="nws"))
    record.flush()
    take(record, said(identifier="urn:1", origin="nws"), said(identifier="urn:1", origin="nws"))
    record.flush()
    take(record, said(identifier="urn:1", origin="ipaws"))
    record.flush()
    (alert,) = active(record)
    assert alert.reception_count == 2
    with record.database.read() as connection:
        heard = receptions.reception_rows_of(connection, [alert.alert_id])[alert.alert_id]
    assert [(hearing.origin, hearing.repeats) for hearing in heard] == [("nws", 2), ("ipaws", 0)]
    assert [kind for kind, _ in record.told] == ["new", "updated"]


def test_the_reason_of_a_change_names_what_changed(record: Record, said: Said) -> None:
    later = record.now + timedelta(hours=2)
    take(
        record,
        said(identifier="1", origin="nws"),
        said(
            identifier="2",
            origin="nws",
            kind="update",
            received_at=record.now + timedelta(seconds=1),
            expires_at=later,
            same_codes=("039173", "039095"),
            references=(MessageId("s", "1", record.now),),
        ),
    )
    record.flush()
    assert record.told[1] == ("updated", "area and end changed by nws")
    assert active(record)[0].ends_at == later


def test_a_cancel_ends_the_alert(record: Record, said: Said) -> None:
    take(record, said(identifier="1"))
    record.flush()
    take(
        record,
        said(
            identifier="2",
            kind="cancel",
            received_at=record.now + timedelta(seconds=1),
            references=(MessageId("s", "1", record.now),),
        ),
    )
    record.flush()
    assert record.told[1] == ("ended", "cancelled by wx")
    assert active(record) == ()


def test_an_alert_that_is_over_when_first_received_has_both_changes(
    record: Record, said: Said
) -> None:
    take(record, said(identifier="2", kind="cancel"))
    record.flush()
    assert [kind for kind, _ in record.told] == ["new", "ended"]


def test_an_expired_alert_is_ended_and_reported_once(record: Record, said: Said) -> None:
    take(record, said("one"), said("two", expires_at=record.now + timedelta(hours=9)), said("3"))
    record.flush()
    record.told.clear()
    assert record.flusher.end_overdue(record.now) == 0
    record.now += timedelta(minutes=30)
    assert record.flusher.end_overdue(record.now) == 2
    assert record.flusher.end_overdue(record.now) == 0
    assert record.told == [("ended", "expired at 2025-11-22 12:30 UTC")] * 2
    assert [alert.same_header for alert in active(record)] == ["two"]
    with record.database.read() as connection:
        ended = alert_queries.page(connection, "ended", 10).alerts
    assert {alert.ended_at for alert in ended} == {record.now}


def test_many_that_run_out_at_once_are_all_ended(record: Record, said: Said) -> None:
    take(record, *(said(f"header {n}") for n in range(50)))
    record.flush()
    assert record.flusher.end_overdue(record.now + timedelta(days=1)) == 50


@pytest.mark.parametrize("bad", [0, 7, 19])
def test_a_row_that_hits_a_bug_is_quarantined_and_the_others_are_stored(
    record: Record, said: Said, caplog: pytest.LogCaptureFixture, bad: int
) -> None:
    heard = [said(f"header {n}") for n in range(20)]
    heard[bad] = said("bad", headline="a bug")
    take(record, *heard)
    with caplog.at_level(logging.ERROR):
        assert record.flush() == 20
    assert len(active(record)) == 19
    with record.database.read() as connection:
        order = [alert.same_header for alert in alert_queries.page(connection, "all", 50).alerts]
    assert order == [r.raw for r in reversed(heard) if r.raw != "bad"]
    (row,) = record.quarantined()
    assert "ZeroDivisionError: a bug" in row.traceback
    assert record.flusher.quarantined == 1
    assert "ZeroDivisionError" in caplog.text
    assert record.spool.depth() == 0


@pytest.mark.parametrize(
    "body", ["", "{}", "[1]", "not JSON", '{"reception_id":7}', "null", "[" * 100_000, "1e999"]
)
def test_a_row_that_is_no_reception_is_quarantined(record: Record, said: Said, body: str) -> None:
    record.spool.append("reception", body)
    take(record, said())
    record.flush()
    assert record.spool.quarantine_depth() == 1
    assert len(active(record)) == 1


def test_a_row_of_unknown_kind_is_quarantined(record: Record) -> None:
    record.spool.append("telegram", "{}")
    record.flush()
    assert "unknown kind telegram" in record.quarantined()[0].traceback


def test_a_bug_in_one_row_undoes_nothing_of_the_rows_before_it(record: Record, said: Said) -> None:
    first = said()
    take(record, first, replace(said(headline="a bug"), reception_id="bad", raw="bad"), said())
    record.flush()
    (alert,) = active(record)
    assert alert.reception_count == 2
    with record.database.read() as connection:
        changed = alert_queries.changes_of(connection, alert.alert_id)
    assert [change.change_id for change in changed] == [1, 2]


def test_numbers_have_no_gaps_although_rows_hit_bugs(record: Record, said: Said) -> None:
    rng = random.Random(3)
    for n in range(60):
        take(record, said(f"header {rng.randrange(9)}", headline=rng.choice(["bug", "a", "b"])))
        if n % 7 == 0:
            record.flush()
    record.flush()
    with record.database.read() as connection:
        changed = alert_queries.changes_after(connection, 0, 1000)
        last = {row.name: row.last for row in connection.execute(select(numbers))}
    assert [change.change_id for change in changed] == list(range(1, len(changed) + 1))
    receptions_stored = 60 - record.flusher.quarantined
    assert last == {"change": len(changed), "alert": 9, "reception": receptions_stored}


def test_rows_wait_while_the_database_has_no_schema(
    record: Record, said: Said, tmp_path: Any
) -> None:
    nowhere = Database(f"sqlite:///{tmp_path / 'none.db'}")
    flusher = Flusher(record.spool, nowhere, None, lambda: record.now, print)
    take(record, said())
    with pytest.raises(StoreError, match="eas-ctl db upgrade"):
        flusher.run_once()
    assert record.spool.depth() == 1
    assert not (tmp_path / "none.db").exists()


def test_a_reception_where_none_is_taken_is_quarantined(record: Record, said: Said) -> None:
    flusher = Flusher(record.spool, record.database, None, lambda: record.now, print)
    take(record, said())
    flusher.run_once()
    assert "without receptions" in record.quarantined()[0].traceback


def test_every_other_kind_of_row_reaches_its_table_once(record: Record, said: Said) -> None:
    now = record.now
    reception = said()
    take(record, reception)
    rows = {
        "clip": clips.Clip("c1", (reception.reception_id,), "wx", "162.550", now, 41.5, "a.flac"),
        "deaf_interval": deaf.DeafInterval("d1", "wx", "162.550", now, None, "unplugged"),
        "job_run": jobs.JobRun("r1", "poll nws", now, now, now, "failed", "HTTP 503"),
        "expected_test": expected_tests.ExpectedTest("wx", "162.550", "RWT", True, now, "r"),
        "health": health_history.HealthBatch(
            (health_history.HealthSample("wx", "162.550", "margin_db", now, 20, 21, 22, 3),)
        ),
        "operator": Action("a1", now, "ada", "set_desired", "source wx", "stopped"),
        "feed_state": feeds.FeedState("nws", '"1"', None, now, "https://api.weather.gov/"),
    }
    for _ in range(2):
        for kind, value in rows.items():
            record.spool.append(kind, to_json(value))
    assert record.flush() == 15
    assert record.spool.quarantine_depth() == 0
    (alert,) = active(record)
    with record.database.read() as connection:
        assert clips.of_alert(connection, alert.alert_id) == (rows["clip"],)
        assert deaf.open_intervals(connection) == (rows["deaf_interval"],)
        assert jobs.last_runs(connection) == {"poll nws": (rows["job_run"],)}
        assert jobs.totals(connection)[0].errors == 1
        assert feeds.state(connection, "nws") == rows["feed_state"]
        assert expected_tests.all_expected(connection) == (rows["expected_test"],)
        (sample,) = health_history.series(
            connection, "wx", "162.550", "margin_db", now, now + timedelta(minutes=1)
        )
        (entry,) = audit.page(connection, 10).entries
    assert (sample.lowest, sample.highest) == (20.0, 22.0)
    assert (entry.who, entry.action, entry.outcome) == ("ada", "set_desired", "done")


def test_an_acknowledgement_through_the_spool_is_done_and_audited(
    record: Record, said: Said
) -> None:
    take(record, said())
    record.flush()
    (alert,) = active(record)
    for action_id, subject in (("a", alert.alert_id), ("b", "no such alert")):
        action = Action(action_id, record.now, "ada", "acknowledge", subject)
        record.spool.append("operator", to_json(action))
    record.flush()
    with record.database.read() as connection:
        flagged = flags.of(connection, [alert.alert_id])[alert.alert_id]
        outcomes = {entry.audit_id: entry.outcome for entry in audit.page(connection, 9).entries}
    assert (flagged.acknowledged_by, flagged.acknowledged_at) == ("ada", record.now)
    assert outcomes == {"a": "done", "b": "failed"}


def test_an_operator_ends_an_alert_once_and_it_is_audited(record: Record, said: Said) -> None:
    take(record, said())
    record.flush()
    (alert,) = active(record)
    for action_id in ("a", "b"):
        action = Action(action_id, record.now, "ada", "end_alert", alert.alert_id, "drill is over")
        record.spool.append("operator", to_json(action))
    missing = Action("c", record.now, "ada", "end_alert", "no such alert", "why")
    record.spool.append("operator", to_json(missing))
    record.flush()
    assert active(record) == ()
    with record.database.read() as connection:
        over = alert_queries.by_id(connection, alert.alert_id)
        (*_, change) = alert_queries.changes_of(connection, alert.alert_id)
        outcomes = {entry.audit_id: entry.outcome for entry in audit.page(connection, 9).entries}
    assert over is not None
    assert (over.end_reason, over.ended_at) == ("ended by operator", record.now)
    assert (change.kind, change.why) == ("ended", "ended by ada: drill is over")
    assert change.change_id == 2
    assert outcomes == {"a": "done", "b": "done", "c": "failed"}


def test_a_hidden_alert_stays_in_force(record: Record, said: Said) -> None:
    take(record, said())
    record.flush()
    (alert,) = active(record)
    action = Action("a", record.now, "ada", "hide_alert", alert.alert_id)
    record.spool.append("operator", to_json(action))
    record.flush()
    assert active(record) == (alert,)
    with record.database.read() as connection:
        assert flags.hidden(connection) == {alert.alert_id: record.now}


def test_nul_in_a_row_that_came_past_the_intake_is_cleaned(record: Record) -> None:
    interval = deaf.DeafInterval("d", "wx", "mono", record.now, None, "bad \x00 byte")
    record.spool.append("deaf_interval", to_json(interval))
    record.flush()
    with record.database.read() as connection:
        assert deaf.open_intervals(connection)[0].why == "bad � byte"


def test_identifiers_of_ten_kilobytes_are_found_again(record: Record, said: Said) -> None:
    long = "urn:" + "x" * 10_000
    take(record, said("1", identifier=long), said("2", identifier=long, origin="ipaws"))
    take(record, said("3", identifier=long + "y"))
    record.flush()
    assert sorted(alert.reception_count for alert in active(record)) == [1, 2]
    with record.database.read() as connection:
        message = MessageId("sender@example.org", long, record.now)
        assert receptions.known_messages(connection, "wx", [message]) == {message}
        assert receptions.known_messages(connection, "other", [message]) == frozenset()


def test_a_warning_received_while_the_clock_was_wrong_is_not_ended_by_its_date(
    spool: Spool, database: Database
) -> None:
    trusted = False
    heard_at = NOON.replace(year=2024)  # the clock was a year behind
    admission = Admission(Area, load(), lambda: NOON if trusted else heard_at, lambda: trusted)
    told: list[tuple[str, str]] = []
    flusher = Flusher(
        *(spool, database, admission, lambda: NOON),
        lambda change: told.append((change.kind, change.why)),
    )
    reception = from_same.reception(
        "ZCZC-WXR-TOR-039173+0030-3261155-KCLE/NWS-",
        origin="wx",
        channel="162.550",
        received_at=heard_at,
        evidence=None,
        clock_trusted=False,
        event_name=str,
        new_id=lambda: "1",
    )
    spool.append("reception", to_json(reception))
    flusher.run_once()
    trusted = True
    assert flusher.end_overdue(NOON) == 0
    with database.read() as connection:
        (alert,) = alert_queries.active(connection, NOON)
    assert alert.issued_at == NOON - timedelta(minutes=5)
    assert alert.ends_at == NOON + timedelta(minutes=25)
    assert told[-1] == ("updated", "dated again: the clock was not trusted when it was received")
    again = from_same.dated(reception, NOON)
    again = replace(again, reception_id="2", clock_trusted=True, received_at=NOON)
    spool.append("reception", to_json(again))
    flusher.run_once()
    assert flusher.end_overdue(NOON + timedelta(minutes=25)) == 1
    assert [kind for kind, _ in told] == ["new", "updated", "updated", "ended"]


def test_a_header_received_for_days_is_folded_once_and_always_counted(
    record: Record, said: Said
) -> None:
    minutes = [*range(1, 50), 0]
    take(record, *(said(received_at=NOON + timedelta(minutes=minute)) for minute in minutes))
    take(record, said(identifier="cap", received_at=NOON + timedelta(minutes=3)))
    record.flush()
    (alert,) = active(record)
    assert alert.reception_count == 51
    assert alert.first_received_at == NOON
    assert alert.last_received_at == NOON + timedelta(minutes=49)
    assert max(record.admission.folded) == 2
    with record.database.read() as connection:
        assert len(receptions.receptions_of(connection, [alert.alert_id])[alert.alert_id]) == 51
