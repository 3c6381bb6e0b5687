"""The status of a receiver: its state and measurements, and a log line per change."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from eas_station.bus import topics
from eas_station.bus.messages import ItemState, ReceiverState
from eas_station.sdrd.receiver_reading import ReceiverReading
from eas_station.service.daemon import Daemon

log = logging.getLogger(__name__)

State = Literal["running", "reconnecting", "stopped", "failed"]
STATE_S = 1.0  # receiver.state on the bus
STATUS_S = 5.0  # the daemon's status line changes no more often


class ReceiverStatus:
    """Publishes `receiver.state` each second, and the daemon's status on a change."""

    def __init__(self, daemon: Daemon, name: str, monotonic: Callable[[], float]) -> None:
        self._daemon = daemon
        self._name = name
        self._monotonic = monotonic
        self._state: State | None = None  # None: not opened yet
        self._reason = "starting"
        self._since_at: datetime = daemon.now()
        self._last_good_at: datetime | None = None
        self._published_s = self._status_s = float("-inf")
        self._had_levels = False

    def set(self, state: State, reason: str) -> None:
        """Set the state; `reason` is a sentence. A change is logged."""
        if state == "running":
            self._last_good_at = self._daemon.now()
        self._reason = reason
        if state == self._state:
            return
        self._state = state
        self._since_at = self._daemon.now()
        self._published_s = self._status_s = float("-inf")
        level = logging.WARNING if state == "reconnecting" else logging.INFO
        log.log(level, "receiver %s is %s: %s", self._name, state, reason)

    def publish_due(self, reading: ReceiverReading) -> None:
        """Publish what is due."""
        now_s = self._monotonic()
        if self._state is None:
            return
        if now_s - self._published_s >= STATE_S:
            self._published_s = now_s
            self._publish(self._state, reading)
        has_levels = bool(reading.levels)
        if now_s - self._status_s >= STATUS_S or has_levels != self._had_levels:
            self._status_s = now_s
            self._had_levels = has_levels
            self._set_status(self._state, reading)

    def _publish(self, state: State, reading: ReceiverReading) -> None:
        running = state == "running"
        self._daemon.publisher.publish(
            topics.receiver_state(self._name),
            ReceiverState(
                receiver=self._name,
                state=state,
                sentence=self._sentence(state, reading),
                rate_hz=reading.settings.rate_hz,
                center_hz=float(reading.settings.center_hz),
                channels=reading.channels() if running else (),
                samples=reading.samples,
                lost_samples=reading.lost_samples,
                ppm=reading.ppm() if running else None,
                spectrum_dbfs=reading.spectrum_dbfs if running else (),
                gain_db=reading.tuning.gain_db if reading.tuning else None,
                correction_ppm=reading.tuning.ppm if reading.tuning else None,
            ),
        )

    def _set_status(self, state: State, reading: ReceiverReading) -> None:
        text = self._sentence(state, reading)
        item = ItemState(
            name=self._name,
            kind=f"receiver.{reading.settings.kind}",
            state=state,
            sentence=text,
            since_at=self._since_at,
            last_good_at=self._last_good_at,
            counters={"samples": reading.samples, "lost_samples": reading.lost_samples},
        )
        self._daemon.set_status(text, items=[item])

    def _sentence(self, state: State, reading: ReceiverReading) -> str:
        return reading.sentence() if state == "running" else f"{state}: {self._reason}"
