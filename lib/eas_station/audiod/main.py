"""The composition root of eas-audiod: one source → receptions, clips, levels, deaf intervals.

Read on: `sources` yield blocks, `listener` is the work, `hearing` is the way into the station.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from functools import partial

from eas_station.alerts import from_same
from eas_station.alerts.admission import Admission
from eas_station.alerts.model import Reception
from eas_station.audiod import cpu_affinity
from eas_station.audiod.clips.clip_files import ClipFolder
from eas_station.audiod.clips.clip_writer import ClipWriter
from eas_station.audiod.clips.disk_space import ClipDiskSpace
from eas_station.audiod.deafness.checkpoints import Checkpoints, boot_id
from eas_station.audiod.deafness.deaf_log import DeafLog
from eas_station.audiod.header_intake import HeaderIntake
from eas_station.audiod.hearing.monitor_setup import BEAT_S, Monitoring, build
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.audiod.listener import ListenerParts, SourceListener
from eas_station.audiod.pcm_publisher import PcmPublisher
from eas_station.audiod.segment import ClipRules
from eas_station.audiod.source_factory import channels_of, opener
from eas_station.bus import topics
from eas_station.bus.messages import ReceptionNew
from eas_station.bus.news import Announcer
from eas_station.config.area import area_of
from eas_station.config.model import Config, SourceConfig
from eas_station.config.units import WEBD
from eas_station.decoder.text.prior import Prior
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import DesiredStates
from eas_station.service.storage import Storage
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.records import desired_states
from eas_station.store.records.clip_eviction import make_room
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool
from eas_station.tables import Tables, load

log = logging.getLogger(__name__)

WISHES_S = 2.0  # a station that cannot ask what it is to do listens
LISTEN_DEADLINE_S = 20.0  # a read that never returns is not work


def main(argv: list[str]) -> int:
    """Run one source until told to stop; gives the exit status."""
    return program.run("eas-audiod", argv, compose, instance_of="source")


def compose(daemon: Daemon) -> None:
    """Build the parts of this source and start their threads."""
    config, tables = daemon.config, load()
    source = _source(config, daemon.instance)
    database = _database(config, daemon.unit)
    daemon.on_stop(database.close)
    _keep_to_cpus(daemon, source)
    storage = _storage(daemon, tables, database)
    channels = channels_of(source, config)
    report = SourceReport(source.name, source.kind, channels, daemon.set_status, daemon.now)
    writer = _clip_writer(daemon, source, storage, database, report)
    wishes = DesiredStates(
        "source",
        partial(_stopped_sources, database),
        partial(daemon.subscribe, [WEBD], [topics.control(daemon.unit)]),
        daemon.stopping,
    )
    prior = Prior(events=tuple(tables.events), states=tuple(tables.states))
    proving = build(daemon, source, channels, storage, database, report, prior)
    wiring = ListenerParts(
        name=source.name,
        channels=channels,
        open=opener(source, channels, daemon.subscribe, daemon.stopping),
        hearing=_hearing(daemon, tables, source, storage, proving),
        clip_rules=ClipRules(config.clips, writer, _new_id),
        deafness=_deafness(daemon, source, channels, storage),
        report=report,
        publish=daemon.publisher.publish,
        wanted=partial(wishes.wants, source.name),
        stopping=daemon.stopping,
        now=daemon.now,
        prior=prior,
        offer=proving.tap.offer,
        live=_live(daemon, source),
    )
    beat = daemon.beat("listen", LISTEN_DEADLINE_S)
    storage.start()
    daemon.on_reload(partial(_reload, daemon, source))
    daemon.spawn("wishes", wishes.run)
    daemon.spawn("clips", writer.run)
    daemon.spawn("proof", partial(proving.prover.run, daemon.beat("proof", BEAT_S)))
    daemon.spawn("listen", partial(_listen, SourceListener(wiring), beat, writer, wishes.looked))


def _listen(
    listener: SourceListener, beat: Callable[[], None], writer: ClipWriter, looked: threading.Event
) -> None:
    """A source that the operator has stopped is not opened at the start, if that can be known."""
    looked.wait(WISHES_S)
    try:
        listener.run(beat)
    finally:
        writer.close()


def _clip_writer(
    daemon: Daemon,
    source: SourceConfig,
    storage: Storage[Reception],
    database: Database,
    report: SourceReport,
) -> ClipWriter:
    clips_dir = daemon.config.paths.state_dir / "clips"
    room = ClipDiskSpace(
        clips_dir,
        daemon.config.clips.least_free_mb * 1_000_000,
        partial(make_room, clips_dir, database, daemon.now),
        daemon.now,
    )
    folder = ClipFolder(clips_dir, source.name)
    return ClipWriter(folder, storage.append, report.clip_fault, room)


def _keep_to_cpus(daemon: Daemon, source: SourceConfig) -> None:
    if source.cpu_affinity:
        cpu_affinity.keep_to(source.cpu_affinity)
        daemon.set_item(cpu_affinity.told(source.cpu_affinity, daemon.now()))


def _live(daemon: Daemon, source: SourceConfig) -> PcmPublisher | None:
    """None for a receiver, whose channels are on the bus already."""
    if source.kind == "receiver":
        return None
    return PcmPublisher(source.name, daemon.publisher.publish, daemon.publisher.wanted)


def _source(config: Config, name: str | None) -> SourceConfig:
    return next(source for source in config.sources if source.name == name)


def _database(config: Config, unit: str) -> Database:
    return Database(
        config.database.url,
        statement_timeout_s=config.database.statement_timeout_s,
        slow_query_s=config.database.slow_query_s,
        application_name=unit,
    )


def _storage(daemon: Daemon, tables: Tables, database: Database) -> Storage[Reception]:
    spool = Spool(daemon.config.paths.state_dir / f"{daemon.unit}.spool")
    daemon.on_stop(spool.close)
    announcer = Announcer(daemon.publisher)
    admission = Admission(
        area=lambda: area_of(daemon.config.station),
        tables=tables,
        now=daemon.now,
        clock_trusted=daemon.clock_trust.trusted,
    )
    flusher = Flusher(spool, database, admission, daemon.now, announcer)

    def announce(reception: Reception, durable: bool) -> None:
        news = ReceptionNew(reception, stored=False, durable=durable)
        daemon.publisher.publish(topics.RECEPTION_NEW, news)

    return Storage(daemon, Intake(spool, announce), spool, flusher, announcer)


def _hearing(
    daemon: Daemon,
    tables: Tables,
    source: SourceConfig,
    storage: Storage[Reception],
    proving: Monitoring,
) -> HeaderIntake:
    def take(reception: Reception) -> None:
        storage.take(reception)
        proving.heard(reception)

    return HeaderIntake(
        source=source.name,
        make=partial(from_same.reception, event_name=tables.event_name, new_id=_new_id),
        take=take,
        clock_trusted=daemon.clock_trust.trusted,
        quarantine_dir=daemon.config.paths.state_dir / "quarantine",
    )


def _deafness(
    daemon: Daemon, source: SourceConfig, channels: tuple[str, ...], storage: Storage[Reception]
) -> DeafLog | None:
    """None for a file: it waits, so nothing of it is ever missed."""
    if source.kind == "file":
        return None
    paths = daemon.config.paths
    marks = Checkpoints(paths.runtime_dir, paths.state_dir, daemon.unit, boot_id())
    return DeafLog(source.name, channels, marks, storage.append, daemon.now)


def _stopped_sources(database: Database) -> frozenset[str]:
    with database.read() as connection:
        return desired_states.stopped(connection, "source")


def _reload(daemon: Daemon, source: SourceConfig, config: Config) -> None:
    """A source that is configured otherwise is listened to by another process."""
    before = daemon.config
    same = source in config.sources and config.receivers == before.receivers
    same = same and config.remotes == before.remotes
    same = same and (config.clips, config.station) == (before.clips, before.station)
    if not (same and (config.paths, config.database) == (before.paths, before.database)):
        log.info("configured otherwise: ending, to be started anew")
        daemon.stop()


def _new_id() -> str:
    return str(uuid.uuid4())
