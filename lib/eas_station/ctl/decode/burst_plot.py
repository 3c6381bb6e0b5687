"""`eas-ctl decode --plot`: draw the bursts of a header.

Each burst has rows of 32 characters: the audio, the soft bits by tone power, the characters.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eas_station.ctl.decode.decoding import Finding
from eas_station.ctl.decode.pictures import SvgPicture, write_picture
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.audio.afsk import BAUD_HZ, MARK_HZ, SPACE_HZ, bits
from eas_station.errors import SourceError

KEPT_S = 25.0  # three bursts of the longest header
AFTER_S = 4.0  # a third burst may follow so long after a message of two
PER_ROW = 32  # characters
BIT_WIDTH = 4.0  # pixels
LEFT, TOP = 16.0, 92.0
WIDTH = LEFT * 2 + PER_ROW * 8 * BIT_WIDTH
WAVE, SOFT, TEXT = 34.0, 56.0, 22.0  # heights
ROW = WAVE + SOFT + TEXT + 14.0
FINE, DOUBTFUL, REPAIRED = "#1b5e8a", "#b85c00", "#b00020"
INK, PALE = "#222222", "#9aa5ad"


@dataclass(frozen=True, slots=True)
class DrawnBurst:
    """One burst as it was received."""

    begin_s: float
    snr_db: float | None
    sound: Real  # from the first bit of "Z" on, at most the whole text
    soft: Real  # (bits,) by tone power, +1 one to -1 zero


class BurstPlot:
    """Keeps the last seconds of audio until the first header and its bursts are complete."""

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in (".svg", ".png"):
            raise SourceError(f"{path}: the name of the picture must end in .svg or .png")
        self._path = path
        self._kept: list[Real] = []
        self._end = 0  # samples received
        self._held = 0
        self._rate_hz = 0.0
        self._header: Finding | None = None
        self._bursts: list[tuple[str, Burst]] = []
        self._drawn: list[DrawnBurst] | None = None

    def feed(self, block: Real) -> None:
        """Keep a block, shape (channels, n)."""
        self._kept.append(np.asarray(block, np.float32))
        self._end += block.shape[1]
        self._held += block.shape[1]
        while self._rate_hz and self._held - self._kept[0].shape[1] > KEPT_S * self._rate_hz:
            self._held -= self._kept.pop(0).shape[1]
        self._cut(self._end)

    def take(self, finding: Finding) -> None:
        """Keep bursts and the first header."""
        self._rate_hz = finding.rate_hz
        found = finding.what
        if isinstance(found, Burst):
            self._bursts.append((finding.channel, found))
        elif isinstance(found, DecodedMessage) and not found.is_eom and self._header is None:
            self._header = finding

    def draw(self) -> None:
        """Write the picture. Raises SourceError, also if there was no header."""
        self._cut(None)
        if (
            self._header is None
            or not isinstance(self._header.what, DecodedMessage)
            or not self._drawn
        ):
            raise SourceError(f"{self._path}: not written, because no header was decoded")
        write_picture(self._path, picture(self._header.what, self._drawn))

    def _cut(self, now: int | None) -> None:
        """Cut the bursts out of the audio when no more can follow."""
        if self._header is None or self._drawn is not None:
            return
        message, rate_hz = self._header.what, self._header.rate_hz
        assert isinstance(message, DecodedMessage)
        if now is not None and now < message.end_sample + AFTER_S * rate_hz:
            return
        period = _period(message, rate_hz)
        latest = message.end_sample + AFTER_S * rate_hz
        sound = np.concatenate(self._kept, axis=1)[message.channel]
        first = self._end - len(sound)
        self._drawn = [
            _drawn(burst, sound[max(0, burst.start_sample - first) :], message, period, rate_hz)
            for channel, burst in self._bursts
            if channel == self._header.channel
            and message.start_sample - period <= burst.start_sample < latest
        ]
        self._kept, self._bursts = [], []


def _period(message: DecodedMessage, rate_hz: float) -> float:
    return rate_hz / BAUD_HZ / (1 + (message.evidence.baud_error or 0.0))


def _drawn(
    burst: Burst, sound: Real, message: DecodedMessage, period: float, rate_hz: float
) -> DrawnBurst:
    count = 8 * len(message.text)
    part = sound[: int(np.ceil(count * period))]
    soft = soft_bits(part, count, period, rate_hz)
    return DrawnBurst(burst.start_sample / rate_hz, burst.snr_db, part, soft)


def soft_bits(sound: Real, count: int, period: float, rate_hz: float) -> Real:
    """(mark − space) / (mark + space) power of each bit; 0 where there is no sound."""
    at_s = np.arange(len(sound)) / rate_hz
    powers = []
    edges = np.minimum(np.rint(np.arange(count + 1) * period).astype(np.intp), len(sound))
    for tone_hz in (MARK_HZ, SPACE_HZ):
        turned = np.cumsum(sound * np.exp(-2j * np.pi * tone_hz * at_s))
        turned = np.concatenate([[0], turned])
        powers.append(np.abs(turned[edges[1:]] - turned[edges[:-1]]) ** 2)
    mark, space = powers
    return np.asarray((mark - space) / (mark + space + 1e-18), np.float32)


def picture(message: DecodedMessage, bursts: list[DrawnBurst]) -> str:
    """The SVG of a header and its bursts."""
    rows = -(-len(message.text) // PER_ROW)
    height = TOP + len(bursts) * (rows * ROW + 30) + 10
    out = SvgPicture(WIDTH, height)
    _heading(out, message)
    y = TOP
    for number, burst in enumerate(bursts, start=1):
        snr = "" if burst.snr_db is None else f", Eb/N0 {burst.snr_db:.1f} dB"
        out.text(LEFT, y + 14, f"burst {number}, from {burst.begin_s:.3f} s{snr}", 13, INK)
        y += 22
        for row in range(rows):
            _row(out, y, message, burst, row)
            y += ROW
        y += 8
    return out.svg()


def _heading(out: SvgPicture, message: DecodedMessage) -> None:
    found = message.evidence
    agreed = "two identical" if found.agreed else "reconstructed"
    words = [f"read from {found.bursts} bursts", agreed, f"posterior {found.posterior:.5f}"]
    if found.snr_db is not None:
        words.append(f"Eb/N0 {found.snr_db:.1f} dB")
    if found.baud_error is not None:
        words.append(f"baud {100 * found.baud_error:+.2f} %")
    if found.eye_opening is not None:
        words.append(f"eye {100 * found.eye_opening:.0f} % open")
    shown = message.text if len(message.text) <= 118 else message.text[:117] + "…"
    out.text(LEFT, 26, shown, 14, INK, mono=True)
    out.text(LEFT, 48, ", ".join(words), 13, INK)
    out.text(LEFT, 72, "read correctly in this burst", 12, FINE)
    out.text(LEFT + 170, 72, "misread in this burst", 12, DOUBTFUL)
    out.text(LEFT + 340, 72, "repaired, in no majority", 12, REPAIRED, bold=True)


def _row(out: SvgPicture, y: float, message: DecodedMessage, burst: DrawnBurst, row: int) -> None:
    text = message.text[row * PER_ROW : (row + 1) * PER_ROW]
    first, count = 8 * row * PER_ROW, 8 * len(text)
    whole = 8 * len(message.text)
    per_bit = len(burst.sound) / whole if len(burst.sound) else 0.0
    part = burst.sound[int(first * per_bit) : int((first + count) * per_bit)]
    loudest = float(np.abs(burst.sound).max(initial=0.0)) or 1.0
    out.envelope(LEFT, y + WAVE / 2, count * BIT_WIDTH, WAVE / 2 / loudest, part, PALE)
    middle = y + WAVE + SOFT / 2
    out.line(LEFT, middle, LEFT + count * BIT_WIDTH, middle, PALE)
    sent = bits(text.encode("ascii"))
    soft = burst.soft[first : first + count]
    right = (soft * sent > 0).reshape(-1, 8)
    for good, colour in ((True, FINE), (False, DOUBTFUL)):
        chosen = [i for i in range(count) if bool(right.ravel()[i]) is good]
        out.bars([(LEFT + i * BIT_WIDTH, float(soft[i])) for i in chosen], middle, SOFT / 2, colour)
    for i, letter in enumerate(text):
        repaired = row * PER_ROW + i in message.evidence.repaired
        colour = REPAIRED if repaired else FINE if right[i, :7].all() else DOUBTFUL
        x = LEFT + (8 * i + 4) * BIT_WIDTH
        out.letter(x, y + WAVE + SOFT + 17, letter, colour, bold=repaired)
