"""Signal quality of each channel over time: seconds → minutes → spans of ten minutes."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from eas_station.bus.topics import channel_name
from eas_station.dsp.radio.signal_levels import ChannelLevel
from eas_station.errors import StoreError
from eas_station.sdrd.receiver_reading import ReceiverReading
from eas_station.service.backoff import Backoff
from eas_station.service.daemon import Daemon
from eas_station.store.database.database import Database
from eas_station.store.database.revision import demand_current
from eas_station.store.records.health_history import SPAN_S, HealthSample, add

log = logging.getLogger(__name__)

MEASURES = ("signal_dbfs", "noise_dbfs", "snr_db", "offset_hz", "deviation_hz")
LOST = "lost_samples"  # of the capture, for each minute
MINUTE_S = 60
MAX_SPANS = 144  # kept while the database is away: a day
WRITE_SPANS = 2  # per transaction, to spare the card: they touch the same pages
MAX_WRITE_SPANS = 12
STEP_S = 0.5  # the longest sleep: the thread stops soon
FLUSH_DEADLINE_S = 60.0  # a write that takes longer is stuck
FIRST_BACKOFF_S, MAX_BACKOFF_S = 5.0, 60.0

Row = tuple[float, ...]  # one value of each measure, LOST last


class SignalHistory:
    """One receiver's measurements as rows for the database. Safe for two threads.

    A minute's value is the mean of its seconds. Of a span the lowest, the mean and the highest
    minute are kept. Only seconds with samples count, and only while the clock is trusted: other
    measurements could not be dated.
    """

    def __init__(
        self, name: str, now: Callable[[], datetime], clock_trusted: Callable[[], bool]
    ) -> None:
        self._name = name
        self._now = now
        self._clock_trusted = clock_trusted
        self._lock = threading.Lock()
        self._last: tuple[ChannelLevel, ...] = ()
        self._lost_before = 0
        self._minute_at: datetime | None = None
        self._seconds: dict[str, list[Row]] = {}  # of the minute that has begun, by channel
        self._minutes: dict[str, list[Row]] = {}  # of the span that has begun
        self._closed: deque[tuple[HealthSample, ...]] = deque(maxlen=MAX_SPANS)

    def take(self, reading: ReceiverReading) -> None:
        """Add the second that a reading describes, once."""
        if reading.levels is self._last or not reading.levels or not self._clock_trusted():
            return
        self._last = reading.levels
        lost = reading.lost_samples - self._lost_before
        self._lost_before = reading.lost_samples
        with self._lock:
            self._advance(_floor(self._now(), MINUTE_S))
            for frequency_hz, level in zip(
                reading.settings.channels_hz, reading.levels, strict=False
            ):
                row = (*(getattr(level, measure) for measure in MEASURES), float(lost))
                self._seconds.setdefault(channel_name(frequency_hz), []).append(row)

    def close(self) -> None:
        """End the span that has begun."""
        with self._lock:
            self._end_minute()
            self._end_span()

    def waiting(self) -> tuple[tuple[HealthSample, ...], ...]:
        """The spans that have ended and are not stored yet, oldest first."""
        with self._lock:
            return tuple(self._closed)

    def drop(self, span: tuple[HealthSample, ...]) -> None:
        """Drop a span that is stored."""
        with self._lock:
            if self._closed and self._closed[0] is span:
                self._closed.popleft()

    def _advance(self, minute_at: datetime) -> None:
        if minute_at == self._minute_at:
            return
        self._end_minute()
        if self._minute_at is not None and _floor(minute_at, SPAN_S) != _floor(
            self._minute_at, SPAN_S
        ):
            self._end_span()
        self._minute_at = minute_at

    def _end_minute(self) -> None:
        for channel, rows in self._seconds.items():
            columns = tuple(zip(*rows, strict=True))
            means = [sum(column) / len(rows) for column in columns[:-1]]
            self._minutes.setdefault(channel, []).append((*means, sum(columns[-1])))
        self._seconds = {}

    def _end_span(self) -> None:
        if self._minute_at is not None and self._minutes:
            began_at = _floor(self._minute_at, SPAN_S)
            self._closed.append(
                tuple(
                    self._sample(channel, measure, began_at, values)
                    for channel, rows in self._minutes.items()
                    for measure, values in zip(
                        (*MEASURES, LOST), zip(*rows, strict=True), strict=True
                    )
                )
            )
        self._minutes = {}

    def _sample(
        self, channel: str, measure: str, began_at: datetime, values: Sequence[float]
    ) -> HealthSample:
        return HealthSample(
            name=self._name,
            channel=channel,
            measure=measure,
            began_at=began_at,
            lowest=round(min(values), 2),
            mean=round(sum(values) / len(values), 2),
            highest=round(max(values), 2),
            samples=len(values),
        )


class HistoryWriter:
    """The thread that stores the history, two spans at a time, and the rest at the end."""

    def __init__(self, daemon: Daemon, history: SignalHistory, database: Database) -> None:
        self._daemon = daemon
        self._history = history
        self._database = database
        self._backoff = Backoff(FIRST_BACKOFF_S, MAX_BACKOFF_S)
        self._beat = daemon.heartbeat("history", FLUSH_DEADLINE_S)
        self._offline = False

    def run(self) -> None:
        """Work until the daemon stops."""
        wait_s = 0.0
        while not self._daemon.stopping.wait(STEP_S):
            self._beat()
            wait_s -= STEP_S
            if wait_s <= 0 and len(self._history.waiting()) >= WRITE_SPANS:
                wait_s = 0.0 if self.flush() else self._backoff.next_s()
        self._history.close()
        if not self._offline:
            self.flush()

    def flush(self) -> bool:
        """Store the waiting spans, two hours per transaction; False if the database is away."""
        waiting = self._history.waiting()
        try:
            for at in range(0, len(waiting), MAX_WRITE_SPANS):
                self._write(waiting[at : at + MAX_WRITE_SPANS])
        except StoreError as error:
            if not self._offline:
                log.warning("cannot store the signal history; keeping it in memory: %s", error)
            self._offline = True
            return False
        if self._offline:
            log.info("storing the signal history again")
        self._offline = False
        self._backoff.reset()
        return True

    def _write(self, spans: Sequence[tuple[HealthSample, ...]]) -> None:
        with self._database.write() as connection:
            demand_current(connection)
            for span in spans:
                add(connection, span)
        for span in spans:
            self._history.drop(span)


def _floor(moment: datetime, span_s: int) -> datetime:
    beyond_s = moment.timestamp() % span_s
    return moment - timedelta(seconds=beyond_s) if beyond_s else moment
