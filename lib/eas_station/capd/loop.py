"""The loop of one feed: poll, take, report, wait; on the monotonic clock, for ever."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from eas_station.bus.messages import ItemState
from eas_station.capd.feed.reading import FeedReader
from eas_station.capd.http.fetch import ServerError
from eas_station.capd.intake import DocumentIntake, Tally
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError
from eas_station.service.backoff import Backoff

log = logging.getLogger(__name__)

SERVER_WAIT_S = 300.0  # longest wait after an error that the server answered
OUTSIDE_WAIT_S = 60.0  # longest wait while there is no answer at all
FIRST_WAIT_S = 5.0
LEAST_WAIT_S = 1.0  # after a failure, however short the interval is
LONGEST_STRETCH = 2.0  # of the interval, by a server's max-age
FAILED_AFTER_S = 900.0  # without a good answer for so long the operator must act
BEAT_S = 30.0  # the longest a poll may go without progress: 20 s for the answer, the rest to read
_STEP_S = 0.5

Outcome = Literal["changed", "unchanged", "failed"]
State = Literal["running", "degraded", "reconnecting", "stopped", "failed"]


class Stop(Protocol):
    """Set when the loop must end: an Event, or something that looks at several."""

    def is_set(self) -> bool:
        """Must the loop end."""

    def wait(self, timeout: float, /) -> bool:
        """Wait for it, at most so long."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll of one feed, for the record."""

    feed: str
    due_at: datetime
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    error: str | None  # a sentence
    tally: Tally


class FeedLoop:
    """Polls one feed until it is stopped. A failed poll changes nothing but the feed's age."""

    def __init__(
        self,
        feed: FeedConfig,
        reader: FeedReader,
        intake: DocumentIntake,
        *,
        now: Callable[[], datetime],
        record: Callable[[Poll], None],
        report: Callable[[ItemState], None],
        progressed: Callable[[], None],
        stopping: Stop,
        wanted: Callable[[], bool] = lambda: True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            record: keeps the outcome of a poll.
            report: publishes the feed's state.
            progressed: the feed's beat.
            wanted: does the operator want the feed polled.
        """
        self._feed = feed
        self._reader = reader
        self._intake = intake
        self._now = now
        self._record = record
        self._report = report
        self._progressed = progressed
        self._stopping = stopping
        self._wanted = wanted
        self._monotonic = monotonic
        first_s = min(FIRST_WAIT_S, max(LEAST_WAIT_S, feed.interval_s))
        self._backoff = Backoff(first_s, SERVER_WAIT_S)
        self._urged = threading.Event()
        self._asked = False  # the operator asked for the poll under way
        self._totals = Tally()
        self._polls = self._failures = 0
        self._last_alerts = 0  # in the last answer
        self._fault: str | None = None  # why the last answer gave less than it should
        self._state: State | None = None
        self._since_at = now()
        self._last_good_at: datetime | None = None
        self._last_good_s = monotonic()
        self._next_at: datetime | None = None  # the next poll; None: the feed is stopped

    def poll_now(self) -> None:
        """Poll at once, however long the wait was to be; from any thread."""
        self._urged.set()

    def run(self) -> None:
        """Poll and wait, until stopped."""
        due_s = self._monotonic()
        while not self._stopping.is_set():
            self._asked = self._urged.is_set()
            self._urged.clear()
            wanted = self._wanted()
            due_s = self.poll_once(due_s) if wanted else self._rest()
            while not self._is_due(due_s) and self._wanted() is wanted:
                self._progressed()
                self._stopping.wait(min(_STEP_S, max(0.0, due_s - self._monotonic())))
        self._reader.close()

    def _is_due(self, due_s: float) -> bool:
        return self._stopping.is_set() or self._urged.is_set() or self._monotonic() >= due_s

    def poll_once(self, due_s: float) -> float:
        """Poll, take and report. Monotonic times: when this poll was due, when the next one is."""
        self._progressed()
        started_at = self._now()
        due_at = started_at - timedelta(seconds=max(0.0, self._monotonic() - due_s))
        tally = Tally()
        error: FeedError | CapError | None = None
        try:
            for reading in self._reader.read():
                self._progressed()
                tally.add(self._intake.accept(reading))
            self._reader.accept()
        except CapError as refused:
            self._intake.refuse(refused, tally)
            error = refused
        except FeedError as failed:
            error = failed
        self._polls += 1
        self._totals.add(tally)
        if self._stopping.is_set() and error is not None:
            return due_s  # it was abandoned because the station stops
        next_s = self._succeeded(tally, due_s) if error is None else self._failed(error)
        wait_s = max(0.0, next_s - self._monotonic())
        self._next_at = self._now() + timedelta(seconds=wait_s)
        self._report_poll(error, tally)
        self._record(self._poll(due_at, started_at, error, tally))
        return next_s

    def _rest(self) -> float:
        """The operator stopped the feed: look again soon."""
        self._next_at = None
        self._reader.close()
        self._report_state("stopped", "stopped by the operator", None)
        return self._monotonic() + _STEP_S

    def _succeeded(self, tally: Tally, due_s: float) -> float:
        self._backoff.reset()
        self._last_good_at, self._last_good_s = self._now(), self._monotonic()
        if self._reader.listed is None:
            self._last_alerts = tally.alerts if tally.documents else self._last_alerts
            self._intake.count(())
            self._fault = self._reader.fault
        else:
            count = self._intake.count(self._reader.listed)
            self._last_alerts = count.alerts
            self._fault = self._reader.fault or count.fault
        interval_s = self._feed.interval_s
        stretched_s = min(self._reader.max_age_s, LONGEST_STRETCH * interval_s)
        return max(due_s + max(interval_s, stretched_s), self._monotonic())

    def _failed(self, error: Exception) -> float:
        """When to try again; a server that answers may ask for a longer pause."""
        self._failures += 1
        wait_s = self._backoff.next_s()
        if isinstance(error, ServerError):
            wait_s = max(wait_s, error.retry_after_s or 0.0)
        elif isinstance(error, FeedError):
            wait_s = min(wait_s, OUTSIDE_WAIT_S)
        return self._monotonic() + wait_s

    def _report_poll(self, error: Exception | None, tally: Tally) -> None:
        state: State = "running" if self._fault is None else "degraded"
        if error is not None:
            silent_s = self._monotonic() - self._last_good_s
            state = "failed" if silent_s > FAILED_AFTER_S else "reconnecting"
        sentence = self._sentence(error, tally)
        if self._asked:  # its number makes it news, so that the operator sees it at once
            sentence = f"poll {self._polls}, as asked: {sentence}"
        self._report_state(state, sentence, error)

    def _report_state(self, state: State, sentence: str, error: Exception | None) -> None:
        if state != self._state:
            self._since_at = self._now()
            self._log(state, error)
            self._state = state
        counters = {"polls": self._polls, "failures": self._failures, **asdict(self._totals)}
        self._report(
            ItemState(
                name=self._feed.name,
                kind=f"feed.{self._feed.kind}",
                state=state,
                sentence=sentence,
                since_at=self._since_at,
                last_good_at=self._last_good_at,
                counters=counters,
                next_at=self._next_at,
            )
        )

    def _sentence(self, error: Exception | None, tally: Tally) -> str:
        if error is not None:
            good = self._last_good_at
            since = "none so far" if good is None else f"the last one {good:%Y-%m-%d %H:%M:%S}Z"
            return f"no good answer ({since}): {error}"
        rejected = self._totals.rejected
        refused = f", {rejected} rejected since the start" if rejected else ""
        found = f"{self._last_alerts} alerts in the last answer, {tally.new} new{refused}"
        return "; ".join(part for part in (self._fault, found, self._reader.note) if part)

    def _log(self, state: State, error: Exception | None) -> None:
        extra = {"EAS_FEED": self._feed.name}
        if state == "running":
            log.info("feed %s answers", self._feed.name, extra=extra)
        elif state == "degraded":
            log.warning("feed %s is degraded: %s", self._feed.name, self._fault, extra=extra)
        elif state == "stopped":
            log.info("feed %s is stopped by the operator", self._feed.name, extra=extra)
        elif state == "failed":
            log.error("feed %s has failed: %s", self._feed.name, error, extra=extra)
        else:
            log.warning("feed %s does not answer: %s", self._feed.name, error, extra=extra)

    def _poll(
        self, due_at: datetime, started_at: datetime, error: Exception | None, tally: Tally
    ) -> Poll:
        changed = tally.new or tally.rejected or tally.quarantined
        return Poll(
            feed=self._feed.name,
            due_at=due_at,
            started_at=started_at,
            ended_at=self._now(),
            outcome="failed" if error is not None else "changed" if changed else "unchanged",
            error=None if error is None else str(error)[:500],
            tally=tally,
        )
