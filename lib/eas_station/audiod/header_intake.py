"""One decoded header → one reception, taken in; one that cannot be hurts nothing else."""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Protocol

from eas_station.alerts.model import Evidence, Reception
from eas_station.decoder.text.message import DecodedMessage, DecodeEvidence
from eas_station.errors import HeaderError

log = logging.getLogger(__name__)

MOST_FILES = 200  # in quarantine: enough to see the bug, and the disk is for warnings
REMEMBERED_TEXTS = 50  # a text that does not parse is logged once while it is one of the last


class MakeReception(Protocol):
    """`alerts.from_same.reception`, with the names of the events already in it."""

    def __call__(
        self,
        text: str,
        *,
        origin: str,
        channel: str | None,
        received_at: datetime,
        evidence: Evidence | None,
        clock_trusted: bool,
    ) -> Reception:
        """Raises HeaderError."""
        ...


class HeaderIntake:
    """The way of decoded headers into the station."""

    def __init__(
        self,
        source: str,
        make: MakeReception,
        take: Callable[[Reception], None],
        clock_trusted: Callable[[], bool],
        quarantine_dir: Path,
    ) -> None:
        """
        Args:
            take: `service.storage.Storage.take`, the one way a reception enters.
            quarantine_dir: where a header goes that meets a bug of ours, with its traceback.
        """
        self.taken = 0
        self.rejected = 0  # texts that are no header
        self.quarantined = 0
        self._source = source
        self._make = make
        self._take = take
        self._clock_trusted = clock_trusted
        self._quarantine_dir = quarantine_dir
        self._rejected_texts: deque[str] = deque(maxlen=REMEMBERED_TEXTS)

    def take(
        self, message: DecodedMessage, channel: str, received_at: datetime
    ) -> Reception | None:
        """Take in one header; None: it was dropped or quarantined, and that has been told."""
        try:
            return self._receive(message, channel, received_at)
        except HeaderError as error:
            self._reject(message.text, channel, error)
        except Exception:  # noqa: BLE001 - the barrier round one item from outside
            self._quarantine(message, channel, received_at, traceback.format_exc())
        return None

    def _receive(self, message: DecodedMessage, channel: str, received_at: datetime) -> Reception:
        reception = self._make(
            message.text,
            origin=self._source,
            channel=channel,
            received_at=received_at,
            evidence=_evidence(message.evidence),
            clock_trusted=self._clock_trusted(),
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
            log.warning("dropped what is no header, %r on %s: %s", text, channel, error)

    def _quarantine(
        self, message: DecodedMessage, channel: str, received_at: datetime, trace: str
    ) -> None:
        self.quarantined += 1
        log.error("a header met a bug, %r on %s\n%s", message.text, channel, trace)
        said = f"{message.text}\n\n{self._source} {channel} {received_at.isoformat()}\n\n{trace}"
        name = f"{received_at:%Y%m%dT%H%M%S.%f}-{self._source}-{self.quarantined}.txt"
        try:
            self._quarantine_dir.mkdir(parents=True, exist_ok=True)
            if sum(1 for _ in self._quarantine_dir.iterdir()) >= MOST_FILES:
                return
            (self._quarantine_dir / name).write_text(said, encoding="utf-8", errors="replace")
        except OSError as error:
            log.error("%s cannot be written: %s", name, error)  # the log above holds it all


def _evidence(heard: DecodeEvidence) -> Evidence:
    return Evidence(**asdict(heard))
