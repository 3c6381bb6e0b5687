from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.errors import HeaderError
from eas_station.same.header import (
    Header,
    faults,
    format_header,
    is_end_of_message,
    is_well_formed,
    issue_time,
    parse,
    without_callsign,
)

TORNADO = "ZCZC-WXR-TOR-048029-048325+0045-1101605-KEWX/NWS-"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_tornado_warning_says_all_its_parts(monday: datetime) -> None:
    assert parse(TORNADO, monday) == Header(
        originator="WXR",
        event_code="TOR",
        locations=("048029", "048325"),
        valid_for=timedelta(minutes=45),
        issued_at=utc("2026-04-20T16:05Z"),
        callsign="KEWX/NWS",
    )
    assert parse(TORNADO, monday).expires_at == utc("2026-04-20T16:50Z")
    assert faults(TORNADO) == ()


def test_blanks_after_a_callsign_are_not_part_of_its_name(monday: datetime) -> None:
    text = "ZCZC-EAS-RWT-048029+0015-1101605-WOAI/AM -"
    assert parse(text, monday).callsign == "WOAI/AM"
    assert faults(text) == ()


def test_a_callsign_of_seven_characters_is_read_and_flagged(monday: datetime) -> None:
    text = "ZCZC-EAS-RWT-012057-012081+0030-2780415-WTSP/TV-"
    assert parse(text, monday).callsign == "WTSP/TV"
    assert faults(text) == ("the call sign has 7 characters, not 8",)


def test_a_day_without_its_leading_zero_is_read_and_flagged() -> None:
    text = "ZCZC-CIV-RWT-000000+0300-832257-XDIF/004-"
    assert parse(text, utc("2022-03-24T23:00Z")).issued_at == utc("2022-03-24T22:57Z")
    assert faults(text) == ("the time of issue has 6 digits, not 7",)


def test_a_lost_last_dash_is_read_and_flagged(monday: datetime) -> None:
    assert parse(TORNADO[:-1], monday) == parse(TORNADO, monday)
    assert faults(TORNADO[:-1]) == ("the last dash is missing",)


def test_purge_time_of_nothing_is_over_at_once(monday: datetime) -> None:
    header = parse("ZCZC-EAS-DMO-048029+0000-1101605-NOCALL00-", monday)
    assert header.expires_at == header.issued_at


def test_issue_time_of_31_december_heard_on_1_january() -> None:
    assert issue_time(365, 23, 50, utc("2027-01-01T00:05Z")) == utc("2026-12-31T23:50Z")


def test_issue_time_of_1_january_heard_on_31_december() -> None:
    assert issue_time(1, 0, 2, utc("2026-12-31T23:58Z")) == utc("2027-01-01T00:02Z")


def test_day_366_exists_only_near_a_leap_year() -> None:
    assert issue_time(366, 23, 50, utc("2029-01-01T00:05Z")) == utc("2028-12-31T23:50Z")
    with pytest.raises(HeaderError, match="no leap year near 2026"):
        issue_time(366, 23, 50, utc("2026-06-01T00:00Z"))


def test_issue_time_is_that_of_utc_wherever_the_station_is() -> None:
    heard_at = datetime.fromisoformat("2026-12-31T19:05:00-05:00")
    assert issue_time(1, 0, 4, heard_at) == utc("2027-01-01T00:04Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NNNN",
        "ZCZC",
        "ZCZC-WXR-TOR+0030-1101605-WOAI/AM -",
        "ZCZC-WXR-TOR" + "-048029" * 32 + "+0030-1101605-WOAI/AM -",
        "ZCZC-wxr-TOR-048029+0030-1101605-WOAI/AM -",
        "ZCZC-WXR-TOR-٠٤٨٠٢٩+0030-1101605-WOAI/AM -",
        "ZCZC-WXR-TOR-048029+0030-1101605-KEC-87  -",
        "ZCZC-WXR-TOR-048029+0030-1101605-WOAI/FM/TX-",
        TORNADO + "\n",
        " " + TORNADO,
        TORNADO + TORNADO,
    ],
)
def test_what_is_no_header_is_an_error_that_holds_the_text(text: str, monday: datetime) -> None:
    with pytest.raises(HeaderError) as caught:
        parse(text, monday)
    assert caught.value.text == text
    assert faults(text) != ()
    with pytest.raises(HeaderError):
        without_callsign(text)


@pytest.mark.parametrize("time", ["0001200", "3671200", "1102400", "1101260"])
def test_a_time_that_does_not_exist_is_an_error(time: str, monday: datetime) -> None:
    with pytest.raises(HeaderError) as caught:
        parse(f"ZCZC-CIV-CEM-048029+0100-{time}-WOAI/AM -", monday)
    assert time in caught.value.text


@pytest.mark.parametrize(
    "change",
    [
        {"originator": "CIV-EAN-000000+0100"},
        {"event_code": "TO"},
        {"locations": ()},
        {"locations": ("48029",)},
        {"locations": ("048029",) * 32},
        {"callsign": "KEC-87"},
        {"callsign": "WOAI/FM/TX"},
        {"callsign": "WOAI "},
        {"valid_for": timedelta(hours=100)},
        {"valid_for": timedelta(seconds=90)},
        {"valid_for": timedelta(minutes=-15)},
    ],
)
def test_a_header_that_cannot_be_sent_is_not_written(
    change: dict[str, object], monday: datetime
) -> None:
    header = parse(TORNADO, monday)
    parts = {name: getattr(header, name) for name in Header.__slots__} | change
    with pytest.raises(HeaderError):
        format_header(Header(**parts))


def test_the_duplicate_text_keeps_all_but_the_callsign() -> None:
    assert without_callsign(TORNADO) == "ZCZC-WXR-TOR-048029-048325+0045-1101605-"


def test_only_four_n_end_a_message() -> None:
    assert is_end_of_message("NNNN")
    assert not is_end_of_message("NNN")
    assert not is_end_of_message("NNNNN")


letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
moments = st.datetimes(
    datetime.fromisoformat("1971-01-01"),
    datetime.fromisoformat("2199-12-31"),
    timezones=st.just(UTC),
)
headers = st.builds(
    Header,
    originator=letters,
    event_code=letters,
    locations=st.lists(st.from_regex("[0-9]{6}", fullmatch=True), min_size=1, max_size=31).map(
        tuple
    ),
    valid_for=st.integers(0, 99 * 60 + 59).map(lambda minutes: timedelta(minutes=minutes)),
    issued_at=moments.map(lambda moment: moment.replace(second=0, microsecond=0)),
    callsign=st.from_regex("[ -,./-~]{0,8}", fullmatch=True).map(lambda text: text.rstrip(" ")),
)


@given(headers, st.integers(-180 * 86400, 180 * 86400))
def test_what_is_written_is_what_is_read(header: Header, delay_s: int) -> None:
    text = format_header(header)
    assert is_well_formed(text)
    assert parse(text, header.issued_at + timedelta(seconds=delay_s)) == header
    assert format_header(parse(text, header.issued_at)) == text


@given(st.text() | st.from_regex("ZCZC-.{0,40}"), moments)
def test_hostile_text_is_at_worst_a_header_error(text: str, received_at: datetime) -> None:
    faults(text)
    try:
        parse(text, received_at)
    except HeaderError:
        pass


@given(headers, st.integers(0, 300), st.text(max_size=3))
def test_a_damaged_header_is_at_worst_a_header_error(
    header: Header, place: int, damage: str
) -> None:
    text = format_header(header)
    text = text[: place % len(text)] + damage + text[place % len(text) + 1 :]
    try:
        read = parse(text, header.issued_at)
    except HeaderError:
        return
    assert 1 <= len(read.locations) <= 31


def test_every_shared_case_is_read_as_it_says(headers_open_case: dict[str, str]) -> None:
    case = headers_open_case
    received_at = utc(case["received_at"])
    assert is_well_formed(case["header"]) == (case["well_formed"] == "yes")
    if not case["issued_at"]:
        if case["state"] == "invalid":
            with pytest.raises(HeaderError):
                parse(case["header"], received_at)
        return
    header = parse(case["header"], received_at)
    assert header.originator == case["org"]
    assert header.event_code == case["event"]
    assert header.locations == tuple(case["locations"].split())
    assert len(header.locations) == int(case["n_loc"])
    assert header.valid_for == timedelta(minutes=int(case["purge_minutes"]))
    assert header.issued_at == utc(case["issued_at"])
    assert header.expires_at == utc(case["expires_at"])
    assert header.callsign == case["station"]


def test_every_header_found_in_the_wild_is_read(
    headers_found_in_repos_case: dict[str, str],
) -> None:
    text = headers_found_in_repos_case["header"]
    assert is_well_formed(text) == (headers_found_in_repos_case["strictly_well_formed"] == "yes")
    time = text.rpartition("+")[2][5:12]
    leap_year = utc("2024-07-01T00:00Z")
    if not 1 <= int(time[:3]) <= 366 or int(time[3:5]) > 23 or int(time[5:]) > 59:
        with pytest.raises(HeaderError):
            parse(text, leap_year)
    else:
        assert parse(text, leap_year).event_code == text[9:12]


def test_every_shared_pair_is_a_duplicate_or_not(duplicates_case: dict[str, str]) -> None:
    first, second = duplicates_case["a"], duplicates_case["b"]
    same_text = without_callsign(first) == without_callsign(second)
    a_header = parse(first, utc(duplicates_case["a_received"]))
    b_received_at = utc(duplicates_case["b_received"])
    still_valid = b_received_at < a_header.expires_at
    assert (same_text and still_valid) == duplicates_case["duplicate"].startswith("yes")
