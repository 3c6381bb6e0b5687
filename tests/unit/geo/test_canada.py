from __future__ import annotations

import pytest

from eas_station.geo import canada

HAMILTON = "3525005"
OURS = frozenset({"3519", HAMILTON, "041420"})


@pytest.mark.parametrize("code", ["10", "13", "24", "35", "48", "62", "3519", "3519036", "041420"])
def test_codes_of_both_lists(code: str) -> None:
    assert canada.is_code(code)


@pytest.mark.parametrize(
    "code",
    ["", "0", "00", "14", "63", "351", "35190", "00190", "99190", "9919036", "35190360", "CA"],
)
def test_what_is_no_code(code: str) -> None:
    assert not canada.is_code(code)


def test_other_digits_are_no_digits() -> None:
    assert not canada.is_code("٣٥")
    assert not canada.is_code("35\n")


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("3519", "3519"),
        ("3519036", "3519"),  # a municipality of our division
        ("35", "3519"),  # the province it lies in
        ("3525", HAMILTON),  # the division around our municipality
        ("041420", "041420"),
        ("3525006", None),  # beside it
        ("3518", None),
        ("24", None),
        ("041421", None),
        ("351903", None),  # a CLC that begins as our division does
        ("3520000", None),
    ],
)
def test_codes_match_by_what_they_begin_with(code: str, ours: str | None) -> None:
    assert canada.match(["5943037", code], OURS) == (None if ours is None else (code, ours))


@pytest.mark.parametrize(
    ("codes", "ours", "comparable"),
    [
        (["3519036"], ["24"], True),
        (["3519036", "041420"], ["24"], True),
        (["041420"], ["022400"], True),
        (["041420"], ["24"], False),  # of the other list only
        (["3519036"], ["022400"], False),
        (["3519036", "00"], ["24"], False),  # what is not known may be ours
        ([], ["24"], False),
        (["3519036"], [], False),
    ],
)
def test_what_can_be_compared(codes: list[str], ours: list[str], comparable: bool) -> None:
    assert canada.can_compare(codes, frozenset(ours)) is comparable
