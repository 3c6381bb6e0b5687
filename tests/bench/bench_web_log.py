"""How fast the pages are with 100 000 alerts in the record, on SQLite and on PostgreSQL.

Each page is asked again and again by one client; what is kept for a second is asked in its second.
"""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from bench_store import postgresql
from borrowed import conftest
from processes import pss_mib
from table import Table

from eas_station import tables
from eas_station.store.alerts.rows import alert_row, key_hash, reception_row
from eas_station.store.database.alert_tables import (
    alert_keys,
    alert_receptions,
    numbers,
    receptions,
)
from eas_station.store.database.alert_tables import alerts as alerts_table

STORED, AT_ONCE, ASKED = 100_000, 5_000, 15
PAGE_S, BOOT_S = 0.1, 5.0
EVENTS = (
    ("Tornado Warning", "TOR"), ("Severe Thunderstorm Warning", "SVR"), ("Flood Watch", "FLA"),
    ("Required Weekly Test", "RWT"), ("Winter Storm Warning", "WSW"), ("High Wind Watch", "HWA"),
)  # fmt: skip
RARE = "zebra"  # one alert alone has it
PAGES = {
    "Now": "/",
    "Log": "/log",
    "Log of one event": "/log?event=TOR",
    "search, a sixth of all": "/log?q=tornado",
    "search, all of them": "/log?q=warning+cleveland",
    "search, one of all": f"/log?q={RARE}",
    "search, none, two frequent words": "/log?q=tornado+thunderstorm",
    "search by a place": f"/log?q={quote('Wood')}",
    "API, 100 alerts": "/api/v1/alerts?state=all",
    "API, search": "/api/v1/alerts?state=all&q=tornado",
}


def fill(town: object, count: int) -> None:
    """Alerts of three years, the last hundred in force, by the shortest way into the record."""
    admission, now = town.admission(), conftest("webd").utc_now()  # type: ignore[attr-defined]
    samples = []
    for name, code in EVENTS:
        heard = town.by_cap(name, code, ("039173",), sender_name="NWS Cleveland OH")  # type: ignore[attr-defined]
        samples.append((heard, admission.fold("a", (heard,), None)))
    for first in range(1, count + 1, AT_ONCE):
        rows: list[list[dict[str, object]]] = [[], [], [], []]
        for number in range(first, min(count + 1, first + AT_ONCE)):
            heard, folded = samples[number % len(samples)]
            at = now - timedelta(minutes=15) * (count - number)
            reception = replace(heard, reception_id=f"r{number}", received_at=at)
            message = replace(heard.statement.message, identifier=f"old {number}")
            reception = replace(reception, statement=replace(heard.statement, message=message))
            over = number <= count - 100
            alert = replace(
                folded, alert_id=f"a{number}", first_received_at=at, last_received_at=at,
                issued_at=at, ended_at=at + timedelta(hours=1) if over else None,
                ends_at=at + timedelta(hours=1) if over else now + timedelta(hours=9),
                headline=f"A {RARE} is loose" if number == count // 2 else None,
            )  # fmt: skip
            rows[0].append(alert_row(alert, number))
            rows[1].append(reception_row(reception, number))
            rows[2].append({"alert_id": f"a{number}", "reception_id": f"r{number}"})
            for key in admission.keys(reception):
                told = {"strength": key.strength, "text": key.text}
                rows[3].append({"key_hash": key_hash(key), "alert_id": f"a{number}", **told})
        unique = {(row["key_hash"], row["alert_id"]): row for row in rows[3]}
        rows[3] = list(unique.values())
        with town.database.write() as connection:  # type: ignore[attr-defined]
            for table, content in zip(
                (alerts_table, receptions, alert_receptions, alert_keys), rows, strict=True
            ):
                connection.execute(table.insert(), content)
            connection.execute(numbers.update().values(last=count))
    if town.database.dialect == "postgresql":  # type: ignore[attr-defined]
        with town.database.write() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql("ANALYZE")  # as autovacuum does within a minute


def took_s(port: int, path: str) -> float:
    """Seconds of one answer, its body read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    began_s = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    lasted_s = time.perf_counter() - began_s
    assert answer.status == 200, (path, answer.status, body[:200])
    connection.close()
    return lasted_s


def boot_s(town: object) -> float:
    """Seconds from exec to a page that knows the record."""
    made, began_s = conftest("webd"), time.perf_counter()
    town.start()  # type: ignore[attr-defined]
    made.until(lambda: town.json("/api/v1/status")["database"]["state"] == "online", 120)  # type: ignore[attr-defined]
    return time.perf_counter() - began_s


def bench(table: Table, name: str, folder: Path, url: str | None, known: tables.Tables) -> None:
    made = conftest("webd")
    empty_s = 0.0
    for count in (0, STORED):
        home = folder / f"{name}-{count}"
        home.mkdir()
        town = made.Town(home, known, url)
        try:
            town.migrate()
            if count:
                fill(town, count)
            lasted_s = boot_s(town)
            if not count:
                empty_s = lasted_s
                table.value(f"{name}: boot, empty record", lasted_s, "s", 1.0, at_most=BOOT_S)
                continue
            table.value(f"{name}: boot", lasted_s, "s", lasted_s / empty_s, at_most=BOOT_S)
            town.say_all_well()
            for page, path in PAGES.items():
                times = []
                for _ in range(ASKED):
                    times.append(took_s(town.port, path))
                    time.sleep(0.07)  # so that some come when nothing is kept
                table.value(f"{name}: {page}, slowest of {ASKED}", max(times), "s", at_most=PAGE_S)
            table.value(f"{name}: PSS", pss_mib(town.process.pid), "MiB")
        finally:
            town.close()


def main() -> None:
    known = tables.load()
    table = Table(f"eas-webd with {STORED} alerts in the record (wall time)")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as name:
        folder = Path(name)
        bench(table, "SQLite", folder, None, known)
        with postgresql(folder) as fresh:
            if fresh is None:
                table.note("No PostgreSQL server is installed: apt install postgresql")
            else:
                new: Callable[[], str] = fresh
                bench(table, "PostgreSQL", folder, new(), known)
    table.show()


if __name__ == "__main__":
    main()
