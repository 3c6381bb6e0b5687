"""The weekly and monthly tests that a source's channels carry, and those that did not come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from eas_station import wire
from eas_station.store.records.expected_tests import COUNTS_AS, LONGEST, NAMES, USUAL, ExpectedTest

LONGEST_WAITING = 100  # rows that the spool does not take now

Key = tuple[str, str]  # channel, event code


@dataclass(frozen=True, slots=True)
class Overdue:
    """A test that did not come."""

    channel: str
    event_code: str
    last_at: datetime | None  # when one came; None: never
    since_at: datetime  # from when on it is counted
    due_at: datetime  # when it should have come

    def sentence(self, now: datetime, reason: str) -> str:
        """What the operator is told."""
        name = NAMES[self.event_code]
        days = (now - self.since_at).days
        if self.last_at is None:
            return f"the {name} has not come in the {days} days it has been expected: {reason}"
        return f"the {name} last came {self.last_at:%Y-%m-%d %H:%M} UTC, {days} days ago: {reason}"


def wanted(expect: Iterable[str] | None, channels: tuple[str, ...]) -> frozenset[Key] | None:
    """What the configuration expects: "RWT" of every channel, "162.550 RWT" of that one.

    None: what is heard once is expected again.
    """
    if expect is None:
        return None
    found: set[Key] = set()
    for entry in expect:
        channel, _, code = entry.rpartition(" ")
        found.update((name, code) for name in ([channel] if channel else channels))
    return frozenset(found)


class ExpectedTests:
    """What is expected of one source. `heard` may be called from any thread."""

    def __init__(
        self,
        source: str,
        configured: frozenset[Key] | None,
        record: Callable[[str, str], bool],
    ) -> None:
        """
        Args:
            configured: as of `wanted`.
            record: spools a row, ("expected_test", JSON); False: not now.
        """
        self.recalled = False  # the record has been asked
        self._source = source
        self._configured = configured
        self._record = record
        self._lock = threading.Lock()
        self._tests: dict[Key, ExpectedTest] = {}
        self._undated: list[tuple[Key, str, float]] = []  # heard while the clock was not trusted
        self._waiting: list[ExpectedTest] = []

    def heard(self, channel: str, event_code: str, reception_id: str, at_s: float) -> None:
        """A header came; only tests matter. `at_s`: when, on a clock that never steps."""
        if event_code not in LONGEST:
            return
        with self._lock:
            self._undated.append(((channel, event_code), reception_id, at_s))

    def recall(self, rows: Iterable[ExpectedTest]) -> tuple[ExpectedTest, ...]:
        """What the record knows; gives what is to be forgotten: the configuration is another."""
        with self._lock:
            self.recalled = True
            gone = []
            for row in rows:
                key = (row.channel, row.event_code)
                if row.event_code not in LONGEST:
                    continue
                if self._configured is not None and key not in self._configured:
                    gone.append(row)
                    continue
                known = self._tests.get(key)
                self._tests[key] = row if known is None else _later(known, row)
            return tuple(gone)

    def settle(self, now: datetime, now_s: float) -> None:
        """Date what was heard and begin to expect what is configured; the clock is trusted."""
        with self._lock:
            for key, reception_id, at_s in self._undated:
                self._note_heard(key, reception_id, now - timedelta(seconds=now_s - at_s))
            self._undated.clear()
            if self.recalled:
                for key in sorted((self._configured or frozenset()) - self._tests.keys()):
                    self._save(ExpectedTest(self._source, *key, learnt=False, since_at=now))
        self._tell()

    def overdue(self, now: datetime) -> tuple[Overdue, ...]:
        """What should have come by now; only while the clock is trusted."""
        with self._lock:
            if not self.recalled:
                return ()
            found = [self._judge(key, test, now) for key, test in sorted(self._tests.items())]
        return tuple(overdue for overdue in found if overdue is not None)

    def _note_heard(self, key: Key, reception_id: str, at: datetime) -> None:
        if self._configured is None:
            self._save_heard(key, reception_id, at)
            return
        for expected in self._configured:
            if expected[0] == key[0] and key[1] in COUNTS_AS[expected[1]]:
                self._save_heard(expected, reception_id, at)

    def _save_heard(self, key: Key, reception_id: str, at: datetime) -> None:
        known = self._tests.get(key)
        if known is None:
            known = ExpectedTest(self._source, *key, learnt=self._configured is None, since_at=at)
        self._save(replace(known, last_heard_at=at, last_reception_id=reception_id))

    def _save(self, test: ExpectedTest) -> None:
        self._tests[test.channel, test.event_code] = test
        self._waiting.append(test)
        del self._waiting[:-LONGEST_WAITING]

    def _tell(self) -> None:
        while self._waiting and self._record("expected_test", wire.to_json(self._waiting[0])):
            self._waiting.pop(0)

    def _judge(self, key: Key, test: ExpectedTest, now: datetime) -> Overdue | None:
        channel, code = key
        last_at = _last_at(self._tests, channel, COUNTS_AS[code])
        since_at = max(filter(None, (last_at, test.since_at)), default=now)
        if now - since_at <= LONGEST[code]:
            return None
        return Overdue(channel, code, last_at, since_at, since_at + USUAL[code])


def _last_at(
    tests: Mapping[Key, ExpectedTest], channel: str, codes: tuple[str, ...]
) -> datetime | None:
    heard = (tests[channel, code].last_heard_at for code in codes if (channel, code) in tests)
    return max((at for at in heard if at is not None), default=None)


def _later(one: ExpectedTest, other: ExpectedTest) -> ExpectedTest:
    """The row of the two that was heard last."""
    if one.last_heard_at is None:
        return other
    if other.last_heard_at is None or other.last_heard_at < one.last_heard_at:
        return one
    return other
