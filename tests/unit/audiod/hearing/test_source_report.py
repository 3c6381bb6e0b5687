"""The status report of eas-audiod."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from eas_station.audiod.hearing.channel_assessment import ProbeResults
from eas_station.audiod.hearing.level_meter import AudioMeasurement
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.bus.messages import HearingProof, ItemState

NOON = datetime(2025, 11, 22, 12, tzinfo=UTC)
SPEECH = AudioMeasurement(-20.0, -6.0, 0.0)
SILENCE = AudioMeasurement(-90.0, -88.0, 30.0)


class Told:
    """The last report, and a clock."""

    def __init__(self) -> None:
        self.at = NOON
        self.sentence = ""
        self.items: dict[str, ItemState] = {}
        self.counters: dict[str, int] = {}

    def __call__(
        self,
        sentence: str,
        state: None,
        items: Iterable[ItemState],
        counters: Mapping[str, int],
    ) -> None:
        self.sentence = sentence
        self.items = {item.name: item for item in items}
        self.counters = dict(counters)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def report(told: Told) -> SourceReport:
    return SourceReport("wx", "receiver", ("162.400", "162.550"), told, lambda: told.at)


def test_the_sentence_names_the_last_header_and_the_losses(
    report: SourceReport, told: Told
) -> None:
    report.state("running", "listening")
    assert told.sentence == "2 channels, no header yet, 0 samples lost"
    told.at += timedelta(minutes=3)
    report.header(1, told.at)
    report.lost(0, 2500)
    report.publish()
    assert told.sentence == "2 channels, last header 12:03 UTC on 162.550, 2500 samples lost"
    told.at += timedelta(days=1)
    report.publish()
    assert "last header 2025-11-22 12:03 UTC on 162.550" in told.sentence
    assert told.items["162.550"].counters == {"headers": 1, "lost_samples": 0}
    assert told.items["162.400"].counters == {"headers": 0, "lost_samples": 2500}
    assert told.items["162.550"].last_good_at == NOON + timedelta(minutes=3)


def test_an_outage_of_the_source_is_given_as_reason_for_all_channels(
    report: SourceReport, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    report.state("running", "listening")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for why in ("no audio from receiver wx1", "no audio from receiver wx1", "receiver gone"):
            report.state("reconnecting", why)
    assert told.sentence == "reconnecting: receiver gone"
    assert {item.state for item in told.items.values()} == {"reconnecting", "running"}
    assert told.items["162.400"].state == "reconnecting"
    assert told.items["clips"].state == "running"
    assert len(caplog.records) == 1, "one line for one change of state"


def test_silence_is_reported_at_once_and_a_problem_after_five_minutes(
    report: SourceReport, told: Told
) -> None:
    report.state("running", "listening")
    report.levels((SPEECH, SILENCE), {})
    report.publish()
    assert told.items["162.550"].sentence == "silent since 12:00 UTC"
    assert told.items["162.550"].state == "running"
    told.at += timedelta(minutes=5)
    report.levels((SPEECH, SILENCE), {})
    report.publish()
    assert told.items["162.550"].state == "failed"
    assert (told.items["162.400"].state, told.items["162.400"].sentence) == (
        "running",
        "audio received",
    )
    report.levels((SPEECH, SPEECH), {})
    report.publish()
    assert told.items["162.550"].state == "running"


def test_a_lost_carrier_is_a_problem_and_an_empty_channel_is_not(
    report: SourceReport, told: Told
) -> None:
    report.state("running", "listening")
    report.levels((SPEECH, SPEECH), {"162.400": True, "162.550": False})
    for _ in range(2):
        told.at += timedelta(minutes=6)
        report.levels((SPEECH, SPEECH), {"162.400": False, "162.550": False})
    report.publish()
    assert told.items["162.400"].sentence.startswith("no carrier since 12:06 UTC: the transmitter")
    assert "; 162.400 no carrier since 12:06 UTC" in told.sentence
    assert told.items["162.400"].state == "failed"
    assert (told.items["162.550"].sentence, told.items["162.550"].state) == (
        "no carrier",
        "running",
    )


def test_a_clip_fault_is_reported_until_a_clip_is_written(report: SourceReport, told: Told) -> None:
    report.clip_fault("clip not recorded: No space left on device")
    assert told.items["clips"].state == "failed"
    assert "No space left" in told.items["clips"].sentence
    report.clip_fault(None)
    assert told.items["clips"].state == "running"


def test_a_quarantined_header_is_reported_as_a_failure(report: SourceReport, told: Told) -> None:
    report.state("running", "listening")
    assert "headers" not in told.items
    report.quarantined_headers(2)
    item = told.items["headers"]
    assert (item.kind, item.state) == ("quarantine", "failed")
    assert item.sentence == "2 headers are quarantined after an internal error, not on the page"


def test_probe_results_are_published_and_dropped_after_an_outage(
    report: SourceReport, told: Told
) -> None:
    report.state("running", "listening")
    assert [hearing.state for hearing in report.hearing_proofs()] == ["unproved", "unproved"]
    report.probed(1, ProbeResults(told.at, 21.5, None, 22.0))
    report.deaf_today(1, 90.0)
    first, second = report.hearing_proofs()
    assert (first.channel, first.margin_db, first.deaf_today_s) == ("162.400", None, None)
    assert second == HearingProof(
        source="wx",
        channel="162.550",
        state="hearing",
        sentence="heard with a margin of 21.5 dB",
        since_at=NOON,
        margin_db=21.5,
        usual_margin_db=22.0,
        probed_at=NOON,
        deaf_today_s=90.0,
    )
    told.at += timedelta(seconds=30)
    report.state("reconnecting", "no audio from receiver wx1")
    (_, away) = report.hearing_proofs()
    assert (away.state, away.margin_db, away.problem) == ("deaf", None, False)
    assert away.since_at == told.at
    report.probed(1, ProbeResults(told.at, 21.5))
    told.at += timedelta(seconds=61)
    assert all(hearing.problem for hearing in report.hearing_proofs())
    report.state("running", "listening")
    assert report.hearing_proofs()[1].state == "unproved"


def test_a_stopped_source_is_deaf_but_not_a_problem(report: SourceReport, told: Told) -> None:
    report.state("stopped", "stopped by the operator")
    told.at += timedelta(days=1)
    assert {(one.state, one.problem) for one in report.hearing_proofs()} == {("deaf", False)}


def test_a_missed_test_is_a_problem_of_its_channel(report: SourceReport, told: Told) -> None:
    report.state("running", "listening")
    report.missed_tests(0, (("RWT", "the weekly test (RWT) did not come"),))
    (overdue, fine) = report.hearing_proofs()
    assert (overdue.overdue, overdue.problem, overdue.state) == (("RWT",), True, "unproved")
    assert overdue.sentence == "audio received; the weekly test (RWT) did not come"
    assert (fine.overdue, fine.problem) == ((), False)
    assert told.items["162.400"].state == "failed"
    report.missed_tests(0, ())
    assert told.items["162.400"].state == "running"


def test_the_line_names_two_channels_with_a_problem_and_counts_the_others(told: Told) -> None:
    names = tuple(f"162.{at}" for at in range(400, 500, 25))
    report = SourceReport("wx", "receiver", names, told, lambda: told.at)
    report.state("running", "listening")
    for channel in range(4):
        report.probed(channel, ProbeResults(told.at, 2.0))
    assert told.sentence.count("margin of 2 dB") == 2
    assert told.sentence.endswith("; 2 more channels with a problem")
