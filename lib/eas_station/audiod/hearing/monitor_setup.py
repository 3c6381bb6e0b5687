"""Builds the proof of hearing of one source: what `main` connects with the listener."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from eas_station.alerts.model import Reception
from eas_station.audiod.deafness.checkpoints import Checkpoints, boot_id
from eas_station.audiod.hearing.copy_requests import CopyRequests
from eas_station.audiod.hearing.expected_tests import ExpectedTests, wanted
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

BEAT_S = 120.0  # a decoder that never comes back is a wedged one


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The prover, and what the listener gives it."""

    tap: CopyRequests
    expected: ExpectedTests
    prover: HearingMonitor

    def heard(self, reception: Reception) -> None:
        """A reception was taken in: it may be one of the tests that are expected."""
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
    """Build it; `Monitoring.prover.run` is to be run in a thread of its own."""
    tap = CopyRequests()
    configured = wanted(source.expect, channels)
    for channel in sorted({name for name, _ in configured or ()} - set(channels)):
        log.warning("no test is expected of channel %s: the source has none of it", channel)
    expected = ExpectedTests(source.name, configured, storage.append)
    wiring = MonitorParts(
        source=source.name,
        channels=channels,
        interval_s=source.probe_interval_s,
        tap=tap,
        make_receiver=lambda rate_hz: SameReceiver(1, rate_hz, prior),
        report=report,
        lapses=_lapses(daemon, source, channels, storage),
        expected=expected,
        recall=HearingQueries(database, source.name),
        record=storage.append,
        publish=daemon.publisher.publish,
        clock_trusted=daemon.clock_trust.trusted,
        stopping=daemon.stopping,
        now=daemon.now,
    )
    return Monitoring(tap, expected, HearingMonitor(wiring))


def _lapses(
    daemon: Daemon, source: SourceConfig, channels: tuple[str, ...], storage: Storage
) -> SignalOutages:
    """What an earlier process left open ended with the last that it accounted for."""
    paths = daemon.config.paths
    note = paths.state_dir / "heard" / f"{daemon.unit}.lapses.json"
    record = storage.append if source.kind != "file" else _nowhere
    lapses = SignalOutages(source.name, channels, note, record)
    mark = Checkpoints(paths.runtime_dir, paths.state_dir, daemon.unit, boot_id()).last()
    lapses.end_left_open(daemon.now() if mark is None else mark.heard_until)
    return lapses


def _nowhere(kind: str, json: str) -> bool:
    """A file waits: nothing of it is ever missed."""
    return True
