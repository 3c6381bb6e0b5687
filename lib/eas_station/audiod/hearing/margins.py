"""How the margin of a channel has been, and what of it is worth keeping."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from statistics import median

from eas_station.audiod.hearing.channel_assessment import ProbeResults
from eas_station.store.records.health_history import SPAN_S, HealthSample

MEASURE = "margin_db"
LATELY = 3  # probes whose median counts: one alone meets a loud word or a click
REMEMBERED = 672  # a week of a probe every quarter of an hour
USUAL_FROM = 12  # probes that make a habit


class Margins:
    """The margins of one channel, the oldest first."""

    def __init__(self) -> None:
        self._margins: deque[float] = deque(maxlen=REMEMBERED)
        self._failing_since_at: datetime | None = None

    def recall(self, earlier: Iterable[float]) -> None:
        """What the record knows of the days before this process, the oldest first."""
        self._margins = deque((*earlier, *self._margins), maxlen=REMEMBERED)

    def add(self, margin_db: float | None, at: datetime) -> ProbeResults:
        """A probe has come to this; None: not even a nominal header was read."""
        if margin_db is None:
            self._failing_since_at = self._failing_since_at or at
            return ProbeResults(at, None, None, self._usual_db(()), self._failing_since_at)
        self._failing_since_at = None
        self._margins.append(margin_db)
        lately = tuple(self._margins)[-LATELY:]
        lately_db = median(lately) if len(lately) == LATELY else None
        return ProbeResults(at, margin_db, lately_db, self._usual_db(lately))

    def _usual_db(self, lately: tuple[float, ...]) -> float | None:
        earlier = tuple(self._margins)[: len(self._margins) - len(lately)]
        return median(earlier) if len(earlier) >= USUAL_FROM else None


class MarginLog:
    """Collects margins into samples of ten minutes, for the record."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._spans: dict[tuple[str, datetime], list[float]] = {}

    def add(self, channel: str, margin_db: float, at: datetime) -> None:
        """One probe's margin."""
        self._spans.setdefault((channel, _span_of(at)), []).append(margin_db)

    def ended(self, now: datetime) -> tuple[HealthSample, ...]:
        """The samples whose ten minutes are over; they are given once."""
        over = [key for key in self._spans if key[1] != _span_of(now)]
        return self._take(over)

    def rest(self) -> tuple[HealthSample, ...]:
        """All that is left, when the process ends."""
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
