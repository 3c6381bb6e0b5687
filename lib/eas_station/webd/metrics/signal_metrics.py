"""Figures of feeds, sources and receivers. What is stale is no sample: a gap, not a flat line."""

from __future__ import annotations

from collections.abc import Iterator

from eas_station.webd.metrics.exposition import Family, counter, gauge
from eas_station.webd.render.station_health import deafness, parts
from eas_station.webd.state.snapshot import Snapshot

HEARING_STATES = ("hearing", "deaf", "silent", "unproved")
# What a feed counts, and what it means.
FEED_COUNTERS = {
    "polls": ("eas_feed_polls_total", "Polls."),
    "failures": ("eas_feed_failures_total", "Polls without a good answer."),
    "documents": ("eas_feed_documents_total", "Documents that came."),
    "alerts": ("eas_feed_alerts_total", "Good messages, known ones among them."),
    "new": ("eas_feed_new_alerts_total", "Messages that were new."),
    "rejected": ("eas_feed_rejected_total", "Documents that were no message."),
    "quarantined": ("eas_feed_quarantined_total", "Documents that met a bug."),
}


def feeds(snapshot: Snapshot) -> Iterator[Family]:
    """The feeds, by the word of eas-capd."""
    yield from _up_and_good(snapshot, "feed")
    due = gauge("eas_feed_next_poll_time_seconds", "When the feed is polled again.")
    counters = {name: counter(*told) for name, told in FEED_COUNTERS.items()}
    for part in parts(snapshot, "feed"):
        if part.item.next_at is not None:
            due.add(part.item.next_at.timestamp(), feed=part.item.name)
        for name, family in counters.items():
            family.add(part.item.counters.get(name), feed=part.item.name)
    yield from (due, *counters.values())


def sources(snapshot: Snapshot) -> Iterator[Family]:
    """The sources and their channels, by the word of eas-audiod."""
    yield from _up_and_good(snapshot, "source")
    headers = counter("eas_source_headers_total", "SAME headers heard.")
    lost = counter("eas_source_lost_samples_total", "Samples that were not listened to.")
    deaf = gauge("eas_source_deaf", "Whether a running source hears nothing on any channel.")
    for part in parts(snapshot, "source"):
        name = part.item.name
        headers.add(part.item.counters.get("headers"), source=name)
        lost.add(part.item.counters.get("lost_samples"), source=name)
        deaf.add(part.works and deafness(snapshot, name) is not None, source=name)
    yield from (headers, lost, deaf, *_levels(snapshot), *_hearings(snapshot))


def _up_and_good(snapshot: Snapshot, kind: str) -> Iterator[Family]:
    up = gauge(f"eas_{kind}_up", f"Whether the {kind} is running.")
    stopped = gauge(f"eas_{kind}_stopped", f"Whether the operator has stopped the {kind}.")
    good = gauge(f"eas_{kind}_last_good_time_seconds", f"When the {kind} last delivered.")
    for part in parts(snapshot, kind):
        label = {kind: part.item.name}
        up.add(part.works, **label)
        stopped.add(part.item.state == "stopped", **label)
        if part.item.last_good_at is not None:
            good.add(part.item.last_good_at.timestamp(), **label)
    yield from (up, stopped, good)


def _levels(snapshot: Snapshot) -> Iterator[Family]:
    level = gauge("eas_source_level_dbfs", "RMS level of a channel.")
    peak = gauge("eas_source_peak_dbfs", "Peak level of a channel.")
    silent = gauge("eas_source_silent", "Whether a channel is silent.")
    for heard in snapshot.levels:
        if heard.stale:
            continue
        said, label = heard.value, {"source": heard.value.source, "channel": heard.value.channel}
        level.add(said.rms_dbfs, **label)
        peak.add(said.peak_dbfs, **label)
        silent.add(said.silent, **label)
    yield from (level, peak, silent)


def _hearings(snapshot: Snapshot) -> Iterator[Family]:
    state = gauge("eas_hearing_state", "1 for whether a channel would hear a warning now.")
    margin = gauge("eas_margin_db", "How much weaker a header could still be read.")
    usual = gauge("eas_margin_usual_db", "The median of earlier proofs.")
    proved = gauge("eas_hearing_proved_time_seconds", "When hearing was last tried.")
    deaf = gauge("eas_deaf_today_seconds", "How long a channel was deaf since midnight UTC.")
    overdue = gauge("eas_tests_overdue", "Tests that should have come on a channel.")
    problem = gauge("eas_hearing_problem", "Whether an operator should look after a channel.")
    for heard in snapshot.hearings:
        if heard.stale:
            continue
        said, label = heard.value, {"source": heard.value.source, "channel": heard.value.channel}
        for one in HEARING_STATES:
            state.add(said.state == one, **label, state=one)
        margin.add(said.margin_db, **label)
        usual.add(said.usual_margin_db, **label)
        proved.add(None if said.probed_at is None else said.probed_at.timestamp(), **label)
        deaf.add(said.deaf_today_s, **label)
        overdue.add(len(said.overdue), **label)
        problem.add(said.problem, **label)
    yield from (state, margin, usual, proved, deaf, overdue, problem)


def receivers(snapshot: Snapshot) -> Iterator[Family]:
    """The radios, by the word of eas-sdrd."""
    up = gauge("eas_receiver_up", "Whether the receiver is running.")
    taken = counter("eas_receiver_samples_total", "IQ samples received.")
    lost = counter("eas_receiver_lost_samples_total", "IQ samples lost.")
    gain = gauge("eas_receiver_gain_db", "Gain of the tuner.")
    crystal = gauge("eas_receiver_crystal_error_ratio", "How much the crystal runs fast.")
    for heard in snapshot.receivers:
        said, label = heard.value, {"receiver": heard.value.receiver}
        up.add(said.state == "running" and not heard.stale, **label)
        taken.add(said.samples, **label)
        lost.add(said.lost_samples, **label)
        if not heard.stale:
            gain.add(said.gain_db, **label)
            crystal.add(None if said.ppm is None else said.ppm / 1e6, **label)
    yield from (up, taken, lost, gain, crystal, *_channels(snapshot))


def _channels(snapshot: Snapshot) -> Iterator[Family]:
    snr = gauge("eas_receiver_snr_db", "Signal to noise of a channel.")
    signal = gauge("eas_receiver_signal_dbfs", "Signal of a channel.")
    noise = gauge("eas_receiver_noise_dbfs", "Noise of a channel.")
    deviation = gauge("eas_receiver_deviation_hertz", "FM deviation of a channel.")
    offset = gauge("eas_receiver_offset_hertz", "Offset of a channel's carrier.")
    carrier = gauge("eas_receiver_carrier_present", "Whether a channel has a carrier.")
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
