"""What a daemon says about itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from eas_station.bus.messages import ItemState
from eas_station.service.status_report import StatusReport, UnitStatus

AT = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)


def item(
    name: str,
    state: Literal["running", "reconnecting", "stopped", "failed"],
    kind: str = "feed.nws",
    sentence: str = "as it is",
) -> ItemState:
    return ItemState(name=name, kind=kind, state=state, sentence=sentence, since_at=AT)


class Counter:
    def __init__(self) -> None:
        self.times = 0
        self.report = StatusReport(self.tell)

    def tell(self) -> None:
        self.times += 1


def test_a_reconnecting_item_makes_the_unit_degraded_and_a_stopped_one_does_not() -> None:
    report = Counter().report
    report.update("2 feeds", None, [item("a", "running"), item("b", "stopped")], {})
    assert report.current().unit_state() == "running"
    report.set_item(item("a", "reconnecting"))
    assert report.current().unit_state() == "degraded"
    report.drop_item("feed.nws", "a")
    assert report.current().unit_state() == "running"


def test_items_are_replaced_by_kind_and_name() -> None:
    report = Counter().report
    report.update(None, None, [item("a", "running"), item("b", "running")], {"polls": 1})
    report.update(None, None, [item("b", "failed")], {"errors": 2})
    status = report.current()
    assert [(i.name, i.state) for i in status.items] == [("a", "running"), ("b", "failed")]
    assert status.counters == {"polls": 1, "errors": 2}
    assert status.sentence == "starting"


def test_only_a_visible_change_is_reported_at_once() -> None:
    counter = Counter()
    counter.report.update("fine", None, [item("a", "running")], {"polls": 1})
    before = counter.times
    counter.report.update("fine", None, [item("a", "running")], {"polls": 2})
    counter.report.set_storage(3, 17)
    assert counter.times == before
    counter.report.set_item(item("a", "reconnecting"))
    assert counter.times == before + 1
    assert counter.report.current().spool_depth == 3
    assert counter.report.current().last_change_id == 17


def test_the_status_line_shows_the_faults_of_essential_parts() -> None:
    status = UnitStatus(
        sentence="2 feeds",
        state=None,
        items=(
            item("database", "reconnecting", "database", "database offline since 12:00Z"),
            item("spool", "running", "spool", "spool writable"),
            item("nws", "reconnecting", "feed.nws", "no answer"),
        ),
        refused="reload refused",
    )
    assert status.line("1970") == (
        "2 feeds; database offline since 12:00Z; clock not trusted: 1970; reload refused"
    )
    assert UnitStatus(sentence="2 feeds").line(None) == "2 feeds"


def test_a_refused_reload_is_shown_until_one_succeeds() -> None:
    report = Counter().report
    report.update("fine", None, (), {})
    report.refuse("reload refused")
    assert report.current().unit_state() == "degraded"
    report.refuse(None)
    assert report.current().unit_state() == "running"
