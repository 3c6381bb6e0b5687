"""Writes clips in a thread of its own, so that neither a slow card nor the encoder delays a bit."""

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
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eas_station import wire
from eas_station.audiod.clips.clip_files import ClipFolder
from eas_station.audiod.clips.partial_clip import PartialClip
from eas_station.audiod.clips.recorder import ClipOrder
from eas_station.store.records.clips import Clip

log = logging.getLogger(__name__)

LONGEST_QUEUE_BYTES = 32 << 20  # 90 s of seven channels: a disk that is slower than that is broken
ENCODE_LONGEST_S = 60.0
LOWEST_PRIORITY = 19
LOOK_S = 0.5

Job = tuple[str, ClipOrder | str, NDArray[np.int16] | int | None]


class Room(Protocol):
    """`clip_room.ClipDiskSpace`."""

    def look(self) -> str | None:
        """Why no clip can be recorded now; None: there is room."""

    def require(self) -> None:
        """Raises OSError while there is no room."""


class ClipWriter:
    """Takes clips from the recorder and makes files and rows of them.

    Whatever cannot be written is told by `on_fault` with a sentence, and by None when a clip has
    been written again or there is room again; no fault of a clip ever reaches the listener.
    """

    def __init__(
        self,
        folder: ClipFolder,
        record: Callable[[str, str], bool],
        on_fault: Callable[[str | None], None],
        room: Room,
        encoder: str | None = None,
    ) -> None:
        """
        Args:
            record: spools a row, ("clip", JSON); False: not now.
            room: on the disk, as `clip_room.ClipDiskSpace`.
            encoder: path of the program `flac`; None: look for it, and else write WAV.
        """
        self.written = 0
        self.lost = 0
        self._folder = folder
        self._record = record
        self._on_fault = on_fault
        self._room = room
        self._lacks_room = False  # the fault that was told last was one of room
        self._encoder = encoder or shutil.which("flac")
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued_bytes = 0
        self._growing: dict[str, PartialClip] = {}
        self._unrecorded: list[Clip] = []
        self._closing = threading.Event()
        self._recover()  # before anything new is noted

    # Called by the listener

    def begin(self, order: ClipOrder) -> None:
        """The samples of a new clip will follow.

        The note is made here and at once: the thread may be busy with another clip for a minute.
        """
        with suppress(OSError):  # the thread will meet the same, and tell
            self._folder.note(order)
        self._jobs.put(("begin", order, None))

    def write(self, clip_id: str, samples: NDArray[np.int16]) -> None:
        """The next samples of a clip; dropped with a fault when the disk is far too slow."""
        with self._lock:
            too_slow = self._queued_bytes + samples.nbytes > LONGEST_QUEUE_BYTES
            if not too_slow:
                self._queued_bytes += samples.nbytes
        self._jobs.put(("overrun", clip_id, None) if too_slow else ("write", clip_id, samples))

    def finish(self, clip_id: str, eom_sample: int | None) -> None:
        """The clip is complete; the end of its message was over before this sample of it."""
        self._jobs.put(("finish", clip_id, eom_sample))

    def close(self) -> None:
        """No more will come: finish what is there, quickly, and end."""
        self._closing.set()
        self._jobs.put(("close", "", None))

    # The thread

    def run(self) -> None:
        """Work until `close`."""
        while True:
            self._record_waiting()
            self._look_for_room()
            try:
                kind, what, more = self._jobs.get(timeout=LOOK_S)
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
            self._fault(f"clips cannot be written: {error}")

    def _look_for_room(self) -> None:
        """Told also while there is nothing to record: then somebody can still make room."""
        fault = self._room.look()
        if fault is not None and not self._lacks_room:
            self._fault(f"no clip can be recorded: {fault}", lacks_room=True)
        elif fault is None and self._lacks_room:
            log.info("there is room for clips again")
            self._recovered()

    def _do(self, kind: str, what: ClipOrder | str, more: NDArray[np.int16] | int | None) -> None:
        if isinstance(more, np.ndarray):
            with self._lock:
                self._queued_bytes -= more.nbytes
        if isinstance(what, ClipOrder):
            growing = self._growing[what.clip_id] = PartialClip(what)
        elif what in self._growing:
            growing = self._growing[what]
        else:
            return  # given up already
        try:
            self._work(kind, growing, more)
        except (OSError, wave.Error) as error:
            self._give_up(growing, error)

    def _work(self, kind: str, growing: PartialClip, more: NDArray[np.int16] | int | None) -> None:
        if kind == "begin":
            self._room.require()
            growing.open(self._folder.begin(growing.order))
        elif kind == "overrun":
            raise OSError("the disk is too slow")
        elif kind == "finish":
            self._complete(growing, more if isinstance(more, int) else None)
        elif isinstance(more, np.ndarray) and growing.file is not None:
            self._room.require()
            growing.file.writeframesraw(more.astype("<i2", copy=False).tobytes())
            growing.samples += len(more)
            growing.listen(more)

    def _complete(self, growing: PartialClip, eom_sample: int | None) -> None:
        growing.close()
        heard = growing.listened(eom_sample)
        raw = self._folder.part(growing.order.clip_id, ".wav")
        part = self._encode(growing.order.clip_id, raw)
        clip = self._folder.publish(part, growing.order, growing.seconds, heard)
        if part != raw:
            with suppress(OSError):
                raw.unlink()
        del self._growing[clip.clip_id]
        self.written += 1
        self._recovered()
        log.info(
            "clip recorded: %s, %s",
            clip.path,
            "without an attention signal"
            if clip.attention_s is None
            else f"attention signal {clip.attention} for {clip.attention_s:g} s",
            extra={"EAS_CLIP_ID": clip.clip_id},
        )
        self._unrecorded.append(clip)
        self._record_waiting()

    def _encode(self, clip_id: str, raw: Path) -> Path:
        """The clip as FLAC, or as it is: without the encoder, after its failure, at the end."""
        if self._encoder is None or self._closing.is_set():
            return raw
        encoded = self._folder.part(clip_id, ".flac")
        command = [self._encoder, "--silent", "--force", "-o", str(encoded), str(raw)]
        try:
            status = self._encoded(command)
        except OSError as error:
            log.warning("%s does not start: %s", self._encoder, error.strerror)
            return raw
        if status == 0:
            return encoded
        encoded.unlink(missing_ok=True)
        if not self._closing.is_set():
            log.warning("flac failed with status %s: the clip is kept as WAV", status)
        return raw

    def _encoded(self, command: list[str]) -> int:
        """The exit status of the encoder. Raises OSError where it does not start."""
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            with suppress(OSError):  # some sandboxes forbid even to be modest
                os.setpriority(os.PRIO_PROCESS, child.pid, LOWEST_PRIORITY)
            return self._wait(child)

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

    def _give_up(self, growing: PartialClip, error: OSError | wave.Error) -> None:
        """The alert has no clip: a fault that is seen on the page, and nothing worse."""
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        why = error.strerror if full and isinstance(error, OSError) else str(error)
        with suppress(OSError, wave.Error):
            growing.close()
        del self._growing[growing.order.clip_id]
        self.lost += 1
        self._fault(f"a clip was not recorded: {why}", lacks_room=full)
        self._unrecorded.append(self._folder.fault(growing.order, growing.seconds, str(why)))
        self._record_waiting()

    def _record_waiting(self) -> None:
        """Spool the rows that wait: also those that it would not take, and of an earlier life."""
        while self._unrecorded:
            clip = self._unrecorded[0]
            if not self._record("clip", wire.to_json(clip)):
                return
            self._unrecorded.pop(0)
            with suppress(OSError):
                self._folder.forget(clip.clip_id)

    def _fault(self, sentence: str, lacks_room: bool = False) -> None:
        log.error("%s", sentence)
        self._lacks_room = lacks_room
        self._on_fault(sentence)

    def _recovered(self) -> None:
        self._lacks_room = False
        self._on_fault(None)
