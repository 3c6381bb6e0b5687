"""The units of a configuration."""

from __future__ import annotations

from eas_station.config.model import Config

CAPD = "eas-capd"
WEBD = "eas-webd"
CTL = "eas-ctl"  # not a daemon: it publishes while it injects a message


def receiver_unit(name: str) -> str:
    """The unit of a [[receiver]]."""
    return f"eas-sdrd@{name}"


def source_unit(name: str) -> str:
    """The unit of a [[source]]."""
    return f"eas-audiod@{name}"


def units(config: Config) -> tuple[str, ...]:
    """All units, in the order of the signal path."""
    return (
        CAPD,
        *(receiver_unit(receiver.name) for receiver in config.receivers),
        *(source_unit(source.name) for source in config.sources),
        WEBD,
    )


def heard_units(config: Config) -> tuple[str, ...]:
    """The units to subscribe to: all units, and the receivers on other machines."""
    return (*units(config), *(receiver_unit(remote.name) for remote in config.remotes))


def source_units(config: Config) -> dict[str, str]:
    """The unit of each configured source, by name."""
    return {one.name: source_unit(one.name) for one in config.sources}


def receiver_units(config: Config) -> dict[str, str]:
    """The unit of each receiver, here or on another machine, by name."""
    here = [receiver.name for receiver in config.receivers]
    elsewhere = [remote.name for remote in config.remotes]
    return {name: receiver_unit(name) for name in (*here, *elsewhere)}
