"""Publishes a receiver for other machines, as configured."""

from __future__ import annotations

from functools import partial
from typing import Literal

from eas_station.bus import keys
from eas_station.bus.messages import ItemState
from eas_station.bus.tcp_endpoint import TcpSettings
from eas_station.config.model import Config, ReceiverConfig
from eas_station.errors import BusError, ConfigError, Fault
from eas_station.service.daemon import Daemon

KIND = "link"


def publish_remotely(daemon: Daemon, config: Config, receiver: ReceiverConfig) -> None:
    """Publish for the machines that the receiver's table allows, or stop it if there is none.

    Raises ConfigError if this machine has no keys.
    """
    if receiver.publish is None:
        daemon.publisher.close_tcp()
        daemon.drop_item(KIND, receiver.name)
        return
    try:
        pair = keys.read(keys.path_in(config.paths.state_dir))
    except BusError as error:
        raise ConfigError((_keyless(config, receiver, error),)) from error
    settings = TcpSettings(receiver.publish, pair, receiver.allow)
    daemon.publisher.open_tcp(settings, partial(_report, daemon, receiver.name))


def _report(
    daemon: Daemon, name: str, state: Literal["running", "reconnecting"], sentence: str
) -> None:
    daemon.set_item(ItemState(name, KIND, state, sentence, since_at=daemon.now()))


def _keyless(config: Config, receiver: ReceiverConfig, error: BusError) -> Fault:
    return Fault(
        file=config.files[0] if config.files else "(no configuration file)",
        line=None,
        key=f"receiver.{receiver.name}.publish",
        value=receiver.publish,
        message=str(error),
    )
