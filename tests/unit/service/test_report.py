"""What a daemon says about itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from eas_station.bus.messages import ItemState
from eas_station.service.report import Said, StatusReport

AT = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)


def item(
    name: str,
    state: Literal["running", "reconnecting", "stopped", "failed"],
    kind: str = "feed.nws",
    sentence: str = "as it is",
) -> ItemState:
    return ItemState(name=name, kind=kind, state=state, sentence=sentence, since_at=AT)


class Teller:
    def __init__(self) -> None:
        self.times = 0
        self.report = StatusReport(self.tell)

    def tell(self) -> None:
        self.times += 1


def test_an_item_that_reconnects_makes_the_unit_degraded_one_stopped_on_purpose_does_not() -> None:
    report = Teller().report
    report.say("2 feeds", None, [item("a", "running"), item("b", "stopped")], {})
    assert report.said().unit_state() == "running"
    report.set_item(item("a", "reconnecting"))
    assert report.said().unit_state() == "degraded"
    report.drop_item("feed.nws", "a")
    assert report.said().unit_state() == "running"


def test_items_are_replaced_by_kind_and_name() -> None:
    report = Teller().report
    report.say(None, None, [item("a", "running"), item("b", "running")], {"polls": 1})
    report.say(None, None, [item("b", "failed")], {"errors": 2})
    said = report.said()
    assert [(i.name, i.state) for i in said.items] == [("a", "running"), ("b", "failed")]
    assert said.counters == {"polls": 1, "errors": 2}
    assert said.sentence == "starting"


def test_only_what_is_worth_telling_is_told_at_once() -> None:
    teller = Teller()
    teller.report.say("fine", None, [item("a", "running")], {"polls": 1})
    told = teller.times
    teller.report.say("fine", None, [item("a", "running")], {"polls": 2})
    teller.report.set_storage(3, 17)
    assert teller.times == told
    teller.report.set_item(item("a", "reconnecting"))
    assert teller.times == told + 1
    assert teller.report.said().spool_depth == 3
    assert teller.report.said().last_change_id == 17


def test_the_status_line_says_what_is_missing() -> None:
    said = Said(
        sentence="2 feeds",
        state=None,
        items=(
            item("database", "reconnecting", "database", "database offline since 12:00Z"),
            item("spool", "running", "spool", "spool writable"),
            item("nws", "reconnecting", "feed.nws", "no answer"),
        ),
        refused="reload refused",
    )
    assert said.line("1970") == (
        "2 feeds; database offline since 12:00Z; clock not trusted: 1970; reload refused"
    )
    assert Said(sentence="2 feeds").line(None) == "2 feeds"


def test_a_refused_reload_is_told_until_one_goes_well() -> None:
    report = Teller().report
    report.say("fine", None, (), {})
    report.refuse("reload refused")
    assert report.said().unit_state() == "degraded"
    report.refuse(None)
    assert report.said().unit_state() == "running"
