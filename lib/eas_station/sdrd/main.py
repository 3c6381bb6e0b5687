"""The composition root of eas-sdrd: one receiver → audio of its channels."""

from __future__ import annotations

from functools import partial

from eas_station.config.model import Config, ReceiverConfig
from eas_station.errors import ConfigError, Fault
from eas_station.sdrd.receiver_loop import ReceiverLoop
from eas_station.sdrd.signal_history import HistoryWriter, SignalHistory
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import open_desired_states
from eas_station.service.remote_access import publish_remotely
from eas_station.service.storage import open_database


def main(argv: list[str]) -> int:
    """Run one receiver until it is stopped; gives the exit status."""
    return program.run("eas-sdrd", argv, compose, instance_of="receiver")


def compose(daemon: Daemon) -> None:
    """Build the parts and start the threads. Raises ConfigError."""
    settings = own_settings(daemon.config, daemon.instance)
    database = open_database(daemon, pool_size=1)
    history = SignalHistory(settings.name, daemon.now, daemon.clock_trust.trusted)
    writer = HistoryWriter(daemon, history, database)
    desired = open_desired_states(daemon, database, "receiver")
    try:
        loop = ReceiverLoop(
            daemon, settings, partial(desired.is_running, settings.name), note=history.take
        )
    except ValueError as error:
        raise ConfigError((unreachable(daemon.config, settings, error),)) from error

    def take(config: Config) -> None:
        replacement = own_settings(config, daemon.instance)
        try:
            loop.replace(replacement)
        except ValueError as error:
            raise ConfigError((unreachable(config, replacement, error),)) from error
        publish_remotely(daemon, config, replacement)

    daemon.on_reload(take)
    publish_remotely(daemon, daemon.config, settings)
    daemon.spawn("radio", loop.run)
    daemon.spawn("desired states", desired.run)
    daemon.spawn("history", writer.run)


def own_settings(config: Config, name: str | None) -> ReceiverConfig:
    """The configuration of this daemon's receiver."""
    return next(receiver for receiver in config.receivers if receiver.name == name)


def unreachable(config: Config, settings: ReceiverConfig, why: ValueError) -> Fault:
    """The fault of channels that the sample rate and the centre frequency cannot reach."""
    return Fault(
        file=config.files[0] if config.files else "(no configuration file)",
        line=None,
        key=f"receiver.{settings.name}.channels_hz",
        value=str(list(settings.channels_hz)),
        message=str(why),
    )
