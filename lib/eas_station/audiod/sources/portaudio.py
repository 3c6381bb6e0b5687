"""The part of PyAudio in use: listing the cards and reading from one.

PyAudio is loaded only when a source of kind soundcard is opened.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

from eas_station.audiod.sources.audio_source import NeedsOperatorError
from eas_station.errors import SourceError

INT16, CONTINUE = 8, 0  # paInt16, paContinue of portaudio.h
INPUT_OVERFLOW = 2  # paInputOverflow: samples were lost before those of this call
BLOCK_S = 0.1
OTHER_RATES_HZ = (48_000, 44_100, 96_000, 32_000, 16_000, 8_000)

# Samples, frames, times, flags → None and whether to go on.
Callback = Callable[[bytes, int, Mapping[str, float], int], tuple[None, int]]


class PortAudioStream(Protocol):
    """`pyaudio.Stream`."""

    def is_active(self) -> bool:
        """Whether it calls back."""
        ...

    def close(self) -> None:
        """Stop it."""
        ...


class PortAudio(Protocol):
    """`pyaudio.PyAudio`."""

    def get_device_count(self) -> int:
        """How many devices there were at its start."""
        ...

    def get_device_info_by_index(self, index: int) -> Mapping[str, object]:
        """Raises OSError."""
        ...

    def get_default_input_device_info(self) -> Mapping[str, object]:
        """Raises OSError."""
        ...

    def is_format_supported(
        self, rate: float, *, input_device: int, input_channels: int, input_format: int
    ) -> bool:
        """Raises ValueError if not."""
        ...

    def open(
        self,
        *,
        rate: int,
        channels: int,
        format: int,
        input: bool,
        input_device_index: int,
        frames_per_buffer: int,
        stream_callback: Callback,
    ) -> PortAudioStream:
        """Start reading. Raises OSError."""
        ...

    def terminate(self) -> None:
        """Release everything."""
        ...


@dataclass(frozen=True, slots=True)
class SoundCard:
    """A device with an input."""

    index: int
    name: str  # "USB Audio Device: - (hw:1,0)"
    channels: int  # 1, 2
    rate_hz: int  # its default


def begin() -> PortAudio:
    """Start PortAudio, which lists the devices present now. Raises SourceError."""
    try:
        module = importlib.import_module("pyaudio")
    except ImportError as error:
        hint = "sound cards need PyAudio: apt install python3-pyaudio (or pip install PyAudio)"
        raise NeedsOperatorError(hint) from error
    silence_libraries()
    with source_errors("PortAudio"):
        return cast(PortAudio, module.PyAudio())


def cards(audio: PortAudio) -> tuple[SoundCard, ...]:
    """Every device with an input."""
    with source_errors("PortAudio"):
        infos = [audio.get_device_info_by_index(i) for i in range(audio.get_device_count())]
    return tuple(card for info in infos if (card := _card(info)).channels)


def default_card(audio: PortAudio) -> SoundCard:
    """The system's default input. Raises SourceError if there is none."""
    try:
        return _card(audio.get_default_input_device_info())
    except OSError as error:
        raise SourceError("this computer has no sound card with an input") from error


def pick(wanted: str, found: Iterable[SoundCard]) -> SoundCard:
    """The card with this name, or the only one whose name contains it. Raises SourceError."""
    listed = tuple(found)
    same = [card for card in listed if card.name == wanted]
    matching = same or [card for card in listed if wanted.casefold() in card.name.casefold()]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NeedsOperatorError(f'"{wanted}" matches several sound cards: {_names(matching)}')
    if not listed:
        raise SourceError(f'no sound card "{wanted}": this computer has none')
    raise SourceError(f'no sound card "{wanted}"; available: {_names(listed)}')


def rate_of(audio: PortAudio, card: SoundCard) -> int:
    """A rate the card supports, its default if possible. Raises SourceError."""
    for rate_hz in (card.rate_hz, *OTHER_RATES_HZ):
        try:
            if audio.is_format_supported(
                rate_hz,
                input_device=card.index,
                input_channels=card.channels,
                input_format=INT16,
            ):
                return rate_hz
        except ValueError:
            continue
    raise SourceError(f"sound card {card.name} is in use, or does not support 16 bits")


@contextmanager
def source_errors(name: str) -> Iterator[None]:
    """Turn PortAudio's errors into SourceError."""
    try:
        yield
    except OSError as error:
        message = next((str(arg) for arg in error.args if isinstance(arg, str)), str(error))
        raise SourceError(f"{name}: {message}") from error


def silence_libraries() -> None:
    """Keep ALSA and JACK from writing dozens of lines to standard error at every attempt.

    Their error handler becomes getpid(2), which has no effect.
    """
    no_operation = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    for library, setters in (
        ("libasound.so.2", ("snd_lib_error_set_handler",)),
        ("libjack.so.0", ("jack_set_error_function", "jack_set_info_function")),
    ):
        try:
            loaded = ctypes.CDLL(library)
        except OSError:
            continue  # PortAudio was built without it
        for setter in setters:
            getattr(loaded, setter)(no_operation)


def _card(info: Mapping[str, object]) -> SoundCard:
    channels = min(2, max(0, int(cast(int, info["maxInputChannels"]))))
    rate_hz = round(float(cast(float, info["defaultSampleRate"])))
    return SoundCard(int(cast(int, info["index"])), str(info["name"]), channels, rate_hz)


def _names(found: Iterable[SoundCard]) -> str:
    return ", ".join(f'"{card.name}"' for card in found)
