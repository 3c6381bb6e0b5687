"""What the routes work with, as one value; `main` builds it, tests build their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from eas_station.config.model import Config
from eas_station.config.units import receiver_unit, source_unit
from eas_station.errors import StoreError
from eas_station.webd.auth.access import Access
from eas_station.webd.auth.login_throttle import LoginThrottle
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.http.deadline import RequestDeadlines
from eas_station.webd.http.fanout import Event, Fanout
from eas_station.webd.http.middleware import Counters
from eas_station.webd.http.responses import Shelf
from eas_station.webd.http.server_workers import ServerWorkers
from eas_station.webd.live.event_stream import REPLAYED_MOST, alert_event
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.search import PlaceSearch
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.records.verify import Decoder
from eas_station.webd.render.cards import Names, Presenter
from eas_station.webd.render.times import Clockface
from eas_station.webd.state.machine import Host
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.webd.state.station_state import StationState


@dataclass(frozen=True, slots=True)
class Site:
    """The collaborators of every route."""

    config: Config
    board: StationState
    library: RecordQueries
    fanout: Fanout
    shelf: Shelf
    counters: Counters
    names: Names
    presenter: Presenter
    clockface: Clockface
    maps: Maps
    clips_dir: Path
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    bus_losses: Callable[[], tuple[int, int]]  # messages missed, messages rejected
    newsroom_silent_s: Callable[[], float]
    access: Access
    doorman: LoginThrottle
    desk: OperatorActions
    workers: Callable[[], ServerWorkers]
    tasks: Tasks
    live: LiveAudio
    host: Host
    clock_reason: Callable[[], str]  # why the clock is trusted, or not
    deadlines: RequestDeadlines = field(default_factory=RequestDeadlines)
    places: PlaceSearch = field(default_factory=PlaceSearch)
    decoder: Decoder = field(default_factory=Decoder)

    def area(self) -> str:
        """Our area in words; "" if none is configured."""
        codes = self.config.station.same_codes
        if codes:
            return self.presenter.listed(codes)
        point = self.config.station.point
        return "" if point is None else f"{point[0]:.2f}, {point[1]:.2f}"

    def find(self, alert_id: str) -> AlertEntry | None:
        """One warning: as the record has it, or as the board has it while the record is away."""
        shown = self.board.picture().entry(alert_id)
        if shown is not None and not shown.stored:
            return shown
        try:
            return self.library.entry(alert_id) or self.library.entry_of(alert_id) or shown
        except StoreError:
            if shown is None:
                raise
            return shown

    def missed_since(self, change_id: int | None) -> tuple[int, list[Event]]:
        """The last change, and the events of those after `change_id` (None: nothing was missed).

        Where they cannot all be given the one event says so, and the client reads anew.
        """
        last = self.board.picture().last_change_id
        if change_id is None or change_id >= last:
            return last, []
        try:
            changes = self.library.changes_after(change_id, REPLAYED_MOST + 1)
        except StoreError:
            return last, [Event("reset", '{"why":"the database is offline"}')]
        if len(changes) > REPLAYED_MOST:
            return last, [Event("reset", '{"why":"too many changes were missed"}')]
        return max([last, *(c.change_id for c in changes)]), [alert_event(c, None) for c in changes]

    def source_units(self) -> tuple[tuple[str, str], ...]:
        """Name and unit of each configured source."""
        return tuple((one.name, source_unit(one.name)) for one in self.config.sources)

    def receiver_units(self) -> tuple[tuple[str, str], ...]:
        """Name and unit of each configured receiver, here or on another machine."""
        here = [receiver.name for receiver in self.config.receivers]
        elsewhere = [remote.name for remote in self.config.remotes]
        return tuple((name, receiver_unit(name)) for name in here + elsewhere)
