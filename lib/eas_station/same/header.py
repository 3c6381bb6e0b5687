"""SAME header grammar: ZCZC-ORG-EEE-PSSCCC(-PSSCCC)*+TTTT-JJJHHMM-LLLLLLLL-

Source: 47 CFR 11.31(c). Text in, values out: no audio, no clock, no I/O.

Reading is lenient where real stations are: a call sign shorter than eight characters, a missing
last dash, a day of the year without its leading zero, a purge time that is no legal step. `faults`
names each such deviation. Writing is exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eas_station.errors import HeaderError
from eas_station.same import purge

MAX_LOCATIONS = 31  # 47 CFR 11.31(c)
CALLSIGN_LENGTH = 8  # 47 CFR 11.31(c), LLLLLLLL
END_OF_MESSAGE = "NNNN"  # 47 CFR 11.31(a)(4)

_CALLSIGN_CHARACTER = "[ -,./-~]"  # printable ASCII without the dash: 47 CFR 11.31(b)
_PLACES = r"(?:-[0-9]{6}){1,31}"
_STRICT = re.compile(
    rf"ZCZC-[A-Z]{{3}}-[A-Z]{{3}}{_PLACES}\+[0-9]{{4}}-[0-9]{{7}}-{_CALLSIGN_CHARACTER}{{8}}-"
)
_LENIENT = re.compile(
    rf"ZCZC-(?P<originator>[A-Z]{{3}})-(?P<event_code>[A-Z]{{3}})(?P<places>{_PLACES})"
    rf"\+(?P<purge>[0-9]{{4}})-(?P<issued>[0-9]{{6,7}})-"
    rf"(?P<callsign>{_CALLSIGN_CHARACTER}{{0,8}})(?P<last_dash>-?)"
)


@dataclass(frozen=True, slots=True)
class Header:
    """One SAME header, parsed. Times are aware UTC."""

    originator: str  # ORG, "WXR"
    event_code: str  # EEE, "TOR"
    locations: tuple[str, ...]  # PSSCCC, 1 to 31 of them, in the order sent
    valid_for: timedelta  # TTTT
    issued_at: datetime
    callsign: str  # LLLLLLLL, trailing spaces dropped

    @property
    def expires_at(self) -> datetime:
        """When the message is over. The emergency may last longer, or be over before."""
        return self.issued_at + self.valid_for


def parse(text: str, received_at: datetime) -> Header:
    """What a header says.

    Args:
        text: from ZCZC to the last dash, nothing around it.
        received_at: aware; a header has no year, so it is read as the one nearest to this.
    Raises:
        HeaderError: not a header, or a time that does not exist.
    """
    found = _match(text)
    try:
        issued_at = _issued_at(found, received_at)
    except HeaderError as error:
        raise HeaderError(str(error), text) from None
    return _header(found, issued_at)


def parse_undated(text: str, received_at: datetime) -> Header:
    """As `parse`, but a time that does not exist is taken to be that of reception.

    A warning whose date is spoilt is still a warning: it is shown, and never relayed.

    Raises:
        HeaderError: not a header.
    """
    found = _match(text)
    try:
        issued_at = _issued_at(found, received_at)
    except HeaderError:
        issued_at = received_at.astimezone(UTC).replace(second=0, microsecond=0)
    return _header(found, issued_at)


def _issued_at(found: re.Match[str], received_at: datetime) -> datetime:
    issued = found["issued"].rjust(7, "0")
    return issue_time(int(issued[:3]), int(issued[3:5]), int(issued[5:]), received_at)


def _header(found: re.Match[str], issued_at: datetime) -> Header:
    return Header(
        originator=found["originator"],
        event_code=found["event_code"],
        locations=tuple(found["places"][1:].split("-")),
        valid_for=purge.duration(found["purge"]),
        issued_at=issued_at,
        callsign=found["callsign"].rstrip(" "),
    )


def issue_time(day: int, hour: int, minute: int, received_at: datetime) -> datetime:
    """When the header was issued. It has no year: take the one nearest to `received_at`.

    Args:
        day: of the year, 1 to 366; 366 exists only in a leap year.
    Raises:
        HeaderError: there is no such time in the year of reception or the ones beside it.
    """
    if not (1 <= day <= 366 and 0 <= hour <= 23 and 0 <= minute <= 59):
        raise HeaderError(f"no such time: day {day} of the year, {hour:02}:{minute:02}")
    received_at = received_at.astimezone(UTC)
    candidates = [
        issued_at
        for year in (received_at.year - 1, received_at.year, received_at.year + 1)
        if 1 <= year <= 9998
        for issued_at in [_time_in_year(year, day, hour, minute)]
        if issued_at.year == year
    ]
    if not candidates:
        raise HeaderError(f"day {day} of the year: no leap year near {received_at.year}")
    return min(candidates, key=lambda issued_at: abs(issued_at - received_at))


def faults(text: str) -> tuple[str, ...]:
    """How a text deviates from the letter of 47 CFR 11.31(c), a sentence each; () if it does not.

    A text that `parse` accepts only by leniency has at least one fault, and is never relayed.
    """
    try:
        found = _match(text)
    except HeaderError as error:
        return (str(error),)
    said = []
    if len(found["issued"]) != 7:
        said.append(f"the time of issue has {len(found['issued'])} digits, not 7")
    if not purge.is_legal(found["purge"]):
        said.append(f"{found['purge']} is not a legal purge time")
    if len(found["callsign"]) != CALLSIGN_LENGTH:
        said.append(f"the call sign has {len(found['callsign'])} characters, not 8")
    if not found["last_dash"]:
        said.append("the last dash is missing")
    return tuple(said)


def is_well_formed(text: str) -> bool:
    """Does the text keep to the grammar to the letter. Says nothing about its times."""
    return _STRICT.fullmatch(text) is not None


def format_header(header: Header) -> str:
    """The exact text of a header; seconds of `issued_at` are cut off.

    Raises:
        HeaderError: a part that no header can carry. Nothing is ever pasted unchecked.
    """
    issued_at = header.issued_at.astimezone(UTC)
    text = (
        f"ZCZC-{header.originator}-{header.event_code}-{'-'.join(header.locations)}"
        f"+{purge.tttt_from_duration(header.valid_for)}-{issued_at:%j%H%M}"
        f"-{header.callsign.ljust(CALLSIGN_LENGTH)}-"
    )
    if not is_well_formed(text):
        raise HeaderError("these parts make no SAME header", text)
    if _match(text)["callsign"].rstrip(" ") != header.callsign:
        raise HeaderError("a call sign does not end in blanks", text)
    return text


def without_callsign(text: str) -> str:
    """The text that is compared to find duplicates: all but LLLLLLLL (47 CFR 11.33(a)(3)(ii)).

    Byte for byte as sent, "ZCZC-WXR-TOR-048029+0045-1101605-". Raises HeaderError.
    """
    found = _match(text)
    return text[: found.start("callsign")]


def issue_text(text: str) -> str:
    """JJJHHMM as sent. Raises HeaderError."""
    return _match(text)["issued"]


def is_end_of_message(text: str) -> bool:
    """Is this NNNN. A damaged one counts only when another burst agrees: the decoder's matter."""
    return text == END_OF_MESSAGE


def _match(text: str) -> re.Match[str]:
    found = _LENIENT.fullmatch(text)
    if found is None:
        raise HeaderError("not a SAME header", text)
    return found


def _time_in_year(year: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(year, 1, 1, hour, minute, tzinfo=UTC) + timedelta(days=day - 1)
