"""Where documents become receptions: each message once, each refusal told once.

Round every single message stands a barrier: one that meets a bug of ours is put into quarantine,
and the rest goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from eas_station.alerts import from_cap
from eas_station.alerts.model import MessageId, Reception
from eas_station.cap.message import Message
from eas_station.capd.known import Known, message_key
from eas_station.capd.quarantine import quarantine
from eas_station.capd.reading import Reading
from eas_station.errors import CapError, StoreError

log = logging.getLogger(__name__)

MAX_COMPLAINTS = 2_000  # refusals remembered, so that each is told once
SHOWN_CHARS = 200


@dataclass(slots=True)
class Tally:
    """What one poll brought, or all of them together."""

    documents: int = 0
    alerts: int = 0  # good ones, new or not
    new: int = 0
    rejected: int = 0  # were no message
    quarantined: int = 0  # met a bug

    def add(self, other: Tally) -> None:
        """Count another one's on top."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


class Desk:
    """Takes the documents of one feed; used by one thread."""

    def __init__(
        self,
        feed: str,
        callsign: str,
        *,
        take: Callable[[Reception], None],
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
            take: the one way a reception enters the station.
            progressed: called after each message.
            recall: which of these messages the feed gave in an earlier life of the process; raises
                StoreError. Asked until the first good poll only: a database that hangs must not
                delay an alert.
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
        self._recalling = True
        self._known = Known()
        self._complained = Known(MAX_COMPLAINTS)
        self._reception_of = reception_of

    def accept(self, reading: Reading) -> Tally:
        """Take what is new of a document, the oldest first: an answer is sorted newest first."""
        tally = Tally(documents=1)
        if reading.refused is not None:
            self._refuse(reading.refused, tally)
        if reading.parsed is None:
            return tally
        for error in reading.parsed.rejected:
            self._refuse(error, tally)
        messages = sorted(reading.parsed.messages, key=lambda message: message.sent_at)
        if self._recalling and messages:
            self._remember(messages)
        for message in messages:
            self._accept_one(message, tally)
            self._progressed()
        return tally

    def settle(self) -> None:
        """A poll was good to its end: from now on the memory knows what the feed gives."""
        self._recalling = False

    def complain(self, error: CapError) -> None:
        """Tell once what is wrong with a document, with its first characters."""
        key = f"{error}\0{error.text[:SHOWN_CHARS]}"
        if self._complained.seen(key):
            return
        self._complained.add(key)
        log.warning(
            "feed %s: rejected: %s: %r",
            *(self._feed, error, error.text[:SHOWN_CHARS]),
            extra={"EAS_FEED": self._feed},
        )

    def _remember(self, messages: Sequence[Message]) -> None:
        try:
            recalled = self._recall(
                [MessageId(m.sender, m.identifier, m.sent_at) for m in messages]
            )
        except StoreError as error:
            log.info("feed %s: what it gave before is not known: %s", self._feed, error)
            self._recalling = False
            return
        for message in recalled:
            self._known.add(message_key(message.sender, message.identifier, message.sent_at))

    def _accept_one(self, message: Message, tally: Tally) -> None:
        key = message_key(message.sender, message.identifier, message.sent_at)
        try:
            if self._known.seen(key):
                tally.alerts += 1
                return
            self._take(self._reception(message))
        except CapError as error:
            self._refuse(error, tally)
            return
        except Exception as error:
            tally.quarantined += 1
            path = quarantine(self._quarantine_dir, self._feed, message.raw, error)
            log.exception(
                "feed %s: an alert met a bug and is quarantined in %s",
                *(self._feed, path),
                extra={"EAS_FEED": self._feed},
            )
        else:
            tally.alerts += 1
            tally.new += 1
        self._known.add(key)

    def _reception(self, message: Message) -> Reception:
        return self._reception_of(
            message,
            origin=self._feed,
            received_at=self._now(),
            clock_trusted=self._clock_trusted(),
            callsign=self._callsign,
            new_id=self._new_id,
        )

    def _refuse(self, error: CapError, tally: Tally) -> None:
        tally.rejected += 1
        self.complain(error)
