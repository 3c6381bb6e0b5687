"""eas-ctl keys: by which this machine is known to those it shares a receiver with."""

from __future__ import annotations

import argparse
from typing import Any

from eas_station.bus import keys
from eas_station.config.model import Config
from eas_station.ctl.console import invocation
from eas_station.errors import EXIT_FINE

PORT = 5600
OTHERS_KEY = "KEY OF THE OTHER MACHINE"

TO_PUBLISH = """
If the antenna is here and another machine is to hear it, write here, into its [[receiver]]:

    publish = "{publish}"
    allow = ["{others_key}"]

and on the other machine:

    [[remote]]
    name = "{name}"
    address = "tcp://ADDRESS OF THIS MACHINE:{port}"
    server_key = "{key}"

    [[source]]
    name = "{name}"
    kind = "receiver"
    receiver = "{name}"
"""
TO_HEAR = """
If this machine is to hear an antenna elsewhere, write there, into that [[receiver]]:

    publish = "tcp://0.0.0.0:{port}"
    allow = ["{key}"]

and here the [[remote]] and [[source]] that `eas-ctl keys` shows there.

Then, on both machines: sudo eas-ctl apply
"""


def add_parser(subparsers: Any) -> None:
    """`eas-ctl keys [make | show] [--config FILE] [--json]`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "keys",
        help="the keys for receivers on other machines",
        description=(
            "Makes this machine's keys, if it has none yet, and shows the public one and what to"
            " write on both machines. `show` makes none. The secret key is never shown."
        ),
    )
    parser.add_argument("action", choices=("make", "show"), nargs="?", default="make")
    invocation.add_config(parser)
    invocation.add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print this machine's public key, and what to write where."""
    config = invocation.load_config(args.config)
    path = keys.path_in(config.paths.state_dir)
    makes = args.action == "make" and not path.exists()
    pair = keys.make(path) if makes else keys.read(path)
    if args.json:
        invocation.print_json({"public_key": pair.public, "file": str(path), "made": makes})
        return EXIT_FINE
    print(f"The public key of this machine{', just made' if makes else ''}, in {path}:\n")
    print(f"    {pair.public}")
    print(advice(config, pair.public), end="")
    return EXIT_FINE


def advice(config: Config, key: str) -> str:
    """What to write on this machine and on the other, with what is known of them."""
    receiver = next((one for one in config.receivers if one.publish), None)
    receiver = receiver or next(iter(config.receivers), None)
    publish = receiver.publish if receiver and receiver.publish else f"tcp://0.0.0.0:{PORT}"
    port = publish.rpartition(":")[2]
    publishing = TO_PUBLISH.format(
        publish=publish,
        others_key=", ".join(receiver.allow) if receiver and receiver.allow else OTHERS_KEY,
        name=receiver.name if receiver else "roof",
        port=port,
        key=key,
    )
    return publishing + TO_HEAR.format(port=PORT, key=key)
