"""Decode one recording, pipe or radio capture: messages, bursts, attention signals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from eas_station import tables
from eas_station.config.model import NWR_CHANNELS_HZ
from eas_station.ctl.decode.audio_files import byte_blocks, open_bytes, open_sound
from eas_station.decoder.combining.burst_group import Policy
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.arrays.array_types import Baseband, Real
from eas_station.dsp.audio.tones import AttentionDetector, AttentionSignal
from eas_station.dsp.radio import iq
from eas_station.dsp.radio.channelizer import CHANNEL_RATE_HZ, Channelizer
from eas_station.dsp.radio.fm import Discriminator
from eas_station.errors import SourceError

IQ_FORMATS: dict[str, tuple[int, Callable[[bytes], Baseband]]] = {
    "cu8": (iq.CU8_BYTES, iq.from_cu8),
    "cs16": (iq.CS16_BYTES, iq.from_cs16),
}
MONO = "mono"


@dataclass(frozen=True, slots=True)
class Options:
    """How to decode."""

    min_posterior: float = Policy().usual
    raw_rate_hz: float | None = None  # of raw samples or a capture
    iq: str | None = None  # a capture of this format
    center_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One result."""

    channel: str
    rate_hz: float  # of its sample numbers
    what: DecodedMessage | Burst | AttentionSignal


OnBlock = Callable[[Real], None]
"""Called with each block, shape (channels, n), before the findings in it."""
OnProgress = Callable[[float, float | None], None]
"""Called after each block with the seconds decoded and, if known, the seconds in all."""


def decode(
    name: str,
    options: Options,
    on_block: OnBlock | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Finding]:
    """The findings in a file or, for "-", in standard input. Raises SourceError."""
    if options.iq is not None:
        return _capture(name, options, on_block, on_progress)
    return _sound(name, options, on_block, on_progress)


def _sound(
    name: str, options: Options, on_block: OnBlock | None, on_progress: OnProgress | None
) -> Iterator[Finding]:
    with open_sound(name, options.raw_rate_hz) as sound:
        blocks = (block[None] for block in sound.blocks)
        decoder = _ChannelDecoder([MONO], sound.rate_hz, options.min_posterior)
        yield from decoder.findings(blocks, on_block, on_progress, sound.length_s)


def _capture(
    name: str, options: Options, on_block: OnBlock | None, on_progress: OnProgress | None
) -> Iterator[Finding]:
    if options.raw_rate_hz is None or options.center_hz is None or options.iq is None:
        raise SourceError("a capture needs --rate HZ and --center HZ")
    rate_hz, center_hz = round(options.raw_rate_hz), round(options.center_hz)
    channels = [f for f in NWR_CHANNELS_HZ if abs(f - center_hz) <= (rate_hz - CHANNEL_RATE_HZ) / 2]
    if not channels:
        raise SourceError(
            f"a capture of {rate_hz} Hz at {center_hz} Hz contains no NOAA Weather Radio channel"
        )
    try:
        bank = Channelizer(rate_hz, center_hz, channels)
    except ValueError as error:
        raise SourceError(f"cannot separate the channels of this capture: {error}") from error
    names = [f"{f / 1e6:.3f}" for f in channels]
    decoder = _ChannelDecoder(names, CHANNEL_RATE_HZ, options.min_posterior)
    with open_bytes(name) as stream:
        audio = _audio(byte_blocks(stream, name), options.iq, bank, len(channels))
        yield from decoder.findings(audio, on_block, on_progress, None)


def _audio(blocks: Iterable[bytes], kind: str, bank: Channelizer, channels: int) -> Iterator[Real]:
    """The audio of every channel of a capture."""
    width, read = IQ_FORMATS[kind]
    clean, discriminator = iq.DcRemover(), Discriminator(channels, CHANNEL_RATE_HZ)
    rest = b""
    for block in blocks:
        joined = rest + block
        whole = len(joined) // width * width
        rest = joined[whole:]
        yield discriminator.feed(bank.feed(clean.feed(read(joined[:whole]))))


class _ChannelDecoder:
    """SAME receiver and attention signal detector for all channels."""

    def __init__(self, channels: list[str], rate_hz: float, min_posterior: float) -> None:
        known = tables.load()
        prior = Prior(events=tuple(known.events), states=tuple(known.states))
        policy = Policy(usual=min_posterior)
        try:
            self._receiver = SameReceiver(len(channels), rate_hz, prior, policy, channels)
        except ValueError as error:
            raise SourceError(str(error)) from error
        self._attention = AttentionDetector(len(channels), rate_hz)
        self._channels = channels
        self._rate_hz = rate_hz

    def findings(
        self,
        blocks: Iterable[Real],
        on_block: OnBlock | None,
        on_progress: OnProgress | None,
        length_s: float | None,
    ) -> Iterator[Finding]:
        """The findings in the blocks, as soon as they are known."""
        samples = 0
        for block in blocks:
            if on_block is not None:
                on_block(block)
            yield from self._named(self._receiver.feed(block))
            yield from self._named(self._attention.feed(block))
            samples += block.shape[1]
            if on_progress is not None:
                on_progress(samples / self._rate_hz, length_s)
        yield from self._named(self._receiver.flush())
        yield from self._named(self._attention.flush())

    def _named(
        self, found: Iterable[DecodedMessage | Burst | AttentionSignal]
    ) -> Iterator[Finding]:
        for what in found:
            yield Finding(self._channels[what.channel], self._rate_hz, what)
