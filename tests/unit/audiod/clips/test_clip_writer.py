"""Clips become complete files, or rows with the reason why there is no file."""

from __future__ import annotations

import errno
import hashlib
import logging
import shutil
import subprocess
import threading
import wave
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from eas_station import wire
from eas_station.audiod.clips.clip_files import ClipFolder, ClipOrder
from eas_station.audiod.clips.clip_writer import ClipWriter
from eas_station.dsp.audio import modulate
from eas_station.store.records.clips import Clip

RATE_HZ = 25_000
AT = datetime(2025, 11, 22, 23, 59, 58, tzinfo=UTC)
NOISE = np.random.default_rng(1).integers(-9000, 9000, 3 * RATE_HZ).astype(np.int16)
NO_ENCODER = "/bin/false"

needs_flac = pytest.mark.skipif(shutil.which("flac") is None, reason="flac is not installed")


def order(clip_id: str = "c1ffffff-0000", code: str = "TOR") -> ClipOrder:
    return ClipOrder(clip_id, f"reception of {clip_id}", "162.550", code, AT, RATE_HZ)


class Disk:
    """The disk space, as the writer sees it."""

    fault: str | None = None

    def shortage(self) -> str | None:
        return self.fault

    def require(self) -> None:
        if self.fault is not None:
            raise OSError(errno.ENOSPC, self.fault)


class Station:
    """A spool and an operator."""

    def __init__(self, clips_dir: Path) -> None:
        self.clips_dir = clips_dir
        self.spool_full = False
        self.rows: list[Clip] = []
        self.faults: list[str | None] = []
        self.disk = Disk()

    def record(self, kind: str, json: str) -> bool:
        assert kind == "clip"
        if not self.spool_full:
            self.rows.append(wire.from_json(Clip, json))
        return not self.spool_full

    def writer(self, encoder: str | None = None) -> ClipWriter:
        folder = ClipFolder(self.clips_dir, "wx")
        return ClipWriter(folder, self.record, self.faults.append, self.disk, encoder)

    def left_over(self) -> list[str]:
        return sorted(path.name for path in (self.clips_dir / "part" / "wx").iterdir())


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path / "clips")


def write(writer: ClipWriter, an_order: ClipOrder, samples: np.ndarray = NOISE) -> None:
    writer.begin(an_order)
    for piece in np.array_split(samples, 7):
        writer.write(an_order.clip_id, piece)
    writer.finish(an_order.clip_id, an_order.header_sample + RATE_HZ)


def run(writer: ClipWriter) -> None:
    """Run the thread until its queue is empty and the encoder has ended, then close it."""
    thread = threading.Thread(target=writer.run)
    thread.start()
    while not writer._jobs.empty() or writer._open_clips:
        thread.join(0.01)
    writer.close()
    thread.join()


def read_wav(path: Path) -> tuple[int, list[int]]:
    with wave.open(str(path), "rb") as file:
        frames = file.readframes(file.getnframes())
        return file.getframerate(), np.frombuffer(frames, "<i2").tolist()


def test_a_clip_is_a_file_with_a_row_that_describes_it(station: Station) -> None:
    writer = station.writer(NO_ENCODER)
    write(writer, order())
    run(writer)
    (row,) = station.rows
    assert row.path == "2025/11/22/235958-wx-162.550-TOR-c1ffffff.wav"
    file = station.clips_dir / row.path
    assert read_wav(file) == (RATE_HZ, NOISE.tolist())
    assert row.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (row.bytes, row.duration_s, row.started_at) == (file.stat().st_size, 3.0, AT)
    assert row.reception_ids == ("reception of c1ffffff-0000",)
    assert station.left_over() == []
    assert station.faults == [None]


@pytest.mark.parametrize(("kind", "seconds"), [("wxr", 10.0), ("eas", 8.0)])
def test_the_attention_signal_after_the_header_is_in_the_row(
    station: Station, kind: modulate.Attention, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = modulate.attention_signal("eas", RATE_HZ, 12.0)  # of the message before this one
    pause = modulate.silence(1.0, RATE_HZ)
    signal = modulate.attention_signal(kind, RATE_HZ, seconds)
    sound = np.concatenate([before, pause, pause, signal, pause])
    writer = station.writer(NO_ENCODER)
    header_at = len(before) + len(pause)
    an_order = replace(order(), header_sample=header_at, header_samples=9 * RATE_HZ // 10)
    write(writer, an_order, (10_000 * sound).astype(np.int16))
    run(writer)
    (row,) = station.rows
    assert row.attention == kind
    assert row.attention_s == pytest.approx(seconds, abs=0.2)
    assert row.attention_at_s == pytest.approx(14.0, abs=0.2)
    assert (row.header_at_s, row.header_s, row.eom_at_s) == (13.0, 0.9, 14.0)
    assert row.peaks is not None
    outline = list(bytes.fromhex(row.peaks))
    assert len(outline) == 240
    quiet = len(outline) * 13.5 / (15 + seconds)
    assert outline[int(quiet)] == 0
    assert outline[0] > 30 < outline[-20]
    assert f"attention signal {kind} for" in caplog.text


def test_a_clip_without_an_attention_signal_has_none_in_its_row(station: Station) -> None:
    writer = station.writer(NO_ENCODER)
    write(writer, order())
    run(writer)
    (row,) = station.rows
    assert (row.attention, row.attention_s) == (None, None)


@needs_flac
def test_the_flac_file_decodes_to_the_same_samples(station: Station) -> None:
    writer = station.writer()
    write(writer, order())
    run(writer)
    (row,) = station.rows
    assert row.path is not None
    file = station.clips_dir / row.path
    assert file.suffix == ".flac"
    wav = station.clips_dir / "decoded.wav"
    subprocess.run(["flac", "-d", "-s", "-o", str(wav), str(file)], check=True)
    assert read_wav(wav) == (RATE_HZ, NOISE.tolist())
    assert station.left_over() == []


def test_a_clip_at_shutdown_stays_wav(station: Station) -> None:
    writer = station.writer()
    write(writer, order())
    writer.close()
    writer.run()
    assert [Path(row.path or "").suffix for row in station.rows] == [".wav"]


def test_unsafe_codes_and_names_stay_inside_the_folder(station: Station) -> None:
    writer = station.writer(NO_ENCODER)
    write(writer, order(code="../"))
    run(writer)
    assert station.rows[0].path == "2025/11/22/235958-wx-162.550-.._-c1ffffff.wav"
    assert (station.clips_dir / station.rows[0].path).is_file()


def test_an_unwritable_folder_is_a_fault_with_a_row(station: Station) -> None:
    station.clips_dir.mkdir()
    (station.clips_dir / "part").touch()
    writer = station.writer(NO_ENCODER)
    write(writer, order())
    run(writer)
    (row,) = station.rows
    assert row.path is None
    assert row.fault is not None
    assert "Not a directory" in row.fault
    assert row.reception_ids == ("reception of c1ffffff-0000",)
    assert station.faults[-1] is not None
    assert writer.lost == 1


def test_a_failing_clip_does_not_affect_others(station: Station) -> None:
    writer = station.writer(NO_ENCODER)
    writer.begin(order("bad"))
    writer.write("bad", NOISE)
    write(writer, order("good"))
    station.clips_dir.mkdir(parents=True, exist_ok=True)
    writer.finish("bad", None)
    writer._folder.part("bad", ".wav").mkdir()
    run(writer)
    assert {row.clip_id: row.path is None for row in station.rows} == {"bad": True, "good": False}
    assert station.faults[0] is not None
    assert station.faults[-1] is None


def test_a_disk_that_is_too_slow_loses_the_clip_but_memory_is_bounded(station: Station) -> None:
    writer = station.writer(NO_ENCODER)
    writer.begin(order("slow"))
    for _ in range(40):
        writer.write("slow", np.zeros(1 << 20, np.int16))
    writer.finish("slow", None)
    run(writer)
    (row,) = station.rows
    assert row.fault == "the disk is too slow"
    write(writer2 := station.writer(NO_ENCODER), order("next"))
    run(writer2)
    assert station.rows[-1].path is not None


def test_unfinished_files_of_a_killed_process_are_removed(station: Station) -> None:
    half = station.clips_dir / "part" / "wx"
    half.mkdir(parents=True)
    (half / "c1.wav.part").write_bytes(b"RIFF")
    (half / "c1.flac.part").write_bytes(b"fLaC")
    (half / "c2.json").write_text('{"clip_id":')
    others = station.clips_dir / "part" / "other"
    others.mkdir()
    (others / "c3.wav.part").write_bytes(b"RIFF")
    run(station.writer(NO_ENCODER))
    assert station.left_over() == []
    assert station.rows == []
    assert (others / "c3.wav.part").exists(), "another source may be recording"


def test_a_row_that_was_not_spooled_is_spooled_by_the_next_process(
    station: Station,
) -> None:
    station.spool_full = True
    writer = station.writer(NO_ENCODER)
    write(writer, order())
    run(writer)
    assert station.rows == []
    assert station.left_over() == ["c1ffffff-0000.json", "c1ffffff-0000.order"]
    station.spool_full = False
    run(station.writer(NO_ENCODER))
    (row,) = station.rows
    assert (station.clips_dir / (row.path or "")).is_file()
    assert station.left_over() == []


def test_a_process_killed_before_the_rename_leaves_neither_file_nor_row(station: Station) -> None:
    folder = ClipFolder(station.clips_dir, "wx")
    part = folder.begin(order("c1"))
    part.write_bytes(b"whole")
    clip = folder.publish(part, order("c1"), 1.0)
    (station.clips_dir / (clip.path or "")).rename(part)
    run(station.writer(NO_ENCODER))
    (row,) = station.rows
    assert (row.clip_id, row.path) == ("c1", None)
    assert station.left_over() == []


def test_a_recording_cut_off_by_a_kill_has_a_row_with_the_reason(station: Station) -> None:
    folder = ClipFolder(station.clips_dir, "wx")
    folder.begin(order("c1")).write_bytes(b"RIFF")
    station.spool_full = True
    run(station.writer(NO_ENCODER))
    assert station.left_over() == ["c1.order"], "told when the spool takes it"
    station.spool_full = False
    run(station.writer(NO_ENCODER))
    (row,) = station.rows
    assert row.reception_ids == ("reception of c1",)
    assert (row.path, row.channel, row.started_at) == (None, "162.550", AT)
    assert "stopped during the recording" in (row.fault or "")
    assert station.left_over() == []


def test_a_full_disk_and_its_end_are_reported_without_a_clip(station: Station) -> None:
    station.disk.fault = "less than 8 MiB free"
    writer = station.writer(NO_ENCODER)
    thread = threading.Thread(target=writer.run)
    thread.start()
    while not station.faults:
        thread.join(0.01)
    write(writer, order())
    while not station.rows:
        thread.join(0.01)
    assert station.rows[0].fault == "less than 8 MiB free"
    station.disk.fault = None
    while station.faults[-1] is not None:
        thread.join(0.01)
    write(writer, order("c2"))
    while len(station.rows) < 2:
        thread.join(0.01)
    writer.close()
    thread.join()
    assert station.rows[1].path is not None
    assert station.faults[0] == "cannot record clips: less than 8 MiB free"
    assert station.faults[1] == "clip not recorded: less than 8 MiB free"


def test_without_a_working_encoder_the_clip_stays_wav(station: Station, tmp_path: Path) -> None:
    writer = station.writer(str(tmp_path / "gone"))
    write(writer, order())
    run(writer)
    (row,) = station.rows
    assert Path(row.path or "").suffix == ".wav"


@pytest.fixture
def hanging_encoder(tmp_path: Path) -> Iterator[str]:
    script = tmp_path / "flac"
    script.write_text("#!/bin/sh\nexec sleep 1000\n")
    script.chmod(0o755)
    yield str(script)


def test_a_hanging_encoder_does_not_delay_shutdown(station: Station, hanging_encoder: str) -> None:
    writer = station.writer(hanging_encoder)
    write(writer, order())
    thread = threading.Thread(target=writer.run)
    thread.start()
    while not writer._jobs.empty():
        thread.join(0.01)
    writer.close()
    thread.join(3)
    assert not thread.is_alive()
    assert [Path(row.path or "").suffix for row in station.rows] == [".wav"]
