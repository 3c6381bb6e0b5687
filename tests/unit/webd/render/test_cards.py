"""Alerts in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from eas_station.alerts.model import Evidence, Relevance
from eas_station.store.records.clips import Clip
from eas_station.tables import Tables
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.times import TimeFormat, zone_of
from eas_station.webd.render.verdict import verdict
from eas_station.webd.state.snapshot import AlertEntry, Record, Snapshot


@pytest.fixture
def presenter(tables: Tables) -> Presenter:
    return Presenter(tables, TimeFormat(zone_of("America/New_York")), ("039173", "039095"))


@pytest.fixture
def picture_of(make: Any) -> Any:
    def build(*entries: AlertEntry, read: bool = True) -> Snapshot:
        return Snapshot(
            as_of=make.now, waited_s=100, clock_trusted=True, active=entries, recent=(),
            units=(), receivers=(), levels=(), bursts=(), record=Record(read, make.now),
            record_read=read, waiting=0, last_change_id=1, jobs=(), desired={}, version=1,
        )  # fmt: skip

    return build


def judged(presenter: Presenter, snapshot: Snapshot, deaf: bool = False) -> tuple[str, str]:
    found = verdict(presenter.groups(snapshot), "Wood, OH", snapshot, deaf)
    return found.grade.name, found.sentence


def test_the_verdict_is_calm_only_if_the_station_would_know(
    presenter: Presenter, picture_of: Any
) -> None:
    assert judged(presenter, picture_of()) == ("calm", "Nothing in force for Wood, OH.")
    assert judged(presenter, picture_of(), deaf=True) == (
        "unknown",
        "Cannot tell what is in force for Wood, OH: the station is deaf.",
    )
    assert judged(presenter, picture_of(read=False)) == (
        "unknown",
        "Cannot tell what is in force for Wood, OH: the database is not responding.",
    )


def test_the_verdict_names_what_is_in_force_gravest_first(
    presenter: Presenter, picture_of: Any, make: Any
) -> None:
    entries = [
        make.entry(alert_id="1", event_name="Flood Watch", event_code="FLA"),
        make.entry(alert_id="2", event_name="Tornado Warning", event_code="TOR"),
        make.entry(alert_id="3", event_name="Required Weekly Test", event_code="RWT", is_test=True),
        make.entry(
            alert_id="4",
            event_name="Blizzard Warning",
            event_code="BZW",
            relevance=Relevance(False, "same-code", ()),
        ),
    ]
    snapshot = picture_of(*entries)
    assert judged(presenter, snapshot) == (
        "warning",
        "2 alerts in force for Wood, OH: Tornado Warning, Flood Watch.",
    )
    groups = presenter.groups(snapshot)
    assert [card.alert_id for card in groups.here] == ["2", "1"]
    assert [card.alert_id for card in groups.tests] == ["3"]
    assert [card.alert_id for card in groups.elsewhere] == ["4"]


def test_a_test_alone_leaves_the_page_calm(
    presenter: Presenter, picture_of: Any, make: Any
) -> None:
    snapshot = picture_of(make.entry(event_code="RWT", is_test=True))
    assert judged(presenter, snapshot)[0] == "calm"


@pytest.mark.parametrize(
    ("code", "name", "grade"),
    [
        *(("TOR", "Tornado Warning", "warning"), ("FLA", "Flood Watch", "watch")),
        *(("SPS", "Special Weather Statement", "statement"), ("EAN", "National", "warning")),
        *((None, "Winter Weather Advisory", "advisory"), (None, "Air Quality Alert", "advisory")),
        ("QQW", "QQW", "warning"),
    ],
)
def test_every_code_has_a_grade(
    presenter: Presenter, make: Any, code: str | None, name: str, grade: str
) -> None:
    assert presenter.grade(make.alert(event_code=code, event_name=name)).name == grade


def test_places_are_by_state_and_ours_come_first(presenter: Presenter, make: Any) -> None:
    assert presenter.places(make.alert(same_codes=("026115", "039095", "039173"))) == (
        "Lucas and Wood, OH; Monroe, MI"
    )
    many = tuple(f"039{number:03}" for number in range(1, 176, 2))
    assert presenter.places(make.alert(same_codes=(*many, "039173"))).endswith("; and 80 more")
    assert presenter.places(make.alert(same_codes=(), area_text="Lake Erie")) == "Lake Erie"


def test_a_reception_has_its_origin_and_quality(presenter: Presenter, make: Any) -> None:
    line = presenter.reception(make.reception(), make.now)
    assert (line.where, line.quality) == (
        "Off the air: wx, 162.550 MHz",
        "3 of 3 bursts, agreed, 28 dB",
    )
    rough = make.reception(evidence=Evidence(2, False, 0.9), channel="mono")
    line = presenter.reception(rough, make.now)
    assert (line.where, line.quality) == ("Off the air: wx", "2 of 3 bursts, reconstructed")
    cap = make.reception(via="cap", origin="nws", channel=None, evidence=None, signature="unsigned")
    line = presenter.reception(cap, make.now)
    assert (line.where, line.quality) == ("CAP: nws", "not signed")


def test_the_remaining_time_is_counted_from_now(presenter: Presenter, make: Any) -> None:
    entry = make.entry()
    assert presenter.card(entry, make.now).remaining == "45 min left"
    late = make.now + timedelta(minutes=50)
    assert presenter.card(entry, late).remaining == "expired 5 min ago"
    assert presenter.card(replace(entry, active=False), late).remaining == "ended 5 min ago"
    assert presenter.card(make.entry(ends_at=None), late).remaining == "end not known"
    cancelled = replace(make.entry(end_reason="cancelled"), active=False)
    assert presenter.card(cancelled, late).remaining == "cancelled"


def test_an_end_that_the_sender_did_not_state_is_not_shown_as_one(
    presenter: Presenter, make: Any
) -> None:
    flood = make.entry(end_kind="until_further_notice", expires_at=make.now - timedelta(hours=1))
    card = presenter.card(flood, make.now)
    assert card.until is None
    assert card.remaining == "until further notice; no renewal since 3:12 AM EST"
    card = presenter.card(make.entry(end_kind="no_end_given"), make.now)
    assert (card.until, card.remaining) == (None, "no end given; shown until 3:57 AM EST")
    late = make.now + timedelta(minutes=50)
    card = presenter.card(replace(make.entry(end_kind="no_end_given"), active=False), late)
    assert card.until is not None
    assert (card.until.local, card.remaining) == ("3:57 AM EST", "ended 5 min ago")


def test_what_is_wrong_is_noted_on_the_card(presenter: Presenter, make: Any) -> None:
    entry = make.entry()
    assert presenter.card(entry, make.now).notice == ""
    assert "Not in the database" in presenter.card(replace(entry, stored=False), make.now).notice
    assert "memory only" in presenter.card(replace(entry, durable=False), make.now).notice
    unsure = make.entry(make.reception(clock_trusted=False))
    assert "clock was not trusted" in presenter.card(unsure, make.now).notice


def test_a_card_keeps_its_key_while_its_alert_gets_an_id(presenter: Presenter, make: Any) -> None:
    spooled = make.entry(make.reception(1), alert_id="reception-1")
    stored = make.entry(make.reception(1), alert_id="alert-9")
    assert presenter.card(spooled, make.now).key == presenter.card(stored, make.now).key


def test_alerts_nearby_are_separate_from_those_elsewhere(
    presenter: Presenter, picture_of: Any, make: Any
) -> None:
    far = Relevance(False, "same-code", ())
    snapshot = picture_of(
        make.entry(alert_id="near", relevance=far),
        make.entry(alert_id="far", relevance=far),
        make.entry(alert_id="here"),
    )
    groups = presenter.groups(snapshot, lambda alert: alert.alert_id == "near")
    assert [card.alert_id for card in groups.nearby] == ["near"]
    assert [card.alert_id for card in groups.elsewhere] == ["far"]
    assert [card.alert_id for card in groups.here] == ["here"]


def test_the_newest_recording_with_a_file_is_played(presenter: Presenter, make: Any) -> None:
    first, second, gone, faulty = (
        Clip(name, (), "wx", "162.550", make.now, 9.0, path="a.flac") for name in "abcd"
    )
    gone = replace(gone, removed_at=make.now)
    faulty = replace(faulty, path=None, fault="the disk is full")
    entry = replace(make.entry(), clips=(first, second, gone, faulty))
    assert presenter.card(entry, make.now).clip_id == "b"
    assert presenter.card(replace(entry, clips=(gone, faulty)), make.now).clip_id is None


@pytest.mark.parametrize(
    ("signatures", "warned"),
    [
        (("invalid: forged",), True),
        (("unchecked: no certificate", "invalid: forged"), True),
        (("invalid: forged", "valid"), False),
        (("invalid: forged", None), False),  # heard off the air as well
        (("unsigned",), False),
    ],
)
def test_an_unverified_alert_is_marked_on_its_card(
    presenter: Presenter, make: Any, signatures: tuple[str | None, ...], warned: bool
) -> None:
    heard = [make.reception(n, signature=one) for n, one in enumerate(signatures)]
    notice = presenter.card(make.entry(*heard), make.now).notice
    assert notice.startswith("Unverified") is warned


def test_alerts_that_nobody_can_tell_apart_share_a_card(
    presenter: Presenter, picture_of: Any, make: Any
) -> None:
    entries = [make.entry(make.reception(n), alert_id=f"alert-{n}") for n in range(3)]
    other = make.entry(make.reception(9), alert_id="alert-9", event_name="Flood Watch")
    groups = presenter.groups(picture_of(*entries, other))
    found = [(card.title, card.messages) for card in (*groups.here, *groups.elsewhere)]
    assert sorted(found) == [("Flood Watch", 1), (entries[0].alert.event_name, 3)]


def test_what_an_operator_hid_is_listed_apart(
    presenter: Presenter, picture_of: Any, make: Any
) -> None:
    groups = presenter.groups(picture_of(replace(make.entry(), hidden=True)))
    assert (groups.here, groups.elsewhere) == ((), ())
    assert [card.alert_id for card in groups.hidden] == ["alert-1"]


def test_a_header_from_the_future_is_shown_and_not_announced(
    presenter: Presenter, make: Any
) -> None:
    doubt = "date in header: 17 Oct, not believed"
    heard = make.reception(1)
    early = replace(heard, statement=replace(heard.statement, doubt=doubt, is_early=True))
    entry = make.entry(early, doubt=doubt)
    card = presenter.card(entry, make.now)
    assert (card.announced, card.notice) == (False, "Date in header: 17 Oct, not believed.")
    both = replace(entry, receptions=(early, heard))
    assert presenter.card(both, make.now).announced
