"""`eas-ctl decode`: the SAME messages of a recording, a pipe or a radio capture.

One line per message as soon as it is known: the header exactly as sent, or NNNN.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from eas_station import tables
from eas_station.ctl.audio_files import byte_blocks, open_bytes, open_sound
from eas_station.decoder.group import Policy
from eas_station.decoder.message import Burst, Message
from eas_station.decoder.prior import Prior
from eas_station.decoder.receiver import SameReceiver
from eas_station.dsp import iq
from eas_station.dsp.arrays import Baseband, Real
from eas_station.dsp.channelizer import CHANNEL_RATE_HZ, Channelizer
from eas_station.dsp.fm import Discriminator
from eas_station.errors import EXIT_FINE, SourceError
from eas_station.wire import to_plain

NWR_HZ = tuple(162_400_000 + 25_000 * i for i in range(7))
IQ_FORMATS: dict[str, tuple[int, Callable[[bytes], Baseband]]] = {
    "cu8": (iq.CU8_BYTES, iq.from_cu8),
    "cs16": (iq.CS16_BYTES, iq.from_cs16),
}
MONO = "mono"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `decode` to the commands."""
    parser = subparsers.add_parser(
        "decode",
        help="SAME messages of a recording, a pipe or a radio capture",
        description="Prints one line per SAME message as soon as it is known.",
    )
    parser.add_argument("file", metavar="FILE", help='WAV, FLAC, OGG, raw samples; "-": stdin')
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="of raw samples: s16le mono, or IQ"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with evidence")
    parser.add_argument("--iq", choices=sorted(IQ_FORMATS), help="FILE is a radio capture")
    parser.add_argument("--center", type=float, metavar="HZ", help="centre frequency of a capture")
    parser.add_argument(
        "--min-posterior",
        type=_probability,
        default=Policy().usual,
        metavar="P",
        help="how probable a header must be to be printed (default %(default)s)",
    )
    parser.set_defaults(func=run)


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a probability lies between 0 and 1")
    return value


def run(args: argparse.Namespace) -> int:
    """Decode and print. Raises SourceError."""
    show = _json_line if args.json else _text_line
    if args.iq is not None:
        _decode_capture(args, show)
    else:
        _decode_sound(args, show)
    return EXIT_FINE


Show = Callable[[Message, str, float], str]


def _decode_sound(args: argparse.Namespace, show: Show) -> None:
    with open_sound(args.file, args.rate) as sound:
        receiver = _receiver(1, sound.rate_hz, args.min_posterior)
        blocks = (block[None] for block in sound.blocks)
        _print_messages(receiver, blocks, [MONO], show)


def _decode_capture(args: argparse.Namespace, show: Show) -> None:
    if args.rate is None or args.center is None:
        raise SourceError("a capture needs its --rate HZ and its --center HZ")
    rate_hz, center_hz = round(args.rate), round(args.center)
    channels = [f for f in NWR_HZ if abs(f - center_hz) <= (rate_hz - CHANNEL_RATE_HZ) / 2]
    if not channels:
        raise SourceError(
            f"no NOAA Weather Radio channel lies in a capture of {rate_hz} Hz at {center_hz} Hz"
        )
    try:
        bank = Channelizer(rate_hz, center_hz, channels)
    except ValueError as error:
        raise SourceError(f"this capture cannot be cut into channels: {error}") from error
    names = [f"{f / 1e6:.3f}" for f in channels]
    receiver = _receiver(len(channels), CHANNEL_RATE_HZ, args.min_posterior)
    with open_bytes(args.file) as stream:
        audio = _audio(byte_blocks(stream, args.file), args.iq, bank, len(channels))
        _print_messages(receiver, audio, names, show)


def _receiver(channels: int, rate_hz: float, min_posterior: float) -> SameReceiver:
    known = tables.load()
    prior = Prior(events=tuple(known.events), states=tuple(known.states))
    try:
        return SameReceiver(channels, rate_hz, prior, Policy(usual=min_posterior))
    except ValueError as error:
        raise SourceError(str(error)) from error


def _audio(blocks: Iterable[bytes], kind: str, bank: Channelizer, channels: int) -> Iterator[Real]:
    """The audio of every channel of a capture."""
    width, read = IQ_FORMATS[kind]
    clean, discriminator = iq.DcRemover(), Discriminator(channels, CHANNEL_RATE_HZ)
    rest = b""
    for block in blocks:
        joined = rest + block
        whole = len(joined) // width * width
        rest = joined[whole:]
        yield discriminator.feed(bank.feed(clean.feed(read(joined[:whole]))))


def _print_messages(
    receiver: SameReceiver, blocks: Iterable[Real], channels: Sequence[str], show: Show
) -> None:
    for block in blocks:
        _print(receiver.feed(block), receiver, channels, show)
    _print(receiver.flush(), receiver, channels, show)


def _print(
    said: Iterable[Burst | Message], receiver: SameReceiver, channels: Sequence[str], show: Show
) -> None:
    for message in said:
        if isinstance(message, Message):
            print(show(message, channels[message.channel], receiver.rate_hz), flush=True)


def _text_line(message: Message, channel: str, rate_hz: float) -> str:
    del rate_hz
    return message.text if channel == MONO else f"{channel} {message.text}"


def _json_line(message: Message, channel: str, rate_hz: float) -> str:
    return json.dumps(
        {
            "channel": channel,
            "text": message.text,
            "eom": message.is_eom,
            "start_s": round(message.start_sample / rate_hz, 4),
            "end_s": round(message.end_sample / rate_hz, 4),
            "evidence": to_plain(message.evidence),
        }
    )
