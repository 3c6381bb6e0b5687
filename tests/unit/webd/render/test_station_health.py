"""The station's health: silence is deafness, and old reports are not fresh."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eas_station.bus.messages import AudioLevel, HearingProof
from eas_station.webd.render.station_health import station_health
from eas_station.webd.state.station_state import StoredState


@pytest.fixture
def well(new_state: Any, clocks: Any, make: Any) -> Any:
    """A healthy station, past the grace time of its start."""
    state = new_state("eas-capd", "eas-audiod@wx")
    clocks.move(60)
    state.set_stored(StoredState((), (), frozenset(), 1))

    def say(feed: str = "running", silent: bool = False, **capd: Any) -> Any:
        nws = make.item("nws", "feed.nws", feed, since_at=clocks.now - timedelta(minutes=3))
        state.take(make.message(make.status("eas-capd", nws, **capd)))
        source = make.item("wx", "source.receiver")
        state.take(make.message(make.status("eas-audiod@wx", source)))
        for channel in ("162.400", "162.550"):
            level = AudioLevel("wx", channel, -20.0, -9.0, silent, not silent)
            state.take(make.message(level))
        clocks.move(1.1)
        return station_health(state.snapshot())

    say.state = state  # type: ignore[attr-defined]
    return say


def test_a_healthy_station_is_one_short_sentence(well: Any) -> None:
    health = well()
    assert (health.state, health.sentence) == ("fine", "Listening on 2 channels and 1 feed.")
    assert health.remarks == ()


def test_a_feed_that_cannot_be_reached_is_named_with_its_time(well: Any) -> None:
    health = well(feed="reconnecting")
    assert health.state == "degraded"
    assert health.sentence == "Listening on 2 channels. Feed nws has been unreachable for 3 min."


def test_a_feed_that_gives_less_than_it_should_is_named_with_the_reason(
    new_state: Any, clocks: Any, make: Any
) -> None:
    state = new_state("eas-capd")
    state.set_stored(StoredState((), (), frozenset(), 1))
    fault = "12 alerts are on cap.example, which link_hosts does not name"
    item = make.item("ie", "feed.cap", "degraded", sentence=fault)
    state.take(make.message(make.status("eas-capd", item, make.item("nws", "feed.nws"))))
    clocks.move(1.1)
    health = station_health(state.snapshot())
    assert health.state == "degraded"
    assert health.sentence == f"Listening on 1 feed. Feed ie is degraded: {fault}."


def test_a_quarantined_row_is_an_internal_error(new_state: Any, clocks: Any, make: Any) -> None:
    state = new_state("eas-capd")
    state.set_stored(StoredState((), (), frozenset(), 1))
    aside = make.item(
        "quarantine", "quarantine", "failed", sentence="1 row is missing from the record"
    )
    state.take(make.message(make.status("eas-capd", make.item("nws", "feed.nws"), aside)))
    clocks.move(1.1)
    health = station_health(state.snapshot())
    assert health.state == "degraded"
    assert "Internal error: 1 row is missing from the record." in health.sentence


def test_a_source_that_hears_only_silence_is_deaf_not_quiet(well: Any) -> None:
    health = well(silent=True)
    assert health.state == "degraded"
    assert "(0 with a signal)" in health.sentence
    assert "Source wx is deaf: no signal on any channel." in health.sentence


def test_a_source_without_audio_is_a_fault(well: Any, clocks: Any, make: Any) -> None:
    well()
    clocks.move(10)
    health = station_health(well.state.snapshot())
    assert "Source wx delivers no audio." in health.sentence


def test_a_daemon_without_reports_is_named_with_its_time(well: Any, clocks: Any) -> None:
    well()
    clocks.move(45)
    health = station_health(well.state.snapshot())
    assert health.state == "failed"
    assert "Deaf: no radio channel and no feed is working." in health.sentence
    assert {remark.text for remark in health.remarks} >= {
        "No status from eas-capd for 46 s.",
        "No status from eas-audiod@wx for 46 s.",
    }


def test_a_station_that_just_started_waits(new_state: Any) -> None:
    health = station_health(new_state().snapshot())
    assert (health.state, health.sentence) == ("degraded", "Waiting for the daemons to report.")


def test_a_feed_stopped_by_the_operator_is_no_fault(well: Any) -> None:
    health = well(feed="stopped")
    assert health.state == "fine"
    assert [(r.text, r.fault) for r in health.remarks] == [
        ("Feed nws was stopped by the operator 3 min ago.", False)
    ]


def test_an_offline_database_is_reported_once_for_all_daemons(
    well: Any, clocks: Any, make: Any
) -> None:
    well()
    well.state.set_offline("no route")
    for unit in ("eas-capd", "eas-audiod@wx"):
        broken = make.item("database", "database", "reconnecting")
        well.state.take(make.message(make.status(unit, broken, state="degraded")))
    clocks.move(1.1)
    health = station_health(well.state.snapshot())
    assert [r.text for r in health.remarks if "database" in r.text] == [
        "The database has been offline for 1 s."
    ]


def test_an_untrusted_clock_is_a_fault(new_state: Any) -> None:
    health = station_health(new_state(trusted=False).snapshot())
    assert "The clock is not trusted: no alert is treated as expired." in health.sentence


def test_many_faults_are_counted(well: Any) -> None:
    health = well(state="degraded", sentence="half of it fails", silent=True)
    assert health.state == "degraded"
    assert len([remark for remark in health.remarks if remark.fault]) == 2


def test_a_channel_with_a_problem_is_a_fault(well: Any, clocks: Any, make: Any) -> None:
    well()
    for channel, state, problem in (("162.550", "deaf", True), ("162.400", "deaf", False)):
        proof = HearingProof(
            "wx",
            channel,
            state,
            "deaf: no carrier",
            clocks.now,
            problem=problem,  # type: ignore[arg-type]
        )
        well.state.take(make.message(proof))
    health = well()
    assert health.state == "degraded"
    assert [remark.text for remark in health.remarks] == ["wx, 162.550: deaf: no carrier."]
    clocks.move(200)
    assert "no carrier" not in station_health(well.state.snapshot()).sentence
