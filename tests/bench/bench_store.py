"""What it costs to store: a nationwide poll cold, growth, and the spool's promise.

The yardsticks are a bare insert of the same texts into the same database, and a bare fdatasync.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from borrowed import conftest
from table import Table, best_s

from eas_station import tables, wire
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Reception
from eas_station.geo.area import Area
from eas_station.store.alerts import alert_queries
from eas_station.store.alerts.rows import alert_row, key_hash, reception_row
from eas_station.store.database.alert_tables import (
    alert_keys,
    alert_receptions,
    numbers,
    receptions,
)
from eas_station.store.database.alert_tables import alerts as alerts_table
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool
from eas_station.store.upkeep import migrate

NATIONWIDE = 396  # alerts of the largest real set
STORED = 10_000
ROUNDS = 5
APPENDS = 50
COLD_S, GROWTH, PAGE_S = 1.0, 1.2, 0.1

made = conftest()


class Store:
    """The whole way from the intake into one database."""

    def __init__(self, url: str, folder: Path, known: tables.Tables) -> None:
        migrate.upgrade(url)
        self.database = Database(url)
        area = Area(same_codes=frozenset({"039173"}))
        self.admission = Admission(lambda: area, known, now=lambda: made.NOON)
        self.heard = made.Heard(known)
        self.spool = Spool(folder / f"{uuid.uuid4()}.spool")
        self._intake = Intake(self.spool, lambda *_: None)
        self._flusher = Flusher(
            self.spool, self.database, self.admission, self.admission.now, lambda change: None
        )

    def poll(self, count: int) -> list[Reception]:
        """As large as real ones: 4 kB of document and 2 kB of texts each."""
        said = [
            self.heard.by_cap(
                f"urn:oid:2.49.0.1.840.0.{uuid.uuid4()}",
                instruction="Move to higher ground. " * 20,
                same_codes=("039173", "039095", "039051"),
                ugc_codes=("OHC173", "OHC095", "OHC051"),
            )
            for _ in range(count)
        ]
        return [replace(reception, raw="<alert>" + "x" * 4000) for reception in said]

    def take(self, heard: list[Reception]) -> float:
        """Seconds from the poll's receptions to the record."""
        began_s = time.perf_counter()
        self._intake.take_all(heard)
        while self._flusher.run_once():
            pass
        took_s = time.perf_counter() - began_s
        assert self.spool.quarantine_depth() == 0
        return took_s

    def bare_insert(self, heard: list[Reception]) -> float:
        """Seconds of the same texts into a table without anything, in one commit."""
        bodies = [{"body": wire.to_json(reception)} for reception in heard]
        with self.database.write() as connection:
            connection.exec_driver_sql("CREATE TABLE bare (body TEXT NOT NULL)")
        began_s = time.perf_counter()
        with self.database.write() as connection:
            mark = ":body" if self.database.dialect == "sqlite" else "%(body)s"
            connection.exec_driver_sql(f"INSERT INTO bare VALUES ({mark})", bodies)
        took_s = time.perf_counter() - began_s
        with self.database.write() as connection:
            connection.exec_driver_sql("DROP TABLE bare")
        return took_s

    def fill(self, count: int) -> None:
        """Store alerts by the shortest way; all but the last hundred are over."""
        poll_at = self.admission.now() - timedelta(days=30)
        one = self.heard.by_cap("x", received_at=poll_at)
        folded = self.admission.fold("a", (one,), None)
        rows: list[list[dict[str, Any]]] = [[], [], [], []]
        for number in range(1, count + 1):
            assert one.statement.message is not None
            message = replace(one.statement.message, identifier=f"old {number}")
            reception = replace(
                one, reception_id=f"r{number}", statement=replace(one.statement, message=message)
            )
            ended_at = None if number > count - 100 else poll_at
            alert = replace(folded, alert_id=f"a{number}", ended_at=ended_at)
            rows[0].append(alert_row(alert, number))
            rows[1].append(reception_row(reception, number))
            rows[2].append({"alert_id": f"a{number}", "reception_id": f"r{number}"})
            for key in self.admission.keys(reception):
                rows[3].append(
                    {
                        "key_hash": key_hash(key),
                        "alert_id": f"a{number}",
                        "strength": key.strength,
                        "text": key.text,
                    }
                )
        with self.database.write() as connection:
            for table, content in zip(
                (alerts_table, receptions, alert_receptions, alert_keys), rows, strict=True
            ):
                connection.execute(table.insert(), content)
            connection.execute(numbers.update().values(last=count))

    def pages(self) -> None:
        with self.database.read() as connection:
            alert_queries.page(connection, "all", 50)
            alert_queries.active(connection, self.admission.now())

    def close(self) -> None:
        self.database.close()
        self.spool.close()


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[], str] | None]:
    """Makes fresh databases of a cluster of our own that syncs; None: none is installed."""
    programs = made.server_programs()
    if programs is None:
        yield None
        return
    cluster = made.Cluster.make(programs)
    cluster.start(durable=True)

    def fresh() -> str:
        name = f"bench_{uuid.uuid4().hex}"
        cluster.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        url: str = cluster.url(name)
        return url

    try:
        yield fresh
    finally:
        cluster.stop()
        shutil.rmtree(cluster.folder, ignore_errors=True)


def bench(table: Table, name: str, new_store: Callable[[], Store]) -> None:
    """All figures of one kind of database."""
    colds, bares = [], []
    for _ in range(ROUNDS):
        store = new_store()
        heard = store.poll(NATIONWIDE)
        bares.append(store.bare_insert(heard))
        colds.append(store.take(heard))
        store.close()
    cold_s, bare_s = min(colds), min(bares)
    table.value(f"{name}: {NATIONWIDE} receptions, bare insert", bare_s, "s", 1.0)
    table.value(
        f"{name}: {NATIONWIDE} receptions, intake to record, cold",
        *(cold_s, "s", cold_s / bare_s),
        at_most=COLD_S,
    )
    fresh, store = new_store(), new_store()
    fresh.take(fresh.poll(10))
    store.fill(STORED)
    times = [(fresh.take(fresh.poll(100)), store.take(store.poll(100))) for _ in range(2 * ROUNDS)]
    empty_s, full_s = (min(each) for each in zip(*times, strict=True))
    table.value(f"{name}: 100 receptions into an empty record", empty_s, "s", 1.0)
    table.ratio(
        f"{name}: 100 receptions beside {STORED} stored",
        *(full_s, "s", full_s / empty_s),
        at_most=GROWTH,
    )
    page_s = best_s(store.pages, ROUNDS, time.perf_counter)
    table.value(f"{name}: the page's queries beside {STORED}", page_s, "s", at_most=PAGE_S)
    fresh.close()
    store.close()


def bench_spool(table: Table, folder: Path, known: tables.Tables) -> None:
    """One acknowledged reception against one bare write that is synced."""
    reception = made.Heard(known).off_air()
    body = wire.to_json(reception).encode()
    spool = Spool(folder / "append.spool")
    descriptor = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    appended, synced = [], []
    for _ in range(APPENDS):  # taken in turns: the disk has moods
        began_s = time.perf_counter()
        os.write(descriptor, body)
        os.fdatasync(descriptor)
        synced.append(time.perf_counter() - began_s)
        began_s = time.perf_counter()
        spool.append("reception", body.decode())
        appended.append(time.perf_counter() - began_s)
    os.close(descriptor)
    spool.close()
    sync_s, append_s = (sorted(times)[APPENDS // 2] for times in (synced, appended))
    table.value("write and fdatasync of one reception, median", sync_s, "s", 1.0)
    table.value("Spool.append of one reception, median", append_s, "s", append_s / sync_s)


def main() -> None:
    known = tables.load()
    table = Table("The store (wall time; best of some rounds; ratios to the row above)")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as name:
        folder = Path(name)
        bench_spool(table, folder, known)
        bench(
            table,
            "SQLite",
            lambda: Store(f"sqlite:///{folder / f'{uuid.uuid4()}.db'}", folder, known),
        )
        with postgresql(folder) as fresh:
            if fresh is None:
                table.note("No PostgreSQL server is installed: apt install postgresql")
            else:
                bench(table, "PostgreSQL", lambda: Store(fresh(), folder, known))
                table.note("PostgreSQL with fsync and full_page_writes on, over its socket.")
    table.show()


if __name__ == "__main__":
    main()
