"""Sources and receivers with their channels, as rows of a table: words, no markup."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eas_station.bus.messages import AudioLevel, ChannelState, HearingProof, ReceiverState
from eas_station.config.model import Config
from eas_station.config.units import receiver_unit, source_unit
from eas_station.webd.render.times import Clockface, Moment, lasted
from eas_station.webd.render.unit_rows import LOOKS, Row, part_row, state_row
from eas_station.webd.render.wellbeing import deafness
from eas_station.webd.state.audio_channels import MONO, channels_of
from eas_station.webd.state.snapshot import LastMessage, Snapshot

UNKNOWN = "not known"
# What a proof says: CSS class, sign, word.
PROOFS = {
    "hearing": ("good", "●", "yes"),
    "deaf": ("bad", "✕", "no: deaf"),
    "silent": ("busy", "▲", "no: silent"),
    "unproved": ("stale", "?", "not proved yet"),
}


@dataclass(frozen=True, slots=True)
class LevelCell:
    """How loud a channel is."""

    rms_dbfs: float
    peak_dbfs: float


@dataclass(frozen=True, slots=True)
class ProofCell:
    """Would this channel hear a warning now?"""

    look: str
    sign: str
    word: str
    sentence: str  # "" where the word says it all
    margin: str  # "12 dB", or that it is not known
    probed: Moment | None
    deaf_today: str


@dataclass(frozen=True, slots=True)
class SourceChannel:
    """One channel of a source."""

    name: str  # "162.550 MHz"
    key: str  # "wx/162.550": how live levels find their row, and the end of the sound's address
    stale: bool  # its level is not fresh
    verdict: str  # "audio", "silence", "no carrier", "not heard for 12 s"
    level: LevelCell | None  # None: not known
    proof: ProofCell
    burst: Moment | None  # when the last one was heard
    burst_text: str


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
    """A receiver with what it hears on each channel."""

    row: Row
    channels: tuple[RadioChannel, ...]
    facts: tuple[tuple[str, str], ...]
    heard: LastMessage[ReceiverState] | None  # None: it has said nothing


def source_panels(
    picture: Snapshot, config: Config, clockface: Clockface
) -> tuple[SourcePanel, ...]:
    """Every source of the configuration, with the channels it has and those it tells of."""
    panels = []
    for source in config.sources:
        name = source.name
        told = {h.value.channel for h in picture.levels if h.value.source == name}
        channels = dict.fromkeys((*channels_of(config, source), *sorted(told)))
        panels.append(
            SourcePanel(
                _source_row(picture, name, source_unit(name), clockface),
                tuple(_source_channel(picture, name, one, clockface) for one in channels),
            )
        )
    return tuple(panels)


def receiver_panels(
    picture: Snapshot, config: Config, clockface: Clockface
) -> tuple[ReceiverPanel, ...]:
    """Every receiver of the configuration, here or on another machine."""
    here = [receiver.name for receiver in config.receivers]
    names = (*here, *(remote.name for remote in config.remotes))
    return tuple(_receiver_panel(picture, name, clockface) for name in names)


def channel_name(channel: str) -> str:
    """ "162.550 MHz"; a source with one channel calls it "mono"."""
    return channel if channel == MONO else f"{channel} MHz"


def _source_row(picture: Snapshot, name: str, unit: str, clockface: Clockface) -> Row:
    row = part_row(picture, "source", name, unit, clockface)
    why = deafness(picture, name) if row.state == "running" else None
    if why is None:
        return row
    look, sign = LOOKS["degraded"]
    return replace(row, state="degraded", look=look, sign=sign, sentence=f"{row.sentence}; {why}")


def _source_channel(
    picture: Snapshot, source: str, channel: str, clockface: Clockface
) -> SourceChannel:
    key = (source, channel)
    levels = (h for h in picture.levels if (h.value.source, h.value.channel) == key)
    proofs = (h for h in picture.hearings if (h.value.source, h.value.channel) == key)
    bursts = (one for one in picture.bursts if (one.source, one.channel) == key)
    level, burst = next(levels, None), next(bursts, None)
    fresh = level is not None and not level.stale
    return SourceChannel(
        name=channel_name(channel),
        key=f"{source}/{channel}",
        stale=not fresh,
        verdict=_sounds(level, picture),
        level=LevelCell(level.value.rms_dbfs, level.value.peak_dbfs) if level and fresh else None,
        proof=_proof(next(proofs, None), picture, clockface),
        burst=None if burst is None else clockface.moment(burst.heard_at, picture.as_of),
        burst_text="" if burst is None else burst.text,
    )


def _sounds(heard: LastMessage[AudioLevel] | None, picture: Snapshot) -> str:
    if heard is None:
        return f"not heard for {lasted(picture.waited_s)}"
    if heard.stale:
        return f"not heard for {lasted(heard.age_s)}"
    if heard.value.carrier_present is False:
        return "no carrier"
    return "silence" if heard.value.silent else "audio"


def _proof(
    heard: LastMessage[HearingProof] | None, picture: Snapshot, clockface: Clockface
) -> ProofCell:
    if heard is None:
        return ProofCell("stale", "?", UNKNOWN, "", UNKNOWN, None, UNKNOWN)
    said = heard.value
    look, sign, word = PROOFS[said.state]
    sentence = said.sentence if said.problem or said.state != "hearing" else ""
    if said.problem and said.state == "hearing":
        look, sign, word = "busy", "▲", "yes, but"
    if heard.stale:
        look, sign = LOOKS["not heard"]
        age = lasted(heard.age_s)
        word, sentence = UNKNOWN, f"not heard for {age}; last: {said.sentence}"
    at = said.probed_at
    return ProofCell(
        look=look,
        sign=sign,
        word=word,
        sentence=sentence,
        margin=UNKNOWN if heard.stale else _margin(said),
        probed=None if at is None else clockface.moment(at, picture.as_of),
        deaf_today=UNKNOWN if heard.stale else _deaf_today(said),
    )


def _margin(said: HearingProof) -> str:
    if said.margin_db is None:
        return UNKNOWN
    usual = "" if said.usual_margin_db is None else f" (usually {said.usual_margin_db:.0f} dB)"
    return f"{said.margin_db:.0f} dB{usual}"


def _deaf_today(said: HearingProof) -> str:
    if said.deaf_today_s is None:
        return UNKNOWN
    return "not at all" if said.deaf_today_s < 1 else lasted(said.deaf_today_s)


def _receiver_panel(picture: Snapshot, name: str, clockface: Clockface) -> ReceiverPanel:
    heard = next((h for h in picture.receivers if h.value.receiver == name), None)
    if heard is None:
        row = part_row(picture, "receiver", name, receiver_unit(name), clockface)
        return ReceiverPanel(row, (), (), None)
    state, age = heard.value, f"not heard for {lasted(heard.age_s)}"
    sentence = f"{age}; last: {state.sentence}" if heard.stale else state.sentence
    row = state_row(name, "receiver", "not heard" if heard.stale else state.state, sentence)
    fresh = not heard.stale and state.state == "running"
    channels = tuple(
        RadioChannel(
            name=channel_name(one.channel),
            key=f"{name}/{one.channel}",
            stale=not fresh,
            verdict=_carrier(one, age if heard.stale else "" if fresh else state.state),
            state=one,
        )
        for one in state.channels
    )
    return ReceiverPanel(row, channels, _facts(state), heard)


def _carrier(one: ChannelState, why_not: str) -> str:
    return why_not or ("carrier" if one.carrier_present else "no carrier")


def _facts(state: ReceiverState) -> tuple[tuple[str, str], ...]:
    crystal = UNKNOWN if state.ppm is None else f"{state.ppm:+.1f} ppm off"
    if state.correction_ppm is not None:
        crystal = f"{crystal}, corrected for {state.correction_ppm:+d} ppm"
    gain = "none, or not known" if state.gain_db is None else f"{state.gain_db:.1f} dB"
    lost = f"{state.lost_samples:,}"
    if state.lost_samples and state.samples:
        percent = 100 * state.lost_samples / (state.lost_samples + state.samples)
        lost += f" ({percent:.3f} %)" if percent >= 0.001 else " (less than 0.001 %)"
    return (
        ("Crystal", crystal),
        ("Gain", gain),
        ("Samples", f"{state.rate_hz:,} a second round {state.center_hz / 1e6:.4f} MHz"),
        ("Lost samples since its start", lost),
    )
