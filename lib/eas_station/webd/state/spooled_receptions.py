"""Receptions that wait in a spool, folded into the warnings that are known.

The rules are those by which the flusher will store them (`alerts.lifecycle.admission`), so the page
shows at once what the record will say, whether or not the database responds.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from eas_station.alerts.model import (
    AdmissionRules,
    Admitted,
    HeardText,
    Key,
    KnownAlert,
    Reception,
    name_of_text,
)
from eas_station.bus.messages import ReceptionNew
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.webd.state.snapshot import AlertEntry

log = logging.getLogger(__name__)

_Receptions = tuple[Reception | ReceptionRow, ...]


class SpoolMerger:
    """Folds spooled receptions into entries; remembers by what names the entries are found."""

    def __init__(self, admission: AdmissionRules) -> None:
        self._admission = admission
        self._known: dict[str, tuple[_Receptions, tuple[Key, ...]]] = {}  # by alert
        self._holders: dict[Key, dict[str, None]] = {}
        self._merged: dict[str, AlertEntry] = {}
        self._last: tuple[AlertEntry, ...] = ()

    def merge(
        self, entries: tuple[AlertEntry, ...], spooled: tuple[ReceptionNew, ...]
    ) -> tuple[AlertEntry, ...]:
        """The entries with the spooled receptions in them, the new ones last."""
        if not spooled:
            return entries
        merged = self._merged
        if entries is not self._last:  # not what it gave the last time
            merged = {entry.alert.alert_id: entry for entry in entries}
            self._follow(merged)
        for news in spooled:
            try:
                self._add(merged, news)
            except Exception:  # the barrier round one item from outside
                log.exception(
                    "a spooled reception could not be shown",
                    extra={"EAS_RECEPTION_ID": news.reception.reception_id},
                )
        self._merged, self._last = merged, tuple(merged.values())
        return self._last

    def _add(self, merged: dict[str, AlertEntry], news: ReceptionNew) -> None:
        reception = news.reception
        sharing = self._sharing(merged, reception)
        known = [
            KnownAlert(entry.alert, number, _texts(entry.full_receptions()))
            for number, entry in enumerate(sharing)
        ]
        text = HeardText(reception, len(merged), reception.received_at)
        admitted = self._admission.admit(text, known, lambda: (reception.reception_id, len(known)))
        heard = [*(one for entry in sharing for one in entry.full_receptions()), reception]
        heard.sort(key=lambda one: one.received_at)
        for one in admitted:
            is_durable = news.durable and all(
                [merged.pop(other).durable for other in one.joined if other in merged]
            )
            self._put(merged, one, heard, is_durable)

    def _put(
        self,
        merged: dict[str, AlertEntry],
        one: Admitted,
        heard: Sequence[Reception],
        is_durable: bool,
    ) -> None:
        """An entry as it stands with a spooled reception."""
        alert = one.known.alert
        names = {text.name for text in one.known.texts}
        receptions: _Receptions = tuple(each for each in heard if name_of_text(each) in names)
        entry = merged.get(alert.alert_id)
        if entry is None:
            entry = AlertEntry(alert, receptions, True, False, is_durable)
        else:
            rows = tuple(each for each in entry.receptions if isinstance(each, ReceptionRow))
            entry = replace(
                entry,
                alert=alert,
                receptions=(*rows, *receptions),
                stored=False,
                durable=entry.durable and is_durable,
            )
        merged[alert.alert_id] = entry
        self._note(alert.alert_id, entry)

    def _sharing(self, merged: dict[str, AlertEntry], reception: Reception) -> list[AlertEntry]:
        """The entries that it can be of, and their rivals, oldest first."""
        found: dict[str, None] = {}
        asked = dict.fromkeys(self._admission.sought(reception))
        while asked:
            sharing = {name: None for key in asked for name in self._holders.get(key, ())}
            fresh = [name for name in sharing if name not in found and name in merged]
            found |= dict.fromkeys(fresh)
            asked = dict.fromkeys(
                key
                for name in fresh
                for key in self._admission.rivals(merged[name].full_receptions())
            )
        entries = [merged[name] for name in found]
        return sorted(
            entries, key=lambda entry: (entry.alert.first_received_at, entry.alert.alert_id)
        )

    def _follow(self, merged: dict[str, AlertEntry]) -> None:
        """Know the names of these entries, and of no others."""
        for name in [name for name in self._known if name not in merged]:
            self._forget(name)
        for name, entry in merged.items():
            self._note(name, entry)

    def _note(self, alert_id: str, entry: AlertEntry) -> None:
        known = self._known.get(alert_id)
        if known is not None and known[0] is entry.receptions:
            return
        self._forget(alert_id)
        heard = [text.first for text in _texts(entry.full_receptions())]
        keys = tuple(dict.fromkeys(key for one in heard for key in self._admission.keys(one)))
        self._known[alert_id] = entry.receptions, keys
        for key in keys:
            self._holders.setdefault(key, {})[alert_id] = None

    def _forget(self, alert_id: str) -> None:
        for key in self._known.pop(alert_id, ((), ()))[1]:
            holders = self._holders[key]
            del holders[alert_id]
            if not holders:
                del self._holders[key]


def _texts(receptions: Sequence[Reception]) -> tuple[HeardText, ...]:
    """The texts of an entry, each with all its hearings."""
    found: dict[object, HeardText] = {}
    for number, one in enumerate(receptions):
        name = name_of_text(one)
        before = found.get(name)
        if before is None:
            found[name] = HeardText(one, number, one.received_at)
        else:
            found[name] = replace(before, last_at=one.received_at, count=before.count + 1)
    return tuple(found.values())
