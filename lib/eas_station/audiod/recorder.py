"""Which samples belong to which clip: from the pre-roll to the end of the message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import Clips
from eas_station.dsp.ring import Ring

LONGEST_HEADER_S = 25.0  # three bursts of 31 locations, their pauses, and the decoder's thought
UNLIMITED_CODES = frozenset({"EAN"})  # 47 CFR 11.33(a)(9): no limit of two minutes
LONGEST_UNLIMITED_S = 1800.0


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """What a clip will be a recording of."""

    clip_id: str
    reception_id: str
    channel: str
    event_code: str
    started_at: datetime  # of its first sample
    rate_hz: int
    header_sample: int = 0  # where its header begins
    header_samples: int | None = None  # how long that is; None: not known


class ClipSink(Protocol):
    """Takes the samples of clips. It never makes the listener wait."""

    def begin(self, order: ClipOrder) -> None:
        """The samples of a new clip will follow."""
        ...

    def write(self, clip_id: str, samples: NDArray[np.int16]) -> None:
        """The next samples of a clip."""
        ...

    def finish(self, clip_id: str, eom_sample: int | None) -> None:
        """The clip is complete; the end of its message was over before this sample of it."""
        ...


@dataclass(slots=True)
class _OpenClip:
    order: ClipOrder
    channel: int
    header_first: int  # sample where its header begins
    written: int  # samples before this are with the sink
    end: int  # the clip ends before this sample
    eom_sample: int | None = None  # the end of the message was over before it


def ring_seconds(clips: Clips) -> float:
    """How much of the past a recorder needs: a message is known only when its header is over."""
    return clips.pre_roll_s + LONGEST_HEADER_S


class Recorder:
    """Cuts clips out of the ring of one uninterrupted stretch of audio.

    Alerts that overlap on a channel get a clip each; an end of message ends all that began
    before it. A clip whose stretch ends is complete with what it has.
    """

    def __init__(
        self,
        ring: Ring,
        rate_hz: int,
        clips: Clips,
        sink: ClipSink,
        new_id: Callable[[], str],
    ) -> None:
        self._ring = ring
        self._rate_hz = rate_hz
        self._clips = clips
        self._sink = sink
        self._new_id = new_id
        self._open: list[_OpenClip] = []

    def __len__(self) -> int:
        """Clips that are being recorded."""
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
        """A header was heard on a channel, from sample `header_first` to before `header_end`."""
        unlimited = event_code in UNLIMITED_CODES
        longest_s = LONGEST_UNLIMITED_S if unlimited else self._clips.longest_s
        first = max(self._ring.first, header_first - self._samples(self._clips.pre_roll_s))
        order = ClipOrder(
            *(self._new_id(), reception_id, name, event_code, time_of(first), self._rate_hz),
            header_sample=header_first - first,
            header_samples=None if header_end is None else header_end - header_first,
        )
        end = header_first + self._samples(longest_s)
        self._open.append(_OpenClip(order, channel, header_first, first, end))
        self._sink.begin(order)
        return order

    def end_of_message(self, channel: int, eom_end: int) -> None:
        """NNNN was heard that ended before sample `eom_end` of a channel."""
        for clip in self._open:
            is_its = clip.channel == channel and clip.header_first < eom_end
            if is_its and clip.eom_sample is None:
                clip.eom_sample = eom_end
                clip.end = eom_end + self._samples(self._clips.post_roll_s)

    def advance(self) -> None:
        """Pass on what the ring has got since; call it after every block."""
        for clip in self._open:
            end = min(clip.end, self._ring.end)
            if end > clip.written:
                samples = self._ring.read(clip.channel, clip.written, end)
                self._sink.write(clip.order.clip_id, samples)
                clip.written = end
        self._finish([clip for clip in self._open if self._ring.end >= clip.end])

    def finish_all(self) -> None:
        """The stretch is over: every clip ends with what it has."""
        self.advance()
        self._finish(list(self._open))

    def _finish(self, clips: list[_OpenClip]) -> None:
        for clip in clips:
            first = clip.header_first - clip.order.header_sample
            eom_sample = None if clip.eom_sample is None else clip.eom_sample - first
            self._sink.finish(clip.order.clip_id, eom_sample)
            self._open.remove(clip)

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._rate_hz)
