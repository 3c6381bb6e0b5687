"""Foreign recordings: every header, exactly."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from eas_station.decoder.text.message import DecodedMessage

FILES = (
    *("dsame_WXR-RWT.ogg", "mx_same.wav", "nick_same.wav", "sameold_npt.22050.s16le.bin"),
    *("sameold_long_message.22050.s16le.bin", "sameold_two_and_two.22050.s16le.bin"),
)


def samples(path: Path) -> tuple[NDArray[np.float32], int]:
    if path.suffix == ".bin":
        return np.fromfile(path, "<i2").astype(np.float32) / 32768, 22050
    if path.suffix == ".wav":
        with wave.open(str(path)) as reader:
            values = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
            mono = values.reshape(-1, reader.getnchannels()).mean(axis=1) / 32768
            return mono.astype(np.float32), reader.getframerate()
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", "44100"]
    raw = subprocess.run([*command, "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, "<i2").astype(np.float32) / 32768, 44100


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_the_headers_of_a_recording_are_decoded(
    name: str, shared: Path, hear: Callable[..., list[DecodedMessage]]
) -> None:
    manifest = json.loads((shared / "recordings" / "MANIFEST.json").read_text())
    truth = next(entry for entry in manifest["files"] if entry["file"] == name)
    sound, rate_hz = samples(shared / "recordings" / name)
    said = hear(sound, rate_hz)
    assert [m.text for m in said if not m.is_eom] == truth["headers"]
    assert sum(m.is_eom for m in said) == truth["eom"]
