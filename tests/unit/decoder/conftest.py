"""Fixtures of the decoder tests: disturbed messages of our own encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import DecodedMessage
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.audio.afsk import BAUD_HZ

Real = NDArray[np.float32]
SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder of foreign recordings."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared is absent")
    return SHARED


@pytest.fixture
def in_noise() -> Callable[..., Real]:
    """Adds white noise to a full-scale burst's sound, at an Eb/N0 of one burst, and scales it."""

    def add(sound: Real, rate_hz: float, ebn0_db: float, seed: int, level: float = 0.05) -> Real:
        rng = np.random.default_rng(seed)
        density = 0.5 / BAUD_HZ / 10 ** (ebn0_db / 10)  # one-sided, of a sine of amplitude 1
        noise = rng.standard_normal(len(sound)) * np.sqrt(density * rate_hz / 2)
        return ((sound + noise) * level).astype(np.float32)

    return add


@pytest.fixture
def hear() -> Callable[..., list[DecodedMessage]]:
    """Feeds a mono sound to a receiver; the messages."""

    def messages(
        sound: Real, rate_hz: float, prior: Prior | None = None, block: int = 4096
    ) -> list[DecodedMessage]:
        receiver = SameReceiver(1, rate_hz, prior)
        said = []
        for start in range(0, len(sound), block):
            said += receiver.feed(np.asarray(sound[None, start : start + block], np.float32))
        said += receiver.flush()
        return [message for message in said if isinstance(message, DecodedMessage)]

    return messages


@pytest.fixture
def texts(hear: Callable[..., list[DecodedMessage]]) -> Callable[..., list[str]]:
    """Feeds a mono sound to a receiver; the texts of the messages."""

    def read(sound: Real, rate_hz: float, prior: Prior | None = None) -> list[str]:
        return [message.text for message in hear(sound, rate_hz, prior)]

    return read
