"""Sources and receivers with their channels, as rows of a table: words, no markup."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eas_station.bus.messages import AudioLevel, ChannelState, HearingProof, ReceiverState
from eas_station.config.model import Config
from eas_station.config.units import receiver_unit, receiver_units, source_unit
from eas_station.webd.render.station_health import deafness
from eas_station.webd.render.times import Moment, TimeFormat, duration
from eas_station.webd.render.unit_rows import (
    LOOKS,
    MISSING,
    UNKNOWN,
    Row,
    aged,
    part_row,
    state_row,
)
from eas_station.webd.state.audio_channels import MONO, channels_of
from eas_station.webd.state.snapshot import LastMessage, Snapshot

# The CSS class, the sign and the word of each state of a proof.
PROOFS = {
    "hearing": ("good", "●", "yes"),
    "deaf": ("bad", "✕", "no: deaf"),
    "silent": ("busy", "▲", "no: silent"),
    "unproved": ("stale", "?", "not tested yet"),
}


@dataclass(frozen=True, slots=True)
class LevelCell:
    """How loud a channel is."""

    rms_dbfs: float
    peak_dbfs: float


@dataclass(frozen=True, slots=True)
class ProofCell:
    """Could this channel hear a warning now?"""

    look: str
    sign: str
    word: str
    sentence: str = ""  # "" if the word is enough
    margin: str = UNKNOWN  # "12 dB"
    probed: Moment | None = None
    deaf_today: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class SourceChannel:
    """One channel of a source."""

    name: str  # "162.550 MHz"
    key: str  # "wx/162.550": identifies its row to live levels, and ends the address of its audio
    stale: bool  # its level is not fresh
    verdict: str  # "audio", "silence", "no carrier", "no data for 12 s"
    level: LevelCell | None  # None: unknown
    proof: ProofCell
    burst: Moment | None  # when the last one was heard


@dataclass(frozen=True, slots=True)
class SourcePanel:
    """A source with its channels."""

    row: Row
    channels: tuple[SourceChannel, ...]


@dataclass(frozen=True, slots=True)
class RadioChannel:
    """One channel of a receiver, over the last second."""

    name: str
    key: str
    stale: bool
    verdict: str
    state: ChannelState


@dataclass(frozen=True, slots=True)
class ReceiverPanel:
    """A receiver with what it receives on each channel."""

    row: Row
    channels: tuple[RadioChannel, ...]
    facts: tuple[tuple[str, str], ...]
    heard: LastMessage[ReceiverState] | None  # None: it has not reported


def source_rows(snapshot: Snapshot, config: Config, times: TimeFormat) -> tuple[Row, ...]:
    """Every source of the configuration, without its channels."""
    return tuple(_source_row(snapshot, source.name, times) for source in config.sources)


def source_panels(snapshot: Snapshot, config: Config, times: TimeFormat) -> tuple[SourcePanel, ...]:
    """Every source of the configuration, with its configured channels and those it reports."""
    panels = []
    for source in config.sources:
        name = source.name
        reported = {h.value.channel for h in snapshot.levels if h.value.source == name}
        channels = dict.fromkeys((*channels_of(config, source), *sorted(reported)))
        panels.append(
            SourcePanel(
                _source_row(snapshot, name, times),
                tuple(_source_channel(snapshot, name, one, times) for one in channels),
            )
        )
    return tuple(panels)


def receiver_rows(snapshot: Snapshot, config: Config, times: TimeFormat) -> tuple[Row, ...]:
    """Every receiver of the configuration, without its channels."""
    return tuple(
        _receiver_row(snapshot, name, _receiver(snapshot, name), times)
        for name in receiver_units(config)
    )


def receiver_panels(
    snapshot: Snapshot, config: Config, times: TimeFormat
) -> tuple[ReceiverPanel, ...]:
    """Every receiver of the configuration, local or remote."""
    return tuple(_receiver_panel(snapshot, name, times) for name in receiver_units(config))


def channel_name(channel: str) -> str:
    """ "162.550 MHz"; the one channel of a mono source is called "mono"."""
    return channel if channel == MONO else f"{channel} MHz"


def _source_row(snapshot: Snapshot, name: str, times: TimeFormat) -> Row:
    row = part_row(snapshot, "source", name, source_unit(name), times)
    why = deafness(snapshot, name) if row.state == "running" else None
    if why is None:
        return row
    look, sign = LOOKS["degraded"]
    return replace(row, state="degraded", look=look, sign=sign, sentence=f"{row.sentence}; {why}")


def _source_channel(
    snapshot: Snapshot, source: str, channel: str, times: TimeFormat
) -> SourceChannel:
    key = (source, channel)
    levels = (h for h in snapshot.levels if (h.value.source, h.value.channel) == key)
    proofs = (h for h in snapshot.hearings if (h.value.source, h.value.channel) == key)
    bursts = (one for one in snapshot.bursts if (one.source, one.channel) == key)
    level, burst = next(levels, None), next(bursts, None)
    fresh = level is not None and not level.stale
    return SourceChannel(
        name=channel_name(channel),
        key=f"{source}/{channel}",
        stale=not fresh,
        verdict=_audio_state(level, snapshot),
        level=LevelCell(level.value.rms_dbfs, level.value.peak_dbfs) if level and fresh else None,
        proof=_proof(next(proofs, None), snapshot, times),
        burst=None if burst is None else times.moment(burst.heard_at, snapshot.as_of),
    )


def _audio_state(heard: LastMessage[AudioLevel] | None, snapshot: Snapshot) -> str:
    if heard is None or heard.stale:
        return f"no data for {duration(snapshot.waited_s if heard is None else heard.age_s)}"
    if heard.value.carrier_present is False:
        return "no carrier"
    return "silence" if heard.value.silent else "audio"


def _proof(
    heard: LastMessage[HearingProof] | None, snapshot: Snapshot, times: TimeFormat
) -> ProofCell:
    if heard is None:
        return ProofCell(*LOOKS[MISSING], UNKNOWN)
    proof, at = heard.value, heard.value.probed_at
    probed = None if at is None else times.moment(at, snapshot.as_of)
    if heard.stale:
        sentence = aged(proof.sentence, heard)
        return ProofCell(*LOOKS[MISSING], UNKNOWN, sentence, probed=probed)
    look, sign, word = PROOFS[proof.state]
    if proof.problem and proof.state == "hearing":
        look, sign, word = "busy", "▲", "yes, with a fault"
    return ProofCell(
        look=look,
        sign=sign,
        word=word,
        sentence=""
        if proof.state == "hearing" and not proof.problem
        else proof.sentence.removeprefix(f"{proof.state}: "),
        margin=_margin(proof),
        probed=probed,
        deaf_today=_deaf_today(proof),
    )


def _margin(proof: HearingProof) -> str:
    if proof.margin_db is None:
        return UNKNOWN
    usual = "" if proof.usual_margin_db is None else f" (usually {proof.usual_margin_db:.0f} dB)"
    return f"{proof.margin_db:.0f} dB{usual}"


def _deaf_today(proof: HearingProof) -> str:
    if proof.deaf_today_s is None:
        return UNKNOWN
    return "none" if proof.deaf_today_s < 1 else duration(proof.deaf_today_s)


def _receiver(snapshot: Snapshot, name: str) -> LastMessage[ReceiverState] | None:
    return next((h for h in snapshot.receivers if h.value.receiver == name), None)


def _receiver_row(
    snapshot: Snapshot, name: str, heard: LastMessage[ReceiverState] | None, times: TimeFormat
) -> Row:
    if heard is None:
        return part_row(snapshot, "receiver", name, receiver_unit(name), times)
    state = MISSING if heard.stale else heard.value.state
    return state_row(name, "receiver", state, aged(heard.value.sentence, heard))


def _receiver_panel(snapshot: Snapshot, name: str, times: TimeFormat) -> ReceiverPanel:
    heard = _receiver(snapshot, name)
    row = _receiver_row(snapshot, name, heard, times)
    if heard is None:
        return ReceiverPanel(row, (), (), None)
    state = heard.value
    why_not = f"no data for {duration(heard.age_s)}" if heard.stale else state.state
    fresh = why_not == "running"
    channels = tuple(
        RadioChannel(
            name=channel_name(one.channel),
            key=f"{name}/{one.channel}",
            stale=not fresh,
            verdict=("carrier" if one.carrier_present else "no carrier") if fresh else why_not,
            state=one,
        )
        for one in state.channels
    )
    return ReceiverPanel(row, channels, _facts(state), heard)


def _facts(state: ReceiverState) -> tuple[tuple[str, str], ...]:
    error = UNKNOWN if state.ppm is None else f"{state.ppm:+.1f} ppm"
    if state.correction_ppm is not None:
        error = f"{error} (with {state.correction_ppm:+d} ppm correction)"
    gain = "none or unknown" if state.gain_db is None else f"{state.gain_db:.1f} dB"
    lost = f"{state.lost_samples:,}"
    if state.lost_samples and state.samples:
        percent = 100 * state.lost_samples / (state.lost_samples + state.samples)
        lost += f" ({percent:.3f} %)" if percent >= 0.001 else " (less than 0.001 %)"
    return (
        ("Frequency error", error),
        ("Gain", gain),
        ("Capture", f"{state.rate_hz:,} samples/s around {state.center_hz / 1e6:.4f} MHz"),
        ("Lost samples since start", lost),
    )
