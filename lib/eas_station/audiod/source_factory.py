"""The kinds of sources: their channels, and how they are opened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial

from eas_station.audiod.sources.audio_source import MONO, AudioSource
from eas_station.audiod.sources.file_source import FileSource
from eas_station.audiod.sources.pipe_source import PipeSource
from eas_station.audiod.sources.receiver_source import ReceiverSource, receiver_topics
from eas_station.audiod.sources.resampled_source import ResampledSource
from eas_station.audiod.sources.soundcard_source import SoundcardSource
from eas_station.audiod.streams.stream_source import StreamSource
from eas_station.bus.subscriber import Subscriber
from eas_station.bus.topics import channel_name
from eas_station.config.model import Config, SourceConfig
from eas_station.config.units import receiver_unit

Subscribe = Callable[[Iterable[str], Iterable[str]], Subscriber]


def channels_of(source: SourceConfig, config: Config) -> tuple[str, ...]:
    """The names of the source's channels. The configuration has been checked."""
    if source.kind != "receiver":
        return MONO
    known = {receiver.name: receiver.channels_hz for receiver in config.receivers}
    known.update({remote.name: remote.channels_hz for remote in config.remotes})
    return tuple(map(channel_name, source.channels_hz or known[source.receiver or ""]))


def opener(
    source: SourceConfig, channels: tuple[str, ...], subscribe: Subscribe, stopping: threading.Event
) -> Callable[[], AudioSource]:
    """A function that opens the source or raises SourceError. The configuration was checked."""
    if source.kind == "receiver":
        assert source.receiver is not None
        return partial(_open_receiver, source.receiver, channels, subscribe)
    return partial(_open_mono, source, stopping)


def _open_mono(source: SourceConfig, stopping: threading.Event) -> AudioSource:
    if source.kind == "stream":
        assert source.url is not None
        return StreamSource(source.url)
    if source.kind == "soundcard":
        return ResampledSource(SoundcardSource(source.device, source.channel))
    assert source.path is not None
    if source.kind == "pipe":
        return ResampledSource(PipeSource(source.path, source.rate_hz))
    return ResampledSource(FileSource(source.path, source.realtime, source.loop, stopping))


def _open_receiver(
    receiver: str, channels: tuple[str, ...], subscribe: Subscribe
) -> ReceiverSource:
    subscriber = subscribe([receiver_unit(receiver)], receiver_topics(receiver, channels))
    return ReceiverSource(receiver, channels, subscriber)
