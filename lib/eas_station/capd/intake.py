"""Where documents become receptions: each message once, each refusal told once.

Round every single message stands a barrier: one that meets a bug of ours is put into quarantine,
and the rest goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

from eas_station.alerts.model import MessageId, Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.bug import CapBug
from eas_station.cap.message import CapMessage, order_of_issue
from eas_station.capd.feed.known import Known, message_key
from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.quarantine import quarantine
from eas_station.errors import CapError, StoreError

log = logging.getLogger(__name__)

MAX_COMPLAINTS = 2_000  # refusals remembered, so that each is told once
SHOWN_CHARS = 200
CLOCK_TOLERANCE = timedelta(minutes=15)  # between a sender's clock and ours


@dataclass(slots=True)
class Tally:
    """What one poll brought, or all of them together."""

    documents: int = 0
    alerts: int = 0  # good ones, new or not
    new: int = 0
    rejected: int = 0  # were no message; each is counted once
    quarantined: int = 0  # met a bug

    def add(self, other: Tally) -> None:
        """Count another one's on top."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


class DocumentIntake:
    """Takes the documents of one feed; used by one thread."""

    def __init__(
        self,
        feed: str,
        callsign: str,
        *,
        take: Callable[[Sequence[Reception]], None],
        now: Callable[[], datetime],
        clock_trusted: Callable[[], bool],
        new_id: Callable[[], str],
        quarantine_dir: Path,
        progressed: Callable[[], None],
        recall: Callable[[Sequence[MessageId]], Collection[MessageId]],
        reception_of: Callable[..., Reception] = from_cap.reception,
    ) -> None:
        """
        Args:
            feed: its name, the receptions' origin.
            take: the one way receptions enter the station, in this order.
            progressed: called after each message.
            recall: which of these messages the feed gave in an earlier life of the process; raises
                StoreError. Asked only of messages that were sent before this life began: a
                database that hangs must not delay a new alert.
        """
        self._feed = feed
        self._callsign = callsign
        self._take = take
        self._now = now
        self._clock_trusted = clock_trusted
        self._new_id = new_id
        self._quarantine_dir = quarantine_dir
        self._progressed = progressed
        self._recall = recall
        self._began_at = now() if clock_trusted() else None
        self._known = Known()
        self._bad = Known()  # refused, or put aside
        self._complained = Known(MAX_COMPLAINTS)
        self._reception_of = reception_of

    def accept(self, reading: DocumentReading) -> Tally:
        """Take what is new of a document, the oldest first: an answer is sorted newest first."""
        tally = Tally(documents=1)
        if reading.refused is not None:
            self.refuse(reading.refused, tally)
        if reading.parsed is None:
            return tally
        for error in reading.parsed.rejected:
            self.refuse(error, tally)
        tally.alerts += reading.parsed.unchanged
        messages = sorted(reading.parsed.messages, key=order_of_issue)
        self._remember([message for message in messages if self._may_be_of_before(message)])
        made = [pair for message in messages if (pair := self._made(message, tally)) is not None]
        self._hand_over(made, tally)
        return tally

    def refuse(self, error: CapError, tally: Tally) -> None:
        """Count and tell what is no message, and why; once, however often it comes.

        What met a bug of ours is put into quarantine.
        """
        key = f"{error}\0{error.text[:SHOWN_CHARS]}"
        if self._complained.seen(key):
            return
        self._complained.add(key)
        if isinstance(error, CapBug):
            self._set_aside(error.text, error.__cause__ or error, tally)
            return
        tally.rejected += 1
        log.warning(
            "feed %s: rejected: %s: %r",
            *(self._feed, error, error.text[:SHOWN_CHARS]),
            extra={"EAS_FEED": self._feed},
        )

    def _may_be_of_before(self, message: CapMessage) -> bool:
        """Can an earlier life of the process have taken it, although this one has not."""
        early = self._began_at is None or message.sent_at < self._began_at + CLOCK_TOLERANCE
        return early and not self._known.seen(_key(message))

    def _remember(self, messages: Sequence[CapMessage]) -> None:
        if not messages:
            return
        try:
            recalled = self._recall(
                [MessageId(m.sender, m.identifier, m.sent_at) for m in messages]
            )
        except StoreError as error:
            log.info("feed %s: what it gave before is not known: %s", self._feed, error)
            return
        for message in recalled:
            self._known.add(_key(message))

    def _made(self, message: CapMessage, tally: Tally) -> tuple[CapMessage, Reception] | None:
        """The reception of a message that is new; None for one that came before, or is none."""
        self._progressed()
        key = _key(message)
        if self._bad.seen(key):
            return None
        if self._known.seen(key):
            tally.alerts += 1
            return None
        try:
            made = message, self._reception(message)
        except CapError as error:
            self._bad.add(key)
            self.refuse(error, tally)
        except Exception as error:  # noqa: BLE001 - the barrier round one item from outside
            self._bad.add(key)
            self._set_aside(message.raw, error, tally)
        else:
            self._known.add(key)  # some messages stand in one answer twice
            return made
        return None

    def _hand_over(self, made: Sequence[tuple[CapMessage, Reception]], tally: Tally) -> None:
        """All at once, for the price of one commit; one by one if one of them meets a bug."""
        if not made:
            return
        try:
            self._take([heard for _, heard in made])
        except Exception as error:  # noqa: BLE001 - the barrier round one item from outside
            if len(made) == 1:
                message = made[0][0]
                self._bad.add(_key(message))
                self._set_aside(message.raw, error, tally)
                return
        else:
            tally.alerts += len(made)
            tally.new += len(made)
            return
        for one in made:
            self._progressed()
            self._hand_over([one], tally)

    def _set_aside(self, text: str, error: BaseException, tally: Tally) -> None:
        tally.quarantined += 1
        path = quarantine(self._quarantine_dir, self._feed, text, error)
        log.error(
            "feed %s: an alert met a bug and is quarantined in %s",
            *(self._feed, path),
            exc_info=error,
            extra={"EAS_FEED": self._feed},
        )

    def _reception(self, message: CapMessage) -> Reception:
        return self._reception_of(
            message,
            origin=self._feed,
            received_at=self._now(),
            clock_trusted=self._clock_trusted(),
            callsign=self._callsign,
            new_id=self._new_id,
        )


def _key(message: CapMessage | MessageId) -> str:
    """A forged message is remembered apart, so that it never stands in for the real one."""
    key = message_key(message.sender, message.identifier, message.sent_at)
    return f"{key}\0forged" if isinstance(message, CapMessage) and _forged(message) else key


def _forged(message: CapMessage) -> bool:
    return message.signature is not None and message.signature.startswith("invalid")
