"""Metrics of feeds, sources and receivers. A stale value is no sample: a gap, not a flat line."""

from __future__ import annotations

from collections.abc import Iterator

from eas_station.webd.metrics.exposition import Family
from eas_station.webd.render.station_health import deafness, parts
from eas_station.webd.state.snapshot import Snapshot

HEARING_STATES = ("hearing", "deaf", "silent", "unproved")
# The counters of a feed.
FEED_COUNTERS = {
    "polls": ("eas_feed_polls_total", "Polls of the feed."),
    "failures": ("eas_feed_failures_total", "Polls that failed."),
    "documents": ("eas_feed_documents_total", "Documents received."),
    "alerts": ("eas_feed_alerts_total", "Valid messages, known ones included."),
    "new": ("eas_feed_new_alerts_total", "New messages."),
    "rejected": ("eas_feed_rejected_total", "Documents that were not valid messages."),
    "quarantined": ("eas_feed_quarantined_total", "Documents set aside after an internal error."),
}


def feeds(snapshot: Snapshot) -> Iterator[Family]:
    """The feeds, as eas-capd reports them."""
    yield from _up_and_good(snapshot, "feed")
    due = Family("eas_feed_next_poll_time_seconds", "When the feed is polled again.")
    counters = {name: Family(*texts) for name, texts in FEED_COUNTERS.items()}
    for part in parts(snapshot, "feed"):
        if part.item.next_at is not None:
            due.add(part.item.next_at.timestamp(), feed=part.item.name)
        for name, family in counters.items():
            family.add(part.item.counters.get(name), feed=part.item.name)
    yield from (due, *counters.values())


def sources(snapshot: Snapshot) -> Iterator[Family]:
    """The sources and their channels, as eas-audiod reports them."""
    yield from _up_and_good(snapshot, "source")
    headers = Family("eas_source_headers_total", "SAME headers received.")
    lost = Family("eas_source_lost_samples_total", "Audio samples lost.")
    deaf = Family("eas_source_deaf", "Whether a running source is deaf on every channel.")
    for part in parts(snapshot, "source"):
        name = part.item.name
        headers.add(part.item.counters.get("headers"), source=name)
        lost.add(part.item.counters.get("lost_samples"), source=name)
        deaf.add(part.works and deafness(snapshot, name) is not None, source=name)
    yield from (headers, lost, deaf, *_levels(snapshot), *_hearings(snapshot))


def _up_and_good(snapshot: Snapshot, kind: str) -> Iterator[Family]:
    up = Family(f"eas_{kind}_up", f"Whether the {kind} is running.")
    stopped = Family(f"eas_{kind}_stopped", f"Whether an operator has stopped the {kind}.")
    good = Family(f"eas_{kind}_last_good_time_seconds", f"When the {kind} last delivered.")
    for part in parts(snapshot, kind):
        label = {kind: part.item.name}
        up.add(part.works, **label)
        stopped.add(part.item.state == "stopped", **label)
        if part.item.last_good_at is not None:
            good.add(part.item.last_good_at.timestamp(), **label)
    yield from (up, stopped, good)


def _levels(snapshot: Snapshot) -> Iterator[Family]:
    level = Family("eas_source_level_dbfs", "RMS level of a channel.")
    peak = Family("eas_source_peak_dbfs", "Peak level of a channel.")
    silent = Family("eas_source_silent", "Whether a channel is silent.")
    for heard in snapshot.levels:
        if heard.stale:
            continue
        value, label = heard.value, {"source": heard.value.source, "channel": heard.value.channel}
        level.add(value.rms_dbfs, **label)
        peak.add(value.peak_dbfs, **label)
        silent.add(value.silent, **label)
    yield from (level, peak, silent)


def _hearings(snapshot: Snapshot) -> Iterator[Family]:
    state = Family("eas_hearing_state", "1 for the state of a channel's reception.")
    margin = Family("eas_margin_db", "How much weaker a header could be and still be decoded.")
    usual = Family("eas_margin_usual_db", "The median of earlier margins.")
    proved = Family("eas_hearing_proved_time_seconds", "When reception was last tested.")
    deaf = Family("eas_deaf_today_seconds", "How long a channel was deaf since midnight UTC.")
    overdue = Family("eas_tests_overdue", "Overdue tests on a channel.")
    problem = Family("eas_hearing_problem", "Whether a channel needs an operator.")
    for heard in snapshot.hearings:
        if heard.stale:
            continue
        value, label = heard.value, {"source": heard.value.source, "channel": heard.value.channel}
        for one in HEARING_STATES:
            state.add(value.state == one, **label, state=one)
        margin.add(value.margin_db, **label)
        usual.add(value.usual_margin_db, **label)
        proved.add(None if value.probed_at is None else value.probed_at.timestamp(), **label)
        deaf.add(value.deaf_today_s, **label)
        overdue.add(len(value.overdue), **label)
        problem.add(value.problem, **label)
    yield from (state, margin, usual, proved, deaf, overdue, problem)


def receivers(snapshot: Snapshot) -> Iterator[Family]:
    """The receivers and their channels, as eas-sdrd reports them."""
    up = Family("eas_receiver_up", "Whether the receiver is running.")
    taken = Family("eas_receiver_samples_total", "IQ samples received.")
    lost = Family("eas_receiver_lost_samples_total", "IQ samples lost.")
    gain = Family("eas_receiver_gain_db", "Gain of the tuner.")
    crystal = Family("eas_receiver_crystal_error_ratio", "How much the crystal runs fast.")
    for heard in snapshot.receivers:
        value, label = heard.value, {"receiver": heard.value.receiver}
        up.add(value.state == "running" and not heard.stale, **label)
        taken.add(value.samples, **label)
        lost.add(value.lost_samples, **label)
        if not heard.stale:
            gain.add(value.gain_db, **label)
            crystal.add(None if value.ppm is None else value.ppm / 1e6, **label)
    yield from (up, taken, lost, gain, crystal, *_channels(snapshot))


def _channels(snapshot: Snapshot) -> Iterator[Family]:
    snr = Family("eas_receiver_snr_db", "Signal-to-noise ratio of a channel.")
    signal = Family("eas_receiver_signal_dbfs", "Signal of a channel.")
    noise = Family("eas_receiver_noise_dbfs", "Noise of a channel.")
    deviation = Family("eas_receiver_deviation_hertz", "FM deviation of a channel.")
    offset = Family("eas_receiver_offset_hertz", "Offset of a channel's carrier.")
    carrier = Family("eas_receiver_carrier_present", "Whether a channel has a carrier.")
    for heard in snapshot.receivers:
        if heard.stale:
            continue
        for one in heard.value.channels:
            label = {"receiver": heard.value.receiver, "channel": one.channel}
            snr.add(one.snr_db, **label)
            signal.add(one.signal_dbfs, **label)
            noise.add(one.noise_dbfs, **label)
            carrier.add(one.carrier_present, **label)
            if one.carrier_present:
                deviation.add(one.deviation_hz, **label)
                offset.add(one.offset_hz, **label)
    yield from (snr, signal, noise, deviation, offset, carrier)
