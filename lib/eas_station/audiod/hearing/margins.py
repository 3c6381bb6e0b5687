"""The margins of a channel over time, and their samples for the database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from statistics import median

from eas_station.audiod.hearing.channel_assessment import ProbeResults
from eas_station.store.records.health_history import SPAN_S, HealthSample

MEASURE = "margin_db"
RECENT = 3  # probes whose median counts: a single one may meet a loud word or a click
HISTORY = 672  # a week of a probe every quarter of an hour
MIN_USUAL = 12  # probes before a usual margin is known


class Margins:
    """The margins of one channel, the oldest first."""

    def __init__(self) -> None:
        self._margins: deque[float] = deque(maxlen=HISTORY)
        self._failing_since_at: datetime | None = None

    def load(self, earlier: Iterable[float]) -> None:
        """Take the margins of earlier processes, the oldest first."""
        self._margins = deque((*earlier, *self._margins), maxlen=HISTORY)

    def add(self, margin_db: float | None, at: datetime) -> ProbeResults:
        """Add a probe's margin; None if not even a nominal header was read."""
        if margin_db is None:
            self._failing_since_at = self._failing_since_at or at
            return ProbeResults(at, None, None, self._usual_db(()), self._failing_since_at)
        self._failing_since_at = None
        self._margins.append(margin_db)
        recent = tuple(self._margins)[-RECENT:]
        recent_db = median(recent) if len(recent) == RECENT else None
        return ProbeResults(at, margin_db, recent_db, self._usual_db(recent))

    def _usual_db(self, recent: tuple[float, ...]) -> float | None:
        earlier = tuple(self._margins)[: len(self._margins) - len(recent)]
        return median(earlier) if len(earlier) >= MIN_USUAL else None


class MarginLog:
    """Collects margins into samples of ten minutes for the database."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._spans: dict[tuple[str, datetime], list[float]] = {}

    def add(self, channel: str, margin_db: float, at: datetime) -> None:
        """Add one probe's margin."""
        self._spans.setdefault((channel, _span_of(at)), []).append(margin_db)

    def ended(self, now: datetime) -> tuple[HealthSample, ...]:
        """The samples whose ten minutes are over; each is given once."""
        over = [key for key in self._spans if key[1] != _span_of(now)]
        return self._take(over)

    def rest(self) -> tuple[HealthSample, ...]:
        """All remaining samples, when the process ends."""
        return self._take(list(self._spans))

    def _take(self, keys: list[tuple[str, datetime]]) -> tuple[HealthSample, ...]:
        samples = []
        for channel, began_at in keys:
            margins = self._spans.pop((channel, began_at))
            low, mean, high = min(margins), sum(margins) / len(margins), max(margins)
            samples.append(
                HealthSample(
                    self._source, channel, MEASURE, began_at, low, mean, high, len(margins)
                )
            )
        return tuple(samples)


def _span_of(at: datetime) -> datetime:
    return datetime.fromtimestamp(at.timestamp() // SPAN_S * SPAN_S, UTC)
