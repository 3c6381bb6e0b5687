"""Every question that the page asks, on both databases."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import (
    RELEASED,
    Alert,
    MessageId,
    Reception,
    Relevance,
    RuleStep,
)
from eas_station.errors import FrameError
from eas_station.store.alerts import alert_queries, flags, receptions
from eas_station.store.alerts.rows import alert_row
from eas_station.store.alerts.search_words import Wanted, split
from eas_station.store.database.alert_tables import alerts as alerts_table
from eas_station.store.database.alert_tables import numbers
from eas_station.store.database.database import Database
from eas_station.store.database.statements import upsert
from eas_station.store.flusher import Flusher
from eas_station.store.records import (
    audit,
    clips,
    deaf,
    desired_states,
    expected_tests,
    feeds,
    health_history,
    jobs,
)
from eas_station.store.spool.spool import Spool
from eas_station.wire import to_json

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = ["", "no such", "\x00", "a\ud800", "x" * 20_000, "'; DROP TABLE alerts; --", "%", "🌪"]

Store = Callable[..., None]


@pytest.fixture
def store(spool: Spool, database: Database, admission: Admission) -> Store:
    """Brings receptions into the record."""

    def run(*heard: Reception) -> None:
        spool.append_all("reception", [to_json(reception) for reception in heard])
        flusher = Flusher(spool, database, admission, admission.now, lambda change: None)
        while flusher.run_once():
            pass
        assert spool.quarantine_depth() == 0

    return run


def plain_alert(number: int, **values: Any) -> Alert:
    plain: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "status": "actual",
        "is_test": False,
        "event_name": "Flood Warning",
        "event_code": "FLW",
        "originator": "WXR",
        "issued_at": NOON,
        "first_received_at": NOON,
        "last_received_at": NOON,
        "ends_at": NOON + HOUR,
        "end_reason": None,
        "ended_at": None,
        "same_codes": ("039173",),
        "ugc_codes": (),
        "polygons": (),
        "relevance": Relevance(False, "none", ()),
        "reception_count": 1,
    }
    return Alert(**{**plain, **values})


def put(database: Database, *rows: Alert, first_number: int = 1) -> None:
    with database.write() as connection:
        connection.execute(
            alerts_table.insert(), [alert_row(a, n) for n, a in enumerate(rows, first_number)]
        )


@contextmanager
def noted(dialect: str) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is executed meanwhile, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if connection.dialect.name == dialect:
            found.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_active_shows_our_own_area_first_then_severity_then_what_ends_first(
    database: Database,
) -> None:
    ours = Relevance(True, "same-code", ())
    put(
        database,
        plain_alert(1, severity_rank=6, relevance=ours),
        plain_alert(2, severity_rank=1),
        plain_alert(3, severity_rank=3, relevance=ours, ends_at=None),
        plain_alert(4, severity_rank=3, relevance=ours, ends_at=NOON + 2 * HOUR),
        plain_alert(5, severity_rank=3, relevance=ours, ends_at=NOON + HOUR),
        plain_alert(6, severity_rank=1, relevance=ours, ends_at=NOON - HOUR),
        plain_alert(7, severity_rank=1, relevance=ours, ended_at=NOON),
        plain_alert(8, severity_rank=9, is_test=True, relevance=ours),
    )
    with database.read() as connection:
        shown = [alert.alert_id for alert in alert_queries.active(connection, NOON)]
        assert shown == [f"alert-{n}" for n in (5, 4, 3, 1, 8, 2)]
        ours_only = alert_queries.active(connection, NOON, limit=2, relevant=True)
        assert [alert.alert_id for alert in ours_only] == ["alert-5", "alert-4"]
        unsure = {alert.alert_id for alert in alert_queries.active(connection, None)}
        assert unsure == {f"alert-{n}" for n in (1, 2, 3, 4, 5, 6, 8)}
        assert len(alert_queries.active(connection, NOON)) == 6
        assert len(alert_queries.active(connection, NOON, relevant=True)) == 5


def test_what_concerned_us_is_found_in_the_log_though_it_is_no_longer_here(
    database: Database,
) -> None:
    released = Relevance(False, "nowhere", (RuleStep(RELEASED, False, "it was ours"),))
    put(
        database,
        plain_alert(1, relevance=Relevance(True, "same-code", ())),
        plain_alert(2, relevance=released),
        plain_alert(3),
    )

    def found(relevant: bool) -> list[str]:
        page = alert_queries.page(
            connection, "all", 10, where=alert_queries.AlertFilter(relevant=relevant)
        )
        return [alert.alert_id for alert in page.alerts]

    with database.read() as connection:
        here = alert_queries.active(connection, NOON, relevant=True)
        assert [alert.alert_id for alert in here] == ["alert-1"]
        assert found(relevant=True) == ["alert-2", "alert-1"]
        assert found(relevant=False) == ["alert-3"]
        assert len(alert_queries.active(connection, NOON, relevant=True)) == 1


def test_an_alert_comes_back_as_it_was_stored(database: Database) -> None:
    whole = plain_alert(
        1,
        onset_at=NOON,
        polygons=(((41.25, -83.5), (41.5, -83.0), (41.25, -83.5)), ((0.1, 179.9),)),
        ugc_codes=("OHC173",),
        headline="Überflutung 🌊 'quoted' \"double\" \\ %s :name",
        issued_at=datetime(1, 1, 1, tzinfo=UTC),
        ends_at=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        first_received_at=NOON.replace(microsecond=123456),
    )
    put(database, whole)
    with database.read() as connection:
        assert alert_queries.by_id(connection, "alert-1") == whole


def test_pages_hold_together_while_alerts_come_in(database: Database) -> None:
    put(
        database,
        *(plain_alert(n, first_received_at=NOON + timedelta(seconds=n // 3)) for n in range(25)),
    )
    seen: list[str] = []
    cursor = None
    for turn in range(10):
        with database.read() as connection:
            page = alert_queries.page(connection, "all", 7, cursor)
        seen += [alert.alert_id for alert in page.alerts]
        put(
            database,
            plain_alert(100 + turn, first_received_at=NOON + HOUR + turn * HOUR),
            first_number=1000 + turn,
        )
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"alert-{n}" for n in reversed(range(25))]


def test_a_page_is_narrowed_by_what_is_asked(database: Database) -> None:
    put(
        database,
        plain_alert(1),
        plain_alert(2, event_code="TOR", first_received_at=NOON - HOUR),
        plain_alert(3, event_code="RWT", is_test=True),
        plain_alert(4, relevance=Relevance(True, "national", ()), ended_at=NOON),
        plain_alert(5, event_code=None, ends_at=NOON),
    )

    def ids(state: alert_queries.PageState = "all", **narrowed: Any) -> list[str]:
        with database.read() as connection:
            page = alert_queries.page(
                connection, state, 10, now=NOON, where=alert_queries.AlertFilter(**narrowed)
            )
        return [alert.alert_id.removeprefix("alert-") for alert in page.alerts]

    assert ids() == ["5", "4", "3", "1", "2"]
    assert ids("active") == ["3", "1", "2"]
    assert ids("ended") == ["5", "4"]
    assert ids(event_code="TOR") == ["2"]
    assert ids(is_test=True) == ["3"]
    assert ids(relevant=True) == ["4"]
    assert ids(since_at=NOON) == ["5", "4", "3", "1"]
    assert ids(until_at=NOON) == ["2"]
    for hostile in HOSTILE:
        assert ids(event_code=hostile) == []


def test_the_log_is_searched_by_the_beginnings_of_all_words(database: Database) -> None:
    put(
        database,
        plain_alert(1, headline="Überflutung near Doña Ana"),
        plain_alert(2, event_name="Tornado Warning", event_code="TOR", same_codes=("039095",)),
        plain_alert(3, same_codes=("139173",), severity="Severe", headline="Flood WARNING"),
        plain_alert(4, same_header="ZCZC-WXR-FLW-039173+0100-3261155-KCLE/NWS-"),
    )

    def ids(*words: str | Wanted, **more: Any) -> list[str]:
        wanted = tuple(Wanted(one) if isinstance(one, str) else one for one in words)
        narrowed = alert_queries.AlertFilter(words=wanted, **more)
        with database.read() as connection:
            page = alert_queries.page(connection, "all", 10, where=narrowed)
        return [alert.alert_id.removeprefix("alert-") for alert in page.alerts]

    assert ids("flood") == ["4", "3", "1"]
    assert ids("uber", "dona") == ["1"]
    assert ids("torna") == ["2"]
    assert ids("flood", "tornado") == []
    assert ids("kcle") == ["4"]
    assert ids(Wanted("wood", ("039173",))) == ["4", "3", "1"]
    assert ids(Wanted("lucas", ("039095", "039173"))) == ["4", "3", "2", "1"]
    assert ids(Wanted("ohio", (), ("039",)), "tor") == ["2"]
    assert ids("flood", severity="Severe") == ["3"]
    assert ids("and") == ids("or") == ids("near0") == []
    assert ids(*split("NOT (flood* OR \"tor) ' NEAR")) == []


def test_a_search_is_paged_and_follows_what_becomes_of_an_alert(database: Database) -> None:
    put(database, *(plain_alert(n, headline=f"number{n % 2}") for n in range(20)))
    seen: list[str] = []
    cursor = None
    while True:
        with database.read() as connection:
            narrowed = alert_queries.AlertFilter(words=(Wanted("number1"),))
            page = alert_queries.page(connection, "all", 3, cursor, where=narrowed)
        seen += [alert.alert_id for alert in page.alerts]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"alert-{n}" for n in range(19, 0, -2)]

    def count(word: str) -> int:
        with database.read() as connection:
            narrowed = alert_queries.AlertFilter(words=(Wanted(word),))
            return len(alert_queries.page(connection, "all", 100, where=narrowed).alerts)

    with database.write() as connection:
        changed = alert_row(plain_alert(7, headline="another"), 8)
        upsert(connection, alerts_table, [changed], key=("alert_id",), kept=("number",))
    assert (count("number1"), count("another")) == (9, 1)
    with database.write() as connection:
        connection.execute(alerts_table.delete().where(alerts_table.c.alert_id == "alert-7"))
    assert (count("number1"), count("another"), count("flood")) == (9, 0, 19)


def test_the_log_is_filtered_by_the_way_of_reception(
    database: Database, store: Store, heard: Any
) -> None:
    header = "ZCZC-WXR-TOR-039173+0030-3261155-KCLE/NWS-"
    store(heard.off_air(header), heard.by_cap("alone"))

    def ids(via: Any) -> set[str | None]:
        with database.read() as connection:
            page = alert_queries.page(
                connection, "all", 9, where=alert_queries.AlertFilter(via=via)
            )
        return {alert.event_code for alert in page.alerts}

    assert (ids("same"), ids("cap")) == ({"TOR"}, {"FLW"})
    store(
        heard.by_cap(
            "urn:1",
            event_name="Tornado Warning",
            event_code="TOR",
            issued_at=datetime(2025, 11, 22, 11, 55, tzinfo=UTC),
            same_header="ZCZC-WXR-TOR-039173+0045-3261155-EASTATN-",
        )
    )
    assert (ids("same"), ids("cap")) == ({"TOR"}, {"TOR", "FLW"})


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        (
            alert_queries.AlertFilter(words=(Wanted("flood"),)),
            "VIRTUAL TABLE INDEX|ix_alerts_words",
        ),
        (
            alert_queries.AlertFilter(severity="Extreme"),
            "COVERING INDEX ix_alerts_log|ix_alerts_log",
        ),
        (
            alert_queries.AlertFilter(via="same", is_test=True),
            "COVERING INDEX ix_alerts_log|ix_alerts_log",
        ),
        (
            alert_queries.AlertFilter(relevant=True, since_at=NOON),
            "COVERING INDEX ix_alerts_log|ix_alerts_log",
        ),
        (alert_queries.AlertFilter(event_code="TOR"), "ix_alerts_event"),
    ],
)
@pytest.mark.parametrize("state", ["all", "ended"])
def test_a_search_of_the_log_reads_no_table_whole(
    database: Database,
    narrowed: alert_queries.AlertFilter,
    index: str,
    state: alert_queries.PageState,
) -> None:
    put(database, *(plain_alert(n) for n in range(50)))
    with noted(database.dialect) as statements, database.read() as connection:
        alert_queries.page(connection, state, 20, now=NOON, where=narrowed)
    question, values = next(one for one in statements if "LIMIT" in one[0])
    with database.read() as connection:
        word = "EXPLAIN"
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            if not narrowed.words:
                connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        else:
            word = "EXPLAIN QUERY PLAN"
        plan = [str(row[-1]) for row in connection.exec_driver_sql(f"{word} {question}", values)]
    lines = " / ".join(plan)
    assert any(name in lines for name in index.split("|")), lines
    assert "Seq Scan" not in lines
    assert "TEMP B-TREE" not in lines


def test_a_page_has_at_least_one_and_at_most_500_alerts(database: Database) -> None:
    put(database, *(plain_alert(n) for n in range(600)))
    with database.read() as connection:
        assert len(alert_queries.page(connection, "all", 10**9).alerts) == 500
        assert len(alert_queries.page(connection, "all", -3).alerts) == 1


@pytest.mark.parametrize("cursor", [*HOSTILE, base64.urlsafe_b64encode(b"[1,2]").decode()])
def test_a_wrong_cursor_is_a_frame_error(database: Database, cursor: str) -> None:
    with database.read() as connection:
        with pytest.raises(FrameError):
            alert_queries.page(connection, "all", 10, cursor)
        with pytest.raises(FrameError):
            audit.page(connection, 10, cursor)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_any_text_as_an_id_finds_nothing_and_harms_nothing(
    database: Database, hostile: str
) -> None:
    with database.write() as connection:
        assert alert_queries.by_id(connection, hostile) is None
        assert alert_queries.changes_of(connection, hostile) == ()
        assert alert_queries.receptions_of(connection, [hostile]) == {hostile: ()}
        assert alert_queries.reception_rows_of(connection, [hostile]) == {hostile: ()}
        assert receptions.alerts_of(connection, [hostile]) == {}
        assert clips.by_id(connection, hostile) is None
        assert clips.of_alert(connection, hostile) == ()
        assert not clips.set_keep(connection, hostile, keep=True)
        assert flags.of(connection, [hostile]) == {}
        assert not flags.acknowledge(connection, hostile, NOON, "ada")
        assert not flags.set_keep(connection, hostile, keep=True)


def test_the_same_warning_off_the_air_and_by_cap_is_one_alert_with_two_receptions(
    database: Database, store: Store, heard: Any
) -> None:
    header = "ZCZC-WXR-TOR-039173+0030-3261155-KCLE/NWS-"
    off_air = heard.off_air(header)
    by_cap = heard.by_cap(
        "urn:1",
        event_name="Tornado Warning",
        event_code="TOR",
        issued_at=datetime(2025, 11, 22, 11, 55, tzinfo=UTC),
        same_header="ZCZC-WXR-TOR-039173+0045-3261155-EASTATN-",
        received_at=NOON + timedelta(seconds=4),
    )
    store(off_air, by_cap)
    with database.read() as connection:
        (alert,) = alert_queries.active(connection, NOON)
        assert alert_queries.receptions_of(connection, [alert.alert_id]) == {
            alert.alert_id: (off_air, by_cap)
        }
        hearings = alert_queries.reception_rows_of(connection, [alert.alert_id])[alert.alert_id]
        assert [(h.via, h.origin, h.channel) for h in hearings] == [
            ("same", "wx", "162.550"),
            ("cap", "nws", None),
        ]
        assert hearings[0].evidence == off_air.evidence
        assert off_air in receptions.page(connection, 9)[0]
        ids = [off_air.reception_id, by_cap.reception_id]
        assert receptions.alerts_of(connection, ids) == dict.fromkeys(ids, (alert.alert_id,))
        changes = alert_queries.changes_after(connection, 0, 10)
        assert [change.kind for change in changes] == ["new", "updated"]
        assert alert_queries.changes_of(connection, alert.alert_id) == changes
        assert alert_queries.changes_after(connection, 1, 10) == changes[1:]
        last = {row.name: row.last for row in connection.execute(select(numbers))}
        assert last == {"alert": 1, "reception": 2, "change": 2}
        assert alert_queries.last_change_id(connection) == 2
        assert receptions.page(connection, 1)[0] == (by_cap,)


def test_known_messages_are_those_this_feed_has_brought(
    database: Database, store: Store, heard: Any
) -> None:
    store(heard.by_cap("1"), heard.by_cap("2"), heard.by_cap("3", origin="ipaws"))
    messages = [MessageId("w-nws.webmaster@noaa.gov", str(n), NOON) for n in range(5)]
    messages.append(replace(messages[1], sent_at=NOON + HOUR))
    with database.read() as connection:
        known = receptions.known_messages(connection, "nws", messages)
        assert {message.identifier for message in known} == {"1", "2"}
        assert messages[-1] not in known
        assert receptions.known_messages(connection, "nws", []) == frozenset()


def test_the_flags_of_an_alert_stay(database: Database, store: Store, heard: Any) -> None:
    store(heard.off_air())
    with database.write() as connection:
        (alert,) = alert_queries.active(connection, NOON)
        assert flags.of(connection, [alert.alert_id]) == {}
        assert flags.set_note(connection, alert.alert_id, "sirens heard")
        assert flags.acknowledge(connection, alert.alert_id, NOON, "ada")
        assert flags.acknowledge(connection, alert.alert_id, NOON + HOUR, "bob")
        assert flags.set_keep(connection, alert.alert_id, keep=True)
    with database.read() as connection:
        assert flags.of(connection, [alert.alert_id])[alert.alert_id] == flags.AlertFlags(
            *(alert.alert_id, NOON, "ada", True, "sirens heard")
        )


def test_clips_are_found_by_alert_and_by_reception(
    database: Database, store: Store, heard: Any
) -> None:
    one = heard.off_air()
    two = heard.off_air("ZCZC-WXR-FFW-039173+0100-3261156-KCLE/NWS-")
    store(one, two)
    both = (one.reception_id, two.reception_id)
    shared = clips.Clip(
        *("c2", tuple(sorted(both)), "wx", "162.550", NOON + HOUR, 60.0, "2025/11/22/c2.flac"),
        bytes=5_000_000_000,
        sha256="ab" * 32,
    )
    faulty = clips.Clip(
        *("c1", (one.reception_id,), "wx", "162.550", NOON, 0.0, None), fault="disk full"
    )
    with database.write() as connection:
        for clip in (shared, faulty, shared):
            clips.record(connection, clip)
        clips.record(connection, replace(faulty, clip_id="lost", reception_ids=("quarantined",)))
    with database.read() as connection:
        found = receptions.alerts_of(connection, both)
        (first,), (second,) = found[one.reception_id], found[two.reception_id]
        assert clips.of_alert(connection, first) == (faulty, shared)
        assert clips.of_alerts(connection, [first, second])[second] == (shared,)
        assert clips.by_id(connection, "c2") == shared
        assert clips.oldest_unprotected(connection, 9) == (shared,)
    with database.write() as connection:
        assert clips.set_keep(connection, "c2", keep=True)
        clips.record(connection, shared)
        assert clips.oldest_unprotected(connection, 9) == ()
        clips.set_removed(connection, "c2", NOON)
    with database.read() as connection:
        assert clips.by_id(connection, "c2") == replace(shared, keep=True, removed_at=NOON)


def test_a_deaf_interval_is_completed_when_it_ends(database: Database) -> None:
    since = deaf.DeafInterval("d1", "wx", "162.550", NOON, None, "no signal")
    other = deaf.DeafInterval("d2", "wx", "162.400", NOON - HOUR, NOON, "restarted")
    with database.write() as connection:
        deaf.record(connection, since)
        deaf.record(connection, other)
    with database.read() as connection:
        assert deaf.open_intervals(connection) == (since,)
        assert deaf.between(connection, NOON - HOUR, NOON + HOUR) == (other, since)
        assert deaf.between(connection, NOON, NOON + HOUR, channel="162.400") == ()
    ended = replace(since, ended_at=NOON + HOUR)
    with database.write() as connection:
        deaf.record(connection, ended)
    with database.read() as connection:
        assert deaf.open_intervals(connection, source="wx") == ()
        assert deaf.between(connection, NOON, NOON + HOUR, source="wx") == (ended,)
        assert deaf.between(connection, NOON + HOUR, NOON + 2 * HOUR) == ()


def test_runs_that_change_nothing_are_one_counted_row_an_hour(database: Database) -> None:
    with database.write() as connection:
        for minute in range(0, 120):
            jobs.record_unchanged(connection, "poll nws", NOON + timedelta(minutes=minute))
        jobs.record_unchanged(connection, "poll nws", NOON + 2 * HOUR, runs=57)
    with database.read() as connection:
        runs = jobs.last_runs(connection)["poll nws"]
        (total,) = jobs.totals(connection)
    assert [run.runs for run in runs] == [57, 60, 60]
    assert runs[2].started_at == NOON
    assert runs[2].ended_at == NOON + timedelta(minutes=59)
    assert (total.runs, total.errors, total.missed) == (177, 0, 0)
    assert total.last_good_at == NOON + 2 * HOUR


def test_the_last_runs_and_the_totals_of_each_job(database: Database) -> None:
    def run(n: int, job: str = "poll nws", **values: Any) -> jobs.JobRun:
        at = NOON + timedelta(minutes=n)
        return replace(jobs.JobRun(f"{job} {n}", job, at, at, at, "changed"), **values)

    every = [run(n) for n in range(12)]
    every[5] = run(5, outcome="failed", error="HTTP 503")
    every[6] = run(6, outcome="missed", error="the clock was set")
    with database.write() as connection:
        for one in [*every, *every, run(0, "maintenance")]:
            jobs.record_run(connection, one)
    with database.read() as connection:
        assert jobs.last_runs(connection) == {
            "maintenance": (run(0, "maintenance"),),
            "poll nws": tuple(reversed(every[2:])),
        }
        assert jobs.last_runs(connection, 3, "poll nws") == {"poll nws": tuple(reversed(every[9:]))}
        total = jobs.totals(connection)[1]
    assert (total.runs, total.errors, total.missed) == (11, 1, 1)
    assert total.last_run_at == total.last_good_at == NOON + timedelta(minutes=11)


def test_the_desired_state_is_running_unless_it_was_set(database: Database) -> None:
    with database.write() as connection:
        assert desired_states.desired(connection, "source", "wx") == "running"
        desired_states.set_desired(connection, "source", "wx", "stopped", NOON, "ada")
        desired_states.set_desired(connection, "receiver", "wx", "stopped", NOON, "ada")
        desired_states.set_desired(connection, "receiver", "wx", "running", NOON + HOUR, "bob")
    with database.read() as connection:
        assert desired_states.desired(connection, "source", "wx") == "stopped"
        assert desired_states.desired(connection, "source", "wx1") == "running"
        assert desired_states.all_desired(connection) == (
            desired_states.DesiredState("receiver", "wx", "running", NOON + HOUR, "bob"),
            desired_states.DesiredState("source", "wx", "stopped", NOON, "ada"),
        )


def test_a_feed_remembers_its_last_good_answer(database: Database) -> None:
    state = feeds.FeedState("nws", 'W/"abc"', "Sat, 22 Nov 2025 12:00:00 GMT", NOON, "T+5")
    with database.write() as connection:
        assert feeds.state(connection, "nws") == feeds.FeedState("nws")
        feeds.save(connection, replace(state, etag=None))
        feeds.save(connection, state)
    with database.read() as connection:
        assert feeds.state(connection, "nws") == state


def test_health_is_a_series_per_channel_and_measure(database: Database) -> None:
    def sample(n: int, mean: float, measure: str = "snr_db") -> health_history.HealthSample:
        at = NOON + timedelta(minutes=10 * n)
        return health_history.HealthSample("wx", "162.550", measure, at, mean - 1, mean, 40.0, 600)

    with database.write() as connection:
        health_history.record(connection, [sample(n, 30.0 + n) for n in range(6)])
        health_history.record(connection, [sample(1, 12.5), sample(0, 9.0, "margin_db")])
        health_history.record(connection, [])
    with database.read() as connection:
        asked = ("wx", "162.550", "snr_db", NOON, NOON + timedelta(minutes=30))
        assert health_history.series(connection, *asked) == (
            sample(0, 30.0),
            sample(1, 12.5),
            sample(2, 32.0),
        )
        assert health_history.series(connection, *asked, span_s=3600) == ()


def test_samples_that_were_spooled_together_are_recorded_each(database: Database) -> None:
    samples = tuple(
        health_history.HealthSample("wx", channel, "margin_db", NOON, 20.5, 21.0, 21.5, 2)
        for channel in ("162.400", "162.550")
    )
    with database.write() as connection:
        health_history.record_batch(connection, health_history.HealthBatch(samples))
    with database.read() as connection:
        asked = ("margin_db", NOON, NOON + timedelta(minutes=10))
        assert health_history.series(connection, "wx", "162.550", *asked) == samples[1:]


def test_deaf_seconds_are_summed_by_day_and_channel_and_never_twice(database: Database) -> None:
    def row(n: int, channel: str, from_min: float, to_min: float | None) -> deaf.DeafInterval:
        began_at, ended_at = (
            None if minutes is None else NOON + timedelta(minutes=minutes)
            for minutes in (from_min, to_min)
        )
        assert began_at is not None
        return deaf.DeafInterval(f"d{n}", "wx", channel, began_at, ended_at, "unplugged")

    rows = [
        row(1, "162.400", -30, 10),  # begins before what is asked for
        row(2, "162.400", 5, 20),  # overlaps the first
        row(3, "162.400", 6, 7),  # lies inside
        row(4, "162.550", 700, 730),  # over midnight
        row(5, "162.550", 1440, None),  # goes on
    ]
    with database.write() as connection:
        for interval in rows:
            deaf.record(connection, interval)
    now = NOON + timedelta(minutes=1445)
    first, second = NOON.date(), NOON.date() + timedelta(days=1)
    with database.read() as connection:
        sums = deaf.daily_seconds(connection, NOON, now, source="wx")
        assert sums == {
            ("wx", "162.400", first): 20 * 60.0,
            ("wx", "162.550", first): 20 * 60.0,
            ("wx", "162.550", second): 15 * 60.0,
        }
        west = timezone(timedelta(hours=-6))
        assert deaf.daily_seconds(connection, NOON, now, west)[("wx", "162.550", first)] == 30 * 60
        assert deaf.daily_seconds(connection, NOON, now, source="other") == {}


def test_a_test_that_is_no_longer_expected_is_forgotten(database: Database) -> None:
    mine = expected_tests.ExpectedTest("wx", "162.550", "RWT", learnt=True, since_at=NOON)
    other = expected_tests.ExpectedTest("fm", "mono", "RMT", learnt=False)
    with database.write() as connection:
        expected_tests.save(connection, mine)
        expected_tests.save(connection, other)
    with database.read() as connection:
        assert expected_tests.of_source(connection, "wx") == (mine,)
    with database.write() as connection:
        expected_tests.forget(connection, mine)
    with database.read() as connection:
        assert expected_tests.all_expected(connection) == (other,)


def test_an_expected_test_keeps_the_time_of_its_reception(database: Database) -> None:
    expected = expected_tests.ExpectedTest("wx", "162.550", "RWT", learnt=False)
    with database.write() as connection:
        expected_tests.save(connection, expected)
        expected_tests.save(connection, replace(expected, last_heard_at=NOON))
    with database.read() as connection:
        assert expected_tests.all_expected(connection) == (replace(expected, last_heard_at=NOON),)


def test_the_audit_is_paged_newest_first_and_has_each_action_once(database: Database) -> None:
    entries = [
        audit.AuditEntry(
            str(uuid.uuid4()),
            NOON + timedelta(seconds=n // 2),
            *("ada", "stop source", "done", "wx"),
            address="192.0.2.7",
        )
        for n in range(9)
    ]
    with database.write() as connection:
        for entry in [*entries, entries[0]]:
            audit.record(connection, entry)
    seen: list[audit.AuditEntry] = []
    cursor = None
    with database.read() as connection:
        while True:
            page = audit.page(connection, 4, cursor)
            seen += page.entries
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == sorted(entries, key=lambda entry: (entry.at, entry.audit_id), reverse=True)


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("SELECT alert_id FROM alerts WHERE ended_at IS NULL", "active|overdue"),
        ("SELECT 1 FROM alerts WHERE ended_at IS NULL AND ends_at <= '2025-01-01'", "overdue"),
        (
            "SELECT 1 FROM alerts WHERE ended_at IS NULL AND next_change_at <= '2025-01-01'",
            "next_change",
        ),
        ("SELECT 1 FROM alerts ORDER BY first_received_at DESC, number DESC LIMIT 9", "log"),
        ("SELECT 1 FROM alerts WHERE alert_id = 'x'", "alert_id"),
        ("SELECT alert_id FROM alert_keys WHERE key_hash = 'x'", "pk_alert_keys|autoindex"),
        ("SELECT 1 FROM receptions WHERE message_hash = 'x'", "message_hash|autoindex"),
        ("SELECT 1 FROM receptions WHERE reception_id = 'x'", "reception_id|autoindex"),
        ("SELECT 1 FROM alert_receptions WHERE reception_id = 'x'", "reception_id"),
        ("SELECT 1 FROM alert_receptions WHERE alert_id = 'x'", "pk_alert_rec|autoindex"),
        ("SELECT 1 FROM changes WHERE change_id > 5 ORDER BY change_id", "pk_changes|PRIMARY KEY"),
        ("SELECT 1 FROM changes WHERE alert_id = 'x' ORDER BY change_id", "alert_id"),
        ("SELECT 1 FROM job_runs WHERE job = 'x' ORDER BY started_at DESC LIMIT 10", "job"),
        ("SELECT 1 FROM clip_receptions WHERE reception_id = 'x'", "reception_id"),
        ("SELECT 1 FROM deaf_intervals WHERE source = 'x' AND channel = 'y'", "source"),
        ("SELECT 1 FROM audit ORDER BY at DESC, audit_id DESC LIMIT 9", "ix_audit_at"),
    ],
)
def test_every_question_has_its_index(database: Database, question: str, index: str) -> None:
    with database.read() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_sort = off"))
            plan = connection.execute(text(f"EXPLAIN {question}"))
        else:
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {question}"))
        lines = " / ".join(str(row[-1]) for row in plan)
    assert any(name in lines for name in index.split("|")), lines
    assert "Seq Scan" not in lines
