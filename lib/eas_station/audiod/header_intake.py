"""Turns decoded headers into receptions. A header that fails stops no other."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from eas_station.alerts.model import Evidence, Reception
from eas_station.alerts.sources import from_same
from eas_station.decoder.text.message import DecodedMessage
from eas_station.errors import HeaderError

log = logging.getLogger(__name__)

MAX_FILES = 200  # in quarantine: enough for a diagnosis
REMEMBERED_TEXTS = 50  # a text that does not parse is logged once while it is among the last


class HeaderIntake:
    """The way of decoded headers into the station."""

    def __init__(
        self,
        source: str,
        event_name: Callable[[str], str],
        new_id: Callable[[], str],
        take: Callable[[Reception], None],
        clock_trusted: Callable[[], bool],
        quarantine_dir: Path,
    ) -> None:
        """
        Args:
            event_name: the name of an event code.
            take: `service.storage.Storage.take`, the one way a reception enters.
            quarantine_dir: keeps headers that raised an unexpected error, with the traceback.
        """
        self.taken = 0
        self.rejected = 0  # texts that are not headers
        self.quarantined = 0
        self._source = source
        self._event_name = event_name
        self._new_id = new_id
        self._take = take
        self._clock_trusted = clock_trusted
        self._quarantine_dir = quarantine_dir
        self._rejected_texts: deque[str] = deque(maxlen=REMEMBERED_TEXTS)

    def take(
        self, message: DecodedMessage, channel: str, received_at: datetime
    ) -> Reception | None:
        """Take in one header; None if it was rejected or quarantined, which is logged."""
        try:
            return self._receive(message, channel, received_at)
        except HeaderError as error:
            self._reject(message.text, channel, error)
        except Exception:  # noqa: BLE001 - the barrier around one item from outside
            self._quarantine(message, channel, received_at, traceback.format_exc())
        return None

    def _receive(self, message: DecodedMessage, channel: str, received_at: datetime) -> Reception:
        reception = from_same.reception(
            message.text,
            origin=self._source,
            channel=channel,
            received_at=received_at,
            evidence=Evidence(**asdict(message.evidence)),
            clock_trusted=self._clock_trusted(),
            event_name=self._event_name,
            new_id=self._new_id,
        )
        self._take(reception)
        self.taken += 1
        log.info(
            "heard %s on %s",
            message.text,
            channel,
            extra={
                "EAS_RECEPTION_ID": reception.reception_id,
                "EAS_EVENT_CODE": reception.statement.event_code,
            },
        )
        return reception

    def _reject(self, text: str, channel: str, error: HeaderError) -> None:
        self.rejected += 1
        if text not in self._rejected_texts:
            self._rejected_texts.append(text)
            log.warning("rejected invalid header %r on %s: %s", text, channel, error)

    def _quarantine(
        self, message: DecodedMessage, channel: str, received_at: datetime, trace: str
    ) -> None:
        self.quarantined += 1
        log.error("internal error on header %r on %s\n%s", message.text, channel, trace)
        text = f"{message.text}\n\n{self._source} {channel} {received_at.isoformat()}\n\n{trace}"
        name = f"{received_at:%Y%m%dT%H%M%S.%f}-{self._source}-{self.quarantined}.txt"
        try:
            self._quarantine_dir.mkdir(parents=True, exist_ok=True)
            if sum(1 for _ in self._quarantine_dir.iterdir()) >= MAX_FILES:
                return
            (self._quarantine_dir / name).write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            log.error("cannot write %s: %s", name, error)  # the entry above holds all of it
