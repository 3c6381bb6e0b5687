"""Writes clips in a thread of its own: a slow disk or the encoder cannot delay decoding."""

from __future__ import annotations

import errno
import logging
import os
import queue
import shutil
import subprocess
import threading
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eas_station import wire
from eas_station.audiod.clips.clip_files import ClipFolder, ClipOrder
from eas_station.audiod.clips.disk_space import ClipDiskSpace
from eas_station.audiod.clips.partial_clip import PartialClip
from eas_station.store.records.clips import Clip

log = logging.getLogger(__name__)

MAX_QUEUE_BYTES = 32 << 20  # 90 s of seven channels: a slower disk is faulty
ENCODE_TIMEOUT_S = 60.0
LOWEST_PRIORITY = 19
CHECK_S = 0.5

Job = tuple[str, ClipOrder | str, NDArray[np.int16] | int | None]


class ClipWriter:
    """Turns the recorder's clips into files and rows.

    A failure is reported to `on_fault` as a sentence, and its end as None. It never reaches the
    listener.
    """

    def __init__(
        self,
        folder: ClipFolder,
        record: Callable[[str, str], bool],
        on_fault: Callable[[str | None], None],
        space: ClipDiskSpace,
        encoder: str | None = None,
    ) -> None:
        """
        Args:
            record: spools a row, ("clip", JSON); False: retry later.
            room: on the disk, as `clip_room.ClipDiskSpace`.
            encoder: path of the program `flac`; None: search for it; without it write WAV.
        """
        self.written = 0
        self.lost = 0
        self._folder = folder
        self._record = record
        self._on_fault = on_fault
        self._space = space
        self._lacks_space = False  # the last fault reported was a shortage of space
        self._encoder = encoder or shutil.which("flac")
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued_bytes = 0
        self._open_clips: dict[str, PartialClip] = {}
        self._unrecorded: list[Clip] = []
        self._closing = threading.Event()
        self._recover()  # before new notes are written

    # Called by the listener

    def begin(self, order: ClipOrder) -> None:
        """Begin a clip.

        The note is written at once: the thread may be busy with another clip for a minute.
        """
        with suppress(OSError):  # the thread will fail too, and report it
            self._folder.note(order)
        self._jobs.put(("begin", order, None))

    def write(self, clip_id: str, samples: NDArray[np.int16]) -> None:
        """Add samples to a clip; they are dropped with a fault if the disk is too slow."""
        with self._lock:
            too_slow = self._queued_bytes + samples.nbytes > MAX_QUEUE_BYTES
            if not too_slow:
                self._queued_bytes += samples.nbytes
        self._jobs.put(("overrun", clip_id, None) if too_slow else ("write", clip_id, samples))

    def finish(self, clip_id: str, eom_sample: int | None) -> None:
        """End a clip. Its end of message, if any, ended before sample `eom_sample` of it."""
        self._jobs.put(("finish", clip_id, eom_sample))

    def close(self) -> None:
        """Finish the queued work quickly and end the thread."""
        self._closing.set()
        self._jobs.put(("close", "", None))

    # The thread

    def run(self) -> None:
        """Work until `close`."""
        while True:
            self._record_waiting()
            self._check_space()
            try:
                kind, what, more = self._jobs.get(timeout=CHECK_S)
            except queue.Empty:
                continue
            if kind == "close":
                break
            self._do(kind, what, more)
        self._record_waiting()

    def _recover(self) -> None:
        try:
            self._unrecorded += self._folder.recover()
        except OSError as error:
            self._fault(f"cannot write clips: {error}")

    def _check_space(self) -> None:
        """Report a shortage even while nothing is recorded: there is still time to act."""
        fault = self._space.shortage()
        if fault is not None and not self._lacks_space:
            self._fault(f"cannot record clips: {fault}", lacks_space=True)
        elif fault is None and self._lacks_space:
            log.info("there is space for clips again")
            self._recovered()

    def _do(self, kind: str, what: ClipOrder | str, more: NDArray[np.int16] | int | None) -> None:
        if isinstance(more, np.ndarray):
            with self._lock:
                self._queued_bytes -= more.nbytes
        if isinstance(what, ClipOrder):
            clip_file = self._open_clips[what.clip_id] = PartialClip(what)
        elif what in self._open_clips:
            clip_file = self._open_clips[what]
        else:
            return  # it has failed already
        try:
            self._work(kind, clip_file, more)
        except (OSError, wave.Error) as error:
            self._give_up(clip_file, error)

    def _work(
        self, kind: str, clip_file: PartialClip, more: NDArray[np.int16] | int | None
    ) -> None:
        if kind == "begin":
            self._space.require()
            clip_file.open(self._folder.begin(clip_file.order))
        elif kind == "overrun":
            raise OSError("the disk is too slow")
        elif kind == "finish":
            self._complete(clip_file, more if isinstance(more, int) else None)
        elif isinstance(more, np.ndarray) and clip_file.file is not None:
            self._space.require()
            clip_file.write(more)

    def _complete(self, clip_file: PartialClip, eom_sample: int | None) -> None:
        clip_file.close()
        content = clip_file.content(eom_sample)
        raw = self._folder.part(clip_file.order.clip_id, ".wav")
        part = self._encode(clip_file.order.clip_id, raw)
        clip = self._folder.publish(part, clip_file.order, clip_file.seconds, content)
        if part != raw:
            with suppress(OSError):
                raw.unlink()
        del self._open_clips[clip.clip_id]
        self.written += 1
        self._recovered()
        log.info(
            "recorded clip %s, %s",
            clip.path,
            "without an attention signal"
            if clip.attention_s is None
            else f"attention signal {clip.attention} for {clip.attention_s:g} s",
            extra={"EAS_CLIP_ID": clip.clip_id},
        )
        self._unrecorded.append(clip)
        self._record_waiting()

    def _encode(self, clip_id: str, raw: Path) -> Path:
        """The clip as FLAC; as WAV without the encoder, after its failure, and at shutdown."""
        if self._encoder is None or self._closing.is_set():
            return raw
        encoded = self._folder.part(clip_id, ".flac")
        command = [self._encoder, "--silent", "--force", "-o", str(encoded), str(raw)]
        try:
            status = self._encoded(command)
        except OSError as error:
            log.warning("cannot start %s: %s", self._encoder, error.strerror)
            return raw
        if status == 0:
            return encoded
        encoded.unlink(missing_ok=True)
        if not self._closing.is_set():
            log.warning("flac failed with status %s: keeping the clip as WAV", status)
        return raw

    def _encoded(self, command: list[str]) -> int:
        """The exit status of the encoder. Raises OSError if it cannot be started."""
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            with suppress(OSError):  # some sandboxes forbid it
                os.setpriority(os.PRIO_PROCESS, child.pid, LOWEST_PRIORITY)
            return self._wait(child)

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        """The exit status of the encoder, which is killed if it hangs or the process ends."""
        for _ in range(round(ENCODE_TIMEOUT_S / CHECK_S)):
            try:
                return child.wait(CHECK_S)
            except subprocess.TimeoutExpired:
                if self._closing.is_set():
                    break
        child.kill()
        return child.wait()

    def _give_up(self, clip_file: PartialClip, error: OSError | wave.Error) -> None:
        """Record that the alert has no clip."""
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        why = error.strerror if full and isinstance(error, OSError) else str(error)
        with suppress(OSError, wave.Error):
            clip_file.close()
        del self._open_clips[clip_file.order.clip_id]
        self.lost += 1
        self._fault(f"clip not recorded: {why}", lacks_space=full)
        self._unrecorded.append(self._folder.fault(clip_file.order, clip_file.seconds, str(why)))
        self._record_waiting()

    def _record_waiting(self) -> None:
        """Spool the waiting rows, those of earlier processes and failed attempts included."""
        while self._unrecorded:
            clip = self._unrecorded[0]
            if not self._record("clip", wire.to_json(clip)):
                return
            self._unrecorded.pop(0)
            with suppress(OSError):
                self._folder.forget(clip.clip_id)

    def _fault(self, sentence: str, lacks_space: bool = False) -> None:
        log.error("%s", sentence)
        self._lacks_space = lacks_space
        self._on_fault(sentence)

    def _recovered(self) -> None:
        self._lacks_space = False
        self._on_fault(None)
