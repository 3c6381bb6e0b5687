"""The waveform of a recording as shapes of an SVG: its outline, and what is where in it."""

from __future__ import annotations

from dataclasses import dataclass

from eas_station.store.records.clips import Clip

HEIGHT = 64  # of the drawing, in its own units
PART = 3  # width of one part of the outline
LEAST = 1  # silence is a line, not a gap
QUIETEST = 24  # of 255: what is all below is drawn as quiet as it is
MOST_PARTS = 1000
ATTENTION = {"eas": "attention signal, 853 and 960 Hz", "wxr": "attention signal, 1050 Hz"}


@dataclass(frozen=True, slots=True)
class WaveformMark:
    """Something in the recording."""

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
    sentence: str  # the whole of it in words


def waveform(clip: Clip) -> Waveform | None:
    """The waveform; None: its outline was not taken, or is none."""
    peaks = _peaks(clip.peaks)
    if not peaks or not clip.duration_s > 0:
        return None
    width = PART * len(peaks)
    marks = _marks(clip, width / clip.duration_s, width)
    return Waveform(width, HEIGHT, _path(peaks), marks, _in_words(clip, peaks))


def _peaks(text: str | None) -> bytes:
    """The amplitudes of a clip's outline, 0 to 255; none if the text is none."""
    try:
        return bytes.fromhex(text or "")[:MOST_PARTS]
    except ValueError:
        return b""


def _path(peaks: bytes) -> str:
    """A bar for each part, the loudest as high as the drawing unless all is quiet."""
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
    said = []
    if clip.header_at_s is not None:
        said.append(f"header from second {clip.header_at_s:.0f}")
    if clip.attention_at_s is not None and clip.attention_s is not None:
        said.append(f"{_attention(clip)} from second {clip.attention_at_s:.0f}")
        said[-1] += f" for {clip.attention_s:.0f} s"
    elif clip.header_at_s is not None:
        said.append("no attention signal")
    if clip.eom_at_s is not None:
        said.append(f"end of message at second {clip.eom_at_s:.0f}")
    elif clip.header_at_s is not None:
        said.append("no end of message was heard")
    if max(peaks) < QUIETEST:
        said.append("very quiet")
    return f"{clip.duration_s:.0f} s: {', '.join(said)}." if said else f"{clip.duration_s:.0f} s."
