"""What operators set at run time: how the page behaves for those who have not chosen themselves.

What the station listens to and answers for is in station.toml, and only there.
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

    chime: Chime = "off"  # the page rings: never, for alerts that concern us, for all


def read(connection: Connection) -> Settings:
    """As they are; what is not known, or no longer a choice, is as by default."""
    rows = connection.execute(select(settings.c.name, settings.c.value))
    said = {name: value for name, value in rows}
    hints = get_type_hints(Settings)
    known = {
        field.name: said[field.name]
        for field in fields(Settings)
        if said.get(field.name) in get_args(hints[field.name])
    }
    return Settings(**known)


def write(connection: Connection, name: str, value: str, at: datetime, by: str) -> bool:
    """Set one. False: there is no such setting, or it cannot be that."""
    hint = get_type_hints(Settings).get(name)
    if hint is None or value not in get_args(hint):
        return False
    row = {"name": name, "value": value, "set_at": at, "set_by": by}
    upsert(connection, settings, [row], key=("name",))
    return True
