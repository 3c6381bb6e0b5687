"""Rows of sources and receivers: unknown is called unknown, old is not shown as fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from eas_station.bus.messages import (
    AudioLevel,
    ChannelState,
    HearingProof,
    ReceiverState,
    SameBurst,
)
from eas_station.config.model import Config, ReceiverConfig, SourceConfig
from eas_station.webd.render.channel_rows import receiver_panels, source_panels
from eas_station.webd.render.times import TimeFormat, zone_of

CONFIG = Config(
    receivers=(ReceiverConfig("wx", "rtlsdr", channels_hz=(162_400_000, 162_550_000)),),
    sources=(SourceConfig("wx", "receiver", "wx"),),
)
FACE = TimeFormat(zone_of("UTC"))


@pytest.fixture
def state(new_state: Any, clocks: Any) -> Any:
    made = new_state("eas-sdrd@wx", "eas-audiod@wx")
    clocks.move(60)
    return made


def channel(state: Any, name: str = "162.550 MHz") -> Any:
    (panel,) = source_panels(state.snapshot(), CONFIG, FACE)
    return next(one for one in panel.channels if one.name == name)


def proof(make: Any, **fields: Any) -> HearingProof:
    values = {
        "margin_db": 14.4, "usual_margin_db": 15.2, "probed_at": make.now, "deaf_today_s": 0.0,
        **fields,
    }  # fmt: skip
    state = values.pop("state", "hearing")
    return HearingProof(
        "wx", "162.550", state, values.pop("sentence", "hearing"), make.now, **values
    )


def test_a_channel_without_reports_is_listed_as_unknown(state: Any) -> None:
    one = channel(state, "162.400 MHz")
    assert (one.stale, one.level, one.verdict) == (True, None, "no data for 1 min")
    assert {one.proof.word, one.proof.margin, one.proof.deaf_today} == {"unknown"}
    assert (one.proof.probed, one.burst) == (None, None)


def test_a_channel_has_its_level_its_proof_and_its_last_burst(
    state: Any, make: Any, clocks: Any
) -> None:
    state.take(make.message(AudioLevel("wx", "162.550", -20.4, -9.1, False, True)))
    state.take(make.message(proof(make)))
    for at in (clocks.now - timedelta(minutes=1), clocks.now):
        state.take(make.message(SameBurst("wx", "162.550", "ZCZC", 20.0, at)))
    clocks.move(1.5)
    one = channel(state)
    assert (one.verdict, one.level.rms_dbfs, one.stale) == ("audio", -20.4, False)
    assert (one.proof.word, one.proof.sign, one.proof.sentence) == ("yes", "●", "")
    assert (one.proof.margin, one.proof.deaf_today) == ("14 dB (usually 15 dB)", "none")
    assert one.proof.probed.utc == "" and one.proof.probed.local == "08:12 UTC"
    assert one.burst is not None and one.burst.local == "08:13 UTC"


def test_an_old_level_is_not_shown_as_fresh(state: Any, make: Any, clocks: Any) -> None:
    state.take(make.message(AudioLevel("wx", "162.550", -20.0, -9.0, False, True)))
    clocks.move(40)
    one = channel(state)
    assert (one.stale, one.level, one.verdict) == (True, None, "no data for 40 s")


@pytest.mark.parametrize(
    ("fields", "word", "sign"),
    [
        ({"state": "deaf", "sentence": "no carrier"}, "no: deaf", "✕"),
        ({"state": "silent", "sentence": "dead air"}, "no: silent", "▲"),
        ({"state": "unproved", "sentence": "no probe yet"}, "not tested yet", "?"),
        ({"problem": True, "sentence": "hearing; the RWT is late"}, "yes, with a fault", "▲"),
    ],
)
def test_a_fault_has_a_word_a_sign_and_its_sentence(
    state: Any, make: Any, fields: Any, word: str, sign: str
) -> None:
    state.take(make.message(proof(make, **fields)))
    found = channel(state).proof
    assert (found.word, found.sign, found.sentence) == (word, sign, fields["sentence"])


def test_an_old_proof_proves_nothing(state: Any, make: Any, clocks: Any) -> None:
    state.take(make.message(proof(make)))
    clocks.move(180)
    found = channel(state).proof
    assert (found.word, found.margin, found.deaf_today) == ("unknown",) * 3
    assert found.sentence == "no report for 3 min; last: hearing"


STATE = ReceiverState(
    *("wx", "running", "2 channels", 250_000, 162_487_500.0),
    (ChannelState("162.550", 162_550_000.0, -11.0, -42.0, 31.0, 3100.0, 212.0, True),),
    *(1_000_000, 0, 1.8),
)


def test_a_receiver_has_its_settings_and_losses(state: Any, make: Any) -> None:
    receiver = replace(STATE, gain_db=28.0, correction_ppm=2, lost_samples=1000)
    state.take(make.message(receiver))
    (panel,) = receiver_panels(state.snapshot(), CONFIG, FACE)
    assert dict(panel.facts) == {
        "Frequency error": "+1.8 ppm (with +2 ppm correction)",
        "Gain": "28.0 dB",
        "Capture": "250,000 samples/s around 162.4875 MHz",
        "Lost samples since start": "1,000 (0.100 %)",
    }


def test_a_receiver_without_a_tuner_has_no_gain(state: Any, make: Any) -> None:
    state.take(make.message(replace(STATE, ppm=None, samples=0)))
    (panel,) = receiver_panels(state.snapshot(), CONFIG, FACE)
    facts = dict(panel.facts)
    assert (facts["Frequency error"], facts["Gain"]) == ("unknown", "none or unknown")
    assert facts["Lost samples since start"] == "0"


def test_a_stopped_or_missing_receiver_has_no_fresh_channel(
    state: Any, make: Any, clocks: Any
) -> None:
    state.take(make.message(replace(STATE, state="stopped")))
    (panel,) = receiver_panels(state.snapshot(), CONFIG, FACE)
    assert (panel.channels[0].stale, panel.channels[0].verdict) == (True, "stopped")
    clocks.move(40)
    (panel,) = receiver_panels(state.snapshot(), CONFIG, FACE)
    assert panel.row.state == "not responding"
    assert panel.channels[0].verdict == "no data for 40 s"
