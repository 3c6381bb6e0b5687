"""The channels that can be listened to, and the bus topic of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eas_station.bus import topics
from eas_station.config.model import Config, SourceConfig
from eas_station.config.units import receiver_unit, source_unit

MONO = "mono"  # the channel of a source that has only one


@dataclass(frozen=True, slots=True)
class AudioChannel:
    """The sound of one channel of a source."""

    source: str
    channel: str
    unit: str  # the unit that publishes it
    topic: str


def channels_of(config: Config, source: SourceConfig) -> tuple[str, ...]:
    """The channels of a source by name, "162.550"."""
    if source.kind != "receiver":
        return (MONO,)
    known = {receiver.name: receiver.channels_hz for receiver in config.receivers}
    known |= {remote.name: remote.channels_hz for remote in config.remotes}
    frequencies_hz = source.channels_hz or known.get(source.receiver or "", ())
    return names_of(frequencies_hz)


def names_of(frequencies_hz: Iterable[int]) -> tuple[str, ...]:
    """Channels' names by their frequencies: MHz with three decimals."""
    return tuple(f"{frequency_hz / 1e6:.3f}" for frequency_hz in frequencies_hz)


def sound_of(config: Config, source_name: str, channel: str) -> AudioChannel | None:
    """The sound of a channel; None: there is no such channel."""
    for source in config.sources:
        if source.name == source_name and channel in channels_of(config, source):
            return _sound(source, channel)
    return None


def _sound(source: SourceConfig, channel: str) -> AudioChannel:
    if source.kind == "receiver" and source.receiver is not None:
        unit, owner = receiver_unit(source.receiver), source.receiver
    else:
        unit, owner = source_unit(source.name), source.name
    return AudioChannel(source.name, channel, unit, topics.audio_pcm(owner, channel))
