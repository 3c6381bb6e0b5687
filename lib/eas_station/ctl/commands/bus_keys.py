"""`eas-ctl keys`: the keys with which machines that share a receiver authenticate."""

from __future__ import annotations

import argparse

from eas_station.bus import keys
from eas_station.config.model import Config
from eas_station.ctl.console import arguments, output
from eas_station.errors import EXIT_FINE

PORT = 5600
PLACEHOLDER = "KEY OF THE OTHER MACHINE"

PUBLISHING = """
To share a receiver of this machine, add to its [[receiver]] on this machine:

    publish = "{publish}"
    allow = ["{other_key}"]

and on the other machine add:

    [[remote]]
    name = "{name}"
    address = "tcp://ADDRESS OF THIS MACHINE:{port}"
    server_key = "{key}"

    [[source]]
    name = "{name}"
    kind = "receiver"
    receiver = "{name}"
"""
SUBSCRIBING = """
To use a receiver of another machine, add to its [[receiver]] on that machine:

    publish = "tcp://0.0.0.0:{port}"
    allow = ["{key}"]

and on this machine the [[remote]] and [[source]] that eas-ctl keys prints there.

Then run on both machines: sudo eas-ctl apply
"""


def add_parser(commands: arguments.Commands) -> None:
    """Add `keys` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "keys",
        description="make, the default: create the keys of this machine unless they exist, and"
        " print the public key and the settings for both machines. show: print them, but create"
        " nothing. The secret key is never printed.",
    )
    parser.add_argument("action", choices=("make", "show"), nargs="?", default="make")
    arguments.finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Print the public key of this machine, and the settings."""
    config = arguments.load_config(args.config)
    path = keys.path_in(config.paths.state_dir)
    makes = args.action == "make" and not path.exists()
    pair = keys.make(path) if makes else keys.read(path)
    if args.json:
        output.print_json({"public_key": pair.public, "file": str(path), "made": makes})
        return EXIT_FINE
    print(f"The public key of this machine{', just created' if makes else ''}, in {path}:\n")
    print(f"    {pair.public}")
    print(settings(config, pair.public), end="")
    return EXIT_FINE


def settings(config: Config, key: str) -> str:
    """The settings for this machine and for the other."""
    receiver = next((one for one in config.receivers if one.publish), None)
    receiver = receiver or next(iter(config.receivers), None)
    publish = receiver.publish if receiver and receiver.publish else f"tcp://0.0.0.0:{PORT}"
    port = publish.rpartition(":")[2]
    publishing = PUBLISHING.format(
        publish=publish,
        other_key=", ".join(receiver.allow) if receiver and receiver.allow else PLACEHOLDER,
        name=receiver.name if receiver else "roof",
        port=port,
        key=key,
    )
    return publishing + SUBSCRIBING.format(port=PORT, key=key)
