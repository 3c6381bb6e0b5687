"""The composition root of eas-audiod: one source → receptions, clips, levels, deaf intervals.

The data path: `sources` yields blocks, `listener` processes them, `header_intake` makes receptions.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from functools import partial

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Reception
from eas_station.audiod import cpu_affinity
from eas_station.audiod.clips.clip_files import ClipFolder
from eas_station.audiod.clips.clip_writer import ClipWriter
from eas_station.audiod.clips.disk_space import ClipDiskSpace
from eas_station.audiod.deafness.checkpoints import Checkpoints, boot_id
from eas_station.audiod.deafness.deaf_log import DeafLog
from eas_station.audiod.header_intake import HeaderIntake
from eas_station.audiod.hearing.copy_requests import CopyRequests
from eas_station.audiod.hearing.monitor_setup import BEAT_S, Monitoring, build
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.audiod.listener import ListenerParts, SourceListener
from eas_station.audiod.pcm_publisher import PcmPublisher
from eas_station.audiod.segment import AudioSegment, ClipRules
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
LISTEN_DEADLINE_S = 20.0  # a read that takes longer never returns


def main(argv: list[str]) -> int:
    """Run one source until told to stop; gives the exit status."""
    return program.run("eas-audiod", argv, compose, instance_of="source")


def compose(daemon: Daemon) -> None:
    """Build the parts of this source and start their threads."""
    config, tables = daemon.config, load()
    source = _source(config, daemon.instance)
    database = open_database(daemon)
    _restrict_to_cpus(daemon, source)
    storage = open_storage(daemon, database, _admission(daemon, tables))
    channels = channels_of(source, config)
    report = SourceReport(source.name, source.kind, channels, daemon.set_status, daemon.now)
    writer = _clip_writer(daemon, source, storage, database, report)
    desired = open_desired_states(daemon, database, "source")
    prior = Prior(events=tuple(tables.events), states=tuple(tables.states))
    monitoring = build(daemon, source, channels, storage, database, report, prior)
    parts = ListenerParts(
        name=source.name,
        channels=channels,
        open_source=opener(source, channels, daemon.subscribe, daemon.stopping),
        intake=_header_intake(daemon, tables, source, storage, monitoring),
        clip_rules=ClipRules(config.clips, writer, _new_id),
        deaf_log=_deaf_log(daemon, source, channels, storage),
        report=report,
        publish=daemon.publisher.publish,
        is_wanted=partial(desired.is_running, source.name),
        stopping=daemon.stopping,
        now=daemon.now,
        prior=prior,
        publish_pcm=_pcm_publisher(daemon, source),
        serve_copies=partial(_serve_copies, monitoring.copies),
    )
    beat = daemon.heartbeat("listen", LISTEN_DEADLINE_S)
    storage.start()
    daemon.on_reload(partial(_reload, daemon, source))
    daemon.spawn("desired states", desired.run)
    daemon.spawn("clips", writer.run)
    daemon.spawn("monitor", partial(monitoring.monitor.run, daemon.heartbeat("monitor", BEAT_S)))
    daemon.spawn("listen", partial(_listen, SourceListener(parts), beat, writer, desired.asked))


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
    space = ClipDiskSpace(
        clips_dir,
        daemon.config.clips.least_free_mb * 1_000_000,
        partial(make_room, clips_dir, database, daemon.now),
        daemon.now,
    )
    folder = ClipFolder(clips_dir, source.name)
    return ClipWriter(folder, storage.append, report.clip_fault, space)


def _restrict_to_cpus(daemon: Daemon, source: SourceConfig) -> None:
    if source.cpu_affinity:
        cpu_affinity.restrict_to(source.cpu_affinity)
        daemon.set_item(cpu_affinity.status_item(source.cpu_affinity, daemon.now()))


def _pcm_publisher(daemon: Daemon, source: SourceConfig) -> PcmPublisher | None:
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


def _header_intake(
    daemon: Daemon,
    tables: Tables,
    source: SourceConfig,
    storage: Storage,
    monitoring: Monitoring,
) -> HeaderIntake:
    def take(reception: Reception) -> None:
        storage.take(reception)
        monitoring.received(reception)

    return HeaderIntake(
        source=source.name,
        event_name=tables.event_name,
        new_id=_new_id,
        take=take,
        clock_trusted=daemon.clock_trust.trusted,
        quarantine_dir=daemon.config.paths.state_dir / "quarantine",
    )


def _deaf_log(
    daemon: Daemon, source: SourceConfig, channels: tuple[str, ...], storage: Storage
) -> DeafLog | None:
    """None for a file: it waits, so nothing of it is missed."""
    if source.kind == "file":
        return None
    paths = daemon.config.paths
    checkpoints = Checkpoints(paths.runtime_dir, paths.state_dir, daemon.unit, boot_id())
    return DeafLog(source.name, channels, checkpoints, storage.append, daemon.now)


def _serve_copies(copies: CopyRequests, segment: AudioSegment) -> None:
    copies.serve(segment.message_under_way, segment.copy)


def _reload(daemon: Daemon, source: SourceConfig, config: Config) -> None:
    """A changed configuration of the source takes a new process."""
    before = daemon.config
    same = source in config.sources and config.receivers == before.receivers
    same = same and config.remotes == before.remotes
    same = same and (config.clips, config.station) == (before.clips, before.station)
    if not (same and (config.paths, config.database) == (before.paths, before.database)):
        log.info("the configuration changed: restarting")
        daemon.stop()


def _new_id() -> str:
    return str(uuid.uuid4())
