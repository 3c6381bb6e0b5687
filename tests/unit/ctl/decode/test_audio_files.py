from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from eas_station.ctl.decode.audio_files import open_sound, samples, write_wav
from eas_station.errors import SourceError

TONE = (0.5 * np.sin(np.arange(30_000) * 0.3)).astype(np.float32)


def read(name: Path, rate_hz: float | None = None) -> tuple[np.ndarray, float]:
    with open_sound(str(name), rate_hz) as sound:
        return np.concatenate([np.zeros(0), *sound.blocks]), sound.rate_hz


def write(path: Path, width: int, channels: int, values: bytes, rate_hz: int = 22_050) -> Path:
    with path.open("wb") as stream, wave.open(stream, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate_hz)
        writer.writeframes(values)
    return path


def test_a_written_file_can_be_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", TONE, 25_000)
    sound, rate_hz = read(tmp_path / "a.wav")
    assert rate_hz == 25_000
    np.testing.assert_allclose(sound, TONE, atol=1e-4)


def test_the_rate_of_a_wav_file_is_in_its_header(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", TONE, 25_000)
    assert read(tmp_path / "a.wav", 8000)[1] == 25_000


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_samples_of_any_width(tmp_path: Path, width: int) -> None:
    whole = np.round(TONE.astype(np.float64) * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    if width == 1:
        raw = (whole + 128).astype(np.uint8).tobytes()
    else:
        raw = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    sound, _ = read(write(tmp_path / "a.wav", width, 1, raw))
    np.testing.assert_allclose(sound, TONE, atol=2.0 ** (2 - 8 * width))


def test_channels_are_averaged(tmp_path: Path) -> None:
    both = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    raw = (both * 32767).astype("<i2").tobytes()
    sound, _ = read(write(tmp_path / "a.wav", 2, 2, raw))
    np.testing.assert_allclose(sound, TONE / 2, atol=1e-4)


def test_raw_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes((TONE * 32767).astype("<i2").tobytes() + b"\x01")
    sound, rate_hz = read(path, 22_050)
    assert rate_hz == 22_050
    np.testing.assert_allclose(sound, TONE, atol=1e-4)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5])
def test_a_raw_file_of_a_few_bytes(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(b"\x00\x40" * 3)
    path.write_bytes(path.read_bytes()[:length])
    assert read(path, 8000)[0].tolist() == [0.5] * (length // 2)


def test_samples_cut_anywhere() -> None:
    raw = np.arange(-50, 50, dtype="<i2").tobytes()
    blocks = iter([raw[:1], raw[1:2], b"", raw[2:77], raw[77:]])
    found = np.concatenate(list(samples(blocks)))
    np.testing.assert_array_equal(found * 32768, np.arange(-50, 50))


def test_a_truncated_wav_file_is_read_to_its_end(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", TONE, 25_000)
    cut = tmp_path / "cut.wav"
    cut.write_bytes((tmp_path / "a.wav").read_bytes()[:20_001])
    assert len(read(cut)[0]) == (20_001 - 44) // 2


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    write_wav(tmp_path / "a.wav", TONE, 22_050)
    path = tmp_path / f"a.{suffix}"
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.wav"), str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    sound, rate_hz = read(path)
    assert rate_hz == 22_050
    assert abs(len(sound) - len(TONE)) < 3000
    if suffix == "flac":
        np.testing.assert_allclose(sound, TONE, atol=1e-4)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.wav cannot be read: no such file"):
        read(tmp_path / "none.wav")


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: is a directory"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\x00\x00\x00\x00WAVEjunk", b"fLaC", b"text"]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.wav"):
        read(path)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written"):
        write_wav(tmp_path / "none" / "a.wav", TONE, 8000)
