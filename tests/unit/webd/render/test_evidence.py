"""Evidence in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.alerts.model import Evidence
from eas_station.store.records.clips import Clip
from eas_station.tables import Tables
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.evidence import details, raw_text_parts, signature_words
from eas_station.webd.render.times import TimeFormat, zone_of

WORDS = ("valid", "invalid", "unchecked", "unsigned")


def facts(make: Any, tables: Tables, clips: tuple[Clip, ...] = (), **fields: Any) -> dict[str, str]:
    presenter = Presenter(tables, TimeFormat(zone_of("UTC")), ())
    (found,) = details((make.reception(**fields),), clips, presenter, make.now)
    return dict(found.evidence)


def test_every_measurement_has_its_unit(make: Any, tables: Tables) -> None:
    evidence = Evidence(2, False, 0.981, 11.7, -0.004, 3.2, 0.5, (5, 6), ("wx 162.550", "b"))
    found = facts(make, tables, evidence=evidence)
    assert found["Bursts received"] == "2 of 3, reconstructed, never relayed"
    assert found["Confidence"] == "98.100 %"
    assert found["Signal to noise"] == "11.7 dB"
    assert found["Baud rate error"] == "-0.40 %"
    assert found["Tone error"] == "+3 Hz"
    assert found["Eye opening"] == "50 %"
    assert found["Characters repaired"] == "2, marked in the header below"
    assert found["Combined from"] == "wx 162.550, b"


def test_what_was_not_measured_is_left_out(make: Any, tables: Tables) -> None:
    found = facts(make, tables, evidence=Evidence(3, True, 1.0))
    assert "Signal to noise" not in found
    assert found["Confidence"] == "99.999 %"  # never 100 %
    assert "Attention signal" not in found


def test_the_attention_signal_of_its_own_recording(make: Any, tables: Tables) -> None:
    clip = Clip("c", ("reception-1",), "wx", "162.550", make.now, 30.0, "a.flac",
                attention="eas", attention_s=8.04)  # fmt: skip
    assert facts(make, tables, (clip,))["Attention signal"] == "853 and 960 Hz, for 8.0 s"
    silent = replace(clip, attention=None, attention_s=None)
    assert facts(make, tables, (silent,))["Attention signal"] == "none in the recording"
    others = replace(clip, reception_ids=("reception-2",))
    assert "Attention signal" not in facts(make, tables, (others,))
    unwritten = replace(silent, path=None, fault="the disk is full")
    assert "Attention signal" not in facts(make, tables, (unwritten,))


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (None, None),
        ("unsigned", "not signed: this feed does not sign its messages"),
        ("valid", "valid: the sender is verified and the message is unchanged"),
        ("invalid: the digest does not match",
         "invalid (the digest does not match): shown as unverified; it may be forged"),
        ("unchecked: no certificate", "unchecked (no certificate): shown as unverified"),
    ],
)  # fmt: skip
def test_a_signature_that_is_not_valid_is_shown_as_unverified(signature: str, words: str) -> None:
    assert signature_words(signature) == words


@given(st.text(max_size=20).filter(lambda text: text.partition(":")[0] not in WORDS))
def test_no_unknown_verdict_passes_for_valid(signature: str) -> None:
    assert "shown as unverified" in (signature_words(signature) or "")


def test_repaired_characters_are_separate_parts() -> None:
    found = raw_text_parts("ZCZC-WXR-", (5, 6, 8))
    assert [(part.text, part.repaired) for part in found] == [
        ("ZCZC-", False), ("WX", True), ("R", False), ("-", True),
    ]  # fmt: skip


@given(st.text(max_size=30), st.lists(st.integers(-5, 40)))
def test_the_parts_are_the_whole_text(raw: str, repaired: list[int]) -> None:
    found = raw_text_parts(raw, repaired)
    assert "".join(part.text for part in found) == raw
    assert all(part.text for part in found)
