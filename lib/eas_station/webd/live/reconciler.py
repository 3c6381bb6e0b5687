"""Keeps the state in step with the database, whatever the bus delivers or loses.

It reads every change after the last one it knows: at the start, on an alert message, on a gap, when
a daemon reports a later change, and every 15 seconds. Then it sends the changes to the clients.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from eas_station.alerts.model import Alert, Change, Reception
from eas_station.alerts.vtec.ends import is_hidden
from eas_station.errors import StoreError
from eas_station.store.alerts import alert_queries, flags, receptions
from eas_station.store.database.database import Database
from eas_station.store.records import clips, desired_states, settings
from eas_station.webd.http.fanout import Event, Fanout
from eas_station.webd.live.event_stream import alert_event
from eas_station.webd.records.queries import read_jobs
from eas_station.webd.state.snapshot import AlertEntry, importance
from eas_station.webd.state.station_state import StationState, StoredState

RECONCILE_S = 15.0
RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 10.0
ACTIVE_MOST = 1000
RECENT = 8
CHANGES_AT_ONCE = 500
STORED_IDS_KEPT = 5000
POLL_S = 0.5

log = logging.getLogger(__name__)


class Reconciler:
    """Reads the database for the state, in a thread of its own."""

    def __init__(
        self,
        database: Database,
        state: StationState,
        fanout: Fanout,
        clock_trusted: Callable[[], bool],
        now: Callable[[], datetime],
        on_state: Callable[[str | None], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_state` is called with why the database is not responding; None: it is."""
        self._database, self._state, self._fanout = database, state, fanout
        self._clock_trusted, self._now, self._monotonic = clock_trusted, now, monotonic
        self._on_state = on_state
        self._reported: str | None = ""  # nothing yet
        self._awake = threading.Event()
        self._known: int | None = None  # the last change that was sent to the clients
        self._following = False  # False: the state lacks changes before `_known`; read everything
        self._active: dict[str, AlertEntry] = {}
        self._left_out = 0
        self._stored_ids: deque[str] = deque(maxlen=STORED_IDS_KEPT)
        self._retry_s = RETRY_FIRST_S

    def wake(self) -> None:
        """Read the database soon. From any thread."""
        self._awake.set()

    def note_change(self, change_id: int) -> None:
        """A daemon reported this change: read the database, unless it is known."""
        if self._known is None or change_id > self._known:
            self._awake.set()

    def run(self, stopping: threading.Event, beat: Callable[[], None]) -> None:
        """Read when woken and every 15 s; more often while the database is not responding."""
        due_mono = self._monotonic()
        while not stopping.is_set():
            beat()
            woken = self._awake.wait(POLL_S)
            if not woken and self._monotonic() < due_mono:
                continue
            self._awake.clear()
            due_mono = self._monotonic() + (RECONCILE_S if self.reconcile() else self._pause_s())
            if due_mono - self._monotonic() < RECONCILE_S:
                stopping.wait(min(POLL_S, due_mono - self._monotonic()))

    def reconcile(self) -> bool:
        """Bring the state up to date. Returns whether the database responded."""
        try:
            stored, events = self._read()
        except StoreError as error:
            return self._go_offline(str(error))
        except ValueError as error:  # FrameError, or no JSON at all
            return self._go_offline(f"a row of the database cannot be read: {error}")
        was_online = self._state.snapshot().record.online
        self._state.set_stored(stored)
        if not was_online:
            log.info("database online, %s alerts in force", len(stored.active))
            self._fanout.send(Event("record", '{"state":"online"}'))
            self._report(None)
        self._retry_s = RETRY_FIRST_S
        for event in events:
            self._fanout.send(event)
        return True

    def _go_offline(self, why: str) -> bool:
        """The database is not responding or cannot be read; the pages go on without it."""
        self._following = False  # it may be another database when it returns
        if self._state.set_offline(why):
            log.warning("database offline: %s", why)
            self._fanout.send(Event("record", '{"state":"offline"}'))
        self._report(why)
        return False

    def _report(self, why: str | None) -> None:
        """Report a change: its time becomes the start of the state."""
        if why != self._reported:
            self._reported = why
            self._on_state(why)

    def _pause_s(self) -> float:
        pause_s = self._retry_s
        self._retry_s = min(RETRY_LONGEST_S, 2 * self._retry_s)
        return pause_s

    def _read(self) -> tuple[StoredState, list[Event]]:
        with self._database.read() as connection:
            last = alert_queries.last_change_id(connection)
            is_new = self._known is None or last < self._known  # to us, or another database
            if is_new or not self._following:
                self._active = self._all_active(connection)
            events = [] if is_new else self._follow(connection, self._known or 0)
            left_out = self._keep_most_important(connection)
            self._note_spooled(connection)
            stored = StoredState(
                active=with_hidden(connection, with_clips(connection, self._active.values())),
                chime=settings.read(connection).chime,
                recent=self._recent(connection),
                stored_ids=frozenset(self._stored_ids),
                last_change_id=last,
                left_out=left_out,
                jobs=read_jobs(connection),
                desired={
                    f"{one.kind} {one.name}": one.desired
                    for one in desired_states.all_desired(connection)
                },
            )
        self._known, self._following = last, True
        return stored, events

    def _all_active(self, connection: Connection) -> dict[str, AlertEntry]:
        now = self._now() if self._clock_trusted() else None
        found = alert_queries.active(connection, now, ACTIVE_MOST)
        return {entry.alert.alert_id: entry for entry in self._entries(connection, found)}

    def _keep_most_important(self, connection: Connection) -> int:
        """Cut the list to its bound. Returns how many alerts in force are not in it."""
        now = self._now() if self._clock_trusted() else None
        if len(self._active) < ACTIVE_MOST and not self._left_out:
            return 0
        count = alert_queries.count_in_force(connection, now)
        if len(self._active) < min(ACTIVE_MOST, count):  # some have ended: there is room again
            self._active = self._all_active(connection)
        if len(self._active) > ACTIVE_MOST:
            kept = sorted(self._active.values(), key=lambda one: importance(one.alert))
            self._active = {one.alert.alert_id: one for one in kept[:ACTIVE_MOST]}
        left_out = max(0, count - len(self._active))
        if bool(left_out) != bool(self._left_out):
            log.warning("%s alerts in force are not shown: less grave, or elsewhere", left_out)
        self._left_out = left_out
        return left_out

    def _follow(self, connection: Connection, known: int) -> list[Event]:
        """Apply the changes after `known`. Returns an event for each."""
        events: list[Event] = []
        while changes := alert_queries.changes_after(connection, known, CHANGES_AT_ONCE):
            known = changes[-1].change_id
            found = alert_queries.by_ids(
                connection, sorted({change.alert_id for change in changes})
            )
            for entry in self._entries(connection, found.values()):
                if entry.alert.ended_at is None:
                    self._active[entry.alert.alert_id] = entry
                else:
                    self._active.pop(entry.alert.alert_id, None)
            for change in changes:
                if change.other_id is not None:  # it became part of another alert
                    self._active.pop(change.other_id, None)
            events += _events(changes, found)
        return events

    def _note_spooled(self, connection: Connection) -> None:
        """Note which spooled receptions are in the database by now."""
        waiting = [news.reception.reception_id for news in self._state.spooled()]
        if waiting:
            self._stored_ids.extend(receptions.alerts_of(connection, waiting))

    def _recent(self, connection: Connection) -> tuple[AlertEntry, ...]:
        now = self._now() if self._clock_trusted() else None
        ended = alert_queries.page(connection, "ended", RECENT, now=now).alerts
        heard = receptions.reception_rows_of(connection, [alert.alert_id for alert in ended])
        return tuple(AlertEntry(alert, heard[alert.alert_id], False) for alert in ended)

    def _entries(self, connection: Connection, found: Iterable[Alert]) -> list[AlertEntry]:
        listed = list(found)
        heard = _heard(connection, [alert.alert_id for alert in listed])
        for ones in heard.values():
            self._stored_ids.extend(one.reception_id for one in ones)
        return [
            AlertEntry(alert, tuple(_light(one) for one in heard[alert.alert_id]), True)
            for alert in listed
        ]


def with_hidden(connection: Connection, entries: tuple[AlertEntry, ...]) -> tuple[AlertEntry, ...]:
    """The entries, marked where an operator hid them and no message has renewed them since."""
    hidden = flags.hidden(connection)
    if not hidden:
        return entries
    return tuple(
        replace(entry, hidden=is_hidden(entry.alert, hidden.get(entry.alert.alert_id)))
        for entry in entries
    )


def with_clips(connection: Connection, entries: Iterable[AlertEntry]) -> tuple[AlertEntry, ...]:
    """The entries with their recordings, which exist once a message has ended."""
    listed = tuple(entries)
    off_air = [e.alert.alert_id for e in listed if any(one.via == "same" for one in e.receptions)]
    found = clips.of_alerts(connection, off_air) if off_air else {}
    return tuple(replace(e, clips=found.get(e.alert.alert_id, ())) for e in listed)


def _heard(connection: Connection, alert_ids: list[str]) -> dict[str, tuple[Reception, ...]]:
    """The receptions of each alert; none for an alert with a damaged row."""
    try:
        return receptions.receptions_of(connection, alert_ids)
    except ValueError as error:
        if len(alert_ids) == 1:
            log.error(
                "the receptions of an alert cannot be read: %s",
                error,
                extra={"EAS_ALERT_ID": alert_ids[0]},
            )
            return {alert_ids[0]: ()}
    found: dict[str, tuple[Reception, ...]] = {}
    for alert_id in alert_ids:
        found |= _heard(connection, [alert_id])
    return found


def _light(reception: Reception) -> Reception:
    """A reception as the state keeps it, without its CAP document, which is long."""
    return reception if reception.via == "same" else replace(reception, raw="")


def _events(changes: Iterable[Change], found: dict[str, Alert]) -> list[Event]:
    return [alert_event(change, found.get(change.alert_id)) for change in changes]
