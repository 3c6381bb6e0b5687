"""Pictures as SVG, or as PNG by an external program."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from eas_station.dsp.arrays.array_types import Real
from eas_station.errors import SourceError

SANS = "system-ui, 'DejaVu Sans', sans-serif"
MONO = "'DejaVu Sans Mono', monospace"
BAR = 3.0  # width of a soft bit
LIMIT_S = 60.0


class SvgPicture:
    """A picture to which shapes are added; y runs downwards."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._shapes: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int,
        colour: str,
        mono: bool = False,
        bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """One line of text."""
        family = MONO if mono else SANS
        weight = ' font-weight="bold"' if bold else ""
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-family="{family}"{weight} '
            f'text-anchor="{anchor}" fill="{colour}" xml:space="preserve">{escape(words)}</text>'
        )

    def letter(self, x: float, y: float, letter: str, colour: str, bold: bool) -> None:
        """One character, centered at x; a space is shown as an open box."""
        self.text(x, y, "␣" if letter == " " else letter, 15, colour, True, bold, "middle")

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        """A thin line."""
        self.path(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", colour, 1)

    def path(self, steps: str, colour: str, width: float) -> None:
        """An open path."""
        self._shapes.append(
            f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
        )

    def envelope(
        self, x: float, y: float, width: float, scale: float, sound: Real, colour: str
    ) -> None:
        """The range of the samples in each pixel."""
        columns = int(width)
        if len(sound) < columns or columns < 1:
            return
        edges = np.arange(columns) * len(sound) // columns
        low = np.minimum.reduceat(sound, edges) * scale
        high = np.maximum.reduceat(sound, edges) * scale
        steps = "".join(
            f"M{x + i:.0f} {y - top:.1f}V{y - bottom:.1f}"
            for i, (top, bottom) in enumerate(zip(high, low, strict=True))
        )
        self.path(steps, colour, 1)

    def bars(
        self, values: Sequence[tuple[float, float]], y: float, scale: float, colour: str
    ) -> None:
        """Bars from y upwards or downwards; each has a left edge and a value, -1 to 1."""
        if values:
            steps = "".join(f"M{x + BAR / 2:.1f} {y:.1f}V{y - scale * v:.1f}" for x, v in values)
            self.path(steps, colour, BAR)

    def svg(self) -> str:
        """The whole picture."""
        size = f'width="{self.width:g}" height="{self.height:g}"'
        box = f'viewBox="0 0 {self.width:g} {self.height:g}"'
        ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
        shapes = "\n".join([ground, *self._shapes])
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>\n{shapes}\n</svg>\n'


def write_picture(path: Path, svg: str) -> None:
    """Write the picture as SVG or PNG, by the name of the file. Raises SourceError."""
    try:
        if path.suffix.lower() == ".svg":
            path.write_text(svg, encoding="utf-8")
            return
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "picture.svg"
            source.write_text(svg, encoding="utf-8")
            _to_png(source, path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"{path} cannot be written: {reason}") from error


def _to_png(source: Path, path: Path) -> None:
    if shutil.which("rsvg-convert"):
        command = ["rsvg-convert", "--output", str(path), str(source)]
    elif shutil.which("ffmpeg"):
        command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source), str(path)]
    else:
        raise SourceError(f"{path}: install librsvg2-bin to write PNG, or write a .svg file")
    try:
        subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise SourceError(
            f"{path}: {command[0]} failed: install librsvg2-bin, or write a .svg file"
        ) from error
