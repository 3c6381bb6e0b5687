"""Any rate in, 25 kHz out."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.audiod.sources.audio_source import RATE_HZ, TIMEOUT_S, Block, SourceEndedError
from eas_station.audiod.sources.resampled_source import ResampledSource
from eas_station.errors import SourceError


class Tape:
    """A source that plays what it was given."""

    channels = ("mono",)
    waiting_for = "the tape waits"
    description = "a tape"
    timeout_s = TIMEOUT_S

    def __init__(self, items: list[Block | Exception | None]) -> None:
        self.carriers: dict[str, bool] = {}
        self.counters = {"turns": 3}
        self.closed = False
        self._items = items

    def receive(self) -> Block | None:
        item = self._items.pop(0) if self._items else SourceEndedError("the tape has ended")
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.closed = True


def tone(rate_hz: int, seconds: float, hz: float = 1000.0) -> np.ndarray:
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * hz * at).astype(np.float32)


def cut(samples: np.ndarray, rate_hz: int, seed: int, gap: int | None = None) -> list[Block]:
    """The samples in pieces of random lengths."""
    chance = np.random.default_rng(seed)
    places = np.sort(chance.integers(1, len(samples), 15))
    blocks, first = [], 0
    for piece in np.split(samples, np.unique(places)):
        blocks.append(Block(piece.reshape(1, -1), rate_hz, first, gap if first == 0 else 0))
        first += len(piece)
    return blocks


def played(tape: Tape) -> list[Block]:
    source = ResampledSource(tape)
    blocks = []
    try:
        while True:
            if (block := source.receive()) is not None:
                blocks.append(block)
    except SourceEndedError:
        source.close()
    return blocks


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_tone_is_resampled_independently_of_the_cuts(rate_hz: int, seed: int) -> None:
    blocks = played(Tape(list(cut(tone(rate_hz, 1.0), rate_hz, seed))))
    heard = np.concatenate([block.samples[0] for block in blocks])
    assert {block.rate_hz for block in blocks} == {RATE_HZ}
    assert len(heard) == pytest.approx(RATE_HZ, abs=2)
    inside = slice(500, RATE_HZ - 500)
    assert np.abs(heard - tone(RATE_HZ, 1.0)[: len(heard)])[inside].max() < 0.01
    assert [block.gap_samples for block in blocks] == [None] + [0] * (len(blocks) - 1)
    ends = [block.first_sample + block.count for block in blocks]
    assert [block.first_sample for block in blocks] == [0, *ends[:-1]]


def test_frequencies_above_the_band_do_not_alias_into_it() -> None:
    (first, *rest) = played(Tape(list(cut(tone(48_000, 1.0, hz=23_000.0), 48_000, 3))))
    heard = np.concatenate([block.samples[0] for block in (first, *rest)])
    assert np.abs(heard[500:-500]).max() < 0.005


def test_samples_at_25_khz_pass_unchanged() -> None:
    samples = tone(RATE_HZ, 0.5)
    blocks = played(Tape(list(cut(samples, RATE_HZ, 4))))
    assert np.array_equal(np.concatenate([block.samples[0] for block in blocks]), samples)


def test_a_known_gap_is_converted_and_an_unknown_one_stays_unknown() -> None:
    tape = Tape([
        *cut(tone(48_000, 0.5), 48_000, 5),
        *cut(tone(48_000, 0.5), 48_000, 6, gap=4800),
        *cut(tone(48_000, 0.5), 48_000, 7, gap=None),
    ])  # fmt: skip
    blocks = played(tape)
    gaps = [block.gap_samples for block in blocks if block.gap_samples != 0]
    assert gaps == [None, 2500, None]
    after = next(i for i, block in enumerate(blocks) if block.gap_samples == 2500)
    end = blocks[after - 1].first_sample + blocks[after - 1].count
    assert blocks[after].first_sample == end + 2500


def test_a_gap_before_a_block_without_output_is_kept_for_the_next() -> None:
    short = Block(np.zeros((1, 3), np.float32), 48_000, 0, 480)
    more = Block(tone(48_000, 0.2).reshape(1, -1), 48_000, 3, 0)
    source = ResampledSource(Tape([short, None, more]))
    assert source.receive() is None
    assert source.receive() is None
    block = source.receive()
    assert block is not None
    assert block.gap_samples == 250


def test_the_other_properties_are_those_of_the_source() -> None:
    tape = Tape([SourceError("the tape is torn")])
    source = ResampledSource(tape)
    assert (source.channels, source.waiting_for) == (("mono",), "the tape waits")
    assert (source.description, source.counters, source.carriers) == ("a tape", {"turns": 3}, {})
    assert source.timeout_s == TIMEOUT_S
    with pytest.raises(SourceError, match="torn"):
        source.receive()
    source.close()
    assert tape.closed
