"""What a daemon says about itself: collected from its threads, told as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from eas_station.bus.messages import ItemState

UnitState = Literal["starting", "running", "degraded", "stopping"]
MISSING = ("database", "spool", "quarantine")  # named whenever not running


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of a status that the daemon's threads decide."""

    sentence: str = "starting"
    state: UnitState | None = "starting"  # None: what the items say
    items: tuple[ItemState, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    spool_depth: int | None = None
    last_change_id: int | None = None
    refused: str | None = None  # why the last reload was refused

    def unit_state(self) -> UnitState:
        """As said, or else degraded while one item neither runs nor was stopped on purpose."""
        if self.state is not None:
            return self.state
        troubled = any(item.state in ("reconnecting", "failed") for item in self.items)
        return "degraded" if troubled or self.refused is not None else "running"

    def line(self, clock_doubt: str | None) -> str:
        """The line of `systemctl status`: the sentence, and everything that is missing."""
        parts = [self.sentence]
        parts += [i.sentence for i in self.items if i.kind in MISSING and i.state != "running"]
        if clock_doubt is not None:
            parts.append(f"clock not trusted: {clock_doubt}")
        if self.refused is not None:
            parts.append(self.refused)
        return "; ".join(parts)

    def gist(self) -> object:
        """What is worth telling at once; counters and times wait for the next round."""
        items = tuple((i.kind, i.name, i.state, i.sentence) for i in self.items)
        return self.sentence, self.state, self.refused, items


class StatusReport:
    """Collects what is said from any thread, and wakes the teller when it has changed."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._said = Said()

    def said(self) -> Said:
        """What stands now."""
        with self._lock:
            return self._said

    def say(
        self,
        sentence: str | None,
        state: UnitState | None,
        items: Iterable[ItemState],
        counters: Mapping[str, int],
    ) -> None:
        """Replace the sentence, the items of the same kind and name, and the counters named."""
        with self._lock:
            said = self._said
            self._put(
                replace(
                    said,
                    sentence=said.sentence if sentence is None else sentence,
                    state=state,
                    items=_merged(said.items, items),
                    counters={**said.counters, **counters},
                )
            )

    def set_item(self, item: ItemState) -> None:
        """Replace the item of the same kind and name."""
        with self._lock:
            self._put(replace(self._said, items=_merged(self._said.items, [item])))

    def drop_item(self, kind: str, name: str) -> None:
        """The item is no longer part of this daemon."""
        with self._lock:
            kept = tuple(i for i in self._said.items if (i.kind, i.name) != (kind, name))
            self._put(replace(self._said, items=kept))

    def set_storage(self, spool_depth: int | None, last_change_id: int | None) -> None:
        """Replace the depth of the spool and the number of the last change published."""
        with self._lock:
            self._said = replace(self._said, spool_depth=spool_depth, last_change_id=last_change_id)

    def refuse(self, why: str | None) -> None:
        """A reload was refused, or (None) went well."""
        with self._lock:
            self._put(replace(self._said, refused=why))

    def _put(self, said: Said) -> None:
        changed = said.gist() != self._said.gist()
        self._said = said
        if changed:
            self._on_change()


def _merged(old: tuple[ItemState, ...], new: Iterable[ItemState]) -> tuple[ItemState, ...]:
    by_name = {(item.kind, item.name): item for item in (*old, *new)}
    return tuple(by_name.values())
