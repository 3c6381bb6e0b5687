"""Builds the hearing monitor of one source."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from eas_station.alerts.model import Reception
from eas_station.audiod.deafness.checkpoints import Checkpoints, boot_id
from eas_station.audiod.hearing.copy_requests import CopyRequests
from eas_station.audiod.hearing.expected_tests import ExpectedTests, configured_tests
from eas_station.audiod.hearing.hearing_queries import HearingQueries
from eas_station.audiod.hearing.monitor import HearingMonitor, MonitorParts
from eas_station.audiod.hearing.signal_outages import SignalOutages
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.config.model import SourceConfig
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.prior import Prior
from eas_station.service.daemon import Daemon
from eas_station.service.storage import Storage
from eas_station.store.database.database import Database

log = logging.getLogger(__name__)

BEAT_S = 120.0  # a probe that takes longer hangs


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The monitor, and what the listener passes to it."""

    copies: CopyRequests
    expected: ExpectedTests
    monitor: HearingMonitor

    def received(self, reception: Reception) -> None:
        """Note a reception: it may be an expected test."""
        code = reception.statement.event_code
        if reception.channel is not None and code is not None:
            self.expected.heard(reception.channel, code, reception.reception_id, time.monotonic())


def build(
    daemon: Daemon,
    source: SourceConfig,
    channels: tuple[str, ...],
    storage: Storage,
    database: Database,
    report: SourceReport,
    prior: Prior,
) -> Monitoring:
    """Build it; the caller runs `Monitoring.monitor.run` in a thread of its own."""
    copies = CopyRequests()
    configured = configured_tests(source.expect, channels)
    for channel in sorted({name for name, _ in configured or ()} - set(channels)):
        log.warning("ignoring tests expected on %s: the source has no such channel", channel)
    expected = ExpectedTests(source.name, configured, storage.append)
    parts = MonitorParts(
        source=source.name,
        channels=channels,
        interval_s=source.probe_interval_s,
        copies=copies,
        make_receiver=lambda rate_hz: SameReceiver(1, rate_hz, prior),
        report=report,
        outages=_outages(daemon, source, channels, storage),
        expected=expected,
        queries=HearingQueries(database, source.name),
        record=storage.append,
        publish=daemon.publisher.publish,
        clock_trusted=daemon.clock_trust.trusted,
        stopping=daemon.stopping,
        now=daemon.now,
    )
    return Monitoring(copies, expected, HearingMonitor(parts))


def _outages(
    daemon: Daemon, source: SourceConfig, channels: tuple[str, ...], storage: Storage
) -> SignalOutages:
    """Outages left open by an earlier process end where its account of the samples ends."""
    paths = daemon.config.paths
    note = paths.state_dir / "heard" / f"{daemon.unit}.lapses.json"
    record = storage.append if source.kind != "file" else _discard
    outages = SignalOutages(source.name, channels, note, record)
    last = Checkpoints(paths.runtime_dir, paths.state_dir, daemon.unit, boot_id()).last()
    outages.end_left_open(daemon.now() if last is None else last.heard_until)
    return outages


def _discard(kind: str, json: str) -> bool:
    """A file waits: nothing of it is missed."""
    return True
