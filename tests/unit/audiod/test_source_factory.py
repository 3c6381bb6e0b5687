"""Files, pipes and receivers as sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from eas_station.audiod.source_factory import channels_of, opener
from eas_station.audiod.sources.audio_source import (
    AudioSource,
    Block,
    NeedsOperatorError,
    SourceEndedError,
)
from eas_station.audiod.sources.file_source import FileSource
from eas_station.audiod.sources.pipe_source import PipeSource
from eas_station.audiod.sources.receiver_source import ReceiverSource
from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, ChannelState, ReceiverState
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.config.model import Config, ReceiverConfig, SourceConfig
from eas_station.errors import SourceError

RATE_HZ = 25_000
RAMP = (np.arange(2 * RATE_HZ) % 30_000).astype("<i2")


def write_wav(path: Path, samples: np.ndarray = RAMP, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return path


def file_source(path: Path, realtime: bool = False, loop: bool = False) -> FileSource:
    return FileSource(path, realtime, loop, threading.Event())


def until_the_end(source: AudioSource) -> list[Block]:
    blocks = []
    try:
        while True:
            if (block := source.receive()) is not None:
                blocks.append(block)
    except SourceEndedError:
        source.close()
    return blocks


def joined(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([block.samples[0] for block in blocks]) * 32768


@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_gives_all_its_samples_mixed_to_mono(tmp_path: Path, channels: int) -> None:
    blocks = until_the_end(file_source(write_wav(tmp_path / "a.wav", channels=channels)))
    assert np.array_equal(joined(blocks), RAMP)
    assert [block.gap_samples for block in blocks] == [None] + [0] * (len(blocks) - 1)
    assert blocks[1].first_sample == blocks[0].count
    assert {block.rate_hz for block in blocks} == {RATE_HZ}


@pytest.mark.skipif(shutil.which("flac") is None, reason="flac is not installed")
def test_a_flac_gives_its_original_samples(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav")
    subprocess.run(["flac", "-s", str(tmp_path / "a.wav")], check=True)
    assert np.array_equal(joined(until_the_end(file_source(tmp_path / "a.flac"))), RAMP)


def test_a_looping_file_starts_again_without_a_gap(tmp_path: Path) -> None:
    source = file_source(write_wav(tmp_path / "a.wav"), loop=True)
    blocks = [block for _ in range(20) if (block := source.receive())]
    source.close()
    assert np.array_equal(joined(blocks)[: 2 * len(RAMP)], np.tile(RAMP, 2))
    assert [block.gap_samples for block in blocks][1:] == [0] * 19


def test_a_file_plays_in_real_time(tmp_path: Path) -> None:
    at = [100.0]

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            at[0] += timeout or 0
            return False

    path = write_wav(tmp_path / "a.wav")
    source = FileSource(path, True, False, Stopping(), lambda: at[0])
    blocks = until_the_end(source)
    assert at[0] - 100.0 == pytest.approx(2.0, abs=0.25)
    assert np.array_equal(joined(blocks), RAMP)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("absent.wav", None, "cannot open .*: No such file"),
        ("text.wav", b"hello, this is no sound at all", "not a WAV file"),
        ("broken.flac", b"fLaC and then nothing", "not a WAV file"),
        ("empty.wav", b"", "not a WAV file"),
    ],
)
def test_an_unplayable_file_is_reported_with_the_reason(
    tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=why):
        file_source(tmp_path / name)


def test_a_fifo_or_a_folder_as_a_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NeedsOperatorError, match="is a FIFO: use kind pipe"):
        file_source(tmp_path / "pipe")
    with pytest.raises(NeedsOperatorError, match="kind file plays WAV and FLAC"):
        file_source(tmp_path)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_without_flac_a_flac_is_decoded_by_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wav, flac = write_wav(tmp_path / "a.wav"), tmp_path / "a.flac"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(wav), str(flac)]
    subprocess.run(command, check=True)
    ffmpeg = shutil.which("ffmpeg")
    assert ffmpeg is not None
    (tmp_path / "ffmpeg").symlink_to(ffmpeg)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert np.array_equal(joined(until_the_end(file_source(flac))), RAMP)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(NeedsOperatorError, match="apt install flac"):
        file_source(flac)


def test_every_kind_but_a_receiver_yields_25_khz_on_one_channel(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(RAMP.tobytes())
    config = SourceConfig(name="a", kind="file", path=tmp_path / "a.wav", realtime=False)
    source = opener(config, ("mono",), no_bus, threading.Event())()
    blocks = until_the_end(source)
    assert {block.rate_hz for block in blocks} == {RATE_HZ}
    assert sum(block.count for block in blocks) == pytest.approx(len(RAMP) * 25 / 48, abs=2)
    os.mkfifo(tmp_path / "pipe")
    config = SourceConfig(name="a", kind="pipe", path=tmp_path / "pipe", rate_hz=48_000)
    source = opener(config, ("mono",), no_bus, threading.Event())()
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(RAMP.tobytes(),))
    writer.start()
    heard: list[Block] = []
    while sum(block.count for block in heard) < 25_000:
        heard += [block] if (block := source.receive()) is not None else []
    writer.join()
    source.close()
    assert {block.rate_hz for block in heard} == {RATE_HZ}


def no_bus(units: object, names: object) -> Subscriber:
    pytest.fail("this source is not on the bus")


def test_a_looping_wav_without_samples_is_an_error(tmp_path: Path) -> None:
    source = file_source(write_wav(tmp_path / "a.wav", RAMP[:0]), loop=True)
    with pytest.raises(SourceError, match="contains no samples"):
        source.receive()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_pipe_waits_for_a_writer_and_for_the_next_one(fifo: Path) -> None:
    source = PipeSource(fifo, RATE_HZ)
    assert source.receive() is None
    assert str(fifo) in source.waiting_for
    heard: list[Block] = []
    for part in (RAMP[:20_000], RAMP[20_000:]):
        writer = threading.Thread(target=fifo.write_bytes, args=(part.tobytes() + b"\x01",))
        writer.start()
        until = sum(block.count for block in heard) + len(part)
        while sum(block.count for block in heard) < until:
            heard += [block] if (block := source.receive()) is not None else []
        writer.join()
        assert source.receive() is None  # has seen that the writer is gone
    source.close()
    source.close()
    assert np.array_equal(joined(heard), RAMP)
    begins = [block.first_sample for block in heard if block.gap_samples is None]
    assert begins == [0, 20_000]


@pytest.mark.parametrize(
    ("make", "why"),
    [(lambda p: None, "create it with mkfifo"), (lambda p: p.write_bytes(b""), "is not a FIFO")],
)
def test_a_missing_or_wrong_pipe_says_what_to_do(tmp_path: Path, make: object, why: str) -> None:
    make(tmp_path / "pipe")  # type: ignore[operator]
    with pytest.raises(SourceError, match=why):
        PipeSource(tmp_path / "pipe", RATE_HZ)


def frame(first: int) -> tuple[AudioPcm, bytes]:
    return AudioPcm(RATE_HZ, first, 0), RAMP[first : first + 2500].tobytes()


def test_the_channels_of_a_receiver_come_as_one_block_with_their_carriers(tmp_path: Path) -> None:
    channels = ("162.400", "162.550")
    config = SourceConfig(name="wx", kind="receiver", receiver="wx1")
    publisher = Publisher("eas-sdrd@wx1", tmp_path)
    source = opener(
        config, channels, lambda units, names: Subscriber(tmp_path, units, names), threading.Event()
    )()
    assert isinstance(source, ReceiverSource)
    assert source.waiting_for == "no audio from receiver wx1"
    heard: list[Block] = []
    state = receiver_state("running", True)
    for first in range(0, 25_000, 2500):
        while first == 0 and not source.carriers:  # until the subscription has arrived
            publisher.publish(topics.receiver_state("wx1"), state)
            source.receive()
        for channel in (*channels, "162.425"):
            publisher.publish(topics.audio_pcm("wx1", channel), *frame(first))
        publisher.publish(topics.audio_pcm("wx1", "162.550"), AudioPcm(0, 0, 0), b"\0\0")
        publisher.publish(topics.audio_pcm("wx10", "162.400"), *frame(0))
    while (block := source.receive()) is not None:
        heard.append(block)
    assert heard[0].samples.shape[0] == 2
    assert np.array_equal(joined(heard)[:20_000], RAMP[:20_000])
    assert source.carriers == {"162.550": True}
    publisher.publish(topics.receiver_state("wx1"), receiver_state("stopped", False))
    source.receive()
    assert source.waiting_for == "receiver wx1 is stopped: by the operator"
    source.close()
    publisher.close()


def test_audio_at_an_unusable_rate_is_reported_and_ignored(tmp_path: Path) -> None:
    publisher = Publisher("eas-sdrd@wx1", tmp_path)
    subscriber = Subscriber(tmp_path, ["eas-sdrd@wx1"], ["audio.pcm.wx1.162.550"])
    source = ReceiverSource("wx1", ("162.550",), subscriber)
    while source.waiting_for == "no audio from receiver wx1":
        publisher.publish("audio.pcm.wx1.162.550", AudioPcm(10**9, 0, 0), b"\0\0" * 30_000)
        assert source.receive() is None
    assert source.waiting_for == "receiver wx1 sends audio at 1000000000 Hz: not usable"
    source.close()
    publisher.close()


def receiver_state(state: str, carrier: bool) -> ReceiverState:
    channel = ChannelState("162.550", 162.55e6, -20.0, -60.0, 40.0, 2000.0, 30.0, carrier)
    return ReceiverState(
        "wx1",
        state,
        "by the operator",
        250_000,
        162_487_500,
        (channel,),
        0,
        0,  # type: ignore[arg-type]
    )


def test_channels_are_named_by_their_frequency() -> None:
    config = Config(
        receivers=(ReceiverConfig("wx1", "file", Path("a"), channels_hz=(162_400_000,)),)
    )
    assert channels_of(SourceConfig("a", "receiver", receiver="wx1"), config) == ("162.400",)
    chosen = SourceConfig("a", "receiver", receiver="wx1", channels_hz=(162_550_000, 162_525_000))
    assert channels_of(chosen, config) == ("162.550", "162.525")
    assert channels_of(SourceConfig("a", "pipe", path=Path("p")), config) == ("mono",)
