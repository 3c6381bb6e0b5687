from __future__ import annotations

from eas_station.cap.products import segments

FIRST = "/O.NEW.KCLE.SV.W.0063.260414T0016Z-260414T0115Z/"
SECOND = "/O.CON.KCLE.TO.W.0007.000000T0000Z-260414T0115Z/"
RING = "LAT...LON 4141 8388 4146 8375 4158 8361"


def split(*lines: str) -> list[segments.SegmentText]:
    return segments.split("\n".join(lines))


def bodies(*lines: str) -> list[tuple[tuple[str, ...] | None, str]]:
    return [
        (None if block.ugc is None else block.ugc.codes, block.body.strip())
        for block in split(*lines)
    ]


def test_a_segment_runs_from_its_list_to_its_end() -> None:
    blocks = split("TITLE", "", "OHC063-", "140115-", FIRST, "", "Words.", "$$", "", "KEC")
    (block,) = blocks
    assert block.text == f"OHC063-\n140115-\n{FIRST}\n\nWords."
    assert block.body == f"{FIRST}\n\nWords."
    assert block.trailer == "$$\n\nKEC"


def test_a_missing_end_is_made_good_by_the_next_list() -> None:
    assert bodies("OHC063-140115-", FIRST, "A", "OHC173-140115-", SECOND, "B") == [
        (("OHC063",), f"{FIRST}\nA"),
        (("OHC173",), f"{SECOND}\nB"),
    ]


def test_one_dollar_ends_a_segment_and_a_price_does_not() -> None:
    assert bodies("OHC063-140115-", FIRST, "$5 MILLION", "$", "KEC") == [
        (("OHC063",), f"{FIRST}\n$5 MILLION"),
    ]


def test_a_polygon_below_the_end_belongs_to_the_segment_above() -> None:
    (block,) = split("OHC063-140115-", FIRST, "$$", "", "&&", RING)
    assert RING not in block.body
    assert RING in block.trailer


def test_a_vtec_line_without_a_list_begins_a_segment_of_unknown_places() -> None:
    assert bodies("SVRCLE", FIRST, "Words.", "$$", SECOND, "More.", "$$") == [
        (None, f"{FIRST}\nWords."),
        (None, f"{SECOND}\nMore."),
    ]


def test_a_polygon_alone_is_a_segment_of_unknown_places() -> None:
    assert bodies("CEMOH", "Words.", RING, "$$") == [(None, RING)]


def test_text_without_places_is_no_segment() -> None:
    assert bodies("FORECAST", "Sunny.", "$$", "", "KEC", "$$") == []


def test_a_vtec_behind_its_list_on_one_line_is_a_line_of_its_own() -> None:
    assert bodies(f"OHC063-140115-{FIRST}", "Words.") == [(("OHC063",), f"{FIRST}\nWords.")]
    assert bodies(f"OHC063-140115- {FIRST}", "Words.") == [(("OHC063",), f"{FIRST}\nWords.")]
