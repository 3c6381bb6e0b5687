"""The alerts that a heartbeat lists, and where the archive of the NAAD System keeps them.

Source: NAAD System LMD User Guide, "Heartbeat" and "Short-term repository": a heartbeat names the
last ten alerts in <references>, and the archive has each one as DATE/SENTIIDENTIFIER.xml, with an
underscore for each "-", "+" and ":" of SENT and IDENTIFIER. Earlier archives wrote "p" for "+".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapMessage
from eas_station.cap.xml import tree

HEARTBEAT_SENDER = "NAADS-Heartbeat"
MAX_LISTED = 50  # a heartbeat lists ten
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=T)")
_LONGEST_REFERENCE = 500


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """An alert that a heartbeat lists."""

    identifier: str
    sent: str  # as written: the name of the file is made of it
    sent_at: datetime  # aware UTC

    def urls(self, archive: str) -> tuple[str, ...]:
        """Where the archive may have it; the first is the most probable."""
        names = (self._name("_"), self._name("p"))
        folder = f"{archive.rstrip('/')}/{self.sent[:10]}"
        return tuple(f"{folder}/{name}.xml" for name in dict.fromkeys(names))

    def _name(self, plus: str) -> str:
        table = str.maketrans({"-": "_", ":": "_", "+": plus})
        written = f"{self.sent.translate(table)}I{self.identifier.translate(table)}"
        return quote(written, safe="")


def is_heartbeat(message: CapMessage) -> bool:
    """Is a message a heartbeat of the NAAD System."""
    sender = message.sender.strip().lower()
    return message.status == "System" and sender.startswith(HEARTBEAT_SENDER.lower())


def listed_alerts(heartbeat: bytes) -> tuple[ListedAlert, ...]:
    """The alerts that a heartbeat lists; what is malformed is none. Raises CapError."""
    root = tree.parse(heartbeat, ParseLimits())
    texts = [tree.text(e) for _, name, e in tree.children(root) if name == "references"]
    found = (_listed(reference) for reference in " ".join(texts).split()[:MAX_LISTED])
    return tuple(alert for alert in found if alert is not None)


def _listed(reference: str) -> ListedAlert | None:
    """One reference: sender,identifier,sent (CAP 1.2, 3.2.1)."""
    sender, _, rest = reference[:_LONGEST_REFERENCE].partition(",")
    identifier, _, sent = rest.rpartition(",")
    if not sender or not identifier or _DAY.match(sent) is None:
        return None
    try:
        written = datetime.fromisoformat(sent)
        sent_at = written.replace(tzinfo=written.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return ListedAlert(identifier, sent, sent_at)
