"""The CAP 1.2 documents of the demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from eas_station.tables import Tables

SENDER = "demonstration@eas-station.invalid"  # a domain that cannot exist (RFC 2606)

_ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{identifier}</identifier>
  <sender>{sender}</sender>
  <sent>{sent}</sent>
  <status>Actual</status>
  <msgType>{message_type}</msgType>
  <source>Demonstration of EAS Station</source>
  <scope>Public</scope>
  <note>DEMONSTRATION: made on this computer by eas-ctl. There is no emergency.</note>{references}
  <info>
    <language>en-US</language>
    <category>Other</category>
    <event>{event}</event>
    <responseType>None</responseType>
    <urgency>Unknown</urgency>
    <severity>Minor</severity>
    <certainty>Unknown</certainty>
    <eventCode><valueName>SAME</valueName><value>{event_code}</value></eventCode>
    <effective>{sent}</effective>
    <expires>{expires}</expires>
    <senderName>Demonstration of EAS Station</senderName>
    <headline>DEMONSTRATION: {event} for {places}</headline>
    <description>This is a demonstration of EAS Station. It was made on this computer and is no \
warning of any kind.</description>
    <instruction>No action is needed.</instruction>
    <parameter><valueName>EAS-ORG</valueName><value>{originator}</value></parameter>
    <area>
      <areaDesc>{places}</areaDesc>
{geocodes}
    </area>
  </info>
</alert>
"""


@dataclass(frozen=True, slots=True)
class CapDraft:
    """The content of one document."""

    identifier: str
    sent_at: datetime
    codes: tuple[str, str]  # ORG, EEE
    locations: tuple[str, ...]  # PSSCCC
    valid_for: timedelta
    replaces: CapDraft | None = None  # then it is an Update

    @property
    def reference(self) -> str:
        """Its entry in the references of another message (CAP 1.2 §3.2.1)."""
        return f"{SENDER},{self.identifier},{cap_time(self.sent_at)}"


def cap_time(moment: datetime) -> str:
    """A time as CAP writes it, UTC as -00:00 (CAP 1.2 §3.3.2)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}-00:00"


def document(draft: CapDraft, known: Tables) -> str:
    """The XML of a draft. Its status is Actual, as for RWT and DMO (ECIG 3.9)."""
    originator, event_code = draft.codes
    replaced = draft.replaces
    references = "" if replaced is None else f"\n  <references>{replaced.reference}</references>"
    return _ALERT.format(
        identifier=draft.identifier,
        sender=SENDER,
        sent=cap_time(draft.sent_at),
        message_type="Alert" if replaced is None else "Update",
        references=references,
        event=escape(known.event_name(event_code)),
        event_code=event_code,
        expires=cap_time(draft.sent_at + draft.valid_for),
        places=escape("; ".join(known.location_name(code) for code in draft.locations)),
        originator=originator,
        geocodes="\n".join(
            f"      <geocode><valueName>SAME</valueName><value>{code}</value></geocode>"
            for code in draft.locations
        ),
    )
