"""Decides which samples belong to which clip, from the pre-roll to the end of the message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from eas_station.audiod.clips.clip_files import ClipOrder
from eas_station.audiod.clips.clip_writer import ClipWriter
from eas_station.config.model import ClipsConfig
from eas_station.dsp.arrays.buffers import Ring

MAX_HEADER_S = 25.0  # three bursts of 31 locations, their pauses, and the decoding
UNLIMITED_CODES = frozenset({"EAN"})  # 47 CFR 11.33(a)(9): no limit of two minutes
MAX_PART_S = 1800.0  # a longer recording is split: a finished part is safe
QUIET_S = 30.0  # without audio or carrier: ends a recording without limit


@dataclass(slots=True)
class _OpenClip:
    order: ClipOrder
    channel: int
    header_first: int  # sample where its header begins
    first: int
    written: int  # samples before this have been passed on
    end: int  # the clip ends before this sample
    unlimited: bool
    eom_sample: int | None = None  # the end of message ended before it


def ring_seconds(clips: ClipsConfig) -> float:
    """How much past audio the recorder needs: a header is known only when it has ended."""
    return clips.pre_roll_s + MAX_HEADER_S


class ClipRecorder:
    """Cuts clips out of the ring buffer of one audio segment.

    Alerts that overlap on a channel get one clip each; an end of message ends all that began
    before it. At the end of the segment a clip ends with what it has. A national alert (EAN) has
    no limit while its signal lasts; it becomes several clips.
    """

    def __init__(
        self,
        ring: Ring,
        rate_hz: int,
        clips: ClipsConfig,
        writer: ClipWriter,
        new_id: Callable[[], str],
    ) -> None:
        self._ring = ring
        self._rate_hz = rate_hz
        self._clips = clips
        self._writer = writer
        self._new_id = new_id
        self._open: list[_OpenClip] = []
        self._quiet_since: dict[int, int] = {}  # by channel: the sample

    def __len__(self) -> int:
        """Number of clips being recorded."""
        return len(self._open)

    def begin(
        self,
        channel: int,
        name: str,
        header_first: int,
        event_code: str,
        reception_id: str,
        time_of: Callable[[int], datetime],
        header_end: int | None = None,
    ) -> ClipOrder:
        """Begin the clip of a header that lasted from `header_first` to before `header_end`."""
        unlimited = event_code in UNLIMITED_CODES
        longest_s = MAX_PART_S if unlimited else self._clips.longest_s
        first = max(self._ring.first, header_first - self._samples(self._clips.pre_roll_s))
        order = ClipOrder(
            *(self._new_id(), reception_id, name, event_code, time_of(first), self._rate_hz),
            header_sample=header_first - first,
            header_samples=None if header_end is None else header_end - header_first,
        )
        end = header_first + self._samples(longest_s)
        self._begin(_OpenClip(order, channel, header_first, first, first, end, unlimited))
        return order

    def note_signal(self, channel: int, present: bool) -> None:
        """Note whether the channel has audio, and a carrier where that is known."""
        if present:
            self._quiet_since.pop(channel, None)
        else:
            self._quiet_since.setdefault(channel, self._ring.end)

    def end_of_message(self, channel: int, eom_end: int) -> None:
        """End the clips of a channel at an NNNN that ended before sample `eom_end`."""
        for clip in self._open:
            is_its = clip.channel == channel and clip.header_first < eom_end
            if is_its and clip.eom_sample is None:
                clip.eom_sample = eom_end
                clip.end = eom_end + self._samples(self._clips.post_roll_s)

    def advance(self) -> None:
        """Pass on the samples of the newest block; called after every block."""
        for clip in self._open:
            self._write(clip)
        over = [clip for clip in self._open if self._ring.end >= clip.end]
        self._finish(over)
        for clip in over:
            if clip.unlimited and clip.eom_sample is None and not self._is_quiet(clip.channel):
                self._continue(clip)

    def finish_all(self) -> None:
        """End every clip with what it has."""
        self.advance()
        self._finish(list(self._open))

    def _begin(self, clip: _OpenClip) -> None:
        self._open.append(clip)
        self._writer.begin(clip.order)

    def _write(self, clip: _OpenClip) -> None:
        if clip.unlimited and self._is_quiet(clip.channel):
            clip.end = min(clip.end, self._ring.end)
        end = min(clip.end, self._ring.end)
        if end > clip.written:
            samples = self._ring.read(clip.channel, clip.written, end)
            self._writer.write(clip.order.clip_id, samples)
            clip.written = end

    def _continue(self, clip: _OpenClip) -> None:
        """Begin the next part of a clip."""
        length = clip.end - clip.first
        order = replace(
            clip.order,
            clip_id=self._new_id(),
            started_at=clip.order.started_at + timedelta(seconds=length / self._rate_hz),
            header_sample=0,
            header_samples=None,
        )
        end = clip.end + self._samples(MAX_PART_S)
        self._begin(replace(clip, order=order, first=clip.end, written=clip.end, end=end))
        self._write(self._open[-1])

    def _is_quiet(self, channel: int) -> bool:
        since = self._quiet_since.get(channel)
        return since is not None and self._ring.end - since >= self._samples(QUIET_S)

    def _finish(self, clips: list[_OpenClip]) -> None:
        for clip in clips:
            eom_sample = None if clip.eom_sample is None else max(0, clip.eom_sample - clip.first)
            self._writer.finish(clip.order.clip_id, eom_sample)
            self._open.remove(clip)

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._rate_hz)
