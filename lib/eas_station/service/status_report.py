"""The status of a daemon, collected from its threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from eas_station.bus.messages import ItemState

UnitState = Literal["starting", "running", "degraded", "stopping"]
ESSENTIAL = ("database", "spool", "quarantine")  # shown in the line whenever not running


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """The parts of a status that the daemon's threads set."""

    sentence: str = "starting"
    state: UnitState | None = "starting"  # None: follows from the items
    items: tuple[ItemState, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    spool_depth: int | None = None
    last_change_id: int | None = None
    refused: str | None = None  # why the last reload was refused

    def unit_state(self) -> UnitState:
        """As set, or degraded while an item neither runs nor was stopped by the operator."""
        if self.state is not None:
            return self.state
        troubled = any(item.state not in ("running", "stopped") for item in self.items)
        return "degraded" if troubled or self.refused is not None else "running"

    def line(self, clock_doubt: str | None) -> str:
        """The line of `systemctl status`: the sentence, and every fault of an essential part."""
        parts = [self.sentence]
        parts += [i.sentence for i in self.items if i.kind in ESSENTIAL and i.state != "running"]
        if clock_doubt is not None:
            parts.append(f"clock not trusted: {clock_doubt}")
        if self.refused is not None:
            parts.append(self.refused)
        return "; ".join(parts)

    def visible_state(self) -> object:
        """What is published at once; counters and times wait for the next interval."""
        items = tuple((i.kind, i.name, i.state, i.sentence) for i in self.items)
        return self.sentence, self.state, self.refused, items


class StatusReport:
    """The status, set from any thread; `on_change` is called when its visible state changes."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._status = UnitStatus()

    def current(self) -> UnitStatus:
        """The status now."""
        with self._lock:
            return self._status

    def update(
        self,
        sentence: str | None,
        state: UnitState | None,
        items: Iterable[ItemState],
        counters: Mapping[str, int],
    ) -> None:
        """Replace the sentence, the items of the same kind and name, and the counters named."""
        with self._lock:
            status = self._status
            self._put(
                replace(
                    status,
                    sentence=status.sentence if sentence is None else sentence,
                    state=state,
                    items=_merged(status.items, items),
                    counters={**status.counters, **counters},
                )
            )

    def set_item(self, item: ItemState) -> None:
        """Replace the item of the same kind and name."""
        with self._lock:
            self._put(replace(self._status, items=_merged(self._status.items, [item])))

    def drop_item(self, kind: str, name: str) -> None:
        """The item is no longer part of this daemon."""
        with self._lock:
            kept = tuple(i for i in self._status.items if (i.kind, i.name) != (kind, name))
            self._put(replace(self._status, items=kept))

    def set_storage(self, spool_depth: int | None, last_change_id: int | None) -> None:
        """Replace the depth of the spool and the number of the last published change."""
        with self._lock:
            self._status = replace(
                self._status, spool_depth=spool_depth, last_change_id=last_change_id
            )

    def refuse(self, why: str | None) -> None:
        """Set why the last reload was refused; None: it succeeded."""
        with self._lock:
            self._put(replace(self._status, refused=why))

    def _put(self, status: UnitStatus) -> None:
        changed = status.visible_state() != self._status.visible_state()
        self._status = status
        if changed:
            self._on_change()


def _merged(old: tuple[ItemState, ...], new: Iterable[ItemState]) -> tuple[ItemState, ...]:
    by_name = {(item.kind, item.name): item for item in (*old, *new)}
    return tuple(by_name.values())
