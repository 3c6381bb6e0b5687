"""A SAME header off the air → Reception."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from eas_station.alerts.model import Evidence, Reception, Statement
from eas_station.errors import HeaderError
from eas_station.same import header, validity
from eas_station.same.header import Header


def reception(
    text: str,
    *,
    origin: str,
    channel: str | None,
    received_at: datetime,
    evidence: Evidence | None,
    clock_trusted: bool,
    event_name: Callable[[str], str],
    new_id: Callable[[], str],
) -> Reception:
    """One hearing of a header.

    Args:
        text: the header as decoded, "ZCZC-…-".
        origin: the source's name; channel: "162.550", "mono".
        received_at: aware; the header's year is read from it. If the header's time does not
            exist, or cannot be right by a trusted clock, this is taken for the time of issue.
        event_name: names an event code, known or not.
        new_id: makes a UUID.
    Raises:
        HeaderError: the text is no header.
    """
    parsed, doubt, is_early = _dated(text, received_at, clock_trusted)
    statement = Statement(
        kind="alert",
        status="actual",
        event_name=event_name(parsed.event_code),
        issued_at=parsed.issued_at,
        event_code=parsed.event_code,
        originator=parsed.originator,
        callsign=parsed.callsign,
        same_codes=parsed.locations,
        expires_at=parsed.issued_at + validity.lifetime(parsed.valid_for),
        same_header=text,
        doubt=doubt,
        is_early=is_early,
    )
    return Reception(
        reception_id=new_id(),
        via="same",
        origin=origin,
        channel=channel,
        received_at=received_at,
        raw=text,
        statement=statement,
        evidence=evidence,
        clock_trusted=clock_trusted,
    )


def dated(heard: Reception, at: datetime | None) -> Reception:
    """A reception with the date that its header has in the light of a trusted time.

    A header has no year. Of one that was heard while the clock was not trusted, the year is that
    nearest to `at`; while there is no trusted time (None), nobody knows when it is over.
    """
    if heard.via != "same" or heard.clock_trusted:
        return heard
    issued_at, expires_at = heard.statement.issued_at, None
    if at is not None:
        try:
            parsed = header.parse(heard.raw, at)
        except HeaderError:  # day 366, and no leap year near
            return heard
        issued_at = parsed.issued_at
        expires_at = issued_at + validity.lifetime(parsed.valid_for)
    statement = replace(heard.statement, issued_at=issued_at, expires_at=expires_at)
    return replace(heard, statement=statement)


def _dated(text: str, heard_at: datetime, clock_trusted: bool) -> tuple[Header, str | None, bool]:
    """A header with the date that counts, what of its own is not believed, and is that to come.

    While the clock is not trusted nothing can be said of a date but that it does not exist.
    """
    try:
        parsed = header.parse(text, heard_at)
    except HeaderError:
        undated = header.parse_undated(text, heard_at)
        return undated, f"date in header: {header.issue_text(text)}, not believed", False
    if not clock_trusted or validity.is_believed(parsed.issued_at, parsed.valid_for, heard_at):
        return parsed, None, False
    said = parsed.issued_at
    heard_at = heard_at.astimezone(UTC).replace(second=0, microsecond=0)
    clock = f" {said:%H:%M} UTC" if said.date() == heard_at.date() else ""
    doubt = f"date in header: {said.day} {said:%b}{clock}, not believed"
    return replace(parsed, issued_at=heard_at), doubt, said > heard_at
