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
from eas_station.config.area import area_of
from eas_station.config.model import Config, SourceConfig
from eas_station.decoder.text.prior import Prior
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import open_desired_states
from eas_station.service.storage import Storage, open_database, open_storage
from eas_station.store.database.database import Database
from eas_station.store.records.clip_eviction import make_room
from eas_station.tables import Tables, load

log = logging.getLogger(__name__)

DESIRED_STATE_S = 2.0  # a source whose desired state cannot be read runs
LISTEN_DEADLINE_S = 20.0  # a read that never returns is not work


def main(argv: list[str]) -> int:
    """Run one source until told to stop; gives the exit status."""
    return program.run("eas-audiod", argv, compose, instance_of="source")


def compose(daemon: Daemon) -> None:
    """Build the parts of this source and start their threads."""
    config, tables = daemon.config, load()
    source = _source(config, daemon.instance)
    database = open_database(daemon)
    _keep_to_cpus(daemon, source)
    storage = open_storage(daemon, database, _admission(daemon, tables))
    channels = channels_of(source, config)
    report = SourceReport(source.name, source.kind, channels, daemon.set_status, daemon.now)
    writer = _clip_writer(daemon, source, storage, database, report)
    desired = open_desired_states(daemon, database, "source")
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
        wanted=partial(desired.is_running, source.name),
        stopping=daemon.stopping,
        now=daemon.now,
        prior=prior,
        offer=proving.tap.offer,
        live=_live(daemon, source),
    )
    beat = daemon.heartbeat("listen", LISTEN_DEADLINE_S)
    storage.start()
    daemon.on_reload(partial(_reload, daemon, source))
    daemon.spawn("desired states", desired.run)
    daemon.spawn("clips", writer.run)
    daemon.spawn("proof", partial(proving.prover.run, daemon.heartbeat("proof", BEAT_S)))
    daemon.spawn("listen", partial(_listen, SourceListener(wiring), beat, writer, desired.asked))


def _listen(
    listener: SourceListener, beat: Callable[[], None], writer: ClipWriter, asked: threading.Event
) -> None:
    """Listen, but first wait for the desired state: a stopped source is not opened."""
    asked.wait(DESIRED_STATE_S)
    try:
        listener.run(beat)
    finally:
        writer.close()


def _clip_writer(
    daemon: Daemon,
    source: SourceConfig,
    storage: Storage,
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


def _admission(daemon: Daemon, tables: Tables) -> Admission:
    return Admission(
        area=lambda: area_of(daemon.config.station),
        tables=tables,
        now=daemon.now,
        clock_trusted=daemon.clock_trust.trusted,
        lifetime=lambda: daemon.config.station.default_lifetime,
    )


def _hearing(
    daemon: Daemon,
    tables: Tables,
    source: SourceConfig,
    storage: Storage,
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
    daemon: Daemon, source: SourceConfig, channels: tuple[str, ...], storage: Storage
) -> DeafLog | None:
    """None for a file: it waits, so nothing of it is ever missed."""
    if source.kind == "file":
        return None
    paths = daemon.config.paths
    marks = Checkpoints(paths.runtime_dir, paths.state_dir, daemon.unit, boot_id())
    return DeafLog(source.name, channels, marks, storage.append, daemon.now)


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
