"""PyAudio as far as we need it: which cards there are, and one that is listened to.

PyAudio is wanted by sources of kind soundcard alone, and loaded when one is opened.
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

# Samples, frames, times, flags → what PortAudio is to do.
Callback = Callable[[bytes, int, Mapping[str, float], int], tuple[None, int]]


class PortAudioStream(Protocol):
    """`pyaudio.Stream`."""

    def is_active(self) -> bool:
        """Does it call back."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class PortAudio(Protocol):
    """`pyaudio.PyAudio`."""

    def get_device_count(self) -> int:
        """How many devices there were when it began."""
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
        """Raises ValueError where it is not."""
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
        """Begin to listen. Raises OSError."""
        ...

    def terminate(self) -> None:
        """Give everything back."""
        ...


@dataclass(frozen=True, slots=True)
class SoundCard:
    """A device that can be listened to."""

    index: int
    name: str  # "USB Audio Device: - (hw:1,0)"
    channels: int  # 1, 2
    rate_hz: int  # that it likes best


def begin() -> PortAudio:
    """Start PortAudio, which lists the devices present now. Raises SourceError."""
    try:
        module = importlib.import_module("pyaudio")
    except ImportError as error:
        said = "a sound card needs PyAudio: apt install python3-pyaudio (or pip install PyAudio)"
        raise NeedsOperatorError(said) from error
    hush()
    with told("PortAudio"):
        return cast(PortAudio, module.PyAudio())


def cards(audio: PortAudio) -> tuple[SoundCard, ...]:
    """Every device with an input."""
    with told("PortAudio"):
        infos = [audio.get_device_info_by_index(i) for i in range(audio.get_device_count())]
    return tuple(card for info in infos if (card := _card(info)).channels)


def default_card(audio: PortAudio) -> SoundCard:
    """The device that the system prefers. Raises SourceError if there is none."""
    try:
        return _card(audio.get_default_input_device_info())
    except OSError as error:
        raise SourceError("this machine has no sound card that can be listened to") from error


def pick(wanted: str, found: Iterable[SoundCard]) -> SoundCard:
    """The one card that is called so, or whose name holds this text. Raises SourceError."""
    listed = tuple(found)
    same = [card for card in listed if card.name == wanted]
    matching = same or [card for card in listed if wanted.casefold() in card.name.casefold()]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise NeedsOperatorError(f'"{wanted}" fits several sound cards: {_names(matching)}')
    if not listed:
        raise SourceError(f'no sound card "{wanted}": this machine has none')
    raise SourceError(f'no sound card "{wanted}"; there are {_names(listed)}')


def rate_of(audio: PortAudio, card: SoundCard) -> int:
    """A rate that the card takes, its own if possible. Raises SourceError."""
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
    raise SourceError(f"sound card {card.name} is in use by another program, or has no 16 bit")


@contextmanager
def told(name: str) -> Iterator[None]:
    """What PortAudio refuses, as a SourceError."""
    try:
        yield
    except OSError as error:
        said = next((str(arg) for arg in error.args if isinstance(arg, str)), str(error))
        raise SourceError(f"{name}: {said}") from error


def hush() -> None:
    """Keep ALSA and JACK from writing dozens of lines to standard error at every try.

    They are given getpid(2) to call instead: it takes nothing and does nothing.
    """
    nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    for library, setters in (
        ("libasound.so.2", ("snd_lib_error_set_handler",)),
        ("libjack.so.0", ("jack_set_error_function", "jack_set_info_function")),
    ):
        try:
            loaded = ctypes.CDLL(library)
        except OSError:
            continue  # PortAudio was built without it
        for setter in setters:
            getattr(loaded, setter)(nothing)


def _card(info: Mapping[str, object]) -> SoundCard:
    channels = min(2, max(0, int(cast(int, info["maxInputChannels"]))))
    rate_hz = round(float(cast(float, info["defaultSampleRate"])))
    return SoundCard(int(cast(int, info["index"])), str(info["name"]), channels, rate_hz)


def _names(found: Iterable[SoundCard]) -> str:
    return ", ".join(f'"{card.name}"' for card in found)
