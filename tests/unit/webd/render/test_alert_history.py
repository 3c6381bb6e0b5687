"""The timeline of an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eas_station.alerts.model import Change, EventRef, MessageId, Reception
from eas_station.webd.render.alert_history import MOST_STEPS, AlertHistory, HistoryStep
from eas_station.webd.render.times import TimeFormat, zone_of

NOW = datetime(2025, 11, 22, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def history() -> AlertHistory:
    return AlertHistory(" ".join, TimeFormat(zone_of("UTC")), NOW)


@pytest.fixture
def cap(make: Any) -> Any:
    """A CAP message: number, minutes after the first, fields of its statement."""

    def build(number: int, minute: int, origin: str = "nws", **fields: Any) -> Reception:
        sent_at = NOW + minute * MINUTE
        reception = make.reception(number)
        statement = replace(
            reception.statement,
            issued_at=sent_at,
            message=MessageId("nws", f"m{minute}", sent_at),
            sender_name="NWS Cleveland OH",
            **fields,
        )
        return replace(
            reception, via="cap", origin=origin, channel=None, evidence=None, statement=statement,
            received_at=sent_at + timedelta(seconds=20 * number),
        )  # fmt: skip

    return build


def words(steps: tuple[HistoryStep, ...]) -> list[tuple[str, str]]:
    return [(step.what, "; ".join(step.notes)) for step in steps]


def test_an_update_names_what_it_replaces_adds_removes_and_moves(
    history: AlertHistory, cap: Any
) -> None:
    first = cap(1, 0, same_codes=("039173", "039095"))
    update = cap(
        2, 5, kind="update", same_codes=("039173", "039063"),
        references=(first.statement.message,), expires_at=NOW + 90 * MINUTE,
    )  # fmt: skip
    issued, updated = history.of((first, update), ())
    assert (issued.what, issued.who, issued.anchor) == (
        "Issued",
        "NWS Cleveland OH",
        "r-reception-1",
    )
    assert issued.notes == ("for 039095 039173", "until 08:57 UTC", "received from nws after 20 s")
    assert updated.notes == (
        "replaces the message of 08:12 UTC",
        "added 039063",
        "removed 039095",
        "end moved from 08:57 UTC to 09:42 UTC",
        "received from nws after 40 s",
    )


def test_a_cancel_ends_the_alert_and_names_the_message(history: AlertHistory, cap: Any) -> None:
    first = cap(1, 0)
    cancel = cap(2, 9, kind="cancel", references=(first.statement.message,))
    ended = Change(3, "a", "ended", NOW + 10 * MINUTE, "cancelled by nws")
    assert words(history.of((first, cancel), (ended,)))[1:] == [
        (
            "Cancelled",
            "ends the message of 08:12 UTC; removed 039173; the whole alert is cancelled; "
            "received from nws after 40 s",
        ),
        ("Ended", "cancelled by nws"),
    ]


def test_messages_that_were_not_received_are_counted(history: AlertHistory, cap: Any) -> None:
    lost = MessageId("nws", "lost", NOW - 60 * MINUTE)
    other = replace(lost, identifier="lost too")
    one = cap(1, 0, kind="update", references=(lost,))
    two = cap(1, 0, kind="update", references=(lost, other))
    assert "replaces an earlier message not received here" in history.of((one,), ())[0].notes
    assert "replaces 2 earlier messages not received here" in history.of((two,), ())[0].notes


def test_a_message_from_two_feeds_is_one_step(history: AlertHistory, cap: Any) -> None:
    nws, ipaws = cap(1, 0), cap(3, 0, origin="ipaws")
    (step,) = history.of((nws, ipaws), ())
    assert step.notes[-1] == "received from nws after 20 s and from ipaws after 1 min"


def test_vtec_actions_are_in_words(history: AlertHistory, cap: Any) -> None:
    event = EventRef("KCLE.TO.W.0012.2025", "EXT", "T", None, NOW + 60 * MINUTE)
    (step,) = history.of((cap(1, 0, events=(event,)),), ())
    assert "event KCLE.TO.W.0012.2025 (EXT) extended in time, until 09:12 UTC, a test" in step.notes


def test_receptions_off_the_air_are_in_the_same_timeline(
    history: AlertHistory, cap: Any, make: Any
) -> None:
    header = "ZCZC-WXR-TOR-039173+0045-3260812-KCLE/NWS-"
    air = make.reception(7, raw=header, received_at=NOW + timedelta(seconds=2))
    statement = replace(air.statement, same_header=header, originator="WXR", callsign="KCLE/NWS")
    air = replace(air, statement=statement)
    again = replace(air, reception_id="reception-8", channel="162.525",
                    received_at=NOW + timedelta(seconds=30))  # fmt: skip
    by_cap = cap(1, 0, same_header=header, originator="WXR")
    update = cap(2, 5, kind="update", references=(by_cap.statement.message,))
    steps = history.of((air, by_cap, again, update), ())
    assert [(step.what, step.who) for step in steps] == [
        ("Issued", "NWS Cleveland OH"),
        ("Received off the air", "wx, 162.550 MHz"),
        ("Received off the air", "wx, 162.525 MHz"),
        ("Updated", "NWS Cleveland OH"),
    ]
    assert steps[1].notes == ("sent by KCLE/NWS", "matches the CAP message")
    assert steps[2].notes == ("sent by KCLE/NWS", "same header repeated")
    alone = history.of((air, again), ())
    assert alone[0].notes == ("sent by KCLE/NWS", "for 039173", "until 08:57 UTC")
    assert alone[1].notes == ("sent by KCLE/NWS", "same header repeated")


def test_a_wrong_signature_is_in_the_timeline(history: AlertHistory, cap: Any) -> None:
    forged = replace(cap(1, 0), signature="invalid: the digest does not match")
    assert history.of((forged,), ())[0].notes[-1] == "signature invalid: the digest does not match"


def test_of_the_longest_timelines_the_end_is_shown(history: AlertHistory, cap: Any) -> None:
    receptions = [cap(1, 0)]
    for number in range(1, MOST_STEPS + 20):
        message = receptions[-1].statement.message
        receptions.append(cap(1, number, kind="update", references=(message,)))
    steps = history.of(receptions, ())
    assert len(steps) == MOST_STEPS
    assert steps[-1].notes[0].startswith("replaces the message of ")
    assert history.of((), ()) == ()
