"""One thread receives from all daemons, updates the state, and sends live updates."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable

from eas_station.alerts.model import Reception
from eas_station.bus import topics
from eas_station.bus.messages import (
    AlertNews,
    AudioLevel,
    BusMessage,
    ReceiverState,
    ReceptionNew,
    Status,
)
from eas_station.bus.subscriber import Subscriber
from eas_station.webd.http.fanout import Event, Fanout
from eas_station.webd.live.reconciler import Reconciler
from eas_station.webd.state.station_state import StationState
from eas_station.wire import time_to_text

LISTENED_TO = (
    topics.RECEPTION_NEW,
    *(topics.ALERT_NEW, topics.ALERT_UPDATED, topics.ALERT_ENDED, topics.ALERT_JOINED),
    *("status.", "receiver.state.", "audio.level.", "audio.hearing.", "same.burst."),
)
TURN_S = 0.5
STATUS_EVERY_S = 5.0
LEVELS_EVERY_S = 0.5
LOG_LOSSES_EVERY_S = 60.0

log = logging.getLogger(__name__)


class BusListener:
    """Owns the subscriber. A reception reaches the clients before the database is read."""

    def __init__(
        self,
        subscriber: Subscriber,
        state: StationState,
        fanout: Fanout,
        reconciler: Reconciler,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subscriber, self._state = subscriber, state
        self._fanout, self._reconciler = fanout, reconciler
        self._monotonic = monotonic
        self._expected: tuple[str, ...] = ()
        self._missed = 0
        self._states: dict[str, str] = {}
        self._status_sent_mono = monotonic() - STATUS_EVERY_S
        self._status_due = False
        self._levels: dict[tuple[str, str], AudioLevel] = {}
        self._levels_sent_mono = monotonic()
        self._losses_logged_mono = monotonic() - LOG_LOSSES_EVERY_S
        self._turned_mono = monotonic()

    def run(self, stopping: threading.Event, beat: Callable[[], None]) -> None:
        """Listen until told to stop."""
        with self._subscriber:
            while not stopping.is_set():
                self.turn(TURN_S)
                beat()

    def expect(self, units: tuple[str, ...]) -> None:
        """Subscribe to these units too, from the next turn on. From any thread."""
        self._expected = units

    def turn(self, timeout_s: float) -> None:
        """Take at most one message, then send the updates that are due."""
        expected, self._expected = self._expected, ()
        for unit in expected:
            self._subscriber.add_unit(unit)
        message = self._subscriber.receive(timeout_s)
        if message is not None:
            try:
                self._take(message)
            except Exception:  # the barrier around one item from outside
                log.exception("internal error in a bus message", extra={"EAS_TOPIC": message.topic})
        self._note_losses()
        self._send_status()
        self._send_levels()
        self._turned_mono = self._monotonic()

    def silent_s(self) -> float:
        """The time since the last turn ended: half a second, unless it hangs."""
        return self._monotonic() - self._turned_mono

    def losses(self) -> tuple[int, int]:
        """Messages missed and messages rejected, since the start."""
        return self._missed, self._subscriber.rejected

    def _take(self, message: BusMessage) -> None:
        body = message.body
        is_new = self._state.take(message)
        if isinstance(body, ReceptionNew):
            if is_new:
                self._fanout.send(Event("reception", json.dumps(_summary(body))))
            self._reconciler.wake()
        elif isinstance(body, AlertNews):
            self._reconciler.note_change(body.change_id)
        elif isinstance(body, Status):
            self._note_status(body)
        elif isinstance(body, AudioLevel):
            self._levels[body.source, body.channel] = body
        elif isinstance(body, ReceiverState) and self._fanout.wanted("receivers"):
            self._fanout.send(Event("receivers", json.dumps(_receiver(body))))

    def _note_status(self, status: Status) -> None:
        if status.last_change_id is not None:
            self._reconciler.note_change(status.last_change_id)
        states = f"{status.state} {[(item.name, item.state) for item in status.items]}"
        if self._states.get(status.unit) != states:
            self._states[status.unit] = states
            self._status_due = True

    def _note_losses(self) -> None:
        """Count missed messages; a gap among alerts makes the reconciler read the database."""
        for sender, topic, count in self._subscriber.missed():
            self._missed += count
            if topic.startswith(("alert.", "reception.")):
                self._reconciler.wake()
            mono = self._monotonic()
            if mono - self._losses_logged_mono > LOG_LOSSES_EVERY_S:
                self._losses_logged_mono = mono
                log.warning("missed %s messages of %s from %s", count, topic, sender)

    def _send_status(self) -> None:
        mono = self._monotonic()
        age_s = mono - self._status_sent_mono
        if age_s >= STATUS_EVERY_S or (self._status_due and age_s >= 1.0):
            self._status_sent_mono, self._status_due = mono, False
            if self._fanout.wanted("status"):
                self._fanout.send(Event("status", "{}"))

    def _send_levels(self) -> None:
        mono = self._monotonic()
        if mono - self._levels_sent_mono < LEVELS_EVERY_S or not self._levels:
            return
        self._levels_sent_mono = mono
        if self._fanout.wanted("levels"):
            listed = [_level(level) for level in self._levels.values()]
            self._fanout.send(Event("levels", json.dumps(listed)))
        self._levels.clear()


def _summary(news: ReceptionNew) -> dict[str, object]:
    """What a page shows of a reception that is not in the database yet."""
    reception: Reception = news.reception
    statement = reception.statement
    return {
        "reception_id": reception.reception_id,
        "via": reception.via,
        "origin": reception.origin,
        "channel": reception.channel,
        "received_at": time_to_text(reception.received_at),
        "event_name": statement.event_name,
        "event_code": statement.event_code,
        "same_codes": statement.same_codes,
        "headline": statement.headline,
        "same_header": statement.same_header,
        "stored": news.stored,
        "durable": news.durable,
    }


def _level(level: AudioLevel) -> dict[str, object]:
    return {
        "key": f"{level.source}/{level.channel}",
        "rms_dbfs": round(level.rms_dbfs, 1),
        "peak_dbfs": round(level.peak_dbfs, 1),
        "silent": level.silent,
        "carrier_present": level.carrier_present,
    }


def _receiver(state: ReceiverState) -> dict[str, object]:
    return {
        "receiver": state.receiver,
        "spectrum_dbfs": [round(one, 1) for one in state.spectrum_dbfs],
        "channels": [
            {
                "key": f"{state.receiver}/{one.channel}",
                "snr_db": round(one.snr_db, 1),
                "signal_dbfs": round(one.signal_dbfs, 1),
                "noise_dbfs": round(one.noise_dbfs, 1),
                "deviation_hz": round(one.deviation_hz),
                "offset_hz": round(one.offset_hz),
                "carrier_present": one.carrier_present,
            }
            for one in state.channels
        ],
    }
