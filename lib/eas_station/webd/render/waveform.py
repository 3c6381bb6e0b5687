"""The waveform of a recording as SVG shapes: its outline, and marks for what it contains."""

from __future__ import annotations

from dataclasses import dataclass

from eas_station.store.records.clips import Clip

HEIGHT = 64  # of the drawing, in its own units
PART = 3  # width of one bar
LEAST = 1  # silence is a line, not a gap
QUIETEST = 24  # of 255: a recording that stays below is not scaled up
MOST_PARTS = 1000
ATTENTION = {"eas": "853 and 960 Hz attention signal", "wxr": "1050 Hz attention signal"}


@dataclass(frozen=True, slots=True)
class WaveformMark:
    """A header, an attention signal or an EOM in the recording."""

    left: float
    width: float  # 0: a moment
    kind: str  # CSS class
    label: str  # "header"


@dataclass(frozen=True, slots=True)
class Waveform:
    """A recording's outline, ready for its template."""

    width: int
    height: int
    path: str  # the `d` of an SVG path
    marks: tuple[WaveformMark, ...]
    sentence: str  # the same in words


def waveform(clip: Clip) -> Waveform | None:
    """The waveform; None: the clip has no valid outline."""
    peaks = _peaks(clip.peaks)
    if not peaks or not clip.duration_s > 0:
        return None
    width = PART * len(peaks)
    marks = _marks(clip, width / clip.duration_s, width)
    return Waveform(width, HEIGHT, _path(peaks), marks, _in_words(clip, peaks))


def _peaks(text: str | None) -> bytes:
    """The amplitudes of a clip's outline, 0 to 255; empty if the text is not hex."""
    try:
        return bytes.fromhex(text or "")[:MOST_PARTS]
    except ValueError:
        return b""


def _path(peaks: bytes) -> str:
    """A bar for each amplitude, scaled to the loudest unless the recording is quiet."""
    loudest = max(QUIETEST, *peaks)
    steps = []
    for index, peak in enumerate(peaks):
        tall = max(LEAST, round(peak / loudest * (HEIGHT - 2)))
        steps.append(f"M{PART * index} {(HEIGHT - tall) // 2}h{PART - 1}v{tall}h-{PART - 1}z")
    return "".join(steps)


def _marks(clip: Clip, per_s: float, width: int) -> tuple[WaveformMark, ...]:
    found = []
    for kind, label, at_s, length_s in (
        ("header", "header", clip.header_at_s, clip.header_s),
        ("attention", _attention(clip), clip.attention_at_s, clip.attention_s),
        ("eom", "end of message", clip.eom_at_s, None),
    ):
        if at_s is not None and 0 <= at_s <= clip.duration_s:
            left = at_s * per_s
            wide = min((length_s or 0.0) * per_s, width - left)
            found.append(WaveformMark(round(left, 1), round(max(wide, 0.0), 1), kind, label))
    return tuple(found)


def _attention(clip: Clip) -> str:
    return ATTENTION.get(clip.attention or "", "attention signal")


def _in_words(clip: Clip, peaks: bytes) -> str:
    words = []
    if clip.header_at_s is not None:
        words.append(f"header at {clip.header_at_s:.0f} s")
    if clip.attention_at_s is not None and clip.attention_s is not None:
        at = f"at {clip.attention_at_s:.0f} s for {clip.attention_s:.0f} s"
        words.append(f"{_attention(clip)} {at}")
    elif clip.header_at_s is not None:
        words.append("no attention signal")
    if clip.eom_at_s is not None:
        words.append(f"end of message at {clip.eom_at_s:.0f} s")
    elif clip.header_at_s is not None:
        words.append("no end of message")
    if max(peaks) < QUIETEST:
        words.append("very quiet")
    return f"{clip.duration_s:.0f} s: {', '.join(words)}." if words else f"{clip.duration_s:.0f} s."
