"""The station of the tests of the page, with a radio that sees, channels that sound, and a past."""

from __future__ import annotations

import array
import importlib.util
import math
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import (
    AudioLevel,
    AudioPcm,
    ChannelState,
    HearingProof,
    ReceiverState,
    SameBurst,
)
from eas_station.clock import utc_now
from eas_station.store.records import deaf, expected_tests, health_history
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import ExpectedTest
from eas_station.store.records.health_history import HealthSample
from eas_station.tables import load

RATE_HZ, FRAME_SAMPLES = 25_000, 2304
CENTER_HZ, IQ_RATE_HZ, BINS = 162_487_500.0, 250_000, 256
STARTED_AGO = timedelta(minutes=40)


def neighbour() -> ModuleType:
    """The fixtures of the page's other tests: the town."""
    path = Path(__file__).parents[1] / "webd" / "conftest.py"
    spec = importlib.util.spec_from_file_location("town_of_webd_for_radio", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


town_module = neighbour()


def until(true: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait until something is true; it is asked again and again."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


def spectrum(peak_dbfs: float) -> tuple[float, ...]:
    """Seven carriers over a floor; the last is `peak_dbfs` strong."""
    bins = [-74.0 + 1.5 * math.sin(place) for place in range(BINS)]
    for channel, snr_db in zip(town_module.CHANNELS, town_module.SNR_DB, strict=True):
        place = int((float(channel) * 1e6 - CENTER_HZ + IQ_RATE_HZ / 2) / IQ_RATE_HZ * BINS)
        bins[place] = -72.0 + snr_db
    bins[place] = peak_dbfs
    return tuple(bins)


class Radio:
    """What eas-sdrd@wx and eas-audiod@wx would say of seven channels, again and again."""

    def __init__(self, town: Any) -> None:
        self.town = town
        self.past: Any = None  # what `remember` gave
        self.peak_dbfs = -40.0
        self.sounds = True  # frames of sound come
        self.squelched = False
        self.hurry = 1.0  # how much faster than time they come
        self._at = utc_now() - STARTED_AGO
        self._closing = threading.Event()
        town.say_levels = self.say
        self._thread = threading.Thread(target=self._sound)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()

    @property
    def publisher(self) -> Any:
        return self.town.voices["eas-sdrd@wx"].publisher

    def say(self) -> None:
        """Levels, proofs and the receiver's state."""
        audio = self.town.voices["eas-audiod@wx"].publisher
        states = []
        for channel, snr_db in zip(town_module.CHANNELS, town_module.SNR_DB, strict=True):
            carrier = snr_db > 5
            rms_dbfs = -25.0 if carrier else -58.0
            level = AudioLevel("wx", channel, rms_dbfs, rms_dbfs + 9, not carrier, carrier)
            audio.publish(topics.audio_level("wx", channel), level)
            audio.publish(topics.audio_hearing("wx", channel), self.hearing(channel, snr_db))
            state = ChannelState(
                *(channel, float(channel) * 1e6, -42.0 + snr_db, -42.0, snr_db),
                *(3100.0 if carrier else 400.0, 212.0 if carrier else 0.0, carrier),
            )
            states.append(state)
        state = ReceiverState(
            *("wx", "running", "7 channels, best WX7 31 dB", IQ_RATE_HZ, CENTER_HZ),
            *(tuple(states), 2_700_000_000, 1_250, 1.8),
            gain_db=28.0,
            correction_ppm=2,
            spectrum_dbfs=spectrum(self.peak_dbfs),
        )
        self.publisher.publish(topics.receiver_state("wx"), state)

    def hearing(self, channel: str, snr_db: float) -> HearingProof:
        if snr_db < 5:
            return HearingProof("wx", channel, "deaf", "no carrier", self._at, deaf_today_s=2400.0)
        if channel == "162.400":
            sentence = "hearing, but only 1 dB are left; usually 8 dB"
            return HearingProof(
                *("wx", channel, "hearing", sentence, self._at, 1.0, 8.0, self._at, 12.0),
                problem=True,
                overdue=("RWT",),
            )
        return HearingProof(
            "wx", channel, "hearing", "hearing", self._at, 14.0, 15.0, self._at, 0.0
        )

    def burst(self) -> None:
        text = "ZCZC-WXR-RWT-039173+0100-3261200-KCLE/NWS-"
        burst = SameBurst("wx", "162.550", text, 28.4, utc_now())
        self.town.voices["eas-audiod@wx"].publisher.publish(
            topics.same_burst("wx", "162.550"), burst
        )

    def _sound(self) -> None:
        """A tone of 1 kHz on every channel."""
        tone = [round(8000 * math.sin(2 * math.pi * n / 25)) for n in range(25)]
        first = 0
        while not self._closing.wait(FRAME_SAMPLES / RATE_HZ / self.hurry):
            if not self.sounds:
                continue
            samples = array.array("h", (tone[(first + n) % 25] for n in range(FRAME_SAMPLES)))
            body = AudioPcm(RATE_HZ, first, 0, self.squelched)
            for channel in ("162.550", "162.525"):
                topic = topics.audio_pcm("wx", channel)
                if self.publisher.wanted(topic):
                    self.publisher.publish(topic, body, samples.tobytes(), keep_last=False)
            first += FRAME_SAMPLES


def remember(town: Any) -> Any:
    """A past: ten-minute rows, roll-ups, tests that came and did not, deaf intervals."""
    now = utc_now()
    rows: list[HealthSample] = []
    for channel, snr_db in zip(town_module.CHANNELS, town_module.SNR_DB, strict=True):
        for span_s, count, begin in (
            (600, 1000, 0),
            (3600, 500, 14 * 86400),
            (86400, 90, 200 * 86400),
        ):
            newest = (int(now.timestamp()) - begin) // span_s * span_s
            for number in range(count):
                if channel == "162.525" and span_s == 600 and 40 <= number < 70:
                    continue  # nothing is known of those hours
                at = now.fromtimestamp(newest - number * span_s, tz=now.tzinfo)
                value = snr_db + 2 * math.sin(number / 20)
                rows.append(
                    HealthSample(
                        "wx", channel, "snr_db", at, value - 1, value, value + 1, 10, span_s
                    )
                )
                if span_s == 600 and number < 200 and snr_db > 5:
                    rows.append(
                        HealthSample(
                            "wx", channel, "margin_db", at, value / 2 - 1, value / 2, 15, 1
                        )
                    )
    test = town.off_air("RWT", ("039173",), "162.550", timedelta(days=2), timedelta(hours=1))
    town.hear(test)
    ids = SimpleNamespace(hiding=str(uuid.uuid4()), open=str(uuid.uuid4()), test=test.reception_id)
    due = now - timedelta(days=2)  # a week after the last one
    with town.database.write() as connection:
        health_history.record(connection, rows)
        for expected in (
            ExpectedTest("wx", "162.550", "RWT", True, now - timedelta(days=2), test.reception_id),
            ExpectedTest("wx", "162.400", "RWT", True, now - timedelta(days=9), None),
            ExpectedTest("wx", "162.475", "RWT", True, now - timedelta(days=10), None),
            ExpectedTest("wx", "162.550", "RMT", False, None, None, now - timedelta(days=3)),
        ):
            expected_tests.save(connection, expected)
        for interval in (
            DeafInterval(
                ids.hiding, "wx", "162.400", due - timedelta(minutes=9), due, "no carrier"
            ),
            DeafInterval(
                str(uuid.uuid4()), "wx", "162.550", now - timedelta(days=1, seconds=33),
                now - timedelta(days=1), "the receiver reconnected",
            ),
            DeafInterval(ids.open, "wx", "162.425", now - STARTED_AGO, None, "no carrier"),
        ):  # fmt: skip
            deaf.record(connection, interval)
    return ids


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """eas-webd up, everybody speaking, the past in the record."""
    town = town_module.Town(tmp_path_factory.mktemp("town"), load())
    town.migrate()
    speaking = Radio(town)
    speaking.past = remember(town)
    town.start()
    town.say_all_well()
    speaking.burst()
    until(town.well)
    until(lambda: b"28.0 dB" in town.get("/radio")[2])
    until(lambda: b"162.475" in town.get("/tests")[2])
    until(lambda: b"usually 15 dB" in town.get("/listening")[2])
    yield speaking
    speaking.close()
    town.close()
    assert "Traceback" not in town.log.read_text(), "eas-webd met a bug of ours"


@pytest.fixture
def radio(station: Any) -> Any:
    """The same, sounding as it should."""
    station.sounds, station.squelched, station.hurry = True, False, 1.0
    station.peak_dbfs = -40.0
    return station


@pytest.fixture
def until_true() -> Callable[..., None]:
    return until
