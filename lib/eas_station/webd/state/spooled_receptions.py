"""Receptions that wait in a spool, folded into the known alerts.

The rules are those by which the flusher will store them (`alerts.admission`), so the page shows at
once what the database will contain, even during an outage.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from eas_station.alerts.model import AdmissionRules, Candidate, Key, Reception
from eas_station.bus.messages import ReceptionNew
from eas_station.webd.state.snapshot import AlertEntry

KEYS_KEPT = 5000

log = logging.getLogger(__name__)


class SpoolMerger:
    """Folds spooled receptions into entries; remembers the keys of receptions."""

    def __init__(self, admission: AdmissionRules) -> None:
        self._admission = admission
        self._keys: dict[str, tuple[Key, ...]] = {}

    def merge(
        self, entries: tuple[AlertEntry, ...], spooled: tuple[ReceptionNew, ...]
    ) -> tuple[AlertEntry, ...]:
        """The entries with the spooled receptions folded in; new entries last."""
        if not spooled:
            return entries
        merged = list(entries)
        keys = [self._keys_of_all(entry.full_receptions()) for entry in merged]
        for news in spooled:
            try:
                self._add(merged, keys, news)
            except Exception:  # the barrier around one item from outside
                log.exception(
                    "a spooled reception could not be shown",
                    extra={"EAS_RECEPTION_ID": news.reception.reception_id},
                )
        return tuple(merged)

    def _add(
        self, merged: list[AlertEntry], keys: list[tuple[Key, ...]], news: ReceptionNew
    ) -> None:
        reception = news.reception
        own_keys = self._keys_of(reception)
        names = {key.text for key in own_keys}
        candidates = [
            Candidate(entry.alert, entry_keys, entry.full_receptions(), number)
            for number, (entry, entry_keys) in enumerate(zip(merged, keys, strict=True))
            if any(key.text in names for key in entry_keys)
        ]
        chosen = self._admission.choose(reception, candidates)
        if chosen is None:
            alert = self._admission.fold(reception.reception_id, (reception,), None)
            merged.append(AlertEntry(alert, (reception,), True, False, news.durable))
            keys.append(own_keys)
            return
        entry = merged[chosen.created]
        receptions = (*entry.full_receptions(), reception)
        alert = self._admission.fold(entry.alert.alert_id, receptions, entry.alert)
        merged[chosen.created] = replace(
            entry,
            alert=alert,
            receptions=receptions,
            stored=False,
            durable=entry.durable and news.durable,
        )
        keys[chosen.created] = (*keys[chosen.created], *own_keys)

    def _keys_of_all(self, receptions: Sequence[Reception]) -> tuple[Key, ...]:
        return tuple(key for reception in receptions for key in self._keys_of(reception))

    def _keys_of(self, reception: Reception) -> tuple[Key, ...]:
        keys = self._keys.get(reception.reception_id)
        if keys is None:
            if len(self._keys) >= KEYS_KEPT:
                self._keys.clear()
            keys = self._admission.keys(reception)
            self._keys[reception.reception_id] = keys
        return keys
