"""The oracle itself: each rule on products of a few lines, then the shared folder of real ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.oracle.vtec_oracle import Hold, Timeline, interesting_times, parse

WIRE = Path(__file__).resolve().parents[3] / "shared" / "wire"
PRODUCTS = sorted(WIRE.rglob("*.txt"))
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DATE = re.compile(rf"\b({'|'.join(MONTHS)})[A-Z]* +([0-9]+),? +([0-9]{{4}})\b", re.IGNORECASE)
NEVER = "000000T0000Z"


def at(text: str) -> datetime:
    """A time as VTEC writes it, "150101T0941"."""
    return datetime.strptime(text, "%y%m%dT%H%M").replace(tzinfo=UTC)


def heard(issued: str, *segments: str, bbb: str = "", late: int = 0) -> tuple[datetime, str]:
    """A product of these segments, received 20 s (and `late` minutes) after its issue."""
    heading = f"000 \nWWUS44 KOUN {issued[4:6]}{issued[7:]} {bbb}".rstrip()
    text = "\n\n$$\n\n".join((f"{heading}\nWSWOUN\n\n{segments[0]}", *segments[1:], ""))
    return at(issued) + timedelta(seconds=20, minutes=late), text


def line(action: str, begin: str, end: str, event: str = "KOUN.WS.W.0001", k: str = "O") -> str:
    """A P-VTEC; "" is the null time."""
    times = "-".join(f"{time}Z" if time else NEVER for time in (begin, end))
    return f"/{k}.{action}.{event}.{times}/"


def places(sequence: list[tuple[datetime, str]], moment: str, **how: bool) -> dict[str, str]:
    """What is in force, each place with its end: {"KOUN.WS.W.0001.2014": "OKZ025 020000"}."""
    held = Timeline(sequence).in_force(at(moment), **how)
    return {
        key: " ".join(f"{place} {hold.ends_at:%d%H%M}" for place, hold in sorted(ends.items()))
        for key, ends in held.items()
    }


def hold(sequence: list[tuple[datetime, str]], moment: str) -> Hold:
    """The only thing in force."""
    ((only,),) = (ends.values() for ends in Timeline(sequence).in_force(at(moment)).values())
    return only


NEW = heard("140501T1000", "OKZ025>027-011600-\n" + line("NEW", "140501T1200", "140501T1800"))
ALL = {"KOUN.WS.W.0001.2014": "OKZ025 011800 OKZ026 011800 OKZ027 011800"}


# The text


def test_heading_and_awips_id_are_read() -> None:
    product = parse(heard("140501T1000", "OKZ001-011600-", bbb="CCA")[1], at("140501T1003"))
    assert (product.issued_at, product.correction) == (at("140501T1000"), "CCA")
    assert (product.awips_id, product.faults) == ("WSWOUN", [])


def test_day_of_the_heading_is_of_the_month_that_is_nearest() -> None:
    _, raw = heard("140531T2359", "OKZ001-010600-")
    product = parse(raw, at("140601T0001"))
    assert product.issued_at == at("140531T2359")
    assert product.segments[0].text_expires_at == at("140601T0600")


@pytest.mark.parametrize(
    ("ugc", "named"),
    [
        ("OKZ025>027-011600-", "OKZ025 OKZ026 OKZ027"),
        ("OKZ025-027-030>031-011600-", "OKZ025 OKZ027 OKZ030 OKZ031"),
        ("OKZ025-TXC001-003-011600-", "OKZ025 TXC001 TXC003"),
        ("OKZ025-026-\n027-\nTXZ001>002-\n011600-", "OKZ025 OKZ026 OKZ027 TXZ001 TXZ002"),
        ("OKZ025-026-\r\r\n\r\r\n027-011600-  ", "OKZ025 OKZ026 OKZ027"),
        ("OKZ027>025-011600-", "OKZ025 OKZ026 OKZ027"),
        ("OKZ025-025-011600-", "OKZ025"),
        ("TXZ000-OKCALL-011600-", "TXZ000 OKCALL"),
        ("OKZ025-026-011600", "OKZ025 OKZ026"),
        ("OKC-019-129-011600-", "OKC019 OKC129"),
    ],
)
def test_ugc_names(ugc: str, named: str) -> None:
    product = parse(heard("140501T1000", ugc)[1], at("140501T1000"))
    assert " ".join(product.segments[0].places) == named


def test_faults_are_told() -> None:
    raw = "\n".join(
        (
            line("NEW", "140501T1200", "140501T1800"),
            "OKC-019-\n" + line("NEW", "141301T1200", "140501T1800"),
            "/O.NEW.KOUN.WS.W.0001/",
        )
    )
    faults = " ".join(parse(raw, at("140501T1000")).faults)
    for fault in ("no WMO heading", "UGC without a time: None", "first number", "141301", "0001/"):
        assert fault in faults


def test_line_breaks_of_the_wire_and_control_characters_do_not_matter() -> None:
    received_at, raw = NEW
    raw = "\x01\r\r\n" + raw.replace("\n", "\r\r\n\r\r\n") + "\x03"
    assert places([(received_at, raw)], "140501T1001") == ALL


def test_segment_ends_at_the_next_ugc_where_the_dollars_are_lost() -> None:
    first = "OKZ001-011600-\n" + line("NEW", "140501T1200", "140501T1800")
    second = "OKZ002-011600-\n" + line("NEW", "140501T1200", "140501T1900")
    raw = heard("140501T1000", first + "\n\n" + second)
    assert places([raw], "140501T1001") == {"KOUN.WS.W.0001.2014": "OKZ001 011800 OKZ002 011900"}


def test_several_vtec_lines_hold_for_all_places_of_the_segment_and_hydrology_for_none() -> None:
    lines = (
        line("NEW", "140501T1200", "140501T1800"),
        "/NWYI3.0.ER.000000T0000Z.000000T0000Z.000000T0000Z.OO/",
        line("NEW", "140501T1200", "140501T2000", "KOUN.WI.Y.0009"),
    )
    raw = heard("140501T1000", "\n".join(("OKZ001-002-011600-", *lines)))
    assert places([raw], "140501T1001") == {
        "KOUN.WS.W.0001.2014": "OKZ001 011800 OKZ002 011800",
        "KOUN.WI.Y.0009.2014": "OKZ001 012000 OKZ002 012000",
    }


# The actions


def test_new_is_in_force_from_its_receipt_until_its_end() -> None:
    assert places([NEW], "140501T1000") == {}
    assert places([NEW], "140501T1001") == ALL
    assert places([NEW], "140501T1001", begun_only=True) == {}
    assert places([NEW], "140501T1200", begun_only=True) == ALL
    assert places([NEW], "140501T1759") == ALL
    assert places([NEW], "140501T1800") == {}


@pytest.mark.parametrize(
    ("action", "end", "after"),
    [
        ("CON", "140501T1800", "OKZ025 011800 OKZ026 011800 OKZ027 011800"),
        ("CON", "140501T1700", "OKZ025 011700 OKZ026 011800 OKZ027 011800"),
        ("EXT", "140501T2000", "OKZ025 012000 OKZ026 011800 OKZ027 011800"),
        ("EXT", "140501T1300", "OKZ025 011300 OKZ026 011800 OKZ027 011800"),
        ("EXB", "140501T2000", "OKZ025 012000 OKZ026 011800 OKZ027 011800"),
        ("COR", "140501T1900", "OKZ025 011900 OKZ026 011800 OKZ027 011800"),
        ("EXP", "140501T1800", "OKZ025 011800 OKZ026 011800 OKZ027 011800"),
        ("EXP", "140501T1700", "OKZ025 011700 OKZ026 011800 OKZ027 011800"),
        ("EXP", "140501T2000", "OKZ025 011800 OKZ026 011800 OKZ027 011800"),
        ("CAN", "140501T1800", "OKZ026 011800 OKZ027 011800"),
        ("UPG", "140501T1800", "OKZ026 011800 OKZ027 011800"),
        ("ROU", "140501T2000", "OKZ025 011800 OKZ026 011800 OKZ027 011800"),
    ],
)
def test_action_decides_the_places_that_it_names(action: str, end: str, after: str) -> None:
    follow_up = heard("140501T1230", "OKZ025-011800-\n" + line(action, "", end))
    assert places([NEW, follow_up], "140501T1229") == ALL
    assert places([NEW, follow_up], "140501T1231") == {"KOUN.WS.W.0001.2014": after}


@pytest.mark.parametrize("action", ["EXA", "EXB"])
def test_places_are_added(action: str) -> None:
    more = heard("140501T1230", "OKZ040-TXZ001-011800-\n" + line(action, "", "140501T1900"))
    after = places([NEW, more], "140501T1800")
    assert after == {"KOUN.WS.W.0001.2014": "OKZ040 011900 TXZ001 011900"}


@pytest.mark.parametrize("action", ["CON", "EXT", "EXA", "EXB", "COR", "EXP"])
def test_action_puts_a_place_in_force_that_was_never_announced(action: str) -> None:
    raw = heard("140501T1230", "OKZ040-011800-\n" + line(action, "", "140501T1900"))
    assert places([raw], "140501T1231") == {"KOUN.WS.W.0001.2014": "OKZ040 011900"}


@pytest.mark.parametrize("action", ["CAN", "UPG"])
def test_ending_is_at_the_receipt(action: str) -> None:
    ending = heard("140501T1230", "OKZ025>027-011245-\n" + line(action, "", "140501T1800"), late=3)
    assert places([NEW, ending], "140501T1233") == ALL
    assert places([NEW, ending], "140501T1234") == {}
    (event,) = Timeline([NEW, ending]).events(at("140501T1234"))
    assert event.places["OKZ025"] == Hold(
        at("140501T1200"), ending[0], at("140501T1800"), at("140501T1245"), action
    )


def test_place_that_was_over_by_time_is_not_cancelled() -> None:
    cancel = heard("140501T1810", "OKZ025-011830-\n" + line("CAN", "", "140501T1800"))
    (event,) = Timeline([NEW, cancel]).events(at("140501T1811"))
    assert (event.places["OKZ025"].ends_at, event.places["OKZ025"].ended_by) == (
        at("140501T1800"),
        None,
    )


def test_upgrade_ends_the_one_event_and_begins_the_other() -> None:
    watch = heard(
        "140501T1000",
        "OKZ025-011600-\n" + line("NEW", "140501T1200", "140501T1800", "KOUN.WS.A.0001"),
    )
    upgrade = heard(
        "140501T1100",
        "OKZ025-011600-\n"
        + line("UPG", "140501T1200", "140501T1800", "KOUN.WS.A.0001")
        + "\n"
        + line("NEW", "140501T1200", "140501T1800"),
    )
    assert places([watch, upgrade], "140501T1101") == {"KOUN.WS.W.0001.2014": "OKZ025 011800"}


def test_begin_of_zeros_keeps_the_begin_or_takes_the_issue() -> None:
    con = heard("140501T1230", "OKZ025>027-011800-\n" + line("CON", "", "140501T1800"))
    (event,) = Timeline([NEW, con]).events(at("140501T1231"))
    assert event.places["OKZ025"].begins_at == at("140501T1200")
    assert hold(
        [heard("140501T1230", "OKZ025-011800-\n" + line("CON", "", "140501T1800"))], "140501T1231"
    ).begins_at == at("140501T1230")


def test_begin_before_1990_is_no_time() -> None:
    raw = heard("200108T0142", "WAC057-081330-\n" + line("EXT", "700101T0000", "200108T1230"))
    assert hold([raw], "200108T0143").begins_at == at("200108T0142")
    assert places([raw], "200108T0143") == {"KOUN.WS.W.0001.2020": "WAC057 081230"}


# Corrections and the order of messages


def test_correction_of_a_cancellation_leaves_it_cancelled() -> None:
    cancel = heard("140501T1230", "OKZ025-011300-\n" + line("CAN", "", "140501T1800"))
    cor = heard("140501T1240", "OKZ025-011300-\n" + line("COR", "", "140501T1800"), bbb="CCA")
    con = heard("140501T1250", "OKZ025-011800-\n" + line("CON", "", "140501T1800"), bbb="CCB")
    rest = {"KOUN.WS.W.0001.2014": "OKZ026 011800 OKZ027 011800"}
    assert places([NEW, cancel, cor], "140501T1241") == rest
    assert places([NEW, cancel, cor, con], "140501T1251") == ALL


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_new_then_con_then_corrections_within_one_minute(order: tuple[int, ...]) -> None:
    four = [
        heard("140501T1000", "OKZ025-011600-\n" + line("NEW", "140501T1000", "140501T1800")),
        heard("140501T1000", "OKZ025-011600-\n" + line("CON", "", "140501T1700")),
        heard("140501T1000", "OKZ025-011600-\n" + line("NEW", "", "140501T1600"), bbb="CCA"),
        heard("140501T1000", "OKZ025-011600-\n" + line("NEW", "", "140501T1500"), bbb="CCB"),
    ]
    for count in (2, 3, 4):
        known = [four[index] for index in order if index < count]
        end = {2: "OKZ025 011700", 3: "OKZ025 011600", 4: "OKZ025 011500"}[count]
        assert places(known, "140501T1001") == {"KOUN.WS.W.0001.2014": end}


def test_late_copy_does_not_undo_what_was_issued_after_it() -> None:
    cancel = heard("140501T1230", "OKZ025>027-011300-\n" + line("CAN", "", "140501T1800"))
    con = heard("140501T1220", "OKZ025-011800-\n" + line("CON", "", "140501T1800"), late=30)
    assert places([NEW, cancel, con], "140501T1251") == {}


# Until further notice


UFN = heard("141205T1000", "INC071-060400-\n" + line("NEW", "141205T1000", "", "KIND.FL.W.0213"))


def test_until_further_notice_holds_a_day_past_the_expiry_of_the_text() -> None:
    assert hold([UFN], "141206T0402").vtec_ends_at is None
    assert places([UFN], "141207T0359") == {"KIND.FL.W.0213.2014": "INC071 070400"}
    assert places([UFN], "141207T0400") == {}


def test_until_further_notice_is_renewed_ended_or_given_a_time() -> None:
    segment = "INC071-061800-\n"
    con = heard("141206T0601", segment + line("CON", "", "", "KIND.FL.W.0213"))
    assert places([UFN, con], "141207T1759") == {"KIND.FL.W.0213.2014": "INC071 071800"}
    can = heard("141206T0700", segment + line("CAN", "", "", "KIND.FL.W.0213"))
    assert places([UFN, con, can], "141206T0701") == {}
    ext = heard("141206T0700", segment + line("EXT", "", "141210T0000", "KIND.FL.W.0213"))
    assert places([UFN, con, ext], "141209T2359") == {"KIND.FL.W.0213.2014": "INC071 100000"}
    assert hold([UFN, con, ext], "141209T2359").vtec_ends_at == at("141210T0000")
    exp = heard("141206T0700", segment + line("EXP", "", "141206T0710", "KIND.FL.W.0213"))
    assert places([UFN, con, exp], "141206T0709") == {"KIND.FL.W.0213.2014": "INC071 060710"}
    assert hold([UFN, con, exp], "141206T0709").vtec_ends_at == at("141206T0710")


# The year of a number


def test_number_over_new_year_is_of_the_event_that_is_alive() -> None:
    sequence = [
        heard("141231T2051", "OKZ025>028-010300-\n" + line("NEW", "141231T2100", "150102T1200")),
        heard("150101T0941", "OKZ025>028-011800-\n" + line("CON", "", "150102T0000")),
        heard(
            "150101T1900",
            "OKZ025>026-020000-\n" + line("CAN", "", "150102T0000"),
            "OKZ027>028-020000-\n" + line("CON", "", "150102T0000"),
        ),
    ]
    assert list(places(sequence, "150101T0942")) == ["KOUN.WS.W.0001.2014"]
    assert places(sequence, "150101T1901") == {"KOUN.WS.W.0001.2014": "OKZ027 020000 OKZ028 020000"}
    assert places(sequence, "150102T0001") == {}


def test_begin_tells_the_year_where_the_first_message_was_not_heard() -> None:
    con = heard("150101T0941", "OKZ025-011800-\n" + line("CON", "141231T2100", "150102T0000"))
    assert list(places([con], "150101T0942")) == ["KOUN.WS.W.0001.2014"]
    con = heard("150101T0941", "OKZ025-011800-\n" + line("CON", "", "150102T0000"))
    assert list(places([con], "150101T0942")) == ["KOUN.WS.W.0001.2015"]


def test_number_used_again_when_the_old_event_is_over_is_a_new_event() -> None:
    old = heard("141230T1000", "OKZ025-301800-\n" + line("NEW", "141230T1000", "141231T2345"))
    con = heard("150103T1000", "OKZ025-031800-\n" + line("CON", "", "150103T1800"))
    assert places([old, con], "150103T1001") == {"KOUN.WS.W.0001.2015": "OKZ025 031800"}
    assert [event.key for event in Timeline([old, con]).events(con[0])] == [
        "KOUN.WS.W.0001.2014",
        "KOUN.WS.W.0001.2015",
    ]


def test_expiry_told_after_new_year_is_of_the_event_that_expired() -> None:
    old = heard("141231T1000", "OKZ025-312345-\n" + line("NEW", "141231T1000", "141231T2345"))
    exp = heard("150101T0005", "OKZ025-010015-\n" + line("EXP", "", "141231T2345"))
    (event,) = Timeline([old, exp]).events(exp[0])
    assert event.key == "KOUN.WS.W.0001.2014"


def test_two_events_of_one_number_are_told_apart_by_their_places() -> None:
    """KMTR FA.W.0004 of 2022 and of 2023."""
    sequence = [
        heard("221231T1700", "CAC001-312200-\n" + line("NEW", "221231T1700", "230101T0400")),
        heard("230101T0240", "CAC081-010545-\n" + line("NEW", "230101T0240", "230101T0545")),
        heard("230101T0350", "CAC001-010600-\n" + line("EXT", "", "230101T0600")),
        heard("230101T0355", "CAC081-010600-\n" + line("CAN", "", "230101T0545")),
    ]
    assert places(sequence, "230101T0241") == {
        "KOUN.WS.W.0001.2022": "CAC001 010400",
        "KOUN.WS.W.0001.2023": "CAC081 010545",
    }
    assert places(sequence, "230101T0356") == {"KOUN.WS.W.0001.2022": "CAC001 010600"}


def test_two_events_of_one_number_and_place_are_told_apart_by_their_times() -> None:
    """KLCH FZ.A.0001 of 2021, for 2 January, and of 2022, for 3 January."""
    second = ("220102T0600", "220102T1500")
    third = ("220103T0600", "220103T1600")
    both = line("NEW", *third) + "\n" + line("CON", *second)
    sequence = [
        heard("211231T2037", "TXZ180-011400-\n" + line("NEW", *second)),
        heard("220101T0855", "TXZ180-012300-\n" + both),
        heard(
            "220101T1057", "TXZ180-011900-\n" + line("UPG", *second) + "\n" + line("CON", *third)
        ),
    ]
    assert places(sequence, "220101T0856") == {
        "KOUN.WS.W.0001.2021": "TXZ180 021500",
        "KOUN.WS.W.0001.2022": "TXZ180 031600",
    }
    assert places(sequence, "220101T1058") == {"KOUN.WS.W.0001.2022": "TXZ180 031600"}


def test_correction_after_midnight_is_of_the_event_that_it_corrects() -> None:
    new = heard("141231T2358", "OKZ025-010300-\n" + line("NEW", "150101T0000", "150101T0600"))
    cca = line("NEW", "150101T0002", "150101T0500")
    cca_heard = heard("150101T0002", "OKZ025-010300-\n" + cca, bbb="CCA")
    assert places([new, cca_heard], "150101T0003") == {"KOUN.WS.W.0001.2014": "OKZ025 010500"}


def test_correction_after_midnight_of_a_cancellation_leaves_it_cancelled() -> None:
    segment = "OKZ025-010015-\n"
    sequence = [
        heard("141231T1000", segment + line("NEW", "141231T1000", "150101T1500")),
        heard("141231T2358", segment + line("CAN", "", "150101T1500")),
        heard("150101T0004", segment + line("COR", "", "150101T1500"), bbb="CCA"),
    ]
    assert places(sequence, "141231T2357") == {"KOUN.WS.W.0001.2014": "OKZ025 011500"}
    assert places(sequence, "150101T0005") == {}


# Classes, times, real products


def test_only_test_products_are_kept_apart() -> None:
    segments = [
        f"OKZ00{n}-011600-\n" + line("NEW", "140501T1200", "140501T1800", k=k)
        for n, k in enumerate("OEXT")
    ]
    sequence = [heard("140501T1000", *segments)]
    assert places(sequence, "140501T1001") == {
        "KOUN.WS.W.0001.2014": "OKZ000 011800 OKZ001 011800 OKZ002 011800"
    }
    assert places(sequence, "140501T1001", test=True) == {"KOUN.WS.W.0001.2014": "OKZ003 011800"}


def test_interesting_times_are_around_receipts_begins_and_ends() -> None:
    ext = heard("140501T1230", "OKZ025-011800-\n" + line("EXT", "", "140501T2000"))
    times = interesting_times([NEW, ext])
    for moment in (NEW[0], ext[0], at("140501T1200"), at("140501T1800"), at("140501T2000")):
        for minutes in (-1, 0, 1):
            assert moment + timedelta(minutes=minutes) in times
    assert times == sorted(times)


def near(raw: str) -> datetime:
    """A day near the issue: that of the first date line, or of a VTEC."""
    if found := DATE.search(raw):
        month = MONTHS.index(found[1].upper()) + 1
        return datetime(int(found[3]), month, int(found[2]), 12, tzinfo=UTC)
    found = re.search(r"\.((?!000000)[0-9]{6}T[0-9]{4})Z-", raw)
    return at(found[1]) if found else at("150101T0000")


def sequence_of(folder: Path) -> list[tuple[datetime, str]]:
    """The products of a folder, each received 20 s after its issue."""
    texts = [path.read_bytes().decode("latin-1") for path in sorted(folder.glob("*.txt"))]
    return sorted((parse(raw, near(raw)).issued_at + timedelta(seconds=20), raw) for raw in texts)


@pytest.mark.shared
@pytest.mark.skipif(not PRODUCTS, reason=f"{WIRE} is absent")
@pytest.mark.parametrize("path", PRODUCTS, ids=[str(path.relative_to(WIRE)) for path in PRODUCTS])
def test_real_product_loses_no_vtec(path: Path) -> None:
    raw = path.read_bytes().decode("latin-1")
    product = parse(raw, near(raw))
    lines = [line for segment in product.segments for line in segment.lines]
    assert len(lines) == len(re.findall(r"^/[A-Z]\.[A-Z]{3}\.", raw, re.MULTILINE))
    events = Timeline([(product.issued_at, raw)]).events(product.issued_at)
    assert len({event.number for event in events}) == len({line.event for line in lines})
    assert all(event.places for event in events)


@pytest.mark.shared
@pytest.mark.skipif(not PRODUCTS, reason=f"{WIRE} is absent")
@pytest.mark.parametrize("folder", sorted({path.parent for path in PRODUCTS}), ids=lambda p: p.name)
def test_real_sequence_ends(folder: Path) -> None:
    sequence = sequence_of(folder)
    timeline, moments = Timeline(sequence), interesting_times(sequence)
    for moment in moments[:: len(moments) // 50 + 1]:
        for held in timeline.in_force(moment).values():
            assert all(hold.ends_at > moment for hold in held.values())
    assert timeline.in_force(moments[-1]) == {}
