"""The front of the house: the application as the configuration now is, renewed on reload."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from eas_station.alerts import lifecycle
from eas_station.alerts.admission import Admission
from eas_station.alerts.model import Alert
from eas_station.config.area import area_of
from eas_station.config.model import Config
from eas_station.config.units import heard_units
from eas_station.service.daemon import Daemon
from eas_station.tables import Tables
from eas_station.webd import app
from eas_station.webd.auth.access import Access
from eas_station.webd.auth.login_throttle import LoginThrottle
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.http.deadline import RequestDeadlines
from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.middleware import Counters, Environ, Wsgi
from eas_station.webd.http.responses import Shelf
from eas_station.webd.http.server_workers import ServerWorkers
from eas_station.webd.live.bus_listener import BusListener
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.search import PlaceSearch
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.records.verify import Decoder
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.times import Clockface, zone_of
from eas_station.webd.site import Site
from eas_station.webd.state.machine import Host
from eas_station.webd.state.spooled_receptions import SpoolMerger
from eas_station.webd.state.station_state import StationState

CLIPS_FOLDER = "clips"  # below the state folder

log = logging.getLogger(__name__)


def in_force(alert: Alert, now: datetime, clock_trusted: bool) -> bool:
    """Is an alert active at `now`?"""
    return alert.ended_at is None and lifecycle.state(alert, now, clock_trusted) == "active"


def merger(config: Config, names: Tables, daemon: Daemon) -> SpoolMerger:
    """Folds spooled receptions by this station's rules."""
    return SpoolMerger(
        Admission(
            area=lambda: area_of(config.station),
            tables=names,
            now=daemon.now,
            clock_trusted=daemon.clock_trust.trusted,
        )
    )


def unknown_workers() -> ServerWorkers:
    """Before there is a server."""
    return ServerWorkers(0, 0, 0, 0)


class ReloadingApp:
    """The WSGI application that the server calls."""

    def __init__(
        self,
        daemon: Daemon,
        names: Tables,
        board: StationState,
        library: RecordQueries,
        fanout: Fanout,
        newsroom: BusListener,
        desk: OperatorActions,
        access: Access,
        deadlines: RequestDeadlines,
        live: LiveAudio,
        tasks: Tasks,
        decoder: Decoder,
    ) -> None:
        self._daemon, self._names, self._board = daemon, names, board
        self._library, self._fanout, self._newsroom = library, fanout, newsroom
        self._desk, self._access = desk, access
        self._doorman = LoginThrottle(access, daemon.now)
        self._deadlines = deadlines
        self._live = live
        self._tasks, self._decoder = tasks, decoder
        self._workers = unknown_workers
        self._places = PlaceSearch(names.locations, names.states)
        self._counters = Counters()
        self._app = self._built(daemon.config)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        return self._app(environ, start_response)

    def watch(self, workers: Callable[[], ServerWorkers]) -> None:
        """Know how the server's workers are, which is made after this."""
        self._workers = workers

    def reload(self, config: Config) -> None:
        """Take a new configuration; where the page listens and what it reads stays till restart."""
        old = self._daemon.config
        if (config.web, config.database, config.paths) != (old.web, old.database, old.paths):
            log.warning("changes of web, database and paths need a restart of eas-webd")
        self._board.expect(heard_units(config), merger(config, self._names, self._daemon))
        self._newsroom.expect(heard_units(config))
        self._app = self._built(config)

    def _built(self, config: Config) -> Wsgi:
        station = config.station
        clockface = Clockface(zone_of(station.timezone))
        presenter = Presenter(self._names, clockface, station.same_codes)
        site = Site(
            config=config,
            board=self._board,
            library=self._library,
            fanout=self._fanout,
            shelf=Shelf(),
            counters=self._counters,
            names=self._names,
            presenter=presenter,
            clockface=clockface,
            maps=Maps(presenter, station.same_codes, station.point),
            clips_dir=config.paths.state_dir / CLIPS_FOLDER,
            now=self._daemon.now,
            monotonic=time.monotonic,
            bus_losses=self._newsroom.losses,
            newsroom_silent_s=self._newsroom.silent_s,
            access=self._access,
            doorman=self._doorman,
            desk=self._desk,
            workers=lambda: self._workers(),
            host=Host(config.paths.state_dir),
            clock_reason=self._daemon.clock_trust.reason,
            deadlines=self._deadlines,
            live=self._live,
            places=self._places,
            tasks=self._tasks,
            decoder=self._decoder,
        )
        return app.build(site)
