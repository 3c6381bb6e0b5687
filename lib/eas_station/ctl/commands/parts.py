"""eas-ctl sources and eas-ctl receivers: what the station listens with, and how well."""

from __future__ import annotations

import argparse
from typing import Any

from eas_station.bus import topics
from eas_station.bus.messages import BusMessage, ItemState, ReceiverState, Status
from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.config.units import receiver_unit, source_unit
from eas_station.ctl.commands.status import STALE_S
from eas_station.ctl.console import invocation
from eas_station.errors import EXIT_DEGRADED, EXIT_FAILED, EXIT_FINE

RECEIVER_STALE_S = 10.0  # receiver.state comes each second


def add_parser(subparsers: Any) -> None:
    """`eas-ctl sources` and `eas-ctl receivers`, each with [--config FILE] [--json]."""
    for name, says, run in (
        ("sources", "what eas-audiod listens to", run_sources),
        ("receivers", "what the radios hear, channel by channel", run_receivers),
    ):
        parser: argparse.ArgumentParser = subparsers.add_parser(name, help=says)
        invocation.add_config(parser)
        invocation.add_json(parser)
        parser.set_defaults(func=run)


def run_sources(args: argparse.Namespace) -> int:
    """Print each source's state; 0 all running, 1 some are not, 2 none is."""
    config = invocation.load_config(args.config)
    wanted = {topics.status(source_unit(source.name)) for source in config.sources}
    heard = _fresh(
        invocation.hear(config, wanted, lambda got: {m.topic for m in got} >= wanted), STALE_S
    )
    items = {source.name: _source_item(source.name, heard) for source in config.sources}
    if args.json:
        invocation.print_json({"sources": [_source_row(config, n, i) for n, i in items.items()]})
    for name, item in items.items() if not args.json else ():
        print(f"{name}: {'not heard' if item is None else f'{item.state}: {item.sentence}'}")
    return _exit(
        [item is not None and item.state in ("running", "stopped") for item in items.values()]
    )


def run_receivers(args: argparse.Namespace) -> int:
    """Print each receiver's channels; 0 all running, 1 some are not, 2 none is."""
    config = invocation.load_config(args.config)
    known = [one.name for one in config.receivers] + [one.name for one in config.remotes]
    wanted = {topics.receiver_state(name) for name in known}
    heard = _fresh(
        invocation.hear(config, wanted, lambda got: {m.topic for m in got} >= wanted),
        RECEIVER_STALE_S,
    )
    states = {m.body.receiver: m.body for m in heard if isinstance(m.body, ReceiverState)}
    if args.json:
        invocation.print_json({"receivers": [_receiver_row(n, states.get(n)) for n in known]})
        return _exit([_works(states.get(name)) for name in known])
    for name in known:
        _print_receiver(name, states.get(name))
    return _exit([_works(states.get(name)) for name in known])


def _fresh(heard: list[BusMessage], lasts_s: float) -> list[BusMessage]:
    """Without the last words of a daemon that hangs: its bus repeats them for ever."""
    now = utc_now()
    return [message for message in heard if (now - message.sent_at).total_seconds() <= lasts_s]


def _source_item(name: str, heard: list[BusMessage]) -> ItemState | None:
    for message in reversed(heard):
        if message.sender == source_unit(name) and isinstance(message.body, Status):
            for item in message.body.items:
                if item.kind.startswith("source.") and item.name == name:
                    return item
    return None


def _source_row(config: Config, name: str, item: ItemState | None) -> dict[str, object]:
    kind = next(source.kind for source in config.sources if source.name == name)
    return {"name": name, "kind": kind, "unit": source_unit(name), "item": item}


def _receiver_row(name: str, state: ReceiverState | None) -> dict[str, object]:
    return {"name": name, "unit": receiver_unit(name), "state": state}


def _works(state: ReceiverState | None) -> bool:
    return state is not None and state.state in ("running", "stopped")


def _print_receiver(name: str, state: ReceiverState | None) -> None:
    if state is None:
        print(f"{name}: not heard")
        return
    ppm = "" if state.ppm is None else f", ppm {state.ppm:+.1f}"
    print(f"{name}: {state.state}: {state.sentence} ({state.lost_samples} samples lost{ppm})")
    for channel in state.channels:
        carrier = "carrier" if channel.carrier_present else "no carrier"
        print(
            f"  {channel.channel}  {carrier:10}  SNR {channel.snr_db:5.1f} dB"
            f"  deviation {channel.deviation_hz:5.0f} Hz  offset {channel.offset_hz:+6.0f} Hz"
        )


def _exit(works: list[bool]) -> int:
    if all(works):
        return EXIT_FINE
    return EXIT_DEGRADED if any(works) else EXIT_FAILED
