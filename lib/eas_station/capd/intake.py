"""Where documents become receptions: each message once, each refusal logged once.

Around every single message is a barrier: one that causes an internal error is quarantined, and the
others are taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

from eas_station.alerts.identity.identity import is_life_sign
from eas_station.alerts.model import MessageId, Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.bug import CapBug
from eas_station.cap.message import CapMessage, order_of_issue
from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.feed.seen_texts import SeenTexts, message_key
from eas_station.capd.quarantine import quarantine
from eas_station.errors import CapError, StoreError

log = logging.getLogger(__name__)

MAX_REFUSALS = 2_000  # remembered, so that each is logged once
SHOWN_CHARS = 200
CLOCK_TOLERANCE = timedelta(minutes=15)  # between a sender's clock and ours
WARN_OF_NOTHING = ("Ack", "Error")  # CAP 1.2, 3.2.1: answers to a message, not alerts


@dataclass(slots=True)
class Tally:
    """What one poll brought, or all of them together."""

    documents: int = 0
    alerts: int = 0  # good ones, new or not
    new: int = 0
    rejected: int = 0  # were no message; each is counted once
    quarantined: int = 0  # caused an internal error

    def add(self, other: Tally) -> None:
        """Add the counts of another one."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclass(slots=True)
class EntryCount:
    """What became of the entries of documents, each time that they are read."""

    alerts: int = 0
    refused: int = 0
    reason: str | None = None  # of the first refusal

    def add(self, other: EntryCount) -> None:
        """Add the counts of another one."""
        self.alerts += other.alerts
        self.refused += other.refused
        self.reason = self.reason or other.reason

    def refuse(self, reason: str | None) -> None:
        """Count one entry that gave no alert."""
        self.refused += 1
        self.reason = self.reason or reason

    @property
    def fault(self) -> str | None:
        """Why nothing came of what a feed lists; None: something did, or it lists nothing."""
        if self.alerts or not self.refused:
            return None
        noun = "entry" if self.refused == 1 else "entries"
        return f"{self.refused} {noun}, {self.refused} refused: {self.reason or 'internal error'}"


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
            take: stores receptions, in this order.
            progressed: called after each message.
            recall: which of these messages the feed gave to an earlier process; raises StoreError.
                Asked only for messages sent before this process began: a database that hangs must
                not delay a new alert.
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
        self._known = SeenTexts()
        self._bad = SeenTexts()  # refused, or quarantined
        self._logged = SeenTexts(MAX_REFUSALS)
        self._texts = SeenTexts()  # of the alerts that were taken and whose feeds ask for it
        self._counts: dict[str, EntryCount] = {}  # by document
        self._reception_of = reception_of

    def is_taken(self, text: str) -> bool:
        """Was an alert with this text taken; then it need not be parsed again."""
        return self._texts.seen(text)

    def accept(self, reading: DocumentReading) -> Tally:
        """Take what is new in a document, the oldest message first: answers are newest first."""
        tally, count = Tally(documents=1), EntryCount()
        for error in _refusals(reading):
            self.refuse(error, tally)
            count.refuse(str(error))
        if reading.parsed is not None:
            tally.alerts += reading.parsed.unchanged
            messages = sorted(reading.parsed.messages, key=order_of_issue)
            self._take_new(messages, tally, count)
        count.alerts = tally.alerts
        if count.refused and count.reason is None and reading.name in self._counts:
            count.reason = self._counts[reading.name].reason
        self._counts[reading.name] = count
        return tally

    def count(self, names: Iterable[str]) -> EntryCount:
        """What the documents of a feed's last answer gave; all others are forgotten."""
        self._counts = {name: self._counts[name] for name in names if name in self._counts}
        total = EntryCount()
        for count in self._counts.values():
            total.add(count)
        return total

    def refuse(self, error: CapError, tally: Tally) -> None:
        """Count and log what is no message, and why; once, however often it comes.

        A document that caused an internal error is quarantined.
        """
        key = f"{error}\0{error.text[:SHOWN_CHARS]}"
        if self._logged.seen(key):
            return
        self._logged.add(key)
        if isinstance(error, CapBug):
            self._quarantine(error.text, error.__cause__ or error, tally)
            return
        tally.rejected += 1
        log.warning(
            "feed %s: rejected: %s: %r",
            *(self._feed, error, error.text[:SHOWN_CHARS]),
            extra={"EAS_FEED": self._feed},
        )

    def _take_new(self, messages: Sequence[CapMessage], tally: Tally, count: EntryCount) -> None:
        self._remember([message for message in messages if self._may_be_of_before(message)])
        made = [
            pair for message in messages if (pair := self._made(message, tally, count)) is not None
        ]
        self._hand_over(made, tally, count)

    def _may_be_of_before(self, message: CapMessage) -> bool:
        """Can an earlier process have taken it, although this one has not."""
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
            log.info("feed %s: cannot tell what it gave before: %s", self._feed, error)
            return
        for message in recalled:
            self._known.add(_key(message))

    def _made(
        self, message: CapMessage, tally: Tally, count: EntryCount
    ) -> tuple[CapMessage, Reception] | None:
        """The reception of a message that is new; None for any other."""
        self._progressed()
        key = _key(message)
        if self._bad.seen(key):
            self._count_bad(message, None, count)
            return None
        if self._known.seen(key):
            self._count_taken(message, tally)
            return None
        try:
            reception = self._reception(message)
        except CapError as error:
            self._bad.add(key)
            self.refuse(error, tally)
            self._count_bad(message, str(error), count)
        except Exception as error:  # noqa: BLE001 - the barrier round one item from outside
            self._bad.add(key)
            self._quarantine(message.raw, error, tally)
            count.refuse(None)
        else:
            if is_life_sign(reception.statement):
                return None
            self._known.add(key)  # a message may be in one answer twice
            return message, reception
        return None

    def _count_bad(self, message: CapMessage, reason: str | None, count: EntryCount) -> None:
        if message.message_type not in WARN_OF_NOTHING:
            count.refuse(reason)

    def _count_taken(self, message: CapMessage, tally: Tally) -> None:
        tally.alerts += 1
        if message.version == "nws":
            self._texts.add(message.raw)

    def _hand_over(
        self, made: Sequence[tuple[CapMessage, Reception]], tally: Tally, count: EntryCount
    ) -> None:
        """All at once, for the price of one commit; one by one if one of them causes an error."""
        if not made:
            return
        try:
            self._take([reception for _, reception in made])
        except Exception as error:  # noqa: BLE001 - the barrier round one item from outside
            if len(made) == 1:
                message = made[0][0]
                self._bad.add(_key(message))
                self._quarantine(message.raw, error, tally)
                count.refuse(None)
                return
        else:
            for message, _ in made:
                self._count_taken(message, tally)
            tally.new += len(made)
            return
        for one in made:
            self._progressed()
            self._hand_over([one], tally, count)

    def _quarantine(self, text: str, error: BaseException, tally: Tally) -> None:
        tally.quarantined += 1
        path = quarantine(self._quarantine_dir, self._feed, text, error)
        log.error(
            "feed %s: an alert caused an internal error and is quarantined in %s",
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


def _refusals(reading: DocumentReading) -> tuple[CapError, ...]:
    whole = () if reading.refused is None else (reading.refused,)
    return whole if reading.parsed is None else (*whole, *reading.parsed.rejected)


def _key(message: CapMessage | MessageId) -> str:
    """The key of a message. A forged one has its own, so the real one is still taken."""
    key = message_key(message.sender, message.identifier, message.sent_at)
    return f"{key}\0forged" if isinstance(message, CapMessage) and _forged(message) else key


def _forged(message: CapMessage) -> bool:
    return message.signature is not None and message.signature.startswith("invalid")
