"""The signal history: seconds, minutes, spans, and outages of the database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.config.model import ReceiverConfig
from eas_station.dsp.radio.signal_levels import ChannelLevel
from eas_station.sdrd.receiver_reading import ReceiverReading
from eas_station.sdrd.signal_history import (
    LOST,
    MAX_SPANS,
    MEASURES,
    HistoryWriter,
    SignalHistory,
)
from eas_station.store.database.database import Database
from eas_station.store.records.health_history import HealthSample, series
from eas_station.store.upkeep import migrate

BEGAN_AT = datetime(2026, 4, 27, 21, 10, tzinfo=UTC)
SETTINGS = ReceiverConfig("wx", "file", Path("unused"), channels_hz=(162_400_000, 162_550_000))


class Clock:
    """A clock under the test's control."""

    def __init__(self) -> None:
        self.now_at = BEGAN_AT
        self.trusted = True

    def now(self) -> datetime:
        return self.now_at


def level(snr_db: float) -> ChannelLevel:
    return ChannelLevel(-30.0, -30.0 - snr_db, snr_db, 4000.0, 290.0, True)


def listen(
    history: SignalHistory,
    clock: Clock,
    seconds: int,
    snr_db: Callable[[int], float],
    lost: int = 0,
) -> None:
    """So many seconds, each given twice, as the loop does."""
    for second in range(seconds):
        levels = (level(snr_db(second)), level(40.0))
        for _ in range(2):
            history.take(ReceiverReading(SETTINGS, levels, 0, lost * (second + 1)))
        clock.now_at += timedelta(seconds=1)


def one(span: tuple[HealthSample, ...], channel: str, measure: str) -> HealthSample:
    (sample,) = [s for s in span if (s.channel, s.measure) == (channel, measure)]
    return sample


def test_minutes_are_means_and_a_span_has_the_lowest_and_the_highest_of_them() -> None:
    clock = Clock()
    history = SignalHistory("wx", clock.now, lambda: True)
    listen(history, clock, 601, lambda second: 20.0 + second // 60 + second % 2)
    (span,) = history.waiting()
    assert len(span) == 2 * (len(MEASURES) + 1)
    sample = one(span, "162.400", "snr_db")
    assert (sample.lowest, sample.mean, sample.highest) == (20.5, 25.0, 29.5)
    assert (sample.samples, sample.span_s, sample.began_at) == (10, 600, BEGAN_AT)
    assert one(span, "162.550", "offset_hz").mean == 290.0


def test_losses_are_counted_by_the_minute() -> None:
    clock = Clock()
    history = SignalHistory("wx", clock.now, lambda: True)
    listen(history, clock, 120, lambda _: 20.0, lost=100)
    history.close()
    (span,) = history.waiting()
    lost = one(span, "162.550", LOST)
    assert (lost.lowest, lost.mean, lost.highest, lost.samples) == (6000, 6000, 6000, 2)


def test_close_ends_the_span_that_has_begun() -> None:
    clock = Clock()
    history = SignalHistory("wx", clock.now, lambda: True)
    listen(history, clock, 5, lambda _: 20.0)
    assert history.waiting() == ()
    history.close()
    (span,) = history.waiting()
    assert one(span, "162.400", "snr_db").samples == 1
    history.close()
    assert len(history.waiting()) == 1


def test_nothing_is_recorded_while_the_clock_is_not_trusted() -> None:
    clock = Clock()
    history = SignalHistory("wx", clock.now, lambda: clock.trusted)
    clock.trusted = False
    listen(history, clock, 90, lambda _: 20.0)
    history.close()
    assert history.waiting() == ()


def test_a_day_without_the_database_is_kept() -> None:
    clock = Clock()
    history = SignalHistory("wx", clock.now, lambda: True)
    for _ in range(MAX_SPANS + 20):
        listen(history, clock, 1, lambda _: 20.0)
        clock.now_at += timedelta(seconds=599)
    waiting = history.waiting()
    assert len(waiting) == MAX_SPANS
    assert waiting[0][0].began_at == BEGAN_AT + timedelta(minutes=190)


class Daemon:
    """The part of a daemon that the writer uses."""

    def __init__(self) -> None:
        self.stopping = threading.Event()

    def heartbeat(self, name: str, deadline_s: float) -> Callable[[], None]:
        return lambda: None


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'record.sqlite'}"


def recorded(url: str, measure: str = "snr_db") -> tuple[HealthSample, ...]:
    database = Database(url)
    with database.read() as connection:
        found = series(
            *(connection, "wx", "162.400", measure),
            *(BEGAN_AT - timedelta(hours=1), BEGAN_AT + timedelta(hours=9)),
        )
    database.close()
    return found


def test_the_last_minutes_are_stored_at_shutdown(url: str) -> None:
    migrate.upgrade(url)
    clock, daemon, database = Clock(), Daemon(), Database(url)
    history = SignalHistory("wx", clock.now, lambda: True)
    listen(history, clock, 90, lambda _: 20.0)
    daemon.stopping.set()
    HistoryWriter(daemon, history, database).run()
    database.close()
    (sample,) = recorded(url)
    assert (sample.mean, sample.samples) == (20.0, 2)
    assert history.waiting() == ()


def test_a_span_from_before_a_restart_is_joined(url: str) -> None:
    migrate.upgrade(url)
    database = Database(url)
    clock = Clock()
    for minutes, snr_db in ((1, 10.0), (3, 30.0)):
        history = SignalHistory("wx", clock.now, lambda: True)
        listen(history, clock, 60 * minutes, lambda _, snr_db=snr_db: snr_db)
        history.close()
        assert HistoryWriter(Daemon(), history, database).flush()
    database.close()
    (sample,) = recorded(url)
    assert (sample.lowest, sample.mean, sample.highest, sample.samples) == (10.0, 25.0, 30.0, 4)


def test_a_database_outage_is_one_log_line_and_loses_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, database = Clock(), Database(url)
    history = SignalHistory("wx", clock.now, lambda: True)
    writer = HistoryWriter(Daemon(), history, database)
    with caplog.at_level(logging.INFO, logger="eas_station.sdrd.signal_history"):
        for _ in range(3):
            listen(history, clock, 601, lambda _: 20.0)
            assert not writer.flush()
        assert len(history.waiting()) == 3
        migrate.upgrade(url)
        assert writer.flush()
    database.close()
    assert history.waiting() == ()
    assert len(recorded(url)) == 3
    ours = [record for record in caplog.records if record.name == "eas_station.sdrd.signal_history"]
    assert [record.levelname for record in ours] == ["WARNING", "INFO"]
