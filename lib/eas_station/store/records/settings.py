"""The settings that operators change at run time: the defaults of the page.

Sources and the area of the station are configured in station.toml only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select

from eas_station.field_types import fields_of
from eas_station.store.database.record_tables import settings
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
    known = {
        spec.name: stored[spec.name]
        for spec in fields_of(Settings)
        if stored.get(spec.name) in spec.type.choices
    }
    return Settings(**known)


def write(connection: Connection, name: str, value: str, at: datetime, by: str) -> bool:
    """Set one. False: there is no such setting, or the value is invalid."""
    if not any(spec.name == name and value in spec.type.choices for spec in fields_of(Settings)):
        return False
    row = {"name": name, "value": value, "set_at": at, "set_by": by}
    upsert(connection, settings, [row], key=("name",))
    return True
