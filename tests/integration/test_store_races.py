"""Several daemons at once, and daemons that are killed: nothing lost, nothing twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Change
from eas_station.store.alerts import alert_queries
from eas_station.store.database.alert_tables import (
    alert_keys,
    alert_receptions,
    changes,
    receptions,
)
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

WARNINGS = 40
HEADERS = [f"ZCZC-WXR-TOR-039173+0030-326{1100 + n}-KCLE/NWS-" for n in range(WARNINGS)]


@pytest.fixture
def daemon(
    tmp_path: Path, database_url: str, admission: Admission
) -> Iterator[Callable[..., tuple[Intake, Flusher]]]:
    """Makes what one daemon has: its own spool and connection."""
    opened: list[Any] = []

    def make(name: str, told: list[Change], batch: int) -> tuple[Intake, Flusher]:
        spool = Spool(tmp_path / f"{name}.spool")
        database = Database(database_url)
        opened.extend((spool, database))
        flusher = Flusher(spool, database, admission, admission.now, told.append, batch=batch)
        return Intake(spool, lambda *_: None), flusher

    yield make
    for thing in opened:
        thing.close()


def run_together(*work: Callable[[], None]) -> None:
    barrier = threading.Barrier(len(work))
    faults: list[str] = []

    def run(one: Callable[[], None]) -> None:
        barrier.wait()
        try:
            one()
        except Exception as error:  # noqa: BLE001 - told to the test below
            faults.append(repr(error))

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_daemons_that_hear_the_same_in_the_same_moment_make_one_alert(
    daemon: Callable[..., tuple[Intake, Flusher]], database: Database, heard: Any, batch: int
) -> None:
    told: list[list[Change]] = [[], [], []]
    parts = [daemon(f"wx{n}", told[n], batch) for n in range(3)]
    for channel, (intake, _) in enumerate(parts):
        order = random.Random(channel).sample(HEADERS, WARNINGS)
        intake.take_all([heard.off_air(header, f"162.{400 + 25 * channel}") for header in order])

    def flush(flusher: Flusher) -> Callable[[], None]:
        def run() -> None:
            while flusher.run_once():
                pass

        return run

    run_together(*(flush(flusher) for _, flusher in parts))

    with database.read() as connection:
        page = alert_queries.page(connection, "all", 500)
        heard_by = alert_queries.reception_rows_of(
            connection, [alert.alert_id for alert in page.alerts]
        )
        every = alert_queries.changes_after(connection, 0, 1000)
        keys = connection.execute(select(alert_keys)).all()
    assert Counter(alert.same_header for alert in page.alerts) == Counter(HEADERS)
    for alert in page.alerts:
        assert alert.reception_count == 3
        assert {h.channel for h in heard_by[alert.alert_id]} == {"162.400", "162.425", "162.450"}
    assert [change.change_id for change in every] == list(range(1, 3 * WARNINGS + 1))
    assert Counter(change.kind for change in every) == {"new": WARNINGS, "updated": 2 * WARNINGS}
    assert sorted((c for one in told for c in one), key=lambda c: c.change_id) == list(every)
    for one in told:
        assert [change.change_id for change in one] == sorted(change.change_id for change in one)
    assert len({(key.key_hash, key.alert_id) for key in keys}) == len(keys)


def test_following_the_changes_misses_none(
    daemon: Callable[..., tuple[Intake, Flusher]], database: Database, heard: Any
) -> None:
    parts = [daemon(f"d{n}", [], batch=3) for n in range(2)]
    for channel, (intake, _) in enumerate(parts):
        intake.take_all([heard.off_air(header, f"162.{400 + 25 * channel}") for header in HEADERS])
    seen: list[int] = []

    def follow() -> None:
        while len(seen) < 2 * WARNINGS:
            with database.read() as connection:
                last = seen[-1] if seen else 0
                later = alert_queries.changes_after(connection, last, 5)
                seen.extend(change.change_id for change in later)

    def flush(flusher: Flusher) -> Callable[[], None]:
        def run() -> None:
            while flusher.run_once():
                pass

        return run

    run_together(follow, *(flush(flusher) for _, flusher in parts))
    assert seen == list(range(1, 2 * WARNINGS + 1))


def test_two_daemons_that_watch_the_clock_end_each_alert_once(
    daemon: Callable[..., tuple[Intake, Flusher]],
    database: Database,
    heard: Any,
    admission: Admission,
) -> None:
    told: list[list[Change]] = [[], []]
    parts = [daemon(f"d{n}", told[n], batch=10) for n in range(2)]
    parts[0][0].take_all([heard.off_air(header) for header in HEADERS])
    while parts[0][1].run_once():
        pass
    told[0].clear()
    later = admission.now() + timedelta(days=1)
    run_together(*(lambda f=flusher: f.end_overdue(later) for _, flusher in parts))
    ended = [change.alert_id for one in told for change in one]
    assert len(ended) == len(set(ended)) == WARNINGS
    with database.read() as connection:
        assert alert_queries.active(connection, None) == ()


DAEMON = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from eas_station import tables
from eas_station.alerts.sources import from_same
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.relevance.relevance import Area
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
spool_path, url, life = sys.argv[1:]
known = tables.load()
admission = Admission(Area, known, lambda: NOON)
spool = Spool(Path(spool_path))
flusher = Flusher(spool, Database(url), admission, lambda: NOON, lambda change: None, batch=5)
intake = Intake(spool, lambda reception, durable: print(reception.reception_id, flush=True))
for n in range(100_000):
    intake.take(
        from_same.reception(
            f"ZCZC-WXR-TOR-039173+0030-326{1100 + n % 50}-KCLE/NWS-",
            origin="wx", channel="mono", received_at=NOON, evidence=None, clock_trusted=True,
            event_name=known.event_name, new_id=lambda: f"{life}-{n}",
        )
    )
    if n % 3 == 0:
        flusher.run_once()
"""


def test_kill_9_loses_no_acknowledged_reception_and_doubles_none(
    tmp_path: Path, database_url: str, database: Database, admission: Admission
) -> None:
    path = tmp_path / "daemon.spool"
    rng = random.Random(11)
    acknowledged: list[str] = []
    for life in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", DAEMON, str(path), database_url, str(life)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        enough = rng.randrange(10, 60)
        for line in child.stdout:
            acknowledged.append(line.strip())
            if line.strip() == f"{life}-{enough}":
                child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL

    spool = Spool(path)
    flusher = Flusher(spool, database, admission, admission.now, lambda change: None)
    while flusher.run_once():
        pass

    assert spool.quarantine_depth() == 0
    with database.read() as connection:
        stored = connection.execute(select(receptions.c.reception_id)).scalars().all()
        links = connection.execute(select(alert_receptions.c.reception_id)).scalars().all()
        numbers = connection.execute(select(changes.c.change_id).order_by(changes.c.change_id))
        every = numbers.scalars().all()
        found = alert_queries.page(connection, "all", 500).alerts
    assert len(acknowledged) >= 40
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored)) == len(links) == len(set(links))
    assert every == list(range(1, len(stored) + 1))
    assert len({alert.same_header for alert in found}) == len(found)
    assert sum(alert.reception_count for alert in found) == len(stored)
    spool.close()


def test_new_ids_are_uuids(daemon: Any, database: Database, heard: Any) -> None:
    intake, flusher = daemon("a", [], batch=10)
    intake.take(heard.off_air())
    flusher.run_once()
    with database.read() as connection:
        (alert,) = alert_queries.active(connection, None)
    assert str(uuid.UUID(alert.alert_id)) == alert.alert_id
