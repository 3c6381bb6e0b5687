"""eas-webd: the status page, the API and the live updates. The composition root."""

from __future__ import annotations

import functools
import gc
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path

from eas_station import tables
from eas_station.bus.messages import ItemState
from eas_station.bus.subscriber import Subscriber
from eas_station.config.units import CTL, heard_units
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.store.database.database import Database
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.keys.sessions import Lifetimes
from eas_station.webd.auth.access import Access
from eas_station.webd.auth.audit_log import AuditLog
from eas_station.webd.http import self_check
from eas_station.webd.http.deadline import RequestDeadlines
from eas_station.webd.http.fanout import Event, Fanout
from eas_station.webd.http.rate_limits import RateLimits
from eas_station.webd.http.server import LISTENING, Server, bound_sockets, passed_sockets
from eas_station.webd.live.bus_listener import LISTENED_TO, BusListener
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.live.reconciler import Reconciler
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.records.verify import Decoder
from eas_station.webd.reloading import ReloadingApp, in_force, merger
from eas_station.webd.state.audio_channels import AudioChannel
from eas_station.webd.state.station_state import StationState

PASSED_ON = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "HOME", "TMPDIR")
CONNECTIONS = 5  # to the database, at most
NEWSROOM_DEADLINE_S = 10.0
ARCHIVIST_DEADLINE_S = 60.0  # some statements may run into their timeout

log = logging.getLogger(__name__)


def main(argv: list[str]) -> int:
    """Run eas-webd until it is told to stop."""
    return program.run("eas-webd", argv, compose)


def compose(daemon: Daemon) -> None:
    """Bus → newsroom → board; database → archivist → board; board → routes → browser."""
    config, trusted = daemon.config, daemon.clock_trust.trusted
    names = tables.load()
    database = Database(
        config.database.url,
        statement_timeout_s=min(config.database.statement_timeout_s, config.web.deadline_s),
        slow_query_s=config.database.slow_query_s,
        pool_size=CONNECTIONS,
        application_name=daemon.unit,
    )
    daemon.on_stop(database.close)
    fanout = Fanout()
    board = StationState(
        heard_units(config), merger(config, names, daemon), in_force, trusted, daemon.now
    )
    tell = functools.partial(tell_of_database, daemon)
    archivist = Reconciler(database, board, fanout, trusted, daemon.now, tell)
    spoken = (*heard_units(config), CTL)  # CTL: a drill is put in by hand
    heard = daemon.subscribe(spoken, LISTENED_TO)
    newsroom = BusListener(heard, board, fanout, archivist)
    deadlines = RequestDeadlines()
    library = RecordQueries(database, in_force, trusted, daemon.now, deadlines.left_s)
    clerk = AuditLog(database, daemon.now)
    publish = daemon.publisher.publish
    desk = OperatorActions(database, publish, archivist.wake, daemon.now, deadlines.left_s)
    told = functools.partial(fanout.send, Event("status", "{}"))
    folder = path_in(config.paths.state_dir).parent
    tasks = Tasks(folder, daemon.now, told)
    front = ReloadingApp(
        *(daemon, names, board, library, fanout, newsroom),
        *(desk, access_of(daemon, clerk), deadlines),
        LiveAudio(functools.partial(ear_of, daemon), LISTENING, daemon.stopping.is_set),
        *(tasks, Decoder(ctl_command(Path(sys.argv[0])), environment=child_environment())),
    )
    daemon.on_reload(front.reload)

    server = Server(
        front,
        passed_sockets(os.environ, os.getpid()) or bound_sockets(config.web.host, config.web.port),
    )
    front.watch(server.workers)
    stop = daemon.stopping
    hearing = daemon.beat("newsroom", NEWSROOM_DEADLINE_S)
    reading = daemon.beat("archivist", ARCHIVIST_DEADLINE_S)
    writing = daemon.beat("clerk", ARCHIVIST_DEADLINE_S)
    working = daemon.beat("tasks", ARCHIVIST_DEADLINE_S)
    answering = daemon.beat("answers", self_check.DEADLINE_S)
    daemon.spawn("newsroom", lambda: newsroom.run(stop, hearing))
    daemon.spawn("archivist", lambda: archivist.run(stop, reading))
    daemon.spawn("clerk", lambda: clerk.run(stop, writing))
    daemon.spawn("tasks", lambda: tasks.run(stop, working))
    daemon.spawn("server", server.run)
    daemon.spawn("pulse", lambda: self_check.run(server, fanout, stop, answering))
    gc.collect()
    gc.freeze()  # what is there now stays: no collection need walk through it with every request
    daemon.set_status(f"serving {' '.join(server.urls())}")
    log.info("the page is at %s", server.urls()[0])


def ctl_command(program: Path) -> tuple[str, ...]:
    """How eas-ctl is started: the one beside this program, or the installed one."""
    beside = program.with_name("eas-ctl")
    return (sys.executable, str(beside)) if beside.is_file() else ("eas-ctl",)


def child_environment() -> dict[str, str]:
    """What a child gets of ours: nothing that systemd meant for this process."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def ear_of(daemon: Daemon, sound: AudioChannel) -> Subscriber:
    """Listen to one channel; it belongs to the thread that asks."""
    return daemon.subscribe((sound.unit,), (sound.topic,))


def access_of(daemon: Daemon, clerk: AuditLog) -> Access:
    """Who may change something: by the keyring under the state folder."""
    web = daemon.config.web
    keyring = Keyring(path_in(daemon.config.paths.state_dir))
    daemon.on_stop(keyring.close)
    lifetimes = Lifetimes(
        idle=timedelta(hours=web.session_idle_h), longest=timedelta(hours=web.session_longest_h)
    )
    return Access(keyring, RateLimits(), clerk, lifetimes, daemon.now)


def tell_of_database(daemon: Daemon, why: str | None) -> None:
    """Say in the status whether the database answers; `why` not."""
    now = daemon.now()
    if why is None:
        daemon.set_item(ItemState("database", "database", "running", "answers", since_at=now))
    else:
        daemon.set_item(ItemState("database", "database", "reconnecting", why, since_at=now))
