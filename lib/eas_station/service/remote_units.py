"""Units on other machines, as configured."""

from __future__ import annotations

from functools import partial

from eas_station.bus import keys, topics
from eas_station.bus.remote_subscription import RemoteUnit
from eas_station.config.model import Config
from eas_station.config.units import receiver_unit


def remote_unit(config: Config, unit: str) -> RemoteUnit | None:
    """The address of `unit`, if it is a receiver on another machine."""
    for one in config.remotes:
        if receiver_unit(one.name) == unit:
            own_keys = partial(keys.read, keys.path_in(config.paths.state_dir))
            return RemoteUnit(one.address, one.server_key, _topics_of(one.name), own_keys)
    return None


def _topics_of(receiver: str) -> tuple[str, ...]:
    return (
        topics.audio_of(receiver),
        topics.receiver_state(receiver),
        topics.status(receiver_unit(receiver)),
    )
