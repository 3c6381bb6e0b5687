"""What a batch writes: alerts, their names, what was heard of them, and which became one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from eas_station.alerts.model import Change, Key, KnownAlert, Reception
from eas_station.store.alerts import flags
from eas_station.store.alerts.rows import alert_row, key_hash, reception_row
from eas_station.store.database.alert_tables import (
    alert_keys,
    alert_receptions,
    alerts,
    changes,
    joined_alerts,
    receptions,
)
from eas_station.store.database.statements import insert_new, upsert


class BatchWriter:
    """Collects rows; writes them once, in an order that the foreign keys allow."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._alerts: dict[str, KnownAlert] = {}
        self._keys: dict[str, dict[Key, None]] = {}  # new ones, by alert
        self._receptions: dict[str, tuple[int, Reception]] = {}
        self._links: dict[tuple[str, str], None] = {}  # of alert and reception
        self._elders: dict[str, str] = {}  # younger → elder, those that have a row
        self._made_anew: set[str] = set()  # alerts whose keys in the record count no more
        self._stored: dict[str, bool] = {}

    def add_reception(self, number: int, reception: Reception) -> None:
        """A reception that is not in the record yet."""
        self._receptions[reception.reception_id] = (number, reception)

    def put(self, known: KnownAlert, keys: Sequence[Key]) -> None:
        """An alert as it now stands, with keys that it did not have."""
        alert_id = known.alert.alert_id
        self._alerts[alert_id] = known
        self._keys.setdefault(alert_id, {}).update(dict.fromkeys(keys))

    def link(self, alert_id: str, reception_id: str) -> None:
        """A reception is one of this alert."""
        self._links[alert_id, reception_id] = None

    def is_stored(self, alert_id: str) -> bool:
        """Had the alert a row before this batch."""
        if alert_id not in self._stored:
            wanted = select(alerts.c.number).where(alerts.c.alert_id == alert_id)
            self._stored[alert_id] = self._connection.execute(wanted).first() is not None
        return self._stored[alert_id]

    def join(self, younger: str, elder: str) -> None:
        """An alert became part of another."""
        self._alerts.pop(younger, None)
        self._keys.pop(younger, None)
        if self.is_stored(younger):
            self._elders[younger] = elder

    def relink(
        self,
        changed: Sequence[KnownAlert],
        elders: Mapping[str, str],
        sources: Sequence[KnownAlert],
    ) -> None:
        """Give every reception of these alerts, and of those that join them, to its new alert.

        Args:
            elders: what each of the others becomes part of.
            sources: the alerts as they were, which have the receptions.
        """
        ids = [*(known.alert.alert_id for known in changed), *elders]
        links = self._links_of([known.alert.alert_id for known in sources])
        self._connection.execute(
            delete(alert_receptions).where(alert_receptions.c.alert_id.in_(ids))
        )
        self._links = {link: None for link in self._links if link[0] not in ids}
        for known in changed:
            alert_id = known.alert.alert_id
            own = {alert_id, *(name for name, elder in elders.items() if elder == alert_id)}
            for text in known.texts:
                hearings = links.get(text.name, [])
                of_own = [heard for source, heard in hearings if source in own]
                for heard in of_own or [heard for _, heard in hearings]:
                    self.link(alert_id, heard)
            self._keys.pop(alert_id, None)
            self._made_anew.add(alert_id)

    def write(self, told: Sequence[Change], repeats: Mapping[str, int]) -> None:
        """Write everything; part of the transaction."""
        connection = self._connection
        rows = [alert_row(one.alert, one.number, one.receptions) for one in self._alerts.values()]
        upsert(connection, alerts, rows, key=("alert_id",), kept=("number",))
        for younger, elder in self._elders.items():
            self._write_joined(younger, elder)
        self._write_keys()
        if self._receptions:
            heard = [reception_row(one, number) for number, one in self._receptions.values()]
            connection.execute(receptions.insert(), heard)
        links = [{"alert_id": one, "reception_id": other} for one, other in self._links]
        insert_new(connection, alert_receptions, links)
        if told:
            names = Change.__slots__
            rows = [{name: getattr(change, name) for name in names} for change in told]
            connection.execute(changes.insert(), rows)
        if repeats:
            counts = [{"a_hash": message, "times": n} for message, n in repeats.items()]
            again = update(receptions).where(receptions.c.message_hash == bindparam("a_hash"))
            counted = again.values(repeats=receptions.c.repeats + bindparam("times"))
            connection.execute(counted, counts)

    def _links_of(self, ids: Sequence[str]) -> dict[object, list[tuple[str, str]]]:
        """The alerts and receptions of these alerts, by the text: see `HeardText.name`."""
        found: dict[object, list[tuple[str, str]]] = {}
        names = (receptions.c.via, receptions.c.raw, receptions.c.clock_trusted)
        wanted = (
            select(alert_receptions.c.alert_id, alert_receptions.c.reception_id, *names)
            .join_from(alert_receptions, receptions)
            .where(alert_receptions.c.alert_id.in_(ids))
        )
        for alert_id, reception_id, via, raw, trusted in self._connection.execute(wanted):
            name = _name(via, raw, trusted, reception_id)
            found.setdefault(name, []).append((alert_id, reception_id))
        for alert_id, reception_id in self._links:
            if alert_id in ids and reception_id in self._receptions:
                one = self._receptions[reception_id][1]
                name = _name(one.via, one.raw, one.clock_trusted, reception_id)
                found.setdefault(name, []).append((alert_id, reception_id))
        return found

    def _write_joined(self, younger: str, elder: str) -> None:
        """Whoever asks for the younger alert gets the elder from now on."""
        connection = self._connection
        flags.join(connection, younger, elder)
        moved = update(changes).where(changes.c.alert_id == younger)
        connection.execute(moved.values(alert_id=elder))
        before = update(joined_alerts).where(joined_alerts.c.joined_id == younger)
        connection.execute(before.values(joined_id=elder))
        connection.execute(delete(alerts).where(alerts.c.alert_id == younger))
        connection.execute(insert(joined_alerts).values(alert_id=younger, joined_id=elder))

    def _write_keys(self) -> None:
        if self._made_anew:
            gone = delete(alert_keys).where(alert_keys.c.alert_id.in_(sorted(self._made_anew)))
            self._connection.execute(gone)
        rows: list[dict[str, Any]] = [
            {
                "key_hash": key_hash(key),
                "alert_id": alert_id,
                "strength": key.strength,
                "text": key.text,
            }
            for alert_id, keys in self._keys.items()
            for key in keys
        ]
        insert_new(self._connection, alert_keys, rows)


def _name(via: str, raw: str, clock_trusted: bool, reception_id: str) -> object:
    return (raw, clock_trusted) if via == "same" else (reception_id,)
