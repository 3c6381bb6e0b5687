"""Calibration of a device, and its saved tuning."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from eas_station.config.model import ReceiverConfig
from eas_station.sdrd.calibration.calibration import MAX_HOLD_S, Calibration
from eas_station.sdrd.receivers.iq_receiver import Tuning

GAINS_DB = (0.0, 10.0, 20.0, 30.0, 40.0, 49.6)
DEAF = np.full(4096, 0.004 + 0.004j, dtype=np.complex64)  # nothing moves the converter
LOUD = np.full(4096, 1 + 1j, dtype=np.complex64)
NAMES = "eas-sdrd@wx.tuning.json"


def dongle(**keys: object) -> ReceiverConfig:
    return ReceiverConfig("wx", "rtlsdr", **keys)


def test_automatic_gain_begins_in_the_middle_and_steps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calibration = Calibration(dongle(), tmp_path)
    assert calibration.tuning == Tuning(None, 0)
    assert calibration.opened(GAINS_DB)
    assert calibration.tuning.gain_db == 30
    with caplog.at_level(logging.INFO):
        while not calibration.second(LOUD, None):
            pass
    assert calibration.tuning.gain_db == 20
    assert [r.message for r in caplog.records] == ["receiver wx: gain 30.0 → 20.0 dB"]


def test_a_step_waits_for_the_end_of_a_message_but_not_for_ever(tmp_path: Path) -> None:
    calibration = Calibration(dongle(gain=40.0, ppm="auto"), tmp_path)
    calibration.opened(GAINS_DB)
    assert not any(calibration.second(DEAF, 5.0, lambda: True) for _ in range(30))
    assert calibration.second(DEAF, 5.0, lambda: False)
    assert calibration.tuning.ppm == -5
    calibration = Calibration(dongle(), tmp_path)
    calibration.opened(GAINS_DB)
    before_db = calibration.tuning.gain_db
    stepped = [calibration.second(LOUD, None, lambda: True) for _ in range(60)]
    assert stepped.index(True) >= MAX_HOLD_S
    assert calibration.tuning.gain_db < before_db


def test_a_fixed_gain_stays_even_if_it_clips(tmp_path: Path) -> None:
    calibration = Calibration(dongle(gain=40.0), tmp_path)
    assert calibration.tuning.gain_db == 40
    assert not calibration.opened(GAINS_DB)
    assert not any(calibration.second(LOUD, None) for _ in range(20))
    assert calibration.tuning.gain_db == 40


def test_a_gain_that_the_tuner_lacks_is_logged_with_those_available(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calibration = Calibration(dongle(gain=33.0), tmp_path)
    for _ in range(3):
        calibration.opened(GAINS_DB)
    (said,) = [r.message for r in caplog.records]
    assert said == (
        "receiver wx: the tuner has no gain of 33.0 dB; using 30.0 dB, available: "
        "0, 10, 20, 30, 40, 49.6"
    )
    assert calibration.tuning.gain_db == 30


def test_a_correction_is_saved_for_the_same_dongle(tmp_path: Path) -> None:
    calibration = Calibration(dongle(serial="7", gain=40.0), tmp_path)
    calibration.opened(GAINS_DB)
    while not calibration.second(DEAF, 12.0):
        pass
    assert calibration.tuning == Tuning(40.0, -12)
    assert Calibration(dongle(serial="7"), tmp_path).tuning == Tuning(40.0, -12)
    assert Calibration(dongle(serial="8"), tmp_path).tuning == Tuning(None, 0)


def test_a_fixed_correction_is_the_nearest_whole_one_and_stays(tmp_path: Path) -> None:
    calibration = Calibration(dongle(ppm=-1.8, gain=40.0), tmp_path)
    calibration.opened(GAINS_DB)
    assert not any(calibration.second(DEAF, 20.0) for _ in range(60))
    assert calibration.tuning.ppm == -2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"dongle": ["rtlsdr", null, null, 1234]}',
        '{"dongle": ["rtlsdr", null, null, 1234], "gain_db": "x", "ppm": 0}',
        '{"dongle": ["rtlsdr", null, null, 1234], "gain_db": 1, "ppm": 100000}',
        '{"dongle": ["rtlsdr", null, null, 1234], "gain_db": 1, "ppm": NaN}',
        '{"dongle": ["rtlsdr", null, null, 1234], "gain_db": NaN, "ppm": 1}',
        '{"dongle": ["rtlsdr", null, null, 1234], "gain_db": 1, "ppm": Infinity}',
        "\ufeff[[[[",
    ],
)
def test_a_corrupt_tuning_file_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / NAMES).write_text(text)
    assert Calibration(dongle(), tmp_path).tuning == Tuning(None, 0)


def test_a_tuning_that_cannot_be_saved_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calibration = Calibration(dongle(gain=40.0), tmp_path / "absent")
    calibration.opened(GAINS_DB)
    while not calibration.second(DEAF, 12.0):
        pass
    assert "cannot save the tuning" in caplog.text
    assert calibration.tuning.ppm == -12


def test_a_receiver_without_gains_is_not_adjusted(tmp_path: Path) -> None:
    calibration = Calibration(ReceiverConfig("wx", "file", Path("x")), tmp_path)
    assert not calibration.opened(())
    assert not any(calibration.second(LOUD, 40.0) for _ in range(60))
