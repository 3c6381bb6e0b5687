"""The life of a daemon: started, ready, watched, reloaded, stopped; under systemd or not.

The main thread only supervises. The work is done by threads that `spawn` starts; each tells by
its beat that it progresses, and the watchdog is fed while all of them do.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from types import TracebackType

import zmq

from eas_station import __version__
from eas_station.bus import topics
from eas_station.bus.messages import ItemState, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.bus.unit_lock import lock_unit
from eas_station.clock import ClockTrust, utc_now
from eas_station.config.model import Config
from eas_station.errors import ConfigError
from eas_station.service.beats import Beat, Beats
from eas_station.service.notify import Notifier, watchdog_interval_s
from eas_station.service.remote_units import remote_unit
from eas_station.service.report import StatusReport, UnitState
from eas_station.service.title import name_process
from eas_station.service.usage import UsageMeter
from eas_station.service.wakeup import Wakeup
from eas_station.service.workers import WorkerThreads

log = logging.getLogger(__name__)

STATUS_S = 5.0  # a status at least this often
STATUS_AT_MOST_S = 0.2  # and on change, but not more often than this
LONGEST_SLEEP_S = 1.0
STOP_S = 4.0  # what the work in hand has to finish
EXIT_CRASHED = 1


class Daemon:
    """One unit of the station, from its lock to its last word. Enter it in the main thread."""

    def __init__(
        self,
        unit: str,
        config: Config,
        now: Callable[[], datetime] = utc_now,
        reload: Callable[[], Config] | None = None,
        watchdog_usec: str | None = None,
        instance: str | None = None,
    ) -> None:
        """
        Args:
            unit: "eas-capd", "eas-sdrd@wx".
            reload: reads the configuration again, for SIGHUP; None: it cannot be.
            watchdog_usec: what systemd said in WATCHDOG_USEC.
            instance: the receiver's or source's name, "wx".
        """
        self.unit = unit
        self.config = config
        self.instance = instance
        self.now = now
        self.stopping = threading.Event()
        self.clock_trust = ClockTrust(now=now, always=config.station.clock == "trusted")
        self.hung: tuple[str, ...] = ()  # threads that did not end in time
        self._reload = reload
        self._watchdog_s = watchdog_interval_s(watchdog_usec)
        self._on_reload: list[Callable[[Config], None]] = []
        self._stack = ExitStack()  # what is closed after the threads have ended
        self._started_at = now()
        self._beats = Beats()
        self._usage = UsageMeter()
        self._notifier = Notifier()
        self._wakeup = Wakeup()
        self._workers = WorkerThreads(on_crash=self._wakeup.wake)
        self._report = StatusReport(on_change=self._wakeup.wake)
        self._published_s = time.monotonic() - STATUS_S
        self._stale: tuple[str, ...] = ()
        self._told: object = None

    def __enter__(self) -> Daemon:
        """Become the unit. Raises BusError if another process is."""
        program = self.unit.partition("@")[0]
        name_process(program, self.instance)
        with ExitStack() as stack:
            stack.callback(self._wakeup.close)
            self._wakeup.catch((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
            self._lock = stack.enter_context(lock_unit(self.config.paths.runtime_dir, self.unit))
            self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
            stack.callback(self._context.destroy, 0)
            self.publisher = Publisher(
                self.unit, self.config.paths.runtime_dir, self.now, self._context
            )
            stack.callback(self.publisher.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the work in hand finish, at most four seconds, then give everything back."""
        self.stopping.set()
        self._notifier.stopping()
        self._report.say("stopping", "stopping", (), {})
        self._tell()
        self.hung = self._workers.join(STOP_S)
        for name in self.hung:
            log.error("thread %s did not end within %s s and is left behind", name, STOP_S)
        if not self.hung:
            self._stack.close()
        else:  # what a hung thread may still use is left to the end of the process
            self.publisher.close()
            self._lock.release()

    # The work

    def spawn(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start a thread that does a part of the work until `stopping` is set.

        Its crash ends the process with exit 1 and a traceback. `name`: at most 15 characters.
        """
        return self._workers.spawn(name, target)

    def beat(self, name: str, deadline_s: float) -> Beat:
        """A new duty: call the result at least every `deadline_s`, or the watchdog starves."""
        return self._beats.add(name, deadline_s)

    def drop_beat(self, name: str) -> None:
        """The duty of that name is over, as when a feed is removed."""
        self._beats.remove(name)

    def subscribe(self, units: Iterable[str], names: Iterable[str]) -> Subscriber:
        """Hear the news of other units, also of those that the configuration has on other
        machines; it belongs to the thread that uses and closes it."""
        where = partial(remote_unit, self.config)
        return Subscriber(self.config.paths.runtime_dir, units, names, self._context, where)

    def on_stop(self, close: Callable[[], None]) -> None:
        """Call `close` after all threads have ended; the last one registered comes first."""
        self._stack.callback(close)

    def on_reload(self, take: Callable[[Config], None]) -> None:
        """Call `take` with the new configuration, in the main thread. It may raise ConfigError,
        which keeps the old one."""
        self._on_reload.append(take)

    def stop(self) -> None:
        """End as after SIGTERM; from any thread."""
        self.stopping.set()
        self._wakeup.wake()

    # What it says about itself

    def set_status(
        self,
        sentence: str | None = None,
        state: UnitState | None = None,
        items: Iterable[ItemState] = (),
        counters: Mapping[str, int] | None = None,
    ) -> None:
        """Say how it goes; told at once if it has changed.

        Args:
            sentence: worth reading in `systemctl status`; None: as before.
            state: None: degraded while an item is reconnecting or failed, else running.
            items: replace those of the same kind and name; the others stay.
            counters: replace those of the same name.
        """
        self._report.say(sentence, state, items, counters or {})

    def set_item(self, item: ItemState) -> None:
        """Say how a part of the daemon goes."""
        self._report.set_item(item)

    def drop_item(self, kind: str, name: str) -> None:
        """A part of the daemon is no longer there."""
        self._report.drop_item(kind, name)

    def set_storage(self, spool_depth: int | None, last_change_id: int | None) -> None:
        """Say how deep the spool is and which change was published last."""
        self._report.set_storage(spool_depth, last_change_id)

    # The main loop

    def run(self, until: Callable[[], bool] | None = None) -> int:
        """Supervise until SIGTERM, a crash, or `until()`; gives the exit status.

        READY is said at once: whatever is missing outside is a state, not a reason to wait.
        """
        said = self._report.said()
        if said.state == "starting":
            sentence = "running" if said.sentence == "starting" else None
            self._report.say(sentence, None, (), {})
        self._tell()
        self._notifier.ready()
        while not self.stopping.is_set():
            self._feed_watchdog()
            self._tell_in_turn()
            if until is not None and until():
                break
            self._obey(self._wakeup.sleep(self._sleep_s()))
            if self._workers.crashed is not None:
                log.error("ending because thread %s crashed", self._workers.crashed)
                return EXIT_CRASHED
        return 0

    def _obey(self, signals: frozenset[signal.Signals]) -> None:
        if signals & {signal.SIGTERM, signal.SIGINT}:
            self.stopping.set()
        elif signal.SIGHUP in signals:
            self._take_new_configuration()

    def _sleep_s(self) -> float:
        longest_s = min(LONGEST_SLEEP_S, self._watchdog_s or LONGEST_SLEEP_S)
        if self._has_changed():
            return min(longest_s, STATUS_AT_MOST_S)
        return longest_s

    def _has_changed(self) -> bool:
        return self._told != self._report.said().gist()

    def _feed_watchdog(self) -> None:
        stale = self._beats.stale()
        if stale != self._stale:
            self._stale = stale
            if stale:
                log.error("no progress in %s: the watchdog is not fed", ", ".join(stale))
            else:
                log.info("progress again: the watchdog is fed")
        if not stale and self._watchdog_s is not None:
            self._notifier.watchdog()

    def _take_new_configuration(self) -> None:
        if self._reload is None:
            log.warning("reload asked for, but the configuration came from no file")
            return
        self._notifier.reloading()
        try:
            config = self._reload()
            for take in self._on_reload:
                take(config)
        except ConfigError as error:
            for fault in error.faults:
                log.error("configuration not reloaded: %s", fault)
            self._report.refuse(
                f"reload refused, running with the old configuration: {error.faults[0]}"
            )
        else:
            self.config = config
            self._report.refuse(None)
            log.info("configuration reloaded")
        self._tell()
        self._notifier.ready()

    def _tell_in_turn(self) -> None:
        age_s = time.monotonic() - self._published_s
        if age_s >= STATUS_S or (age_s >= STATUS_AT_MOST_S and self._has_changed()):
            self._tell()

    def _tell(self) -> None:
        said = self._report.said()
        trusted = self.clock_trust.trusted()
        line = said.line(None if trusted else self.clock_trust.reason())
        usage = self._usage.read()
        self.publisher.publish(
            topics.status(self.unit),
            Status(
                unit=self.unit,
                state=said.unit_state(),
                sentence=line,
                started_at=self._started_at,
                pid=os.getpid(),
                version=__version__,
                clock_trusted=trusted,
                cpu_s=usage.cpu_s,
                memory_bytes=usage.memory_bytes,
                spool_depth=said.spool_depth,
                last_change_id=said.last_change_id,
                items=said.items,
                counters={**said.counters, "bus_dropped": self.publisher.dropped},
                last_seq=self.publisher.last_seq(),
            ),
        )
        self._notifier.status(line)
        self._published_s = time.monotonic()
        self._told = said.gist()
