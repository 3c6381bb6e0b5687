"""The alerts that a batch may touch, with what was heard of them, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from eas_station.alerts.model import AdmissionRules, HeardText, Key, KnownAlert
from eas_station.store.alerts.candidates import alerts_sharing, history, parts
from eas_station.store.alerts.rows import ALERT_COLUMNS, alert_of, reception_of
from eas_station.store.database.alert_tables import alert_keys, alerts


class KnownAlerts:
    """Read when they are asked for, and kept as they change while the batch lasts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._alerts: dict[str, KnownAlert] = {}
        self._keys: dict[str, dict[Key, None]] = {}  # of each alert
        self._holders: dict[Key, dict[str, None]] = {}  # alerts by their keys
        self._asked: set[Key] = set()  # keys that the record was asked for

    def get(self, alert_id: str) -> KnownAlert | None:
        """One alert that was read; None: it is not there, or is part of another by now."""
        return self._alerts.get(alert_id)

    def load(self, keys: Iterable[Key], admission: AdmissionRules) -> None:
        """Read the alerts that have one of these names, and their rivals."""
        while wanted := set(keys) - self._asked:
            self._asked |= wanted
            found = [
                name
                for name in alerts_sharing(self._connection, wanted)
                if name not in self._alerts
            ]
            self.load_alerts(found)
            keys = [key for name in found for key in self._rivals(name, admission)]

    def load_alerts(self, alert_ids: Sequence[str]) -> None:
        """Read these alerts."""
        for asked in parts([name for name in alert_ids if name not in self._alerts]):
            self._load_part(asked)

    def sharing(self, keys: Iterable[Key], admission: AdmissionRules) -> list[KnownAlert]:
        """The alerts that have one of these names, and their rivals, oldest first."""
        found: dict[str, None] = {}
        asked = dict.fromkeys(keys)
        while asked:
            sharing = {name: None for key in asked for name in self._holders.get(key, ())}
            fresh = [name for name in sharing if name not in found]
            found |= sharing
            asked = dict.fromkeys(
                key for name in fresh for key in self._rivals(name, admission) if key not in asked
            )
        return sorted((self._alerts[name] for name in found), key=lambda known: known.number)

    def put(self, known: KnownAlert, keys: Iterable[Key]) -> list[Key]:
        """An alert as it now stands, found by these keys too; gives those that are new to it."""
        alert_id = known.alert.alert_id
        self._alerts[alert_id] = known
        held = self._keys.setdefault(alert_id, {})
        fresh = [key for key in dict.fromkeys(keys) if key not in held]
        for key in fresh:
            held[key] = None
            self._holders.setdefault(key, {})[alert_id] = None
        return fresh

    def remove(self, alert_id: str) -> None:
        """Forget an alert and its keys."""
        self._alerts.pop(alert_id, None)
        for key in self._keys.pop(alert_id, {}):
            self._holders[key].pop(alert_id, None)

    def _rivals(self, alert_id: str, admission: AdmissionRules) -> tuple[Key, ...]:
        return admission.rivals(self._alerts[alert_id].receptions)

    def _load_part(self, alert_ids: Sequence[str]) -> None:
        connection = self._connection
        texts: dict[str, list[HeardText]] = {alert_id: [] for alert_id in alert_ids}
        for row in connection.execute(history(alert_ids)).mappings():
            heard = reception_of(dict(row))
            text = HeardText(heard, row["number"], row["last_at"], row["count"])
            texts[row["alert_id"]].append(text)
        keys: dict[str, list[Key]] = {alert_id: [] for alert_id in alert_ids}
        for found in connection.execute(
            select(alert_keys).where(alert_keys.c.alert_id.in_(alert_ids))
        ):
            keys[found.alert_id].append(Key(found.strength, found.text))
        wanted = select(alerts.c.number, *ALERT_COLUMNS).where(alerts.c.alert_id.in_(alert_ids))
        for row in connection.execute(wanted).mappings():
            alert_id = row["alert_id"]
            known = KnownAlert(alert_of(dict(row)), row["number"], tuple(texts[alert_id]))
            self.put(known, keys[alert_id])
