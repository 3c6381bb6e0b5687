from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.same.validity import judge


@pytest.mark.parametrize(
    ("text", "standing"),
    [
        ("ZCZC-CIV-CEM-048029+0100-1101605-WOAI/AM -", "valid"),
        ("ZCZC-CIV-CEM-048029+0020-1101605-WOAI/AM -", "valid"),
        ("ZCZC-CIV-CEM-048029+0075-1101605-WOAI/AM -", "lenient"),
        ("ZCZC-CIV-CEM-048029+0100-1101605-WOAI-", "lenient"),
        ("ZCZC-CIV-CEM-048029+0100-1101619-WOAI/AM -", "valid"),
        ("ZCZC-CIV-CEM-048029+0100-1101622-WOAI/AM -", "too_far_in_future"),
        ("ZCZC-CIV-CEM-048029+0100-1101505-WOAI/AM -", "expired"),
        ("ZCZC-CIV-CEM-048029+0000-1101605-WOAI/AM -", "expired"),
        ("ZCZC-CIV-CEM-048029+0100-3661605-WOAI/AM -", "invalid"),
        ("NNNN", "eom"),
        ("NNN", "lenient_eom"),
        ("NN", "invalid"),
    ],
)
def test_a_text_has_a_standing_when_it_is_heard(text: str, standing: str, monday: datetime) -> None:
    assert judge(text, monday).standing == standing


def test_an_odd_purge_time_is_tolerated_but_said(monday: datetime) -> None:
    judged = judge("ZCZC-CIV-CEM-048029+0020-1101605-WOAI/AM -", monday)
    assert judged.why == "0020 is not a legal purge time"


@given(st.text())
def test_no_text_is_too_strange_to_judge(text: str) -> None:
    assert judge(text, datetime.fromisoformat("2026-04-20T16:05:40Z")).why


def test_every_shared_case_stands_as_it_says(headers_open_case: dict[str, str]) -> None:
    received_at = datetime.fromisoformat(headers_open_case["received_at"])
    assert judge(headers_open_case["header"], received_at).standing == headers_open_case["state"]
