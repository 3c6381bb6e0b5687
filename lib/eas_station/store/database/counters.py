"""Numbers allocated inside a write transaction, so they follow the order of commit."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, bindparam, select, update

from eas_station.store.database.alert_tables import numbers

Counted = Literal["alert", "reception", "change"]


class NumberAllocator:
    """Allocates numbers during one write transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        rows = connection.execute(select(numbers.c.name, numbers.c.last))
        self._last: dict[str, int] = {row.name: row.last for row in rows}
        self._used: set[str] = set()

    def next(self, counted: Counted) -> int:
        """The next number, from 1."""
        self._last[counted] += 1
        self._used.add(counted)
        return self._last[counted]

    def write(self) -> None:
        """Store the last numbers; part of the transaction."""
        if self._used:
            rows = [{"counted": name, "number": self._last[name]} for name in sorted(self._used)]
            last = update(numbers).where(numbers.c.name == bindparam("counted"))
            self._connection.execute(last.values(last=bindparam("number")), rows)
