"""The chain of an alert."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eas_station.alerts.model import Change, EventRef, MessageId, Reception
from eas_station.webd.render.alert_history import MOST_LINKS, AlertHistory, HistoryStep
from eas_station.webd.render.times import Clockface, zone_of

NOW = datetime(2025, 11, 22, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Codes:
    """Names places by their codes."""

    def of(self, places: Iterable[str]) -> str:
        return " ".join(places)


@pytest.fixture
def chain() -> AlertHistory:
    return AlertHistory(Codes(), Clockface(zone_of("UTC")), NOW)


@pytest.fixture
def cap(make: Any) -> Any:
    """A CAP message: number, minutes after the first, what it says."""

    def build(number: int, minute: int, origin: str = "nws", **said: Any) -> Reception:
        sent_at = NOW + minute * MINUTE
        reception = make.reception(number)
        statement = replace(
            reception.statement,
            issued_at=sent_at,
            message=MessageId("nws", f"m{minute}", sent_at),
            sender_name="NWS Cleveland OH",
            **said,
        )
        return replace(
            reception, via="cap", origin=origin, channel=None, evidence=None, statement=statement,
            received_at=sent_at + timedelta(seconds=20 * number),
        )  # fmt: skip

    return build


def words(links: tuple[HistoryStep, ...]) -> list[tuple[str, str]]:
    return [(link.what, "; ".join(link.notes)) for link in links]


def test_an_update_says_what_it_replaces_adds_releases_and_moves(
    chain: AlertHistory, cap: Any
) -> None:
    first = cap(1, 0, same_codes=("039173", "039095"))
    update = cap(
        2, 5, kind="update", same_codes=("039173", "039063"),
        references=(first.statement.message,), expires_at=NOW + 90 * MINUTE,
    )  # fmt: skip
    issued, updated = chain.of((first, update), ())
    assert (issued.what, issued.who, issued.anchor) == (
        "Issued",
        "NWS Cleveland OH",
        "r-reception-1",
    )
    assert issued.notes == ("for 039095 039173", "until 08:57 UTC", "came by nws after 20 s")
    assert updated.notes == (
        "replaces the message of 08:12 UTC",
        "added 039063",
        "released 039095",
        "end moved from 08:57 UTC to 09:42 UTC",
        "came by nws after 40 s",
    )


def test_a_cancel_ends_it_and_says_by_which_message(chain: AlertHistory, cap: Any) -> None:
    first = cap(1, 0)
    cancel = cap(2, 9, kind="cancel", references=(first.statement.message,))
    ended = Change(3, "a", "ended", NOW + 10 * MINUTE, "cancelled by nws")
    assert words(chain.of((first, cancel), (ended,)))[1:] == [
        (
            "Cancelled",
            "ends the message of 08:12 UTC; released 039173; all of it is cancelled; "
            "came by nws after 40 s",
        ),
        ("Over", "cancelled by nws"),
    ]


def test_a_message_that_never_came_is_missed_by_name(chain: AlertHistory, cap: Any) -> None:
    lost = MessageId("nws", "lost", NOW - 60 * MINUTE)
    other = replace(lost, identifier="lost too")
    one = cap(1, 0, kind="update", references=(lost,))
    two = cap(1, 0, kind="update", references=(lost, other))
    assert "replaces an earlier message that did not come here" in chain.of((one,), ())[0].notes
    assert "replaces 2 earlier messages that did not come here" in chain.of((two,), ())[0].notes


def test_a_message_that_two_feeds_brought_is_one_link(chain: AlertHistory, cap: Any) -> None:
    nws, ipaws = cap(1, 0), cap(3, 0, origin="ipaws")
    (link,) = chain.of((nws, ipaws), ())
    assert link.notes[-1] == "came by nws after 20 s and by ipaws after 1 min"


def test_vtec_says_what_happens_to_the_event(chain: AlertHistory, cap: Any) -> None:
    event = EventRef("KCLE.TO.W.0012.2025", "EXT", "T", None, NOW + 60 * MINUTE)
    (link,) = chain.of((cap(1, 0, events=(event,)),), ())
    assert "event KCLE.TO.W.0012.2025 (EXT) lasts longer, until 09:12 UTC, a test" in link.notes


def test_hearings_off_the_air_stand_in_the_same_line_of_time(
    chain: AlertHistory, cap: Any, make: Any
) -> None:
    header = "ZCZC-WXR-TOR-039173+0045-3260812-KCLE/NWS-"
    air = make.reception(7, raw=header, received_at=NOW + timedelta(seconds=2))
    said = replace(air.statement, same_header=header, originator="WXR", callsign="KCLE/NWS")
    air = replace(air, statement=said)
    again = replace(air, reception_id="reception-8", channel="162.525",
                    received_at=NOW + timedelta(seconds=30))  # fmt: skip
    by_cap = cap(1, 0, same_header=header, originator="WXR")
    update = cap(2, 5, kind="update", references=(by_cap.statement.message,))
    links = chain.of((air, by_cap, again, update), ())
    assert [(link.what, link.who) for link in links] == [
        ("Issued", "NWS Cleveland OH"),
        ("Heard off the air", "wx, 162.550 MHz"),
        ("Heard off the air", "wx, 162.525 MHz"),
        ("Updated", "NWS Cleveland OH"),
    ]
    assert links[1].notes == ("sent by KCLE/NWS", "says what came by CAP")
    assert links[2].notes == ("sent by KCLE/NWS", "the same again")
    alone = chain.of((air, again), ())
    assert alone[0].notes == ("sent by KCLE/NWS", "for 039173", "until 08:57 UTC")
    assert alone[1].notes == ("sent by KCLE/NWS", "the same again")


def test_a_wrong_signature_is_said_in_the_chain(chain: AlertHistory, cap: Any) -> None:
    forged = replace(cap(1, 0), signature="invalid: the digest does not match")
    assert chain.of((forged,), ())[0].notes[-1] == "signature invalid: the digest does not match"


def test_the_longest_chains_are_shown_from_their_end(chain: AlertHistory, cap: Any) -> None:
    receptions = [cap(1, 0)]
    for number in range(1, MOST_LINKS + 20):
        message = receptions[-1].statement.message
        receptions.append(cap(1, number, kind="update", references=(message,)))
    links = chain.of(receptions, ())
    assert len(links) == MOST_LINKS
    assert links[-1].notes[0].startswith("replaces the message of ")
    assert chain.of((), ()) == ()
