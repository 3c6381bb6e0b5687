"""The alerts that one batch of receptions touches: read once, folded in order, written once.

Lives inside one write transaction. What it costs depends on the batch, never on how many alerts
are stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from eas_station.alerts.model import (
    AdmissionRules,
    Admitted,
    Alert,
    Change,
    ChangeKind,
    HeardText,
    Key,
    KnownAlert,
    Reception,
)
from eas_station.store.alerts import reasons
from eas_station.store.alerts.alert_queries import overdue, partly_overdue
from eas_station.store.alerts.batch_writer import BatchWriter
from eas_station.store.alerts.known_alerts import KnownAlerts
from eas_station.store.alerts.rows import message_hash
from eas_station.store.database.alert_tables import alerts, receptions
from eas_station.store.database.counters import NumberAllocator


class AlertBatch:
    """One transaction's worth of changes to alerts."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._numbers = NumberAllocator(connection)
        self._alerts = KnownAlerts(connection)
        self._writer = BatchWriter(connection)
        self._known: set[str] = set()  # receptions stored already
        self._known_messages: set[str] = set()
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
                number = self._numbers.next("reception")
                self._writer.add_reception(number, reception)
                text = HeardText(reception, number, reception.received_at)
                keys = admission.sought(reception)
                self._admit(text, self._alerts.sharing(keys, admission), admission, new_id)

    def date_again(
        self, alert_ids: Sequence[str], admission: AdmissionRules, new_id: Callable[[], str]
    ) -> None:
        """Fold alerts again that were received while the clock was not trusted, and join them."""
        self._fold_again(alert_ids, admission, reasons.of_dating())
        for alert_id in alert_ids:
            known = self._alerts.get(alert_id)
            if known is not None:  # it may be part of another by now
                keys = [key for heard in known.receptions for key in admission.sought(heard)]
                self._alerts.load(keys, admission)
                self._admit(None, self._alerts.sharing(keys, admission), admission, new_id)

    def record_changes_by_time(self, limit: int, admission: AdmissionRules | None) -> int:
        """Record the changes by time: ended alerts and parts; return the number of alerts.

        Args:
            admission: None in a process without receptions: then only ended alerts.
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
        return len(due) + self._fold_again(partly, admission, reasons.of_change_by_time())

    def write(self) -> tuple[Change, ...]:
        """Write what has changed; return the numbered changes, to publish after the commit."""
        self._writer.write(self._changes, self._repeats)
        self._numbers.write()
        return tuple(self._changes)

    def _fold_again(self, alert_ids: Sequence[str], admission: AdmissionRules, why: str) -> int:
        """Fold alerts again without a further reception; return how many changed."""
        self._alerts.load_alerts(alert_ids)
        changed = 0
        for alert_id in alert_ids:
            known = self._alerts.get(alert_id)
            if known is None:
                continue
            alert = _counted_as(admission.fold(alert_id, known.receptions, known.alert), known)
            if alert != known.alert:
                known = replace(known, alert=alert)
                self._put(
                    known, [key for heard in known.receptions for key in admission.keys(heard)]
                )
                self._change("updated", alert, why)
                changed += 1
        return changed

    def _load(self, heard: Sequence[Reception], admission: AdmissionRules) -> None:
        connection = self._connection
        ids = [reception.reception_id for reception in heard]
        known = select(receptions.c.reception_id).where(receptions.c.reception_id.in_(ids))
        self._known.update(connection.execute(known).scalars())
        hashes = [found for reception in heard if (found := message_hash(reception))]
        known = select(receptions.c.message_hash).where(receptions.c.message_hash.in_(hashes))
        self._known_messages.update(connection.execute(known).scalars())
        new = [reception for reception in heard if reception.reception_id not in self._known]
        keys = (key for reception in new for key in admission.sought(reception))
        self._alerts.load(keys, admission)

    def _is_new(self, reception: Reception) -> bool:
        """False: delivered already, or the same CAP message from the same feed again."""
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
        self,
        text: HeardText | None,
        known: Sequence[KnownAlert],
        admission: AdmissionRules,
        new_id: Callable[[], str],
    ) -> None:
        """Let a text, or the right time, change the alerts that it concerns."""
        admitted = admission.admit(text, known, lambda: (new_id(), self._numbers.next("alert")))
        heard = None if text is None else text.first
        if text is not None and _only_adds(admitted, text, known):
            for one in admitted:
                self._put(one.known, admission.keys(text.first))
        else:
            self._regroup(admitted, known, admission)
        for place, one in enumerate(admitted):
            if text is not None and (place == 0 or text.first.via == "cap") and _has(one, text):
                self._writer.link(one.known.alert.alert_id, text.first.reception_id)
            self._tell(one, heard, is_own=place == 0 and text is not None)

    def _regroup(
        self,
        admitted: Sequence[Admitted],
        known: Sequence[KnownAlert],
        admission: AdmissionRules,
    ) -> None:
        """Let receptions go from alert to alert, and alerts become one."""
        elders = {other: one.known.alert.alert_id for one in admitted for other in one.joined}
        self._writer.relink([one.known for one in admitted], elders, known)
        for younger, elder in elders.items():
            self._alerts.remove(younger)
            self._writer.join(younger, elder)
            self._changes = [_moved(change, younger, elder) for change in self._changes]
        for one in admitted:
            self._alerts.remove(one.known.alert.alert_id)
            keys = [key for heard in one.known.receptions for key in admission.keys(heard)]
            self._put(one.known, keys)

    def _put(self, known: KnownAlert, keys: Iterable[Key]) -> None:
        """The alert is to be written, and to be found by these keys."""
        fresh = self._alerts.put(known, keys)
        self._writer.put(known, fresh)

    def _tell(self, one: Admitted, heard: Reception | None, *, is_own: bool) -> None:
        """The changes that a reception made of one alert."""
        alert, previous = one.known.alert, one.previous
        for other_id in one.joined:
            if self._writer.is_stored(other_id):
                self._change("joined", alert, reasons.of_joining(heard), other_id)
        if previous is None:
            is_first = is_own and heard is not None
            why = reasons.of_new(heard) if is_first else reasons.of_parting(heard)
            self._change("new", alert, why)
        is_over = alert.ended_at is not None
        if is_over and (previous is None or previous.ended_at is None):
            self._change("ended", alert, reasons.of_end(heard, alert))
        elif previous is not None:
            self._change("updated", alert, reasons.of_update(heard, previous, alert))

    def _change(
        self, kind: ChangeKind, alert: Alert, why: str, other_id: str | None = None
    ) -> None:
        number = self._numbers.next("change")
        change = Change(number, alert.alert_id, kind, self._now, why, alert.event_code, other_id)
        self._changes.append(change)


def _only_adds(admitted: Sequence[Admitted], text: HeardText, known: Sequence[KnownAlert]) -> bool:
    """Has every alert what it had, with the new text or without."""
    had = {one.alert.alert_id: {each.name for each in one.texts} for one in known}
    for one in admitted:
        names = {each.name for each in one.known.texts}
        before = had.get(one.known.alert.alert_id, set())
        if one.joined or not before <= names <= before | {text.name}:
            return False
    return True


def _has(one: Admitted, text: HeardText) -> bool:
    return any(each.name == text.name for each in one.known.texts)


def _moved(change: Change, younger: str, elder: str) -> Change:
    """A change of this batch, after its alert became part of another."""
    if change.alert_id != younger:
        return change
    kind: ChangeKind = "updated" if change.kind == "new" else change.kind
    return replace(change, alert_id=elder, kind=kind)


def _counted_as(alert: Alert, known: KnownAlert) -> Alert:
    """An alert folded anew, with its receptions counted as before."""
    before = known.alert
    return replace(
        alert,
        reception_count=before.reception_count,
        first_received_at=before.first_received_at,
        last_received_at=before.last_received_at,
    )
