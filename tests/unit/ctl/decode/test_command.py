from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from eas_station.ctl.decode.audio_files import write_wav
from eas_station.ctl.main import main
from eas_station.dsp.audio.modulate import message
from eas_station.dsp.radio.channelizer import CHANNEL_RATE_HZ
from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

HEADER = "ZCZC-WXR-RWT-039173-039051+0030-1051700-KCLE/NWS-"
OTHER = "ZCZC-EAS-RWT-012057-012081+0015-2142115-WTSP/TV -"
Capture = pytest.CaptureFixture[str]


def wav(path: Path, header: str = HEADER, rate_hz: int = 25_000) -> Path:
    write_wav(path, 0.4 * message(header, rate_hz), rate_hz)
    return path


def raw(header: str = HEADER, rate_hz: int = 22_050) -> bytes:
    return (0.4 * 32767 * message(header, rate_hz)).astype("<i2").tobytes()


def capture(headers: dict[int, str]) -> bytes:
    """A capture of 250 kS/s at 162.4875 MHz, a channel for each header."""
    sounds = [0.8 * message(header, CHANNEL_RATE_HZ) for header in headers.values()]
    length = max(len(sound) for sound in sounds)
    audio = np.stack([np.pad(sound, (0, length - len(sound))) for sound in sounds])
    modulator = Modulator(len(headers), CHANNEL_RATE_HZ)
    bank = Synthesizer(250_000, 162_487_500, list(headers))
    front = FrontEnd(250_000, [20.0] * len(headers), np.random.default_rng(1))
    iq = bank.feed(modulator.feed((4000 * audio).astype(np.float32)) * front.amplitudes)
    return to_cu8((iq + front.noise(iq.size)).astype(np.complex64))


def test_a_wav_file(tmp_path: Path, capsys: Capture) -> None:
    assert main(["decode", str(wav(tmp_path / "a.wav"))]) == 0
    assert capsys.readouterr().out == f"{HEADER}\nNNNN\n"


def test_raw_samples(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.raw").write_bytes(raw())
    assert main(["decode", "--rate", "22050", str(tmp_path / "a.raw")]) == 0
    assert capsys.readouterr().out == f"{HEADER}\nNNNN\n"


def test_json_has_the_evidence(tmp_path: Path, capsys: Capture) -> None:
    assert main(["decode", "--json", str(wav(tmp_path / "a.wav"))]) == 0
    header, eom = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert header["text"] == HEADER
    assert header["eom"] is False
    assert header["channel"] == "mono"
    assert header["start_s"] == pytest.approx(0.246, abs=0.002)
    assert header["evidence"]["agreed"] is True
    assert header["evidence"]["posterior"] > 0.999
    assert eom["eom"] is True


def test_a_capture_names_the_channel(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.cu8").write_bytes(capture({162_400_000: HEADER, 162_550_000: OTHER}))
    command = ["decode", "--iq", "cu8", "--rate", "250000", "--center", "162487500"]
    assert main([*command, str(tmp_path / "a.cu8")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == [
        "162.400 NNNN",
        f"162.400 {HEADER}",
        "162.550 NNNN",
        f"162.550 {OTHER}",
    ]


def test_a_file_without_messages_is_exit_0(tmp_path: Path, capsys: Capture) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(50_000, np.float32), 25_000)
    assert main(["decode", str(tmp_path / "a.wav")]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["none.wav"], "none.wav cannot be read"),
        (["--rate", "500", "a.raw"], "500 Hz; it must be 8000 to 192000"),
        (["a.raw"], "raw samples need --rate HZ"),
        (["--iq", "cu8", "--rate", "250000", "a.raw"], "needs --rate HZ and --center HZ"),
        (
            ["--iq", "cu8", "--rate", "250000", "--center", "100e6", "a.raw"],
            "contains no NOAA Weather",
        ),
        (["--iq", "cu8", "--rate", "250001", "--center", "162.4875e6", "a.raw"], "multiple of"),
    ],
)
def test_an_error_is_one_sentence(
    arguments: list[str],
    text: str,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a.raw").write_bytes(raw())
    monkeypatch.chdir(tmp_path)
    assert main(["decode", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert text in printed.err
    assert len(printed.err.splitlines()) == 1


def test_an_invalid_probability_is_refused(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["decode", "--min-posterior", "1.5", "-"])
    assert "is between 0 and 1" in capsys.readouterr().err


def test_standard_input_is_decoded_while_it_arrives(tmp_path: Path) -> None:
    """The header is printed while the sender has not yet closed the pipe."""
    sound = raw()
    program = [
        sys.executable,
        "-c",
        "import sys; from eas_station.ctl.main import main; sys.exit(main(sys.argv[1:]))",
    ]
    with subprocess.Popen(
        [*program, "decode", "--rate", "22050", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for start in range(0, len(sound) // 2, 3001):
            child.stdin.write(sound[start : min(start + 3001, len(sound) // 2)])
        child.stdin.flush()
        os.set_blocking(child.stdout.fileno(), True)
        assert child.stdout.readline().decode() == HEADER + "\n"
        child.stdin.write(sound[len(sound) // 2 :])
        child.stdin.close()
        assert child.stdout.read().decode() == "NNNN\n"
        assert child.wait(10) == 0


def test_it_loads_no_database_bus_or_xml_parser(tmp_path: Path) -> None:
    code = (
        "import sys; from eas_station.ctl.main import main; main(['decode', sys.argv[1]]);"
        "loaded = {name.split('.')[0] for name in sys.modules};"
        "print(*sorted(loaded & {'sqlalchemy', 'zmq', 'lxml', 'bottle'}))"
    )
    write_wav(tmp_path / "a.wav", np.zeros(100, np.float32), 25_000)
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.wav")], capture_output=True, check=True
    )
    assert found.stdout.strip() == b""


def test_the_lines_of_a_folder_begin_with_the_file_name(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "below").mkdir()
    wav(tmp_path / "b.wav", OTHER)
    wav(tmp_path / "below" / "a.wav")
    (tmp_path / "notes.txt").write_text("no sound")
    assert main(["decode", "--jobs", "2", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/b.wav: {OTHER}",
        f"{tmp_path}/b.wav: NNNN",
        f"{tmp_path}/below/a.wav: {HEADER}",
        f"{tmp_path}/below/a.wav: NNNN",
    ]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFFnonsense")
    wav(tmp_path / "b.wav")
    assert main(["decode", "--json", str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]) == 2
    printed = capsys.readouterr()
    rows = [json.loads(line) for line in printed.out.splitlines()]
    assert [(row["file"], row["text"]) for row in rows] == [
        (str(tmp_path / "b.wav"), HEADER),
        (str(tmp_path / "b.wav"), "NNNN"),
    ]
    assert len(printed.err.splitlines()) == 1
    assert str(tmp_path / "a.wav") in printed.err


def test_raw_files_of_a_folder_need_the_rate(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.s16le").write_bytes(raw())
    assert main(["decode", str(tmp_path)]) == 2
    assert "no audio files" in capsys.readouterr().err
    assert main(["decode", "--rate", "22050", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{tmp_path}/a.s16le: {HEADER}"


def test_json_has_the_attention_signal(tmp_path: Path, capsys: Capture) -> None:
    sound = 0.25 * message(OTHER, 8000, attention=True)
    write_wav(tmp_path / "a.wav", sound, 8000)
    assert main(["decode", "--json", str(tmp_path / "a.wav")]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    signal = next(row for row in rows if "attention" in row)
    assert signal["attention"] == "eas"
    assert signal["length_s"] == pytest.approx(8.0, abs=0.2)
    assert signal["level_dbfs"] == pytest.approx(-18.1, abs=0.3)
    end_of_bursts = 3 * ((16 + len(OTHER)) * 8 * 0.00192 + 1)
    assert signal["start_s"] == pytest.approx(end_of_bursts, abs=0.15)


def test_the_plot_shows_every_burst_and_character(tmp_path: Path, capsys: Capture) -> None:
    rng = np.random.default_rng(5)
    sound = np.concatenate([message(HEADER, 25_000), np.zeros(25_000, np.float32)])
    noisy = 0.1 * (sound + 1.2 * rng.standard_normal(len(sound)))
    write_wav(tmp_path / "a.wav", noisy.astype(np.float32), 25_000)
    picture = tmp_path / "a.svg"
    assert main(["decode", "--plot", str(picture), str(tmp_path / "a.wav")]) == 0
    assert capsys.readouterr().out.splitlines()[0] == HEADER
    root = ElementTree.fromstring(picture.read_text())
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words[0] == HEADER
    assert [w for w in words if w is not None and w.startswith("burst ")] != []
    assert sum(w is not None and w.startswith("burst ") for w in words) == 3
    assert [w for w in words if w is not None and len(w) == 1] == list(3 * HEADER)
    assert len(picture.read_bytes()) < 300_000


@pytest.mark.parametrize(
    ("name", "text"), [("a.gif", "must end in .svg or .png"), ("a.svg", "no header was decoded")]
)
def test_an_impossible_plot_is_an_error(
    name: str, text: str, tmp_path: Path, capsys: Capture
) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(50_000, np.float32), 25_000)
    assert main(["decode", "--plot", str(tmp_path / name), str(tmp_path / "a.wav")]) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_png_needs_a_converter(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    target = tmp_path / "a.png"
    assert main(["decode", "--plot", str(target), str(wav(tmp_path / "a.wav"))]) == 2
    assert "install librsvg2-bin" in capsys.readouterr().err
