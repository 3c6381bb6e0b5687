"""`eas-ctl encode`: write a SAME message as a WAV file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eas_station.clock import utc_now
from eas_station.ctl.console import arguments
from eas_station.ctl.decode.audio_files import open_sound, write_wav
from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.audio.modulate import message
from eas_station.dsp.audio.resample import Resampler
from eas_station.errors import EXIT_FINE, HeaderError, SourceError
from eas_station.same.header import faults, parse

LEVEL = 0.5  # of full scale: -6 dBFS peak
LOWEST_HZ, HIGHEST_HZ = 8000, 192000


def add_parser(commands: arguments.Commands) -> None:
    """Add `encode` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "encode",
        description="Write header, attention signal, voice and end of message as a WAV file. Never"
        " play a real event code near a transmitter (47 CFR 11.45).",
    )
    parser.add_argument("header", metavar="HEADER", help="ZCZC-…-, as it is sent")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE.wav", help="the file to write"
    )
    parser.add_argument(
        "--rate", type=int, default=25_000, metavar="HZ", help="sample rate (default: 25000)"
    )
    parser.add_argument(
        "--attention",
        action="store_true",
        help="add 8 s of attention signal: 853 and 960 Hz, or 1050 Hz for originator WXR",
    )
    parser.add_argument("--voice", metavar="FILE", help="an audio file with the spoken message")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Encode. Raises HeaderError, SourceError."""
    _check(args.header)
    if not LOWEST_HZ <= args.rate <= HIGHEST_HZ:
        raise SourceError(f"--rate {args.rate}: must be {LOWEST_HZ} to {HIGHEST_HZ} Hz")
    voice = None if args.voice is None else _voice(args.voice, args.rate)
    sound = message(args.header, args.rate, attention=args.attention, voice=voice)
    write_wav(args.output, LEVEL * sound, args.rate)
    return EXIT_FINE


def _check(text: str) -> None:
    """Raise HeaderError if the text is not a header; warn if a valid one violates the rules."""
    if not text.isascii():
        raise HeaderError(
            f"{text!r} is not a SAME header: it has characters other than ASCII", text
        )
    parse(text, utc_now())
    for fault in faults(text):
        print(f"eas-ctl encode: violates 47 CFR 11.31(c): {fault}", file=sys.stderr)


def _voice(name: str, rate_hz: int) -> Real:
    """The audio of the file at `rate_hz`."""
    with open_sound(name, None) as sound:
        whole = [block[None] for block in sound.blocks]
        if sound.rate_hz == rate_hz:
            return _joined(whole)
        edge_hz = min(sound.rate_hz, rate_hz) / 2
        band = Band(0.0, 0.9 * edge_hz, 0.2 * edge_hz)
        resampler = Resampler(1, sound.rate_hz, float(rate_hz), band)
        return _joined([*(resampler.feed(block) for block in whole), resampler.flush()])


def _joined(blocks: Sequence[Real]) -> Real:
    sound: Real = np.concatenate([np.zeros((1, 0), np.float32), *blocks], axis=1)[0]
    return sound
