from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from eas_station.ctl.decode.audio_files import write_wav
from eas_station.ctl.main import main

HEADER = "ZCZC-WXR-RWT-039173-039051+0030-1051700-KCLE/NWS-"
Capture = pytest.CaptureFixture[str]


def length_s(path: Path) -> float:
    with wave.open(str(path)) as reader:
        return reader.getnframes() / reader.getframerate()


@pytest.mark.parametrize("rate", ["8000", "22050", "25000", "48000"])
def test_an_encoded_header_can_be_decoded(rate: str, tmp_path: Path, capsys: Capture) -> None:
    path = str(tmp_path / "a.wav")
    assert main(["encode", HEADER, "-o", path, "--rate", rate]) == 0
    assert main(["decode", path]) == 0
    assert capsys.readouterr().out == f"{HEADER}\nNNNN\n"


def test_attention_and_voice_make_it_longer(tmp_path: Path) -> None:
    write_wav(tmp_path / "voice.wav", np.full(16_000, 0.1, np.float32), 8000)
    plain, full = tmp_path / "plain.wav", tmp_path / "full.wav"
    assert main(["encode", HEADER, "-o", str(plain)]) == 0
    voice = ["--voice", str(tmp_path / "voice.wav")]
    assert main(["encode", HEADER, "-o", str(full), "--attention", *voice]) == 0
    assert length_s(full) - length_s(plain) == pytest.approx(8 + 1 + 2 + 1, abs=0.01)


@pytest.mark.parametrize(
    "header", ["", "NNNN", "ZCZC-WXR-RWT-39173+0030-1051700-KCLE/NWS-", "ZCZC-Ä"]
)
def test_an_invalid_header_is_refused(header: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["encode", header, "-o", str(tmp_path / "a.wav")]) == 2
    assert capsys.readouterr().err.startswith("eas-ctl: ")
    assert not (tmp_path / "a.wav").exists()


def test_a_header_that_violates_the_rules_is_written_with_a_warning(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "a.wav"
    assert main(["encode", "ZCZC-WXR-RWT-039173+0000-1051700-KCLE/NW-", "-o", str(path)]) == 0
    assert "0000 is not a legal purge time" in capsys.readouterr().err
    assert path.exists()


def test_a_rate_out_of_range_is_an_error(tmp_path: Path, capsys: Capture) -> None:
    assert main(["encode", HEADER, "-o", str(tmp_path / "a.wav"), "--rate", "4000"]) == 2
    assert "8000 to 192000" in capsys.readouterr().err


def test_a_missing_folder_is_an_error(tmp_path: Path, capsys: Capture) -> None:
    assert main(["encode", HEADER, "-o", str(tmp_path / "none" / "a.wav")]) == 2
    assert "cannot be written: no such file" in capsys.readouterr().err
