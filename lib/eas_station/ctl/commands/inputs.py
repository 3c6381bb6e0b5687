"""`eas-ctl sources` and `eas-ctl receivers`: the state of each."""

from __future__ import annotations

import argparse

from eas_station.bus import topics
from eas_station.bus.messages import BusMessage, ItemState, ReceiverState, Status
from eas_station.config.model import Config
from eas_station.config.units import receiver_unit, source_unit
from eas_station.ctl.console import arguments, bus_query, output

RECEIVER_STALE_S = 10.0  # receiver.state comes every second


def add_parser(commands: arguments.Commands) -> None:
    """Add `sources` and `receivers` to the commands of eas-ctl."""
    status = "Exit status: 0 all are running or stopped by the operator, 1 some are not, 2 none is."
    sources = commands.add_parser(
        "sources",
        description=f"Show the state of each audio source. {status}",
    )
    arguments.finish(sources, run_sources)
    receivers = commands.add_parser(
        "receivers",
        description=f"Show the state of each radio receiver and its channels. {status}",
    )
    arguments.finish(receivers, run_receivers)


def run_sources(args: argparse.Namespace) -> int:
    """Print the state of each source."""
    config = arguments.load_config(args.config)
    wanted = {topics.status(source_unit(source.name)) for source in config.sources}
    messages = bus_query.recent(_last(config, wanted))
    items = {source.name: _source_item(source.name, messages) for source in config.sources}
    if args.json:
        output.print_json({"sources": [_source_row(config, n, i) for n, i in items.items()]})
    for name, item in items.items() if not args.json else ():
        print(f"{name}: {'not responding' if item is None else f'{item.state}: {item.sentence}'}")
    return output.exit_status([_works(item) for item in items.values()])


def run_receivers(args: argparse.Namespace) -> int:
    """Print the state of each receiver and its channels."""
    config = arguments.load_config(args.config)
    known = [one.name for one in config.receivers] + [one.name for one in config.remotes]
    wanted = {topics.receiver_state(name) for name in known}
    messages = bus_query.recent(_last(config, wanted), RECEIVER_STALE_S)
    states = {m.body.receiver: m.body for m in messages if isinstance(m.body, ReceiverState)}
    if args.json:
        output.print_json({"receivers": [_receiver_row(n, states.get(n)) for n in known]})
    for name in known if not args.json else ():
        _print_receiver(name, states.get(name))
    return output.exit_status([_works(states.get(name)) for name in known])


def _last(config: Config, wanted: set[str]) -> list[BusMessage]:
    return bus_query.last_messages(config, wanted, lambda got: {m.topic for m in got} >= wanted)


def _source_item(name: str, messages: list[BusMessage]) -> ItemState | None:
    for message in reversed(messages):
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


def _works(state: ReceiverState | ItemState | None) -> bool:
    return state is not None and state.state in ("running", "stopped")


def _print_receiver(name: str, state: ReceiverState | None) -> None:
    if state is None:
        print(f"{name}: not responding")
        return
    print(f"{name}: {state.state}: {state.sentence}")
    for channel in state.channels:
        carrier = "carrier" if channel.carrier_present else "no carrier"
        print(
            f"  {channel.channel}  {carrier:10}  SNR {channel.snr_db:5.1f} dB"
            f"  deviation {channel.deviation_hz:5.0f} Hz  offset {channel.offset_hz:+6.0f} Hz"
        )
