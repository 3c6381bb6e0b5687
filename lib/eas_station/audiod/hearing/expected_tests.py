"""The weekly and monthly tests that a source's channels carry, and those that were missed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from eas_station import wire
from eas_station.audiod.hearing.channel_assessment import Assessment
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import (
    COUNTS_AS,
    LONGEST,
    NAMES,
    USUAL,
    ExpectedTest,
    hidden_within,
)

MAX_WAITING = 100  # rows that the spool does not accept now
MIN_DEAF = timedelta(seconds=2)  # that can hide a burst
UNKNOWN = "no fault is known here; perhaps it was not sent"


Key = tuple[str, str]  # channel, event code


@dataclass(frozen=True, slots=True)
class Overdue:
    """A test that was not received."""

    channel: str
    event_code: str
    last_at: datetime | None  # when one was last received; None: never
    since_at: datetime  # the beginning of the wait
    due_at: datetime  # when it was due

    def sentence(self, now: datetime, reason: str) -> str:
        """For the operator."""
        name = NAMES[self.event_code]
        days = (now - self.since_at).days
        if self.last_at is None:
            return f"no {name} in the {days} days it has been expected: {reason}"
        return f"last {name} {self.last_at:%Y-%m-%d %H:%M} UTC, {days} days ago: {reason}"


def configured_tests(
    expect: Iterable[str] | None, channels: tuple[str, ...]
) -> frozenset[Key] | None:
    """The tests to expect: "RWT" of every channel, "162.550 RWT" of that one.

    None: every test that is received once is expected again.
    """
    if expect is None:
        return None
    found: set[Key] = set()
    for entry in expect:
        channel, _, code = entry.rpartition(" ")
        found.update((name, code) for name in ([channel] if channel else channels))
    return frozenset(found)


class ExpectedTests:
    """The tests expected of one source. `heard` may be called from any thread."""

    def __init__(
        self,
        source: str,
        configured: frozenset[Key] | None,
        record: Callable[[str, str], bool],
    ) -> None:
        """
        Args:
            configured: from `configured_tests`.
            record: spools a row, ("expected_test", JSON); False: retry later.
        """
        self.loaded = False  # from the database
        self._source = source
        self._configured = configured
        self._record = record
        self._lock = threading.Lock()
        self._tests: dict[Key, ExpectedTest] = {}
        self._undated: list[tuple[Key, str, float]] = []  # received while the clock was not trusted
        self._waiting: list[ExpectedTest] = []

    def heard(self, channel: str, event_code: str, reception_id: str, at_s: float) -> None:
        """Note a received header if it is a test. `at_s`: when, on the monotonic clock."""
        if event_code not in LONGEST:
            return
        with self._lock:
            self._undated.append(((channel, event_code), reception_id, at_s))

    def load(self, rows: Iterable[ExpectedTest]) -> tuple[ExpectedTest, ...]:
        """Take the rows of the database; gives those that are no longer configured."""
        with self._lock:
            self.loaded = True
            dropped = []
            for row in rows:
                key = (row.channel, row.event_code)
                if row.event_code not in LONGEST:
                    continue
                if self._configured is not None and key not in self._configured:
                    dropped.append(row)
                    continue
                known = self._tests.get(key)
                self._tests[key] = row if known is None else _later(known, row)
            return tuple(dropped)

    def settle(self, now: datetime, now_s: float) -> None:
        """Date what was received and begin to expect what is configured; the clock is trusted."""
        with self._lock:
            for key, reception_id, at_s in self._undated:
                self._note_heard(key, reception_id, now - timedelta(seconds=now_s - at_s))
            self._undated.clear()
            if self.loaded:
                for key in sorted((self._configured or frozenset()) - self._tests.keys()):
                    self._save(ExpectedTest(self._source, *key, learnt=False, since_at=now))
        self._spool()

    def overdue(self, now: datetime) -> tuple[Overdue, ...]:
        """The tests missed by now; call it only while the clock is trusted."""
        with self._lock:
            if not self.loaded:
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
        del self._waiting[:-MAX_WAITING]

    def _spool(self) -> None:
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
    """The one of two rows that was received last."""
    if one.last_heard_at is None:
        return other
    if other.last_heard_at is None or other.last_heard_at < one.last_heard_at:
        return one
    return other


def hidden_window(overdue: Overdue, now: datetime) -> tuple[datetime, datetime]:
    """When deafness could have hidden the test: around its usual time, if it has one."""
    return hidden_within(overdue.event_code, overdue.last_at, overdue.since_at, now)


def likely_reason(
    overdue: Overdue, found: Assessment, intervals: Sequence[DeafInterval], now: datetime
) -> str:
    """Why it was probably missed, as the second half of a sentence.

    Args:
        found: the state of its channel now.
        intervals: when the channel was deaf within `hidden_window`.
    """
    longest = max(intervals, key=lambda one: _length(one, overdue, now), default=None)
    if longest is not None and _length(longest, overdue, now) >= MIN_DEAF:
        at = "around that time" if overdue.last_at is not None else "meanwhile"
        return f"{overdue.channel} was deaf {at}, {_when(longest)}: {longest.why}"
    if found.state in ("deaf", "silent"):
        return f"{overdue.channel} is {found.state} now ({found.sentence})"
    if found.state == "hearing" and found.problem:
        return f"{overdue.channel} is received poorly ({found.sentence})"
    return UNKNOWN


def _length(interval: DeafInterval, overdue: Overdue, now: datetime) -> timedelta:
    """How much of the window the channel was deaf."""
    first, last = hidden_window(overdue, now)
    ended_at = now if interval.ended_at is None else interval.ended_at
    return min(last, ended_at) - max(first, interval.began_at)


def _when(interval: DeafInterval) -> str:
    began = f"{interval.began_at:%Y-%m-%d %H:%M:%S}"
    if interval.ended_at is None:
        return f"since {began} UTC"
    same_day = interval.ended_at.date() == interval.began_at.date()
    ended = f"{interval.ended_at:%H:%M:%S}" if same_day else f"{interval.ended_at:%Y-%m-%d %H:%M}"
    return f"{began} to {ended} UTC"
