"""The banners at the top of every page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from eas_station.bus.messages import HearingProof
from eas_station.webd.render.banners import banners
from eas_station.webd.render.times import TimeFormat, zone_of
from eas_station.webd.state.snapshot import LastMessage, Record, Snapshot

FACE = TimeFormat(zone_of("America/New_York"))


@pytest.fixture
def snapshot(make: Any) -> Snapshot:
    return Snapshot(
        as_of=make.now, waited_s=100, clock_trusted=True, active=(), recent=(),
        units=(), receivers=(), levels=(), bursts=(), record=Record(True, make.now),
        record_read=True, waiting=0, last_change_id=1, jobs=(), desired={}, version=1,
    )  # fmt: skip


def heard(
    at: datetime, channel: str, stale: bool = False, **fields: Any
) -> LastMessage[HearingProof]:
    values = {
        "state": "deaf",
        "sentence": "deaf: no header gets through",
        "problem": True,
        **fields,
    }
    since = at - timedelta(minutes=2)
    return LastMessage(HearingProof("wx", channel, since_at=since, **values), at, 1.0, stale)


def test_a_station_that_is_well_has_no_banner(snapshot: Snapshot, make: Any) -> None:
    hearing = heard(make.now, "162.550", state="hearing", problem=False)
    assert banners(replace(snapshot, hearings=(hearing,)), FACE) == ()


def test_a_deaf_channel_is_named_with_its_time_and_cause(snapshot: Snapshot, make: Any) -> None:
    found = banners(replace(snapshot, hearings=(heard(make.now, "162.550"),)), FACE)
    sentence = "The station has been deaf on 162.550 MHz since 3:10 AM EST: no header gets through."
    assert found == (("bad", sentence),)
    mono = banners(
        replace(
            snapshot,
            hearings=(heard(make.now, "mono", state="silent", sentence="silent: no sound"),),
        ),
        FACE,
    )
    assert mono[0][1].startswith("The station has been deaf on wx since 3:10 AM EST: no sound.")


def test_an_unused_channel_and_a_stale_report_give_no_banner(snapshot: Snapshot, make: Any) -> None:
    unused = heard(make.now, "162.400", state="silent", problem=False)
    old = heard(make.now, "162.425", stale=True)
    overdue = heard(make.now, "162.450", state="hearing")
    assert banners(replace(snapshot, hearings=(unused, old, overdue)), FACE) == ()


def test_many_deaf_channels_are_one_sentence(snapshot: Snapshot, make: Any) -> None:
    all_of_them = tuple(heard(make.now, f"162.{n}") for n in (400, 425, 450, 475))
    assert banners(replace(snapshot, hearings=all_of_them), FACE) == (
        ("bad", "The station is deaf on 4 channels of wx, the first since 3:10 AM EST."),
    )


def test_an_offline_database_and_an_untrusted_clock_have_banners(
    snapshot: Snapshot, make: Any
) -> None:
    away = replace(snapshot, record=Record(False, make.now), clock_trusted=False, waiting=2)
    (record, clock) = banners(away, FACE)
    assert record == (
        "bad",
        "Database offline since 3:12 AM EST. The last known state is shown, with "
        "2 receptions not stored yet.",
    )
    unread = replace(away, record_read=False, clock_trusted=True)
    assert banners(replace(unread, waiting=1), FACE)[0][1].endswith(
        "Stored alerts cannot be shown, only 1 reception not stored yet."
    )
    assert banners(replace(unread, waiting=0), FACE)[0][1].endswith(
        "Stored alerts cannot be shown."
    )
    assert clock[1].startswith("The station's clock is not trusted")
