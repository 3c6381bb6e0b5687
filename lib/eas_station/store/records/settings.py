"""The settings that operators change at run time: the defaults of the page.

Sources and the area of the station are configured in station.toml only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal, get_args, get_type_hints

from sqlalchemy import Connection, select

from eas_station.store.database.schema import settings
from eas_station.store.database.statements import upsert

Chime = Literal["off", "here", "all"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, with their defaults."""

    chime: Chime = "off"  # the page chimes: never, for alerts that concern the station, for all


def read(connection: Connection) -> Settings:
    """The settings; unknown and invalid values take their defaults."""
    rows = connection.execute(select(settings.c.name, settings.c.value))
    stored = {name: value for name, value in rows}
    hints = get_type_hints(Settings)
    known = {
        field.name: stored[field.name]
        for field in fields(Settings)
        if stored.get(field.name) in get_args(hints[field.name])
    }
    return Settings(**known)


def write(connection: Connection, name: str, value: str, at: datetime, by: str) -> bool:
    """Set one. False: there is no such setting, or the value is invalid."""
    hint = get_type_hints(Settings).get(name)
    if hint is None or value not in get_args(hint):
        return False
    row = {"name": name, "value": value, "set_at": at, "set_by": by}
    upsert(connection, settings, [row], key=("name",))
    return True
