"""A sound card, with a simulated PortAudio under the test's control."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
import pytest

from eas_station.audiod.sources.audio_source import NeedsOperatorError
from eas_station.audiod.sources.portaudio import INPUT_OVERFLOW, Callback, SoundCard, pick
from eas_station.audiod.sources.soundcard_source import LONGEST_QUEUE, Channel, SoundcardSource
from eas_station.errors import SourceError

USB = {"name": "USB Audio Device: - (hw:1,0)", "maxInputChannels": 2, "defaultSampleRate": 44100.0}
WEBCAM = {"name": "Webcam: USB Audio (hw:2,0)", "maxInputChannels": 1, "defaultSampleRate": 16e3}
SPEAKER = {"name": "Loudspeaker", "maxInputChannels": 0, "defaultSampleRate": 48000.0}


class Stream:
    """A simulated PortAudio stream."""

    def __init__(self) -> None:
        self.active = True
        self.closed = False

    def is_active(self) -> bool:
        if not self.active and self.closed:
            raise OSError(-9988, "Stream closed")
        return self.active

    def close(self) -> None:
        self.closed = True


class Machine:
    """A PortAudio with these devices."""

    def __init__(self, *devices: Mapping[str, object]) -> None:
        self.devices = devices
        self.rates: set[float] = {44100, 48000, 16000}
        self.busy = False
        self.stream = Stream()
        self.opened: dict[str, object] = {}
        self.callback: Callback | None = None
        self.ended = 0

    def get_device_count(self) -> int:
        return len(self.devices)

    def get_device_info_by_index(self, index: int) -> Mapping[str, object]:
        return {"index": index, **self.devices[index]}

    def get_default_input_device_info(self) -> Mapping[str, object]:
        if not self.devices:
            raise OSError("No Default Input Device Available")
        return self.get_device_info_by_index(0)

    def is_format_supported(self, rate: float, **_: object) -> bool:
        if rate not in self.rates:
            raise ValueError("Invalid sample rate", -9997)
        return True

    def open(self, **how: object) -> Stream:
        if self.busy:
            raise OSError(-9985, "Device unavailable")
        self.callback = how.pop("stream_callback")  # type: ignore[assignment]
        self.opened = how
        return self.stream

    def terminate(self) -> None:
        self.ended += 1

    def plays(self, *samples: int, channels: int = 2, flags: int = 0) -> None:
        data = np.array(samples, "<i2").tobytes()
        assert self.callback is not None
        assert self.callback(data, len(samples) // channels, {}, flags) == (None, 0)


class Clock:
    """A clock under the test's control."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def source(
    machine: Machine,
    device: str | None = None,
    channel: Channel = "mix",
    clock: Clock | None = None,
) -> SoundcardSource:
    return SoundcardSource(device, channel, lambda: machine, clock or Clock())


def test_a_card_is_found_by_a_part_of_its_name() -> None:
    machine = Machine(SPEAKER, USB, WEBCAM)
    opened = source(machine, "usb audio device")
    assert machine.opened["input_device_index"] == 1
    assert machine.opened["rate"] == 44100
    assert machine.opened["frames_per_buffer"] == 4410
    assert opened.description == "USB Audio Device: - (hw:1,0) at 44100 Hz"


def test_without_a_name_the_default_card_is_taken() -> None:
    machine = Machine(WEBCAM, USB)
    source(machine)
    assert (machine.opened["input_device_index"], machine.opened["channels"]) == (0, 1)


def test_an_exact_name_wins_over_parts_of_others() -> None:
    cards = [SoundCard(0, "hw:1", 2, 44100), SoundCard(1, "hw:10", 2, 44100)]
    assert pick("hw:1", cards).index == 0


@pytest.mark.parametrize(
    ("devices", "wanted", "told", "hopeless"),
    [
        (
            (USB, WEBCAM),
            "USB",
            'matches several sound cards: "USB Audio Device: - (hw:1,0)"',
            True,
        ),
        ((USB, SPEAKER), "Scarlett", 'no sound card "Scarlett"; available: "USB Audio', False),
        ((SPEAKER,), "Loud", 'no sound card "Loud": this computer has none', False),
        ((), None, "this computer has no sound card with an input", False),
    ],
)
def test_a_missing_card_is_reported_with_those_available(
    devices: tuple[Mapping[str, object], ...], wanted: str | None, told: str, hopeless: bool
) -> None:
    machine = Machine(*devices)
    with pytest.raises(SourceError) as refused:
        source(machine, wanted)
    assert told in str(refused.value)
    assert isinstance(refused.value, NeedsOperatorError) == hopeless
    assert machine.ended == 1, "PortAudio is given back"


def test_another_rate_is_used_if_the_card_refuses_its_default() -> None:
    machine = Machine(USB)
    machine.rates = {48000}
    assert source(machine).description.endswith("at 48000 Hz")


def test_a_card_in_use_is_reported_and_released() -> None:
    machine = Machine(USB)
    machine.busy = True
    with pytest.raises(SourceError, match=r"hw:1,0\): Device unavailable"):
        source(machine)
    machine.busy, machine.rates = False, set()
    with pytest.raises(SourceError, match="is in use, or"):
        source(machine)
    assert machine.ended == 2


@pytest.mark.parametrize(
    ("channel", "heard"),
    [("left", [0.5, 0.25]), ("right", [-0.5, 0.75]), ("mix", [0.0, 0.5])],
)
def test_a_channel_is_chosen(channel: Channel, heard: list[float]) -> None:
    machine = Machine(USB)
    opened = source(machine, channel=channel)
    machine.plays(16384, -16384, 8192, 24576)
    block = opened.receive()
    assert block is not None
    assert (block.rate_hz, block.gap_samples, block.first_sample) == (44100, None, 0)
    assert block.samples.tolist() == [heard]


def test_a_mono_card_has_no_right_channel() -> None:
    with pytest.raises(NeedsOperatorError, match="it has no right channel"):
        source(Machine(WEBCAM), channel="right")
    machine = Machine(WEBCAM)
    opened = source(machine, channel="left")
    machine.plays(16384, 8192, channels=1)
    block = opened.receive()
    assert block is not None
    assert block.samples.tolist() == [[0.5, 0.25]]


def test_an_overflow_is_counted_and_is_a_gap_before_its_samples() -> None:
    machine = Machine(USB)
    opened = source(machine)
    machine.plays(1, 1)
    machine.plays(2, 2)
    machine.plays(3, 3, flags=INPUT_OVERFLOW)
    machine.plays(4, 4)
    blocks = [opened.receive() for _ in range(4)]
    assert [block.gap_samples for block in blocks if block] == [None, 0, None, 0]
    assert opened.counters == {"overflows": 1}


def test_samples_dropped_from_the_queue_are_a_gap_of_known_length() -> None:
    machine = Machine(USB)
    opened = source(machine)
    for _ in range(LONGEST_QUEUE + 2):
        machine.plays(1, 1, 1, 1)
    heard = [opened.receive() for _ in range(LONGEST_QUEUE)]
    machine.plays(2, 2)
    after = opened.receive()
    assert after is not None
    assert (after.gap_samples, after.first_sample) == (4, 2 * len(heard) + 4)
    assert opened.counters == {"overflows": 1}


def test_an_unplugged_card_is_reported() -> None:
    machine = Machine(USB)
    opened = source(machine)
    machine.stream.active = False
    with pytest.raises(SourceError, match=r"hw:1,0\) was removed"):
        opened.receive()
    opened.close()
    opened.close()
    assert machine.stream.closed
    assert machine.ended == 1


def test_a_card_without_samples_times_out() -> None:
    machine, clock = Machine(USB), Clock()
    opened = source(machine, clock=clock)
    clock.at_s += 4
    assert opened.receive() is None
    clock.at_s += 1
    with pytest.raises(SourceError, match=r"no samples from sound card USB .* for 5 s"):
        opened.receive()


def test_without_pyaudio_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(NeedsOperatorError, match="apt install python3-pyaudio"):
        SoundcardSource(None, "mix")
