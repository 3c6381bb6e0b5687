"""A nationwide poll, and that what it costs does not grow with the record: no clock, only plans."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import MessageId, Reception
from eas_station.store.alerts import alert_queries
from eas_station.store.alerts.candidates import MOST_RIVALS, alerts_sharing
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
NATIONWIDE = 396  # alerts of the largest real set
GROWING = "alerts|alert_keys|receptions|alert_receptions|changes"
WHOLE_TABLE = {
    "sqlite": re.compile(rf"SCAN ({GROWING})\b"),  # also in the order of an index
    "postgresql": re.compile(rf"Seq Scan on ({GROWING})\b"),
}


def poll(heard: Any, count: int) -> list[Reception]:
    """As long as real ones, with three places each."""
    made = [
        heard.by_cap(
            f"urn:oid:2.49.0.1.840.0.{uuid.uuid4()}",
            same_codes=("039173", "039095", "039051"),
            ugc_codes=("OHC173", "OHC095", "OHC051"),
        )
        for _ in range(count)
    ]
    return [replace(reception, raw="<alert>" + "x" * 4000) for reception in made]


class Way:
    """From the intake into the record."""

    def __init__(self, spool: Spool, database: Database, admission: Admission) -> None:
        self.flusher = Flusher(spool, database, admission, admission.now, lambda change: None)
        self.intake = Intake(spool, lambda *_: None)

    def take(self, receptions: list[Reception]) -> None:
        self.intake.take_all(receptions)
        while self.flusher.run_once():
            pass


@pytest.fixture
def way(tmp_path: Path, database: Database, admission: Admission) -> Iterator[Way]:
    spool = Spool(tmp_path / "growth.spool")
    yield Way(spool, database, admission)
    assert spool.depth() == 0
    assert spool.quarantine_depth() == 0
    spool.close()


@contextmanager
def noted(dialect: str) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is executed meanwhile, with the parameters it had."""
    found: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, text: str, values: Any, *_: Any) -> None:
        if connection.dialect.name == dialect:
            found.append((text, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def plans(database: Database, statements: list[tuple[str, Any]]) -> dict[str, str]:
    """How the database would execute each of them."""
    word = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    found = {}
    with database.read() as connection:
        if database.dialect == "postgresql":
            # A small table is read whole for good reason: ask whether there is another way.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for text, values in statements:
            if text.startswith(("SELECT", "UPDATE", "DELETE")):
                one = values[0] if isinstance(values, list) else values
                rows = connection.exec_driver_sql(f"{word} {text}", one)
                found[text] = "\n".join(str(row[-1]) for row in rows)
    return found


def test_a_nationwide_poll_is_stored_and_the_same_again_adds_nothing(
    way: Way, database: Database, heard: Any
) -> None:
    receptions = poll(heard, NATIONWIDE)
    way.take(receptions)
    again = [replace(one, reception_id=str(uuid.uuid4())) for one in receptions]
    way.take([*receptions, *again])
    with database.read() as connection:
        assert len(alert_queries.active(connection, None, limit=1_000_000)) == NATIONWIDE
        assert alert_queries.last_change_id(connection) == NATIONWIDE
        assert len(alert_queries.active(connection, None, NATIONWIDE + 1)) == NATIONWIDE


def test_no_statement_of_the_flusher_reads_a_whole_table(
    way: Way, database: Database, admission: Admission, heard: Any
) -> None:
    undated = replace(heard.off_air(), clock_trusted=False)
    way.take([*poll(heard, 20), heard.off_air(), undated])
    with noted(database.dialect) as statements:
        way.take([*poll(heard, 20), heard.off_air(channel="162.400")])
        way.flusher.end_overdue(admission.now())  # the first time it dates what is undated
        way.flusher.end_overdue(admission.now() + timedelta(days=1))
    found = plans(database, statements)
    assert len(found) >= 8
    assert any("clock_trusted IS" in text for text in found), "what is undated"
    assert any(text.startswith("UPDATE alerts SET ended_at") for text in found)
    whole = WHOLE_TABLE[database.dialect]
    assert {text: plan for text, plan in found.items() if whole.search(plan)} == {}


def test_of_alerts_that_only_share_a_header_hardly_any_is_read(
    way: Way, database: Database, admission: Admission, heard: Any
) -> None:
    header = "ZCZC-WXR-TOR-039173+0030-3261155-EASTEST -"
    issued_at = NOON - timedelta(minutes=5)
    spoken = {"same_header": header, "issued_at": issued_at, "event_code": "TOR"}
    way.take([heard.by_cap(f"urn:oid:{number}", **spoken) for number in range(150)])
    with database.read() as connection:
        oldest = [
            alert.alert_id for alert in alert_queries.page(connection, "all", 200).alerts[::-1]
        ][:MOST_RIVALS]

        def led_to(*receptions: Reception) -> list[str]:
            keys = [key for reception in receptions for key in admission.sought(reception)]
            return alerts_sharing(connection, keys)

        again = heard.off_air(header, received_at=NOON)
        other = heard.by_cap("urn:oid:other", **spoken)
        assert led_to(other) == []
        assert led_to(again, other) == sorted(oldest)
        assert len(led_to(heard.by_cap("urn:oid:149"))) == 1
    way.take([again, other])
    with database.read() as connection:
        found = alert_queries.page(connection, "all", 200).alerts
        assert len(found) == 151
        assert found[-1].reception_count == 2, "the oldest was heard off the air"


def test_a_message_may_refer_to_more_than_one_statement_can_ask_for(
    way: Way, database: Database, heard: Any
) -> None:
    def long(name: str) -> Reception:
        references = tuple(MessageId("a", f"{name}-{n}", NOON) for n in range(900))
        made: Reception = heard.by_cap(name, references=references, kind="update")
        return made

    way.take([long(f"urn:oid:{number}") for number in range(40)])
    with database.read() as connection:
        assert len(alert_queries.active(connection, None, limit=1_000_000)) == 40
