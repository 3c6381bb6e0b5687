"""What is in force, played through parser, identity and life cycle with the clock of the case.

The cases of the shared folder came from public reports of bugs; those made here are of the same
kinds, in other words.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from eas_station.config.model import Config, StationConfig
from eas_station.ctl.commands.replay import ReplayedAlert, ReplayLine, ReplayState, play

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "cap"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}Z")


class Player:
    """Plays files of a folder, and headers; gives the state at each of the times asked for."""

    def __init__(self, folder: Path, work_dir: Path) -> None:
        self.folder = folder
        self._work_dir = work_dir
        self._runs = 0

    def states(
        self, heard: list[tuple[str, str, str]], *shown: str, **station: Any
    ) -> list[ReplayState]:
        """`heard`: (time, feed, file), or (time, channel, header)."""
        lines = [
            ReplayLine(utc(at), air=what, channel=how)
            if what.startswith("ZCZC")
            else ReplayLine(utc(at), feed=how, file=what)  # type: ignore[arg-type]
            for at, how, what in heard
        ]
        lines += [ReplayLine(utc(at), show=True) for at in shown]
        lines.sort(key=lambda line: line.at)
        self._runs += 1
        folder = self._work_dir / str(self._runs)
        folder.mkdir()
        config = replace(Config(), station=StationConfig(**station))
        return list(play(lines, self.folder, config, folder))


def vtecs(alerts: tuple[ReplayedAlert, ...]) -> list[tuple[str, ...]]:
    return [alert.vtec for alert in alerts]


@pytest.fixture
def shared(tmp_path: Path) -> Player:
    if not CASES.exists():
        pytest.skip(f"{CASES} is absent")
    return Player(CASES, tmp_path)


def test_t2_01_exp_ends_nothing_early(shared: Player) -> None:
    during, after = shared.states(
        [
            ("2024-04-26T21:59:20", "nwws", "exp_1_new.txt"),
            ("2024-04-26T22:54:20", "nwws", "exp_2_exp.txt"),
        ],
        *("2024-04-26T22:58:00", "2024-04-26T23:00:00"),
        same_codes=("019155",),
    )
    (alert,) = during.in_force
    assert (alert.ends_at, alert.end_kind, alert.relevant) == (
        utc("2024-04-26T23:00"),
        "time",
        True,
    )
    assert after.in_force == ()
    assert [ended.end_reason for ended in after.ended] == [None]


def test_t2_02_new_year_on_the_wire(shared: Player) -> None:
    second, third, after = shared.states(
        [
            ("2014-12-31T20:51:20", "nwws", "newyear_1.txt"),
            ("2015-01-01T09:41:20", "nwws", "newyear_2.txt"),
            ("2015-01-01T19:00:20", "nwws", "newyear_3.txt"),
        ],
        *("2015-01-01T10:00:00", "2015-01-01T19:01:00", "2015-01-02T00:01:00"),
    )
    (alert,) = second.in_force
    assert (alert.ends_at, alert.vtec) == (utc("2015-01-02T00:00"), ("KOUN.WW.Y.0016.2014",))
    (alert,) = third.in_force
    assert alert.ugc_codes == ("OKZ027", "OKZ028")
    assert after.in_force == ()


def test_t2_03_new_year_by_the_api(shared: Player) -> None:
    second, third = shared.states(
        [
            ("2025-12-31T21:01:00", "nws", "newyear_api_1.json"),
            ("2026-01-01T03:01:00", "nws", "newyear_api_2.json"),
            ("2026-01-01T14:01:00", "nws", "newyear_api_3.json"),
        ],
        *("2026-01-01T03:02:00", "2026-01-01T14:02:00"),
        same_codes=("040109",),
    )
    assert vtecs(second.in_force) == [("KOUN.WW.Y.0016.2025",)]
    assert third.in_force == ()


@pytest.mark.parametrize("message_at", ["20:05:00", "20:05:45", "20:06:45"])
def test_t2_07_the_air_names_other_places_than_cap(shared: Player, message_at: str) -> None:
    during, after = shared.states(
        [
            (f"2026-05-01T{message_at}", "nws", "nwr_part_1.json"),
            (
                *("2026-05-01T20:05:30", "162.550"),
                "ZCZC-WXR-SVR-039173-039095+0045-1212004-KCLE/NWS-",
            ),
            ("2026-05-01T20:06:30", "162.475", "ZCZC-WXR-SVR-039063+0045-1212004-KCLE/NWS-"),
            ("2026-05-01T20:21:00", "nws", "nwr_part_2.json"),
        ],
        *("2026-05-01T20:07:00", "2026-05-01T20:25:00"),
        same_codes=("039173", "039095", "039063"),
    )
    assert [alert.reception_count for alert in during.in_force] == [3]
    assert after.in_force == ()


def test_t2_23_a_correction_of_the_same_minute_speaks(shared: Player) -> None:
    heard = [
        ("2026-05-01T20:04:20", "nwws", "cor_1.txt"),
        ("2026-05-01T20:04:50", "nwws", "cor_2.txt"),
    ]
    (state,) = shared.states(heard, "2026-05-01T20:05:00", same_codes=("019155",))
    assert [alert.reception_count for alert in state.in_force] == [2]


def test_t2_25_until_further_notice_outlives_its_text(shared: Player) -> None:
    between, renewed, after = shared.states(
        [
            ("2014-12-05T10:00:30", "nwws", "ufn_1.txt"),
            ("2014-12-06T06:01:30", "nwws", "ufn_2.txt"),
        ],
        *("2014-12-06T05:00:00", "2014-12-06T06:02:00", "2014-12-07T18:00:00"),
        same_codes=("018071",),
    )
    for state in (between, renewed):
        assert [alert.end_kind for alert in state.in_force] == ["until_further_notice"]
    assert after.in_force == ()


def test_t2_26_a_message_without_an_end_lives_for_a_day(shared: Player) -> None:
    before, after = shared.states(
        [("2026-05-01T20:05:00", "cap", "no_expires.xml")],
        *("2026-05-02T20:03:59", "2026-05-02T20:04:00"),
        same_codes=("039173",),
    )
    assert [alert.end_kind for alert in before.in_force] == ["no_end_given"]
    assert after.in_force == ()
    (state,) = shared.states(
        [("2026-05-01T20:05:00", "cap", "no_expires.xml")],
        "2026-05-01T22:04:00",
        default_lifetime_h=2,
    )
    assert state.in_force == ()


def test_t2_27_a_heartbeat_is_no_alert(shared: Player) -> None:
    heard = [("2026-05-01T20:04:05", "cap", "heartbeat.xml")]
    (state,) = shared.states(heard, "2026-05-01T20:05:00", canada_codes=("3537",))
    assert state.in_force == state.ended == ()


PRODUCT = """000\x20
{heading}
SVSCLE

MADE TEXT PRODUCT FOR A TEST

{segments}
"""
SEGMENT = """{ugc}-{purge}-
/O.{action}.KCLE.{event}.{begins}-{ends}/

...{headline}...

Words of a test.

&&

$$

"""


class Made(Player):
    """Plays products that it writes itself."""

    def product(
        self, name: str, heading: str, *segments: tuple[str, str, str, str, str, str]
    ) -> str:
        """`segments`: (UGC, purge, action, event, begin, end)."""
        parts = [
            SEGMENT.format(
                **dict(
                    zip(("ugc", "purge", "action", "event", "begins", "ends"), part, strict=True)
                ),
                headline=name.upper(),
            )
            for part in segments
        ]
        text = PRODUCT.format(heading=heading, segments="".join(parts))
        (self.folder / f"{name}.txt").write_text(text)
        return f"{name}.txt"

    def cap(self, name: str, **said: Any) -> str:
        """A message as the NWS API gives it."""
        properties = {
            "id": f"urn:oid:{name}",
            "areaDesc": "here",
            "status": "Actual",
            "messageType": "Alert",
            "severity": "Severe",
            "certainty": "Likely",
            "urgency": "Expected",
            "event": "Severe Thunderstorm Warning",
            "sender": "w-nws.webmaster@noaa.gov",
            "senderName": "NWS Cleveland OH",
            "headline": name,
            "scope": "Public",
            "language": "en-US",
            "references": [],
        } | said
        answer = {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "geometry": None, "properties": properties}],
        }
        (self.folder / f"{name}.json").write_text(json.dumps(answer))
        return f"{name}.json"


@pytest.fixture
def made(tmp_path: Path) -> Made:
    (tmp_path / "files").mkdir()
    return Made(tmp_path / "files", tmp_path)


OPEN = "000000T0000Z"


def test_one_product_cancels_one_county_and_lets_the_other_expire(made: Made) -> None:
    event = "TO.W.0007"
    heard = [
        (
            *("2026-05-01T20:04:20", "nwws"),
            made.product(
                *("new", "WFUS51 KCLE 012004"),
                ("OHC173-095", "012045", "NEW", event, "260501T2004Z", "260501T2045Z"),
            ),
        ),
        (
            *("2026-05-01T20:31:20", "nwws"),
            made.product(
                *("svs", "WWUS51 KCLE 012031"),
                ("OHC173", "012041", "CAN", event, OPEN, "260501T2045Z"),
                ("OHC095", "012045", "EXP", event, OPEN, "260501T2045Z"),
            ),
        ),
    ]
    before, during, after = made.states(
        heard, "2026-05-01T20:31:00", "2026-05-01T20:44:00", "2026-05-01T20:45:00"
    )
    assert [alert.ugc_codes for alert in before.in_force] == [("OHC173", "OHC095")]
    assert [alert.ugc_codes for alert in during.in_force] == [("OHC095",)]
    assert after.in_force == ()
    assert [(ended.end_kind, ended.end_reason) for ended in after.ended] == [("time", None)]


def test_a_county_leaves_the_alert_at_the_minute_at_which_its_time_is_over(made: Made) -> None:
    event = "FF.W.0003"
    heard = [
        (
            *("2026-05-01T20:04:20", "nwws"),
            made.product(
                *("new", "WGUS51 KCLE 012004"),
                ("OHC173-095", "012300", "NEW", event, "260501T2004Z", "260501T2300Z"),
            ),
        ),
        (
            *("2026-05-01T21:04:20", "nwws"),
            made.product(
                *("ext", "WGUS71 KCLE 012104"),
                ("OHC095", "020200", "EXT", event, OPEN, "260502T0200Z"),
            ),
        ),
    ]
    before, after = made.states(
        heard, "2026-05-01T22:59:00", "2026-05-01T23:00:00", same_codes=("039173",)
    )
    assert [sorted(alert.ugc_codes) for alert in before.in_force] == [["OHC095", "OHC173"]]
    assert [alert.relevant for alert in before.in_force] == [True]
    assert [alert.ugc_codes for alert in after.in_force] == [("OHC095",)]
    assert [alert.relevant for alert in after.in_force] == [False]


def test_a_number_used_again_in_the_new_year_is_another_event(made: Made) -> None:
    event = "WS.W.0001"
    old, new = "270102T1200Z", "270103T0600Z"
    heard = [
        (
            *("2026-12-31T20:04:20", "nwws"),
            made.product(
                *("old", "WWUS41 KCLE 312004"),
                ("OHZ006", "010600", "NEW", event, "261231T2200Z", old),
            ),
        ),
        (
            *("2027-01-01T03:04:20", "nwws"),
            made.product(
                *("both", "WWUS41 KCLE 010304"),
                ("OHZ006", "011200", "CON", event, OPEN, old),
                ("OHZ012", "011200", "NEW", event, "270101T0600Z", new),
            ),
        ),
        (
            *("2027-01-01T15:04:20", "nwws"),
            made.product(
                *("over", "WWUS41 KCLE 011504"),
                ("OHZ006", "011600", "CAN", event, OPEN, old),
                ("OHZ012", "020600", "CON", event, OPEN, new),
            ),
        ),
    ]
    both, one = made.states(heard, "2027-01-01T04:00:00", "2027-01-01T16:00:00")
    assert sorted(vtecs(both.in_force)) == [
        ("KCLE.WS.W.0001.2026",),
        ("KCLE.WS.W.0001.2027",),
    ]
    assert [(alert.vtec, alert.ugc_codes) for alert in one.in_force] == [
        (("KCLE.WS.W.0001.2027",), ("OHZ012",))
    ]
    assert [(ended.vtec, ended.end_reason) for ended in one.ended] == [
        (("KCLE.WS.W.0001.2026",), "cancelled")
    ]


def test_an_upgrade_in_one_cap_message_ends_the_watch_and_begins_the_warning(made: Made) -> None:
    common = {"geocode": {"SAME": ["039173"], "UGC": ["OHZ006"]}, "ends": "2026-05-02T20:00:00Z"}
    watch = "/O.{}.KCLE.WS.A.0001.260501T2100Z-260502T2000Z/"
    heard = [
        (
            *("2026-05-01T20:05:00", "nws"),
            made.cap(
                "watch",
                sent="2026-05-01T20:04:00Z",
                expires="2026-05-02T04:00:00Z",
                parameters={"VTEC": [watch.format("NEW")]},
                **common,
            ),
        ),
        (
            *("2026-05-01T22:05:00", "nws"),
            made.cap(
                "warning",
                sent="2026-05-01T22:04:00Z",
                expires="2026-05-02T06:00:00Z",
                parameters={
                    "VTEC": [
                        watch.format("UPG"),
                        "/O.NEW.KCLE.WS.W.0002.260501T2200Z-260502T2000Z/",
                    ]
                },
                **common,
            ),
        ),
    ]
    (state,) = made.states(heard, "2026-05-01T22:06:00")
    assert vtecs(state.in_force) == [("KCLE.WS.W.0002.2026",)]
    assert [(one.vtec, one.end_reason) for one in state.ended] == [
        (("KCLE.WS.A.0001.2026",), "replaced")
    ]


def test_a_replayed_header_is_in_force_for_its_purge_time(made: Made) -> None:
    header = "ZCZC-WXR-TOR-039173+0045-0011200-KCLE/NWS-"
    during, after = made.states(
        [("2026-07-01T20:04:20", "162.550", header)],
        *("2026-07-01T20:48:00", "2026-07-01T20:49:00"),
    )
    assert [alert.ends_at for alert in during.in_force] == [utc("2026-07-01T20:49")]
    assert after.in_force == ()


def test_a_heard_header_without_purge_time_counts_for_an_hour(made: Made) -> None:
    header = "ZCZC-WXR-TOR-039173+0000-1212004-KCLE/NWS-"
    (state,) = made.states([("2026-05-01T20:04:20", "162.550", header)], "2026-05-01T21:03:00")
    assert [alert.ends_at for alert in state.in_force] == [utc("2026-05-01T21:04")]
