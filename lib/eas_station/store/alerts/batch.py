"""The alerts that one batch of receptions touches: read once, folded in order, written once.

Lives inside one write transaction. What it costs depends on the batch, never on how many alerts
are stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from eas_station.alerts.model import (
    AdmissionRules,
    Alert,
    Candidate,
    Change,
    ChangeKind,
    Key,
    Reception,
)
from eas_station.store.alerts import reasons
from eas_station.store.alerts.alert_queries import overdue, partly_overdue
from eas_station.store.alerts.candidates import alerts_sharing, history, parts
from eas_station.store.alerts.rows import (
    ALERT_COLUMNS,
    alert_of,
    alert_row,
    key_hash,
    message_hash,
    reception_of,
    reception_row,
)
from eas_station.store.database.counters import NumberAllocator
from eas_station.store.database.schema import (
    alert_keys,
    alert_receptions,
    alerts,
    changes,
    receptions,
)
from eas_station.store.database.statements import insert_new, upsert


@dataclass(slots=True)
class BatchEntry:
    """One alert with its history, while the batch lasts.

    Of the receptions of one header only the first is kept: the others add nothing, and in a week
    there can be thousands of them.
    """

    number: int
    alert: Alert
    keys: dict[Key, None] = field(default_factory=dict)
    heard: dict[object, tuple[datetime, int, Reception]] = field(default_factory=dict)

    def add(self, number: int, reception: Reception) -> None:
        """Add a reception; `number` is its order of recording."""
        off_air = reception.via == "same"
        said = (reception.raw, reception.clock_trusted) if off_air else reception.reception_id
        heard = (reception.received_at, number, reception)
        if said not in self.heard or heard[:2] < self.heard[said][:2]:
            self.heard[said] = heard

    def candidate(self) -> Candidate:
        """The alert as the admission rules take it."""
        return Candidate(self.alert, tuple(self.keys), self.history(), self.number)

    def history(self) -> tuple[Reception, ...]:
        """Its receptions, oldest first."""
        heard = sorted(self.heard.values(), key=lambda heard: heard[:2])
        return tuple(reception for _, _, reception in heard)

    def counted(self, alert: Alert, *heard_at: datetime) -> Alert:
        """The alert folded again, counting further receptions at these times."""
        before = self.alert
        times = (before.first_received_at, before.last_received_at, *heard_at)
        return replace(
            alert,
            reception_count=before.reception_count + len(heard_at),
            first_received_at=min(times),
            last_received_at=max(times),
        )


class AlertBatch:
    """One transaction's worth of changes to alerts."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._numbers = NumberAllocator(connection)
        self._entries: dict[str, BatchEntry] = {}
        self._alerts_of_key: dict[Key, list[str]] = {}
        self._keys: dict[str, tuple[Key, ...]] = {}  # of receptions
        self._known: set[str] = set()  # receptions stored already
        self._known_messages: set[str] = set()
        self._touched: dict[str, BatchEntry] = {}
        self._new_keys: list[dict[str, str]] = []
        self._new_receptions: list[tuple[int, str, Reception]] = []
        self._repeats: Counter[str] = Counter()
        self._changes: list[Change] = []

    def admit_all(
        self,
        heard: Sequence[Reception],
        admission: AdmissionRules,
        new_id: Callable[[], str],
    ) -> None:
        """Join every reception to its alert, in this order; stored ones change nothing."""
        heard = [reception for reception in heard if admission.admits(reception)]
        self._load(heard, admission)
        for reception in heard:
            if self._is_new(reception):
                self._admit(reception, admission, new_id)

    def date_anew(self, alert_ids: Sequence[str], admission: AdmissionRules) -> None:
        """Fold alerts again that were received while the clock was not trusted."""
        self._fold_anew(alert_ids, admission, reasons.of_dating())

    def let_time_pass(self, limit: int, admission: AdmissionRules | None) -> int:
        """Record what has ended by time, whole alerts and parts of them; gives how many alerts.

        Args:
            admission: None in a process that takes no receptions: then no parts.
        """
        due = overdue(self._connection, self._now, limit)
        for alert in due:
            self._change("ended", alert, reasons.of_end_by_time(alert))
        rows = [{"an_id": alert.alert_id, "at": self._now} for alert in due]
        if rows:
            ending = update(alerts).where(alerts.c.alert_id == bindparam("an_id"))
            self._connection.execute(ending.values(ended_at=bindparam("at")), rows)
        if admission is None:
            return len(due)
        partly = partly_overdue(self._connection, self._now, limit)
        return len(due) + self._fold_anew(partly, admission, reasons.of_change_by_time())

    def _fold_anew(self, alert_ids: Sequence[str], admission: AdmissionRules, why: str) -> int:
        """Fold alerts again without a further reception; gives how many of them changed."""
        self._load_alerts(alert_ids)
        changed = 0
        for alert_id in alert_ids:
            entry = self._entries[alert_id]
            folded = admission.fold(entry.alert.alert_id, entry.history(), entry.alert)
            alert = entry.counted(folded)
            if alert != entry.alert:
                entry.alert = alert
                self._touch(
                    entry, [key for heard in entry.history() for key in admission.keys(heard)]
                )
                self._change("updated", alert, why)
                changed += 1
        return changed

    def write(self) -> tuple[Change, ...]:
        """Write what has changed; return the numbered changes, to publish after the commit."""
        connection = self._connection
        rows = [
            alert_row(entry.alert, entry.number, entry.history())
            for entry in self._touched.values()
        ]
        upsert(connection, alerts, rows, key=("alert_id",), kept=("number",))
        insert_new(connection, alert_keys, self._new_keys)
        if self._new_receptions:
            rows = [reception_row(heard, number) for number, _, heard in self._new_receptions]
            connection.execute(receptions.insert(), rows)
            links = [
                {"alert_id": alert_id, "reception_id": heard.reception_id}
                for _, alert_id, heard in self._new_receptions
            ]
            connection.execute(alert_receptions.insert(), links)
        self._write_repeats()
        if self._changes:
            names = Change.__slots__
            rows = [{name: getattr(change, name) for name in names} for change in self._changes]
            connection.execute(changes.insert(), rows)
        self._numbers.write()
        return tuple(self._changes)

    def _load(self, heard: Sequence[Reception], admission: AdmissionRules) -> None:
        connection = self._connection
        ids = [reception.reception_id for reception in heard]
        known = select(receptions.c.reception_id).where(receptions.c.reception_id.in_(ids))
        self._known.update(connection.execute(known).scalars())
        hashes = [found for reception in heard if (found := message_hash(reception))]
        known = select(receptions.c.message_hash).where(receptions.c.message_hash.in_(hashes))
        self._known_messages.update(connection.execute(known).scalars())
        for reception in heard:
            if reception.reception_id not in self._known:
                self._keys[reception.reception_id] = admission.keys(reception)
        asked = (key for keys in self._keys.values() for key in keys)
        off_air = sum(reception.via == "same" for reception in heard)
        self._load_alerts(alerts_sharing(connection, asked, off_air))

    def _load_alerts(self, alert_ids: Sequence[str]) -> None:
        for asked in parts(alert_ids):
            self._load_part(asked)

    def _load_part(self, alert_ids: Sequence[str]) -> None:
        connection = self._connection
        wanted = select(alerts.c.number, *ALERT_COLUMNS).where(alerts.c.alert_id.in_(alert_ids))
        for row in connection.execute(wanted).mappings():
            self._entries[row["alert_id"]] = BatchEntry(row["number"], alert_of(dict(row)))
        keys = select(alert_keys).where(alert_keys.c.alert_id.in_(alert_ids))
        for found in connection.execute(keys):
            self._add_keys(self._entries[found.alert_id], (Key(found.strength, found.text),))
        for row in connection.execute(history(alert_ids)).mappings():
            self._entries[row["alert_id"]].add(row["number"], reception_of(dict(row)))

    def _is_new(self, reception: Reception) -> bool:
        """False: stored already, or a repeated CAP message of the same feed."""
        if reception.reception_id in self._known:
            return False
        self._known.add(reception.reception_id)
        message = message_hash(reception)
        if message is None:
            return True
        if message in self._known_messages:
            self._repeats[message] += 1
            return False
        self._known_messages.add(message)
        return True

    def _admit(
        self, reception: Reception, admission: AdmissionRules, new_id: Callable[[], str]
    ) -> None:
        keys = self._keys[reception.reception_id]
        sharing = {alert_id for key in keys for alert_id in self._alerts_of_key.get(key, ())}
        entries = sorted((self._entries[found] for found in sharing), key=lambda e: e.number)
        chosen = admission.choose(reception, [entry.candidate() for entry in entries])
        number = self._numbers.next("reception")
        if chosen is None:
            entry = self._begin(reception, number, admission, new_id())
        else:
            entry = self._entries[chosen.alert.alert_id]
            self._continue(entry, reception, number, admission)
        self._new_receptions.append((number, entry.alert.alert_id, reception))
        self._touch(entry, keys)

    def _touch(self, entry: BatchEntry, keys: Sequence[Key]) -> None:
        """Mark the alert to be written, with these keys."""
        alert_id = entry.alert.alert_id
        self._touched[alert_id] = entry
        for key in self._add_keys(entry, keys):
            self._new_keys.append(
                {
                    "key_hash": key_hash(key),
                    "alert_id": alert_id,
                    "strength": key.strength,
                    "text": key.text,
                }
            )

    def _begin(
        self, reception: Reception, number: int, admission: AdmissionRules, alert_id: str
    ) -> BatchEntry:
        alert = admission.fold(alert_id, (reception,), None)
        entry = BatchEntry(self._numbers.next("alert"), alert)
        entry.add(number, reception)
        self._entries[alert_id] = entry
        self._change("new", alert, reasons.of_new(reception))
        if alert.ended_at is not None:
            self._change("ended", alert, reasons.of_end(reception, alert))
        return entry

    def _continue(
        self, entry: BatchEntry, reception: Reception, number: int, admission: AdmissionRules
    ) -> None:
        entry.add(number, reception)
        previous = entry.alert
        folded = admission.fold(previous.alert_id, entry.history(), previous)
        alert = entry.counted(folded, reception.received_at)
        entry.alert = alert
        if previous.ended_at is None and alert.ended_at is not None:
            self._change("ended", alert, reasons.of_end(reception, alert))
        else:
            self._change("updated", alert, reasons.of_update(reception, previous, alert))

    def _add_keys(self, entry: BatchEntry, keys: Sequence[Key]) -> list[Key]:
        """Add keys to an alert; return those that are new to it."""
        fresh = [key for key in dict.fromkeys(keys) if key not in entry.keys]
        for key in fresh:
            entry.keys[key] = None
            self._alerts_of_key.setdefault(key, []).append(entry.alert.alert_id)
        return fresh

    def _change(self, kind: ChangeKind, alert: Alert, why: str) -> None:
        number = self._numbers.next("change")
        self._changes.append(Change(number, alert.alert_id, kind, self._now, why, alert.event_code))

    def _write_repeats(self) -> None:
        if self._repeats:
            rows = [{"a_hash": message, "times": n} for message, n in self._repeats.items()]
            again = update(receptions).where(receptions.c.message_hash == bindparam("a_hash"))
            counted = again.values(repeats=receptions.c.repeats + bindparam("times"))
            self._connection.execute(counted, rows)
