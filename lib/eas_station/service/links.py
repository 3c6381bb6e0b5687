"""What the configuration says of other machines, for the bus."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from eas_station.bus import keys, topics
from eas_station.bus.link import RemoteUnit
from eas_station.bus.messages import ItemState
from eas_station.bus.offer import Terms
from eas_station.config.model import Config, ReceiverConfig
from eas_station.config.units import receiver_unit
from eas_station.errors import BusError, ConfigError, Fault

if TYPE_CHECKING:
    from eas_station.service.daemon import Daemon

KIND = "link"


def remote(config: Config, unit: str) -> RemoteUnit | None:
    """Where `unit` is, if it is a receiver on another machine."""
    for one in config.remotes:
        if receiver_unit(one.name) == unit:
            own_keys = partial(keys.read, keys.path_in(config.paths.state_dir))
            return RemoteUnit(one.address, one.server_key, _topics_of(one.name), own_keys)
    return None


def offer(daemon: Daemon, config: Config, receiver: ReceiverConfig) -> None:
    """Publish for the other machines that the receiver's table names, or no longer.

    Raises ConfigError if this machine has no keys.
    """
    if receiver.publish is None:
        daemon.publisher.withdraw()
        daemon.drop_item(KIND, receiver.name)
        return
    try:
        pair = keys.read(keys.path_in(config.paths.state_dir))
    except BusError as error:
        raise ConfigError((_keyless(config, receiver, error),)) from error
    terms = Terms(receiver.publish, pair, receiver.allow)
    daemon.publisher.offer(terms, partial(_tell, daemon, receiver.name))


def _topics_of(receiver: str) -> tuple[str, ...]:
    return (
        topics.audio_of(receiver),
        topics.receiver_state(receiver),
        topics.status(receiver_unit(receiver)),
    )


def _tell(
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
