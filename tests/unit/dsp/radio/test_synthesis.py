"""The synthesizer against a sum of mixed carriers, and through the channelizer."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.radio.channelizer import Channelizer
from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

RATE_HZ, CENTER_HZ, CHANNEL_RATE_HZ = 250_000, 162_487_500, 25_000
NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]


def basebands(count: int) -> np.ndarray:
    t = np.arange(count) / CHANNEL_RATE_HZ
    rows = [4000 * np.sin(2 * np.pi * (400 + 250 * k) * t) + 50 * k for k in range(7)]
    return Modulator(7, CHANNEL_RATE_HZ).feed(np.stack(rows).astype(np.float32))


@pytest.mark.parametrize("channel", range(7))
def test_a_channel_becomes_a_carrier_at_its_frequency(channel: int) -> None:
    ones = np.zeros((7, 3000), dtype=np.complex64)
    ones[channel] = 1
    iq = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(ones)[1000:]
    turns = (NWR_HZ[channel] - CENTER_HZ) / RATE_HZ * np.arange(1000, 30_000)
    still = iq * np.exp(-2j * np.pi * turns)
    np.testing.assert_allclose(still, np.full(still.size, still[0]), atol=1e-3)
    assert abs(still[0]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("rate_hz", "center_hz"),
    [(250_000, 162_487_500), (225_000, 162_475_000), (600_000, 162_300_000)],
)
def test_channelizer_gives_back_what_was_put_in(rate_hz: int, center_hz: int) -> None:
    put_in = basebands(4000)
    iq = Synthesizer(rate_hz, center_hz, NWR_HZ).feed(put_in)
    assert iq.shape == (4000 * rate_hz // CHANNEL_RATE_HZ,)
    out = Channelizer(rate_hz, center_hz, NWR_HZ).feed(iq)
    late = 13  # channel samples: half of both filters
    np.testing.assert_allclose(out[:, 500:], put_in[:, 500 - late : -late], atol=0.1)


def test_output_does_not_depend_on_the_cuts(cuts) -> None:
    put_in = basebands(9000)
    whole = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(put_in)
    bank = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ)
    parts = [bank.feed(put_in[:, a:b]) for a, b in cuts(9000)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_carriers_and_noise_have_the_wanted_ratio_and_level() -> None:
    front = FrontEnd(RATE_HZ, [10, 30], np.random.default_rng(1), rms=0.2)
    noise = front.noise(500_000)
    density = (np.abs(noise) ** 2).mean() / RATE_HZ
    cn_db = 10 * np.log10(front.amplitudes[:, 0] ** 2 / (density * 16_000))
    np.testing.assert_allclose(cn_db, [10, 30], atol=0.05)
    power = (np.abs(noise) ** 2).mean() + (front.amplitudes**2).sum()
    assert np.sqrt(power / 2) == pytest.approx(0.2, rel=0.01)
