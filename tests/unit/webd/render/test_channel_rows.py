"""What the tables say of sources and receivers: unknown is unknown, old is not fresh."""

from __future__ import annotations

from dataclasses import replace
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
from eas_station.webd.render.times import Clockface, zone_of

CONFIG = Config(
    receivers=(ReceiverConfig("wx", "rtlsdr", channels_hz=(162_400_000, 162_550_000)),),
    sources=(SourceConfig("wx", "receiver", "wx"),),
)
FACE = Clockface(zone_of("UTC"))


@pytest.fixture
def board(new_state: Any, clocks: Any) -> Any:
    made = new_state("eas-sdrd@wx", "eas-audiod@wx")
    clocks.move(60)
    return made


def channel(board: Any, name: str = "162.550 MHz") -> Any:
    (panel,) = source_panels(board.snapshot(), CONFIG, FACE)
    return next(one for one in panel.channels if one.name == name)


def proof(make: Any, **said: Any) -> HearingProof:
    values = {
        "margin_db": 14.4, "usual_margin_db": 15.2, "probed_at": make.now, "deaf_today_s": 0.0,
        **said,
    }  # fmt: skip
    state = values.pop("state", "hearing")
    return HearingProof(
        "wx", "162.550", state, values.pop("sentence", "hearing"), make.now, **values
    )


def test_a_channel_that_says_nothing_is_listed_and_nothing_is_known_of_it(board: Any) -> None:
    one = channel(board, "162.400 MHz")
    assert (one.stale, one.level, one.verdict) == (True, None, "not heard for 1 min")
    said = one.proof
    assert {said.word, said.margin, said.deaf_today} == {"not known"}
    assert (said.probed, one.burst) == (None, None)


def test_a_channel_tells_its_level_its_proof_and_its_last_burst(
    board: Any, make: Any, clocks: Any
) -> None:
    board.take(make.message(AudioLevel("wx", "162.550", -20.4, -9.1, False, True)))
    board.take(make.message(proof(make)))
    for number in (1, 2):
        board.take(make.message(SameBurst("wx", "162.550", f"ZCZC-{number}", 20.0, clocks.now)))
    clocks.move(1.5)
    one = channel(board)
    assert (one.verdict, one.level.rms_dbfs, one.stale) == ("audio", -20.4, False)
    assert (one.proof.word, one.proof.sign, one.proof.sentence) == ("yes", "●", "")
    assert (one.proof.margin, one.proof.deaf_today) == ("14 dB (usually 15 dB)", "not at all")
    assert one.proof.probed.utc == "" and one.proof.probed.local == "08:12 UTC"
    assert one.burst_text == "ZCZC-2"


def test_a_level_that_is_old_is_not_shown_as_fresh(board: Any, make: Any, clocks: Any) -> None:
    board.take(make.message(AudioLevel("wx", "162.550", -20.0, -9.0, False, True)))
    clocks.move(40)
    one = channel(board)
    assert (one.stale, one.level, one.verdict) == (True, None, "not heard for 40 s")


@pytest.mark.parametrize(
    ("said", "word", "sign"),
    [
        ({"state": "deaf", "sentence": "no carrier"}, "no: deaf", "✕"),
        ({"state": "silent", "sentence": "dead air"}, "no: silent", "▲"),
        ({"state": "unproved", "sentence": "no probe yet"}, "not proved yet", "?"),
        ({"problem": True, "sentence": "hearing; the RWT is late"}, "yes, but", "▲"),
    ],
)
def test_what_is_wrong_has_a_word_a_sign_and_its_sentence(
    board: Any, make: Any, said: Any, word: str, sign: str
) -> None:
    board.take(make.message(proof(make, **said)))
    found = channel(board).proof
    assert (found.word, found.sign, found.sentence) == (word, sign, said["sentence"])


def test_an_old_proof_proves_nothing(board: Any, make: Any, clocks: Any) -> None:
    board.take(make.message(proof(make)))
    clocks.move(180)
    found = channel(board).proof
    assert (found.word, found.margin, found.deaf_today) == ("not known",) * 3
    assert found.sentence == "not heard for 3 min; last: hearing"


STATE = ReceiverState(
    *("wx", "running", "2 channels", 250_000, 162_487_500.0),
    (ChannelState("162.550", 162_550_000.0, -11.0, -42.0, 31.0, 3100.0, 212.0, True),),
    *(1_000_000, 0, 1.8),
)


def test_a_receiver_tells_what_it_is_set_to_and_what_is_not_known(board: Any, make: Any) -> None:
    state = replace(STATE, gain_db=28.0, correction_ppm=2, lost_samples=1000)
    board.take(make.message(state))
    (panel,) = receiver_panels(board.snapshot(), CONFIG, FACE)
    assert dict(panel.facts) == {
        "Crystal": "+1.8 ppm off, corrected for +2 ppm",
        "Gain": "28.0 dB",
        "Samples": "250,000 a second round 162.4875 MHz",
        "Lost samples since its start": "1,000 (0.100 %)",
    }


def test_a_receiver_without_a_tuner_has_no_gain(board: Any, make: Any) -> None:
    board.take(make.message(replace(STATE, ppm=None, samples=0)))
    (panel,) = receiver_panels(board.snapshot(), CONFIG, FACE)
    facts = dict(panel.facts)
    assert (facts["Crystal"], facts["Gain"]) == ("not known", "none, or not known")
    assert facts["Lost samples since its start"] == "0"


def test_a_receiver_that_is_silent_or_stopped_hears_nothing_now(
    board: Any, make: Any, clocks: Any
) -> None:
    board.take(make.message(replace(STATE, state="stopped")))
    (panel,) = receiver_panels(board.snapshot(), CONFIG, FACE)
    assert (panel.channels[0].stale, panel.channels[0].verdict) == (True, "stopped")
    clocks.move(40)
    (panel,) = receiver_panels(board.snapshot(), CONFIG, FACE)
    assert panel.row.state == "not heard"
    assert panel.channels[0].verdict == "not heard for 40 s"
