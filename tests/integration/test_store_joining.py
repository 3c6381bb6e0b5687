"""Receptions that come in any order, in one transaction or in several: the record is the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Change, EventRef, MessageId, Reception
from eas_station.store.alerts import alert_queries, flags
from eas_station.store.database.alert_tables import (
    alert_receptions,
    alerts,
    joined_alerts,
    receptions,
)
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.records import operator_action
from eas_station.store.records.operator_action import Action
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

PLACES = ("039173", "039095", "039063")
PARTS = (
    ("ZCZC-WXR-SVR-039173-039095+0045-3261155-KCLE/NWS-", "162.550"),
    ("ZCZC-WXR-SVR-139063+0045-3261155-KCLE/NWS-", "162.475"),
)
ORIGIN = "w-nws.webmaster@noaa.gov"


@pytest.fixture
def way(
    tmp_path: Path, database: Database, admission: Admission
) -> Iterator[Callable[[Sequence[Reception], int], list[Change]]]:
    """Takes receptions into the record, so many in one transaction; gives the changes."""
    told: list[Change] = []
    with closing(Spool(tmp_path / "way.spool")) as spool:
        intake = Intake(spool, lambda *_: None)

        def take(heard: Sequence[Reception], batch: int) -> list[Change]:
            told.clear()
            flusher = Flusher(spool, database, admission, admission.now, told.append, batch=batch)
            intake.take_all(list(heard))
            while flusher.run_once():
                pass
            return list(told)

        yield take


def cleared(database: Database) -> None:
    with database.write() as connection:
        for table in (joined_alerts, alert_receptions, alerts, receptions):
            connection.execute(delete(table))


def warning(heard: Any, admission: Admission, name: str, **said: Any) -> Reception:
    """A CAP message of the NWS for a severe thunderstorm."""
    issued_at = admission.now() - timedelta(minutes=5)
    event = EventRef(
        "KCLE.SV.W.0050.2025", "NEW", "O", issued_at, issued_at + timedelta(minutes=41)
    )
    values = {
        "event_name": "Severe Thunderstorm Warning",
        "event_code": "SVR",
        "originator": "WXR",
        "issued_at": issued_at,
        "same_codes": PLACES,
        "ugc_codes": ("OHC173", "OHC095", "OHC063"),
        "events": (event,),
        "ends_at": issued_at + timedelta(minutes=41),
        "expires_at": issued_at + timedelta(minutes=41),
        "message": MessageId(ORIGIN, name, issued_at),
    }
    made: Reception = heard.by_cap(name, **{**values, **said})
    return made


def story(heard: Any, admission: Admission) -> list[Reception]:
    """A warning, two headers of parts of it, one of them heard twice, and its Cancel."""
    first = warning(heard, admission, "A")
    issued_at = admission.now() - timedelta(minutes=1)
    (event,) = first.statement.events
    cancel = warning(
        *(heard, admission, "B"),
        kind="cancel",
        issued_at=issued_at,
        message=MessageId(ORIGIN, "B", issued_at),
        references=(first.statement.message,),
        events=(replace(event, action="CAN"),),
    )
    air = [heard.off_air(header, channel) for header, channel in PARTS]
    return [first, *air, heard.off_air(PARTS[0][0], "162.400"), cancel]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_all_orders_of_five_receptions_make_one_alert(
    way: Any, database: Database, heard: Any, admission: Admission, batch: int
) -> None:
    told = story(heard, admission)
    for order in itertools.permutations(told):
        cleared(database)
        changes = way(order, batch)
        with database.read() as connection:
            (alert,) = alert_queries.page(connection, "all", 50).alerts
            linked = connection.execute(select(alert_receptions.c.reception_id)).scalars().all()
            every = alert_queries.changes_after(connection, 0, 10_000)
            joined = [change for change in every if change.kind == "joined"]
            for change in joined[-2:]:
                assert change.other_id is not None
                found = alert_queries.by_id(connection, change.other_id)
                assert found == alert, "the younger answers with the elder"
                assert alert_queries.changes_of(connection, change.other_id)
        assert (alert.reception_count, alert.end_reason) == (5, "cancelled")
        assert alert.ends_at == told[-1].statement.issued_at
        assert sorted(linked) == sorted(reception.reception_id for reception in told)
        assert {change.alert_id for change in changes if change.kind == "joined"} <= {
            alert.alert_id
        }
        numbers = [change.change_id for change in every]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True


def test_what_operators_said_of_both_is_said_of_the_one(
    way: Any, database: Database, heard: Any, admission: Admission
) -> None:
    first, *air, _, _ = story(heard, admission)
    way(air, 1)
    with database.write() as connection:
        one, other = alert_queries.page(connection, "all", 50).alerts[::-1]
        flags.set_note(connection, one.alert_id, "elder")
        flags.set_note(connection, other.alert_id, "younger")
        flags.acknowledge(connection, other.alert_id, admission.now(), "ada")
        flags.set_keep(connection, other.alert_id, True)
    way([first], 1)
    with database.write() as connection:
        action = Action("1", admission.now(), "ada", "note_alert", other.alert_id, "both")
        noted = flags.of(connection, [one.alert_id])[one.alert_id]
        assert (noted.note, noted.acknowledged_by, noted.keep) == ("elder\nyounger", "ada", True)
        assert operator_action.perform(connection, action), "an action on the younger is on it"
        assert flags.of(connection, [one.alert_id])[one.alert_id].note == "both"


def test_a_header_is_taken_from_an_alert_that_another_fits_as_well(
    way: Any, database: Database, heard: Any, admission: Admission
) -> None:
    """It was of the only message that it could be of; now there are two."""
    air = [heard.off_air("ZCZC-WXR-SVR-039173+0045-3261155-KCLE/NWS-", c) for c in ("a", "b")]
    first = warning(heard, admission, "A", same_codes=("039173", "039095"))
    (event,) = first.statement.events
    twin = warning(
        *(heard, admission, "T"),
        same_codes=("039173", "039063"),
        events=(replace(event, key="KCLE.SV.W.0051.2025"),),
    )
    way([first, *air], 1)
    with database.read() as connection:
        (alert,) = alert_queries.page(connection, "all", 50).alerts
    assert alert.reception_count == 3
    changes = way([twin], 1)
    with database.read() as connection:
        found = alert_queries.page(connection, "all", 50).alerts
        links = connection.execute(select(alert_receptions)).all()
    assert sorted(alert.reception_count for alert in found) == [1, 1, 2]
    assert len(links) == len({link.reception_id for link in links}) == 4
    assert sorted(change.kind for change in changes) == ["new", "new", "updated"]


def test_a_message_that_ends_a_watch_and_begins_a_warning_is_in_both_alerts(
    way: Any, database: Database, heard: Any, admission: Admission
) -> None:
    issued_at = admission.now() - timedelta(minutes=4)
    watch = warning(heard, admission, "A", same_codes=(), event_code=None, originator=None)
    (event,) = watch.statement.events
    begun = replace(event, key="KCLE.SV.W.0052.2025")
    both = warning(
        *(heard, admission, "B"),
        issued_at=issued_at,
        message=MessageId(ORIGIN, "B", issued_at),
        events=(replace(event, action="UPG"), begun),
    )
    for order in ([watch, both], [both, watch]):
        cleared(database)
        way(order, 1)
        with database.read() as connection:
            found = {one.events: one for one in alert_queries.page(connection, "all", 9).alerts}
            heard_of = alert_queries.receptions_of(connection, [a.alert_id for a in found.values()])
        assert {events: one.end_reason for events, one in found.items()} == {
            (event.key,): "replaced",
            (begun.key,): None,
        }
        assert {len(one) for one in heard_of.values()} == {1, 2}


def test_a_header_heard_before_the_clock_was_right_joins_its_message_when_it_is(
    tmp_path: Path, database: Database, heard: Any, admission: Admission
) -> None:
    """The message came first and has its own date; the header is dated with the clock."""
    first = warning(heard, admission, "A")
    wrong = admission.now() - timedelta(days=400)
    air = heard.off_air(PARTS[0][0], received_at=wrong)
    air = replace(air, clock_trusted=False, statement=replace(air.statement, doubt=None))
    trusted = [False]
    rules = replace(admission, clock_trusted=lambda: trusted[0])
    with closing(Spool(tmp_path / "undated.spool")) as spool:
        Intake(spool, lambda *_: None).take_all([first, air])
        told: list[Change] = []
        flusher = Flusher(spool, database, rules, rules.now, told.append)
        while flusher.run_once():
            pass
        with database.read() as connection:
            assert len(alert_queries.page(connection, "all", 9).alerts) == 2
        trusted[0] = True
        flusher.end_overdue(rules.now())
    with database.read() as connection:
        (alert,) = alert_queries.page(connection, "all", 9).alerts
    assert alert.reception_count == 2
    assert [change.kind for change in told][-2:] == ["joined", "updated"]
