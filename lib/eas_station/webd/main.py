"""eas-webd: the status page, the API and the live updates. The composition root."""

from __future__ import annotations

import functools
import gc
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.bus.messages import ItemState
from eas_station.bus.subscriber import Subscriber
from eas_station.config.area import area_of
from eas_station.config.model import Config
from eas_station.config.units import CTL, heard_units
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.service.storage import open_database
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.keys.sessions import Lifetimes
from eas_station.webd.app import WebServices
from eas_station.webd.auth.access import Access
from eas_station.webd.auth.audit_log import AuditLog
from eas_station.webd.auth.login_throttle import LoginThrottle
from eas_station.webd.http import self_check
from eas_station.webd.http.deadline import RequestDeadlines
from eas_station.webd.http.fanout import Event, Fanout
from eas_station.webd.http.middleware import Counters
from eas_station.webd.http.rate_limits import RateLimits
from eas_station.webd.http.server import SOUND_STREAMS, Server, bound_sockets, passed_sockets
from eas_station.webd.live.bus_listener import LISTENED_TO, BusListener
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.live.process_health import ProcessHealth
from eas_station.webd.live.reconciler import Reconciler
from eas_station.webd.records.child_decoder import ChildDecoder
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.search import PlaceSearch
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.reloading import ReloadingApp
from eas_station.webd.state.audio_channels import AudioChannel
from eas_station.webd.state.machine import MachineReader
from eas_station.webd.state.spooled_receptions import SpoolMerger
from eas_station.webd.state.station_state import StationState

PASSED_ON = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "HOME", "TMPDIR")
CONNECTIONS = 5  # to the database, at most
BUS_DEADLINE_S = 10.0
DATABASE_DEADLINE_S = 60.0  # some statements may run into their timeout

log = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    """Run eas-webd until it is told to stop."""
    return program.run("eas-webd", argv, compose)


def compose(daemon: Daemon) -> None:
    """Bus → listener → state; database → reconciler → state; state → routes → browser."""
    config, trusted = daemon.config, daemon.clock_trust.trusted
    names = tables.load()
    database = open_database(daemon, CONNECTIONS, config.web.deadline_s)
    deadlines, fanout = RequestDeadlines(), Fanout()
    new_merger = functools.partial(_merger, names=names, daemon=daemon)
    state = StationState(heard_units(config), new_merger(config), trusted, daemon.now)
    on_state = functools.partial(_report_database, daemon)
    reconciler = Reconciler(database, state, fanout, trusted, daemon.now, on_state)
    units = (*heard_units(config), CTL)  # CTL: it publishes a drill
    listener = BusListener(daemon.subscribe(units, LISTENED_TO), state, fanout, reconciler)
    queries = RecordQueries(database, trusted, daemon.now, deadlines.left_s)
    actions = OperatorActions(
        *(database, daemon.publisher.publish, reconciler.wake, daemon.now, deadlines.left_s)
    )
    audit_log = AuditLog(database, daemon.now)
    access = _access(daemon, audit_log)
    folder = path_in(config.paths.state_dir).parent
    tasks = Tasks(folder, daemon.now, lambda: fanout.send(Event("status", "{}")))
    services = WebServices(
        names=names,
        places=PlaceSearch(names.locations, names.states),
        state=state,
        queries=queries,
        actions=actions,
        access=access,
        login_throttle=LoginThrottle(access, daemon.now),
        live_audio=LiveAudio(
            functools.partial(_subscribe, daemon), SOUND_STREAMS, daemon.stopping.is_set
        ),
        tasks=tasks,
        decoder=ChildDecoder(ctl_command(Path(sys.argv[0])), environment=child_environment()),
        machine=MachineReader(config.paths.state_dir),
        process=ProcessHealth(
            lambda: server.workers(), Counters(), fanout, listener.silent_s, listener.losses
        ),
        deadlines=deadlines,
        clock_reason=daemon.clock_trust.reason,
        now=daemon.now,
        monotonic=time.monotonic,
    )
    app = ReloadingApp(config, services)
    web = config.web
    sockets = passed_sockets(os.environ, os.getpid()) or bound_sockets(web.host, web.port)
    server = Server(app, sockets)
    daemon.on_reload(functools.partial(_reload, daemon, app, state, listener, new_merger))
    _start(daemon, server, listener, fanout)
    for name, run in (
        ("reconciler", reconciler.run),
        ("audit-log", audit_log.run),
        ("tasks", tasks.run),
    ):
        beat = daemon.heartbeat(name, DATABASE_DEADLINE_S)
        daemon.spawn(name, functools.partial(run, daemon.stopping, beat))
    gc.collect()
    gc.freeze()  # what exists now stays: no collection need walk through it with every request


def _start(daemon: Daemon, server: Server, listener: BusListener, fanout: Fanout) -> None:
    """Start the threads that serve."""
    stop, beat = daemon.stopping, daemon.heartbeat("bus-listener", BUS_DEADLINE_S)
    daemon.spawn("bus-listener", lambda: listener.run(stop, beat))
    checked = daemon.heartbeat("self-check", self_check.DEADLINE_S)
    daemon.spawn("server", server.run)
    daemon.spawn("self-check", lambda: self_check.run(server, fanout, stop, checked))
    daemon.set_status(f"serving {' '.join(server.urls())}")
    log.info("the page is at %s", server.urls()[0])


def _reload(
    daemon: Daemon,
    app: ReloadingApp,
    state: StationState,
    listener: BusListener,
    new_merger: Callable[[Config], SpoolMerger],
    config: Config,
) -> None:
    """Take a new configuration; web, database and paths stay until a restart."""
    old = daemon.config
    if (config.web, config.database, config.paths) != (old.web, old.database, old.paths):
        log.warning("changes of web, database and paths need a restart of eas-webd")
    state.expect(heard_units(config), new_merger(config))
    listener.expect(heard_units(config))
    app.reload(config)


def ctl_command(program: Path) -> tuple[str, ...]:
    """How eas-ctl is started: the one beside this program, or the installed one."""
    beside = program.with_name("eas-ctl")
    return (sys.executable, str(beside)) if beside.is_file() else ("eas-ctl",)


def child_environment() -> dict[str, str]:
    """The environment of a child: nothing that systemd meant for this process."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _merger(config: Config, names: tables.Tables, daemon: Daemon) -> SpoolMerger:
    """Folds spooled receptions by the rules of this station."""
    return SpoolMerger(
        Admission(
            area=lambda: area_of(config.station),
            tables=names,
            now=daemon.now,
            clock_trusted=daemon.clock_trust.trusted,
            lifetime=lambda: config.station.default_lifetime,
        )
    )


def _access(daemon: Daemon, audit_log: AuditLog) -> Access:
    """Logins, sessions and tokens, by the keyring below the state folder."""
    web = daemon.config.web
    keyring = Keyring(path_in(daemon.config.paths.state_dir))
    daemon.on_stop(keyring.close)
    lifetimes = Lifetimes(
        idle=timedelta(hours=web.session_idle_h), longest=timedelta(hours=web.session_longest_h)
    )
    return Access(keyring, RateLimits(), audit_log, lifetimes, daemon.now)


def _subscribe(daemon: Daemon, sound: AudioChannel) -> Subscriber:
    """A subscription to one channel, for the calling thread only."""
    return daemon.subscribe((sound.unit,), (sound.topic,))


def _report_database(daemon: Daemon, why: str | None) -> None:
    """Set the database's state in the status. None: it responds."""
    now = daemon.now()
    if why is None:
        item = ItemState("database", "database", "running", "responding", since_at=now)
    else:
        item = ItemState("database", "database", "reconnecting", why, since_at=now)
    daemon.set_item(item)
