"""The tests expected, received and missing, and the deaf intervals, for the page Tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from eas_station.alerts.model import Alert
from eas_station.store.alerts import alert_queries
from eas_station.store.alerts.alert_queries import AlertFilter
from eas_station.store.records import deaf, expected_tests
from eas_station.store.records.deaf import DeafInterval
from eas_station.store.records.expected_tests import USUAL, ExpectedTest
from eas_station.webd.records import missed_tests
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.render.channel_rows import channel_name
from eas_station.webd.render.times import Moment, TimeFormat, duration
from eas_station.webd.state.snapshot import Snapshot

DAYS_SUMMED = 14
INTERVALS_SHOWN = 50  # and those that explain a missing test
TESTS_SHOWN = 20
NOT_SENT = "No fault was found at this station; the test may not have been sent."


@dataclass(frozen=True, slots=True)
class StoredTests:
    """What one reading of the database gave."""

    expected: tuple[ExpectedTest, ...]
    hidden: Mapping[tuple[str, str, str], DeafInterval]  # by source, channel, code
    intervals: tuple[DeafInterval, ...]  # newest first
    open_now: tuple[DeafInterval, ...]
    seconds: Mapping[tuple[str, str, date], float]
    received: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class TestLine:
    """One test that is expected regularly."""

    where: str
    name: str
    look: str
    sign: str
    word: str
    last: Moment | None  # None: never
    address: str | None  # of the last one's alert
    due: Moment | None  # None: unknown
    why: str  # why it is missing; "" if it is not
    hidden_by: str | None  # the anchor of the interval that explains it
    learnt: bool


@dataclass(frozen=True, slots=True)
class DeafLine:
    """One deaf interval."""

    anchor: str
    where: str
    began: Moment
    ended: Moment | None  # None: still deaf
    lasted: str
    why: str
    explains: str  # the test that it explains; "" if none


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day's sums."""

    day: str
    channels: tuple[tuple[str, str], ...]  # channel, how long


@dataclass(frozen=True, slots=True)
class ReceivedTest:
    """One test that was received."""

    name: str
    address: str
    at: Moment
    heard: str


@dataclass(frozen=True, slots=True)
class TestRecord:
    """What the page shows."""

    tests: tuple[TestLine, ...]
    deaf: tuple[DeafLine, ...]
    more: bool  # the database has older intervals
    deaf_now: int
    days: tuple[DayLine, ...]
    received: tuple[ReceivedTest, ...]


def overdue(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """The missing tests as audiod reports them, without the database: where, and the sentence."""
    return tuple(
        (_where(heard.value.source, heard.value.channel), heard.value.sentence)
        for heard in snapshot.hearings
        if heard.value.overdue and not heard.stale
    )


def read(queries: RecordQueries, times: TimeFormat, snapshot: Snapshot) -> TestRecord:
    """Read everything in one transaction. Raises StoreError."""
    now = snapshot.as_of
    zone = times.zone or times.local(now).tzinfo or UTC
    first_day = times.local(now).date() - timedelta(days=DAYS_SUMMED - 1)
    began_at = datetime.combine(first_day, datetime.min.time(), zone).astimezone(UTC)

    def ask(connection: Connection) -> StoredTests:
        expected = expected_tests.all_expected(connection)
        late = missed_tests.overdue(expected, now) if snapshot.clock_trusted else {}
        return StoredTests(
            expected=expected,
            hidden=missed_tests.hidden(connection, late, now),
            intervals=deaf.page(connection, INTERVALS_SHOWN + 1)[0],
            open_now=deaf.open_intervals(connection),
            seconds=deaf.daily_seconds(connection, began_at, now, zone),
            received=alert_queries.page(
                connection, "all", TESTS_SHOWN, where=AlertFilter(is_test=True)
            ).alerts,
        )

    return _record(queries.ask(ask), snapshot, times, first_day)


def _record(
    read: StoredTests, snapshot: Snapshot, times: TimeFormat, first_day: date
) -> TestRecord:
    now = snapshot.as_of
    shown = {one.interval_id: one for one in read.intervals[:INTERVALS_SHOWN]}
    shown |= {one.interval_id: one for one in (*read.hidden.values(), *read.open_now)}
    explained = {
        one.interval_id: f"{_where(source, channel)} {code}"
        for (source, channel, code), one in read.hidden.items()
    }
    newest_first = sorted(shown.values(), key=lambda one: one.began_at, reverse=True)
    return TestRecord(
        tests=tuple(_test(one, read, snapshot, times) for one in read.expected),
        deaf=tuple(_deaf(one, explained, now, times) for one in newest_first),
        more=len(read.intervals) > INTERVALS_SHOWN,
        deaf_now=len(read.open_now),
        days=tuple(_days(read.seconds, first_day, times.local(now).date())),
        received=tuple(_received(one, now, times) for one in read.received),
    )


def _test(one: ExpectedTest, read: StoredTests, snapshot: Snapshot, times: TimeFormat) -> TestLine:
    now = snapshot.as_of
    last_at, since_at = missed_tests.counted(one, read.expected)
    usual = USUAL.get(one.event_code)
    due_at = None if since_at is None or usual is None else since_at + usual
    look, sign, word, why = _verdict(one, read, snapshot, last_at)
    hidden = read.hidden.get((one.source, one.channel, one.event_code))
    reception = one.last_reception_id
    return TestLine(
        where=_where(one.source, one.channel),
        name=_capitalized(expected_tests.NAMES.get(one.event_code, one.event_code)),
        look=look,
        sign=sign,
        word=word,
        last=None if one.last_heard_at is None else times.moment(one.last_heard_at, now),
        address=None if reception is None else f"/alerts/{reception}",
        due=None if due_at is None else times.moment(due_at, now),
        why=why,
        hidden_by=None if hidden is None else _anchor(hidden),
        learnt=one.learnt,
    )


def _verdict(
    one: ExpectedTest, read: StoredTests, snapshot: Snapshot, last_at: datetime | None
) -> tuple[str, str, str, str]:
    """CSS class, sign, word, and why it is missing."""
    key = (one.source, one.channel, one.event_code)
    if not snapshot.clock_trusted:
        return ("stale", "?", "unknown", "The clock is not trusted.")
    if key not in missed_tests.overdue(read.expected, snapshot.as_of):
        if last_at is None:
            return ("off", "◌", "none yet", "")
        return ("good", "●", "on time", "")
    hidden = read.hidden.get(key)
    if hidden is not None:
        return (
            "bad",
            "✕",
            "overdue",
            f"The channel was deaf when the test may have been sent: {hidden.why}.",
        )
    for heard in snapshot.hearings:
        proof = heard.value
        if (proof.source, proof.channel) == key[:2] and not heard.stale:
            if proof.state in ("deaf", "silent"):
                why = proof.sentence.removeprefix(f"{proof.state}: ")
                return ("bad", "✕", "overdue", f"The channel is {proof.state} now: {why}.")
    return ("bad", "✕", "overdue", NOT_SENT)


def _deaf(
    one: DeafInterval, explained: Mapping[str, str], now: datetime, times: TimeFormat
) -> DeafLine:
    until = now if one.ended_at is None else one.ended_at
    return DeafLine(
        anchor=_anchor(one),
        where=_where(one.source, one.channel),
        began=times.moment(one.began_at, now, seconds=True),
        ended=None if one.ended_at is None else times.moment(one.ended_at, now, seconds=True),
        lasted=duration((until - one.began_at).total_seconds()),
        why=one.why,
        explains=explained.get(one.interval_id, ""),
    )


def _days(seconds: Mapping[tuple[str, str, date], float], first: date, last: date) -> list[DayLine]:
    """Newest first, with the days on which no channel was deaf."""
    lines, day = [], last
    while day >= first:
        sums = sorted((key, value) for key, value in seconds.items() if key[2] == day)
        named = f"{day:%a} {day.day} {day:%b}"
        lines.append(
            DayLine(
                named if day != last else f"{named} (today)",
                tuple((_where(key[0], key[1]), duration(max(1.0, value))) for key, value in sums),
            )
        )
        day -= timedelta(days=1)
    return lines


def _received(one: Alert, now: datetime, times: TimeFormat) -> ReceivedTest:
    count = one.reception_count
    return ReceivedTest(
        name=one.event_name,
        address=f"/alerts/{one.alert_id}",
        at=times.moment(one.first_received_at, now),
        heard="received once" if count == 1 else f"received {count} times",
    )


def _where(source: str, channel: str) -> str:
    return f"{source} {channel_name(channel)}"


def _anchor(one: DeafInterval) -> str:
    return f"deaf-{one.interval_id}"


def _capitalized(words: str) -> str:
    return words[:1].upper() + words[1:]
