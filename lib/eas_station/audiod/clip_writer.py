"""Writes clips in a thread of its own, so that neither a slow card nor the encoder delays a bit."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import subprocess
import threading
import wave
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eas_station import wire
from eas_station.audiod.clip_files import ClipFolder, ClipRow
from eas_station.audiod.recorder import ClipOrder

log = logging.getLogger(__name__)

LONGEST_QUEUE_BYTES = 32 << 20  # 90 s of seven channels: a disk that is slower than that is broken
ENCODE_LONGEST_S = 60.0
LOWEST_PRIORITY = 19
LOOK_S = 0.5

Job = tuple[str, ClipOrder | str, NDArray[np.int16] | None]


@dataclass(slots=True)
class _Growing:
    """A clip whose samples are still coming."""

    order: ClipOrder
    part: Path
    file: wave.Wave_write
    samples: int = 0


class ClipWriter:
    """Takes clips from the recorder and makes files and rows of them.

    Whatever cannot be written is told by `on_fault` with a sentence, and by None when a clip has
    been written again; no fault of a clip ever reaches the listener.
    """

    def __init__(
        self,
        folder: ClipFolder,
        record: Callable[[str, str], bool],
        on_fault: Callable[[str | None], None],
        encoder: str | None = None,
    ) -> None:
        """
        Args:
            record: spools a row, ("clip", JSON); False: not now.
            encoder: path of the program `flac`; None: look for it, and else write WAV.
        """
        self.written = 0
        self.lost = 0
        self._folder = folder
        self._record = record
        self._on_fault = on_fault
        self._encoder = encoder or shutil.which("flac")
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued_bytes = 0
        self._growing: dict[str, _Growing] = {}
        self._unrecorded: list[ClipRow] = []
        self._closing = threading.Event()

    # Called by the listener

    def begin(self, order: ClipOrder) -> None:
        """The samples of a new clip will follow."""
        self._jobs.put(("begin", order, None))

    def write(self, clip_id: str, samples: NDArray[np.int16]) -> None:
        """The next samples of a clip; dropped with a fault when the disk is far too slow."""
        with self._lock:
            too_slow = self._queued_bytes + samples.nbytes > LONGEST_QUEUE_BYTES
            if not too_slow:
                self._queued_bytes += samples.nbytes
        self._jobs.put(("overrun", clip_id, None) if too_slow else ("write", clip_id, samples))

    def finish(self, clip_id: str) -> None:
        """The clip is complete."""
        self._jobs.put(("finish", clip_id, None))

    def close(self) -> None:
        """No more will come: finish what is there, quickly, and end."""
        self._closing.set()
        self._jobs.put(("close", "", None))

    # The thread

    def run(self) -> None:
        """Work until `close`."""
        self._recover()
        while True:
            self._record_again()
            try:
                kind, what, samples = self._jobs.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            if kind == "close":
                break
            self._do(kind, what, samples)
        self._record_again()

    def _recover(self) -> None:
        try:
            self._unrecorded += self._folder.recover()
        except OSError as error:
            self._fault(f"clips cannot be written: {error}")

    def _do(self, kind: str, what: ClipOrder | str, samples: NDArray[np.int16] | None) -> None:
        clip_id = what.clip_id if isinstance(what, ClipOrder) else what
        try:
            if isinstance(what, ClipOrder):
                self._open(what)
            elif kind == "write" and samples is not None:
                self._append(clip_id, samples)
            elif kind == "finish" and clip_id in self._growing:
                self._complete(self._growing.pop(clip_id))
            elif kind == "overrun" and clip_id in self._growing:
                raise OSError("the disk is too slow")
        except (OSError, wave.Error) as error:
            self._give_up(clip_id, error)

    def _open(self, order: ClipOrder) -> None:
        self._folder.require_space()
        part = self._folder.part(order.clip_id, ".wav")
        file = wave.open(str(part), "wb")
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(order.rate_hz)
        self._growing[order.clip_id] = _Growing(order, part, file)

    def _append(self, clip_id: str, samples: NDArray[np.int16]) -> None:
        with self._lock:
            self._queued_bytes -= samples.nbytes
        growing = self._growing.get(clip_id)
        if growing is not None:
            self._folder.require_space()
            growing.file.writeframesraw(samples.astype("<i2", copy=False).tobytes())
            growing.samples += len(samples)

    def _complete(self, growing: _Growing) -> None:
        growing.file.close()
        part = self._encode(growing)
        row = self._folder.publish(part, growing.order, growing.samples / growing.order.rate_hz)
        if part != growing.part:
            growing.part.unlink()
        self.written += 1
        self._on_fault(None)
        log.info(
            "clip recorded: %s",
            row.path,
            extra={"EAS_CLIP_ID": row.clip_id, "EAS_RECEPTION_ID": row.reception_id},
        )
        if not self._spool(row):
            self._unrecorded.append(row)

    def _encode(self, growing: _Growing) -> Path:
        """The clip as FLAC, or as it is: without the encoder, after its failure, at the end."""
        if self._encoder is None or self._closing.is_set():
            return growing.part
        encoded = self._folder.part(growing.order.clip_id, ".flac")
        command = [self._encoder, "--silent", "--force", "-o", str(encoded), str(growing.part)]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            with suppress(OSError):  # some sandboxes forbid even to be modest
                os.setpriority(os.PRIO_PROCESS, child.pid, LOWEST_PRIORITY)
            status = self._wait(child)
        if status == 0:
            return encoded
        encoded.unlink(missing_ok=True)
        if not self._closing.is_set():
            log.warning("flac failed with status %s: the clip is kept as WAV", status)
        return growing.part

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        """The child's exit status; it is killed when it hangs and when the process ends."""
        for _ in range(round(ENCODE_LONGEST_S / LOOK_S)):
            try:
                return child.wait(LOOK_S)
            except subprocess.TimeoutExpired:
                if self._closing.is_set():
                    break
        child.kill()
        return child.wait()

    def _give_up(self, clip_id: str, error: Exception) -> None:
        self.lost += 1
        growing = self._growing.pop(clip_id, None)
        if growing is not None:
            with suppress(OSError, wave.Error):
                growing.file.close()
        for suffix in (".wav", ".flac"):
            with suppress(OSError):
                self._folder.part(clip_id, suffix).unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.forget(clip_id)
        self._fault(f"a clip was not recorded: {error}")

    def _spool(self, row: ClipRow) -> bool:
        if not self._record("clip", wire.to_json(row)):
            return False
        self._folder.forget(row.clip_id)
        return True

    def _record_again(self) -> None:
        """Rows that the spool would not take, or of clips that an earlier process finished."""
        while self._unrecorded and self._spool(self._unrecorded[0]):
            self._unrecorded.pop(0)

    def _fault(self, sentence: str) -> None:
        log.error("%s", sentence)
        self._on_fault(sentence)
