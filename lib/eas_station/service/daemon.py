"""The life cycle of a daemon: start, ready, watchdog, reload, stop; under systemd or not.

The main thread only supervises. Threads started by `spawn` do the work; each reports progress by
its heartbeat, and the watchdog is fed while all of them progress.
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
from eas_station.service.heartbeats import Heartbeat, Heartbeats
from eas_station.service.notify import Notifier, watchdog_interval_s
from eas_station.service.remote_units import remote_unit
from eas_station.service.status_report import StatusReport, UnitState
from eas_station.service.title import name_process
from eas_station.service.usage import UsageMeter
from eas_station.service.wakeup import Wakeup
from eas_station.service.workers import WorkerThreads

log = logging.getLogger(__name__)

STATUS_S = 5.0  # a status is published this often
STATUS_ON_CHANGE_S = 0.2  # and on change, but not more often than this
LONGEST_SLEEP_S = 1.0
STOP_S = 4.0  # the time that the threads have to finish
EXIT_CRASHED = 1


class Daemon:
    """One unit of the station. Enter it in the main thread."""

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
            reload: reads the configuration again, on SIGHUP; None: there is no file.
            watchdog_usec: WATCHDOG_USEC of the environment.
            instance: the name of the receiver or source, "wx".
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
        self._stack = ExitStack()  # closed after the threads have ended
        self._started_at = now()
        self._heartbeats = Heartbeats()
        self._usage = UsageMeter()
        self._notifier = Notifier()
        self._wakeup = Wakeup()
        self._workers = WorkerThreads(on_crash=self._wakeup.wake)
        self._report = StatusReport(on_change=self._wakeup.wake)
        self._published_s = time.monotonic() - STATUS_S
        self._stale: tuple[str, ...] = ()
        self._published: object = None

    def __enter__(self) -> Daemon:
        """Take the lock of the unit and bind its socket. Raises BusError."""
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
        """Let the threads finish, for at most four seconds, then release everything."""
        self.stopping.set()
        self._notifier.stopping()
        self._report.update("stopping", "stopping", (), {})
        self._publish()
        self.hung = self._workers.join(STOP_S)
        for name in self.hung:
            log.error("thread %s did not end within %s s", name, STOP_S)
        if not self.hung:
            self._stack.close()
        else:  # a hung thread may still use the rest
            self.publisher.close()
            self._lock.release()

    def spawn(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start a thread that works until `stopping` is set.

        A crash of it ends the process with a traceback and exit status 1. `name`: at most 15
        characters.
        """
        return self._workers.spawn(name, target)

    def heartbeat(self, name: str, deadline_s: float) -> Heartbeat:
        """The heartbeat of a loop: unless it is called every `deadline_s`, the watchdog is not
        fed."""
        return self._heartbeats.add(name, deadline_s)

    def drop_heartbeat(self, name: str) -> None:
        """The loop of that name has ended, as when a feed is removed."""
        self._heartbeats.remove(name)

    def subscribe(self, units: Iterable[str], names: Iterable[str]) -> Subscriber:
        """Subscribe to topics of other units, on this machine or others. One thread uses and
        closes the subscriber."""
        remote = partial(remote_unit, self.config)
        return Subscriber(self.config.paths.runtime_dir, units, names, self._context, remote)

    def on_stop(self, close: Callable[[], None]) -> None:
        """Call `close` after all threads have ended; the last one registered is called first."""
        self._stack.callback(close)

    def on_reload(self, take: Callable[[Config], None]) -> None:
        """Call `take` with a new configuration, in the main thread. If it raises ConfigError, the
        old one stays."""
        self._on_reload.append(take)

    def stop(self) -> None:
        """Stop as on SIGTERM; from any thread."""
        self.stopping.set()
        self._wakeup.wake()

    def set_status(
        self,
        sentence: str | None = None,
        state: UnitState | None = None,
        items: Iterable[ItemState] = (),
        counters: Mapping[str, int] | None = None,
    ) -> None:
        """Set the status; a visible change is published at once.

        Args:
            sentence: for `systemctl status`; None: unchanged.
            state: None: degraded while an item is reconnecting or failed, else running.
            items: replace those of the same kind and name; the others stay.
            counters: replace those of the same name.
        """
        self._report.update(sentence, state, items, counters or {})

    def set_item(self, item: ItemState) -> None:
        """Set the state of a part of the daemon."""
        self._report.set_item(item)

    def drop_item(self, kind: str, name: str) -> None:
        """Remove a part of the daemon from the status."""
        self._report.drop_item(kind, name)

    def set_storage(self, spool_depth: int | None, last_change_id: int | None) -> None:
        """Set the depth of the spool and the number of the last published change."""
        self._report.set_storage(spool_depth, last_change_id)

    def run(self, until: Callable[[], bool] | None = None) -> int:
        """Supervise until SIGTERM, a crash, or `until()`; return the exit status.

        READY is sent at once: what is missing outside is a state, not a reason to wait.
        """
        status = self._report.current()
        if status.state == "starting":
            sentence = "running" if status.sentence == "starting" else None
            self._report.update(sentence, None, (), {})
        self._publish()
        self._notifier.ready()
        while not self.stopping.is_set():
            self._feed_watchdog()
            self._publish_if_due()
            if until is not None and until():
                break
            self._react(self._wakeup.sleep(self._sleep_s()))
            if self._workers.crashed is not None:
                log.error("exiting: thread %s crashed", self._workers.crashed)
                return EXIT_CRASHED
        return 0

    def _react(self, signals: frozenset[signal.Signals]) -> None:
        if signals & {signal.SIGTERM, signal.SIGINT}:
            self.stopping.set()
        elif signal.SIGHUP in signals:
            self._reload_configuration()

    def _sleep_s(self) -> float:
        longest_s = min(LONGEST_SLEEP_S, self._watchdog_s or LONGEST_SLEEP_S)
        if self._has_changed():
            return min(longest_s, STATUS_ON_CHANGE_S)
        return longest_s

    def _has_changed(self) -> bool:
        return self._published != self._report.current().visible_state()

    def _feed_watchdog(self) -> None:
        stale = self._heartbeats.stale()
        if stale != self._stale:
            self._stale = stale
            if stale:
                log.error("no progress in %s: not feeding the watchdog", ", ".join(stale))
            else:
                log.info("progress again: feeding the watchdog")
        if not stale and self._watchdog_s is not None:
            self._notifier.watchdog()

    def _reload_configuration(self) -> None:
        if self._reload is None:
            log.warning("cannot reload: the configuration was not read from a file")
            return
        self._notifier.reloading()
        try:
            config = self._reload()
            for take in self._on_reload:
                take(config)
        except ConfigError as error:
            for fault in error.faults:
                log.error("configuration not reloaded: %s", fault)
            self._report.refuse(f"reload refused, keeping the old configuration: {error.faults[0]}")
        else:
            self.config = config
            self._report.refuse(None)
            log.info("configuration reloaded")
        self._publish()
        self._notifier.ready()

    def _publish_if_due(self) -> None:
        age_s = time.monotonic() - self._published_s
        if age_s >= STATUS_S or (age_s >= STATUS_ON_CHANGE_S and self._has_changed()):
            self._publish()

    def _publish(self) -> None:
        status = self._report.current()
        trusted = self.clock_trust.trusted()
        line = status.line(None if trusted else self.clock_trust.reason())
        usage = self._usage.read()
        self.publisher.publish(
            topics.status(self.unit),
            Status(
                unit=self.unit,
                state=status.unit_state(),
                sentence=line,
                started_at=self._started_at,
                pid=os.getpid(),
                version=__version__,
                clock_trusted=trusted,
                cpu_s=usage.cpu_s,
                memory_bytes=usage.memory_bytes,
                spool_depth=status.spool_depth,
                last_change_id=status.last_change_id,
                items=status.items,
                counters={**status.counters, "bus_dropped": self.publisher.dropped},
                last_seq=self.publisher.last_seq(),
            ),
        )
        self._notifier.status(line)
        self._published_s = time.monotonic()
        self._published = status.visible_state()
