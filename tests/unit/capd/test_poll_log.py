from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

from eas_station.capd.intake import Tally
from eas_station.capd.loop import Outcome, Poll
from eas_station.capd.poll_log import PollLog
from eas_station.errors import StoreError
from eas_station.store.records.jobs import JobRun
from eas_station.wire import from_json

AT = datetime(2026, 4, 20, 15, 6, tzinfo=UTC)


class Record:
    """The spool and the database, as far as polls go."""

    def __init__(self) -> None:
        self.rows: list[JobRun] = []
        self.counts: Counter[str] = Counter()
        self.online = True
        ids = map(str, count())
        self.log = PollLog(
            append=self.append,
            count=self.count,
            new_id=lambda: next(ids),
            is_stopping=lambda: True,
        )

    def append(self, kind: str, body: str) -> None:
        assert kind == "job_run"
        self.rows.append(from_json(JobRun, body))

    def count(self, job: str, at: datetime, runs: int) -> None:
        if not self.online:
            raise StoreError("away")
        assert at == AT + timedelta(seconds=1)
        self.counts[job] += runs


def poll(outcome: Outcome, feed: str = "nws", error: str | None = None) -> Poll:
    return Poll(feed, AT, AT, AT + timedelta(seconds=1), outcome, error, Tally())


def test_changes_and_failures_are_rows() -> None:
    record = Record()
    record.log.record(poll("changed"))
    record.log.record(poll("failed", error="HTTP 503"))
    changed, failed = record.rows
    assert (changed.run_id, changed.job, changed.outcome) == ("0", "poll nws", "changed")
    assert (failed.outcome, failed.error, failed.runs) == ("failed", "HTTP 503", 1)


def test_unchanged_polls_are_counted_and_none_is_lost_while_the_database_is_away() -> None:
    record = Record()
    for _ in range(3):
        record.log.record(poll("unchanged"))
    record.log.record(poll("unchanged", "folder"))
    record.online = False
    record.log.write_counts()
    record.log.record(poll("unchanged"))
    record.online = True
    record.log.run()  # the last round, at the end
    record.log.write_counts()
    assert record.counts == {"poll nws": 4, "poll folder": 1}
    assert record.rows == []
