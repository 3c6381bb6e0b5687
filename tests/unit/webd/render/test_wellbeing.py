"""Is the station well: silence is deafness, and old words are not fresh ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eas_station.bus.messages import AudioLevel, HearingProof
from eas_station.webd.render.wellbeing import judge
from eas_station.webd.state.station_state import Archive


@pytest.fixture
def well(new_state: Any, clocks: Any, make: Any) -> Any:
    """A board of a station that is well, past the grace of its start."""
    board = new_state("eas-capd", "eas-audiod@wx")
    clocks.move(60)
    board.set_archive(Archive((), (), frozenset(), 1))

    def say(feed: str = "running", silent: bool = False, **capd: Any) -> Any:
        nws = make.item("nws", "feed.nws", feed, since_at=clocks.now - timedelta(minutes=3))
        board.take(make.message(make.status("eas-capd", nws, **capd)))
        source = make.item("wx", "source.receiver")
        board.take(make.message(make.status("eas-audiod@wx", source)))
        for channel in ("162.400", "162.550"):
            level = AudioLevel("wx", channel, -20.0, -9.0, silent, not silent)
            board.take(make.message(level))
        clocks.move(1.1)
        return judge(board.snapshot())

    say.board = board  # type: ignore[attr-defined]
    return say


def test_all_well_is_one_short_sentence(well: Any) -> None:
    health = well()
    assert (health.state, health.sentence) == ("fine", "Listening on 2 channels and 1 feed.")
    assert health.remarks == ()


def test_a_feed_that_cannot_be_reached_is_named_with_its_time(well: Any) -> None:
    health = well(feed="reconnecting")
    assert health.state == "degraded"
    assert health.sentence == "Listening on 2 channels. Feed nws unreachable for 3 min."


def test_what_is_missing_from_the_record_is_said(new_state: Any, clocks: Any, make: Any) -> None:
    board = new_state("eas-capd")
    board.set_archive(Archive((), (), frozenset(), 1))
    aside = make.item(
        "quarantine", "quarantine", "failed", sentence="1 row is missing from the record"
    )
    board.take(make.message(make.status("eas-capd", make.item("nws", "feed.nws"), aside)))
    clocks.move(1.1)
    health = judge(board.snapshot())
    assert health.state == "degraded"
    assert "A bug: 1 row is missing from the record." in health.sentence


def test_a_source_that_hears_only_silence_is_deaf_not_quiet(well: Any) -> None:
    health = well(silent=True)
    assert health.state == "degraded"
    assert "(0 with a signal)" in health.sentence
    assert "Source wx is deaf: no signal on any channel." in health.sentence


def test_a_source_without_audio_says_so(well: Any, clocks: Any, make: Any) -> None:
    well()
    clocks.move(10)
    health = judge(well.board.snapshot())
    assert "Source wx delivers no audio." in health.sentence


def test_a_daemon_that_fell_silent_is_named_with_its_time(well: Any, clocks: Any) -> None:
    well()
    clocks.move(45)
    health = judge(well.board.snapshot())
    assert health.state == "failed"
    assert "Deaf: no radio channel and no feed is heard." in health.sentence
    assert {remark.text for remark in health.remarks} >= {
        "eas-capd not heard for 46 s.",
        "eas-audiod@wx not heard for 46 s.",
    }


def test_a_station_that_just_started_waits_and_does_not_cry(new_state: Any) -> None:
    health = judge(new_state().snapshot())
    assert (health.state, health.sentence) == ("degraded", "Waiting for the daemons' first word.")


def test_what_the_operator_stopped_is_no_fault(well: Any) -> None:
    health = well(feed="stopped")
    assert health.state == "fine"
    assert [(r.text, r.fault) for r in health.remarks] == [
        ("Feed nws has been stopped by the operator for 3 min.", False)
    ]


def test_an_absent_database_is_said_once_for_all_daemons(well: Any, clocks: Any, make: Any) -> None:
    well()
    well.board.set_offline("no route")
    for unit in ("eas-capd", "eas-audiod@wx"):
        broken = make.item("database", "database", "reconnecting")
        well.board.take(make.message(make.status(unit, broken, state="degraded")))
    clocks.move(1.1)
    health = judge(well.board.snapshot())
    assert [r.text for r in health.remarks if "database" in r.text] == [
        "The database has been offline for 1 s."
    ]


def test_an_untrusted_clock_is_a_fault(new_state: Any) -> None:
    health = judge(new_state(trusted=False).snapshot())
    assert "The clock is not trusted: nothing is taken to be over." in health.sentence


def test_many_faults_are_counted(well: Any) -> None:
    health = well(state="degraded", sentence="half of it fails", silent=True)
    assert health.state == "degraded"
    assert len([remark for remark in health.remarks if remark.fault]) == 2


def test_a_channel_that_an_operator_should_look_after_is_a_fault(
    well: Any, clocks: Any, make: Any
) -> None:
    well()
    for channel, state, problem in (("162.550", "deaf", True), ("162.400", "deaf", False)):
        said = HearingProof(
            "wx",
            channel,
            state,
            "deaf: no carrier",
            clocks.now,
            problem=problem,  # type: ignore[arg-type]
        )
        well.board.take(make.message(said))
    health = well()
    assert health.state == "degraded"
    assert [remark.text for remark in health.remarks] == ["wx, 162.550: deaf: no carrier."]
    clocks.move(200)
    assert "no carrier" not in judge(well.board.snapshot()).sentence
