"""Values as the page meets them, and clocks that stand still until they are moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eas_station.alerts.model import Alert, Evidence, Key, Reception, Relevance, RuleStep, Statement
from eas_station.bus.messages import ItemState, Message, ReceptionNew, Status
from eas_station.webd.board import Board
from eas_station.webd.picture import Entry
from eas_station.webd.provisional import SpoolMerger

NOW = datetime(2025, 11, 22, 8, 12, tzinfo=UTC)


class Clocks:
    """Wall and monotonic time, moved together."""

    def __init__(self) -> None:
        self.now, self.mono = NOW, 1000.0

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.mono += seconds


class HeaderRules:
    """Admission by the raw text alone: what reads the same is the same warning."""

    def __init__(self) -> None:
        self.asked = 0

    def keys(self, reception: Reception) -> tuple[Key, ...]:
        self.asked += 1
        if reception.raw == "a bug":
            raise ValueError("a bug of ours")
        return (Key("same", reception.raw),)

    def choose(self, reception: Reception, candidates: Any) -> Any:
        return candidates[0] if candidates else None

    def fold(self, alert_id: str, receptions: Any, previous: Alert | None) -> Alert:
        first = receptions[0]
        return an_alert(
            alert_id=alert_id,
            event_name=first.statement.event_name,
            ends_at=first.statement.expires_at,
            reception_count=len(receptions),
        )


def a_reception(number: int = 1, **said: Any) -> Reception:
    statement = Statement(
        kind="alert",
        status="actual",
        event_name="Tornado Warning",
        issued_at=NOW,
        event_code="TOR",
        same_codes=("039173",),
        expires_at=NOW + timedelta(minutes=45),
    )
    reception = Reception(
        reception_id=f"reception-{number}",
        via="same",
        origin="wx",
        channel="162.550",
        received_at=NOW,
        raw=f"ZCZC-{number}-",
        statement=statement,
        evidence=Evidence(3, True, 0.99998, snr_db=28.4),
    )
    return replace(reception, **said)


def an_alert(**said: Any) -> Alert:
    values: dict[str, Any] = {
        "alert_id": "alert-1",
        "status": "actual",
        "is_test": False,
        "event_name": "Tornado Warning",
        "event_code": "TOR",
        "originator": "WXR",
        "issued_at": NOW,
        "first_received_at": NOW,
        "last_received_at": NOW,
        "ends_at": NOW + timedelta(minutes=45),
        "end_reason": None,
        "ended_at": None,
        "same_codes": ("039173",),
        "ugc_codes": (),
        "polygons": (),
        "relevance": Relevance(True, "same-code", (RuleStep("same-code", True, "in our area"),)),
        "reception_count": 1,
    }
    return Alert(**{**values, **said})


def a_status(unit: str = "eas-capd", *items: ItemState, **said: Any) -> Status:
    values: dict[str, Any] = {
        "unit": unit,
        "state": "running",
        "sentence": "2 feeds",
        "started_at": NOW - timedelta(hours=1),
        "pid": 7,
        "version": "0.1.0",
        "clock_trusted": True,
        "cpu_s": 10.0,
        "memory_bytes": 50 << 20,
        "items": items,
    }
    return Status(**{**values, **said})


def an_item(name: str, kind: str, state: Any = "running", **said: Any) -> ItemState:
    values = {"sentence": "as it should", "since_at": NOW - timedelta(minutes=3), **said}
    return ItemState(name, kind, state, **values)


class Make:
    """The makers above, for tests."""

    reception = staticmethod(a_reception)
    alert = staticmethod(an_alert)
    status = staticmethod(a_status)
    item = staticmethod(an_item)
    now = NOW

    @staticmethod
    def entry(*receptions: Reception, **said: Any) -> Entry:
        heard = receptions or (a_reception(),)
        return Entry(an_alert(reception_count=len(heard), **said), heard, True)

    @staticmethod
    def message(body: Any, sent_at: datetime = NOW, repeated: bool = False) -> Message:
        return Message("topic", "eas-capd", 1, sent_at, body, repeated=repeated)

    @staticmethod
    def spooled(reception: Reception, durable: bool = True) -> ReceptionNew:
        return ReceptionNew(reception, stored=False, durable=durable)


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def rules() -> HeaderRules:
    return HeaderRules()


@pytest.fixture
def merger(rules: HeaderRules) -> SpoolMerger:
    return SpoolMerger(rules)


@pytest.fixture
def new_board(clocks: Clocks, merger: SpoolMerger) -> Callable[..., Board]:
    def build(*units: str, trusted: bool = True) -> Board:
        return Board(
            units or ("eas-capd", "eas-webd"),
            merger,
            lambda alert, now, sure: not sure or alert.ends_at is None or now < alert.ends_at,
            lambda: trusted,
            lambda: clocks.now,
            lambda: clocks.mono,
        )

    return build
