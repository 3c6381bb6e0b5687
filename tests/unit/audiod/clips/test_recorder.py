"""Which samples a clip holds."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from eas_station.audiod.clips.clip_files import ClipOrder
from eas_station.audiod.clips.recorder import ClipRecorder, ring_seconds
from eas_station.config.model import ClipsConfig
from eas_station.dsp.arrays.buffers import Ring

RATE_HZ = 100
CLIPS = ClipsConfig(pre_roll_s=3.0, post_roll_s=1.0, longest_s=20.0)
EPOCH = datetime(2025, 11, 22, 12, tzinfo=UTC)


class Writer:
    """Keeps the clips that are written to it."""

    def __init__(self) -> None:
        self.orders: dict[str, ClipOrder] = {}
        self.samples: dict[str, list[int]] = {}
        self.finished: list[str] = []
        self.eom_samples: dict[str, int | None] = {}

    def begin(self, order: ClipOrder) -> None:
        self.orders[order.clip_id] = order
        self.samples[order.clip_id] = []

    def write(self, clip_id: str, samples: np.ndarray) -> None:
        assert clip_id not in self.finished
        self.samples[clip_id] += samples.tolist()

    def finish(self, clip_id: str, eom_sample: int | None) -> None:
        self.finished.append(clip_id)
        self.eom_samples[clip_id] = eom_sample


class Station:
    """A ring whose samples are their own numbers, channel 1 negative."""

    def __init__(self) -> None:
        self.writer = Writer()
        self.ring = Ring(2, int(ring_seconds(CLIPS) * RATE_HZ))
        ids = itertools.count(1)
        self.recorder = ClipRecorder(
            self.ring, RATE_HZ, CLIPS, self.writer, lambda: f"clip{next(ids)}"
        )

    def hear(self, seconds: float, block: int = 24) -> None:
        until = self.ring.end + round(seconds * RATE_HZ)
        while self.ring.end < until:
            count = min(block, until - self.ring.end)
            numbers = (np.arange(self.ring.end, self.ring.end + count) % 32000).astype(np.int16)
            self.ring.append(np.stack((numbers, -numbers)))
            self.recorder.advance()

    def header(self, channel: int, first: int, code: str = "TOR") -> ClipOrder:
        return self.recorder.begin(channel, "162.550", first, code, "r1", time_of, first + 400)


def time_of(sample: int) -> datetime:
    return EPOCH + timedelta(seconds=sample / RATE_HZ)


@pytest.fixture
def station() -> Station:
    return Station()


def test_a_clip_goes_from_the_pre_roll_to_the_post_roll(station: Station) -> None:
    station.hear(20)
    order = station.header(1, 1500)
    station.hear(5)
    station.recorder.end_of_message(1, 2450)
    station.hear(5)
    assert station.writer.samples["clip1"] == [-n for n in range(1200, 2550)]
    assert station.writer.finished == ["clip1"]
    assert order.started_at == time_of(1200)


def test_a_clip_knows_where_its_header_and_its_end_of_message_are(station: Station) -> None:
    station.hear(20)
    order = station.header(1, 1500)
    station.hear(5)
    station.recorder.end_of_message(1, 2450)
    station.recorder.end_of_message(1, 2460)  # another one: the first counts
    station.hear(5)
    assert (order.header_sample, order.header_samples) == (300, 400)
    assert station.writer.eom_samples == {"clip1": 2450 - 1200}


def test_a_clip_whose_segment_ends_has_no_end_of_message(station: Station) -> None:
    station.hear(20)
    station.header(1, 1500)
    station.recorder.finish_all()
    assert station.writer.eom_samples == {"clip1": None}


def test_a_header_right_after_the_start_has_a_shorter_pre_roll(station: Station) -> None:
    station.hear(2)
    station.header(0, 100)
    station.recorder.end_of_message(0, 150)
    station.hear(4)
    assert station.writer.samples["clip1"] == list(range(250))


def test_without_an_end_of_message_a_clip_is_cut_off(station: Station) -> None:
    station.hear(10)
    station.header(0, 800)
    station.hear(60)
    assert station.writer.samples["clip1"] == list(range(500, 800 + 2000))


def test_a_national_alert_is_recorded_while_it_lasts(station: Station) -> None:
    station.hear(10)
    station.header(0, 800, "EAN")
    station.hear(100)
    assert station.writer.finished == []
    station.recorder.end_of_message(0, 10_900)
    station.hear(2)
    assert station.writer.samples["clip1"] == list(range(500, 11_000))


def test_a_national_alert_of_hours_is_split_into_parts_without_a_gap(
    station: Station,
) -> None:
    station.hear(1)
    first = station.header(0, 0, "EAN")
    station.hear(3700, block=997)
    assert station.writer.finished == ["clip1", "clip2"]
    station.recorder.end_of_message(0, 370_050)
    station.hear(5)
    orders = [station.writer.orders[f"clip{n}"] for n in (1, 2, 3)]
    assert [order.reception_id for order in orders] == ["r1"] * 3
    assert [(order.started_at - first.started_at).total_seconds() for order in orders] == [
        *(0.0, 1800.0, 3600.0),
    ]
    assert [order.header_samples for order in orders] == [400, None, None]
    heard = [n for samples in station.writer.samples.values() for n in samples]
    assert heard == [n % 32000 for n in range(370_050 + 100)]
    assert station.writer.eom_samples == {"clip1": None, "clip2": None, "clip3": 10_050}


def test_an_end_of_message_just_before_a_split_ends_the_next_part_too(station: Station) -> None:
    station.hear(1)
    station.header(0, 0, "EAN")
    station.hear(1800.5)
    station.recorder.end_of_message(0, 179_990)
    station.hear(5)
    assert station.writer.finished == ["clip1", "clip2"]


def test_a_national_alert_ends_half_a_minute_after_its_signal(station: Station) -> None:
    station.hear(1)
    station.header(0, 0, "EAN")
    station.hear(59)
    station.recorder.note_signal(0, False)
    station.hear(20)
    station.recorder.note_signal(0, True)  # a pause only
    station.hear(30)
    station.recorder.note_signal(0, False)
    station.recorder.note_signal(0, False)
    station.hear(29)
    assert station.writer.finished == []
    station.hear(3)
    assert station.writer.finished == ["clip1"]
    assert len(station.writer.samples["clip1"]) == pytest.approx(140 * RATE_HZ, abs=24)


def test_any_other_alert_is_recorded_through_silence(station: Station) -> None:
    station.hear(4)
    station.header(0, 350)
    station.recorder.note_signal(0, False)
    station.hear(100)
    assert len(station.writer.samples["clip1"]) == 20 * RATE_HZ + 300


def test_two_alerts_that_overlap_share_the_audio_and_the_end(station: Station) -> None:
    station.hear(10)
    station.header(0, 700)
    station.hear(5)
    station.header(0, 1200)
    station.recorder.end_of_message(0, 1480)
    station.hear(5)
    assert station.writer.samples["clip1"] == list(range(400, 1580))
    assert station.writer.samples["clip2"] == list(range(900, 1580))


def test_the_end_of_one_message_does_not_end_the_next(station: Station) -> None:
    station.hear(10)
    station.header(0, 700)
    station.recorder.end_of_message(0, 990)
    station.hear(3)
    station.header(0, 1100)
    station.hear(10)
    assert station.writer.finished == ["clip1"]
    station.recorder.end_of_message(0, 2290)
    station.hear(5)
    assert station.writer.samples["clip2"] == list(range(800, 2390))


def test_an_end_on_another_channel_has_no_effect(station: Station) -> None:
    station.hear(10)
    station.header(0, 700)
    station.recorder.end_of_message(1, 990)
    station.hear(5)
    assert station.writer.finished == []
    assert len(station.recorder) == 1


def test_the_end_of_a_segment_finishes_its_clips(station: Station) -> None:
    station.hear(10)
    station.header(0, 700)
    station.header(1, 800)
    station.recorder.finish_all()
    assert station.writer.samples == {
        "clip1": list(range(400, 1000)),
        "clip2": [-n for n in range(500, 1000)],
    }
    assert station.writer.finished == ["clip1", "clip2"]
    assert len(station.recorder) == 0


@pytest.mark.parametrize("block", [1, 7, 100, 5000])
def test_the_same_clip_however_the_audio_is_cut(station: Station, block: int) -> None:
    station.hear(10)
    station.header(0, 700)
    station.hear(9, block)
    station.recorder.end_of_message(0, 1850)
    station.hear(10, block)
    assert station.writer.samples["clip1"] == list(range(400, 1950))
