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
from eas_station.webd.render.evidence import details, pieces, signature_words
from eas_station.webd.render.times import Clockface, zone_of

WORDS = ("valid", "invalid", "unchecked", "unsigned")


def facts(make: Any, tables: Tables, clips: tuple[Clip, ...] = (), **said: Any) -> dict[str, str]:
    presenter = Presenter(tables, Clockface(zone_of("UTC")), ())
    (found,) = details((make.reception(**said),), clips, presenter, make.now)
    return dict(found.evidence)


def test_every_measurement_is_said_with_its_unit(make: Any, tables: Tables) -> None:
    evidence = Evidence(2, False, 0.981, 11.7, -0.004, 3.2, 0.5, (5, 6), ("wx 162.550", "b"))
    found = facts(make, tables, evidence=evidence)
    assert found["Bursts heard"] == "2 of 3, reconstructed, never relayed"
    assert found["Certain to"] == "98.100 %"
    assert found["Signal to noise"] == "11.7 dB"
    assert found["Speed error"] == "-0.40 %"
    assert found["Tone error"] == "+3 Hz"
    assert found["Eye opening"] == "50 %"
    assert found["Characters repaired"] == "2, marked in the header below"
    assert found["Read together from"] == "wx 162.550, b"


def test_what_was_not_measured_is_not_said(make: Any, tables: Tables) -> None:
    found = facts(make, tables, evidence=Evidence(3, True, 1.0))
    assert "Signal to noise" not in found
    assert found["Certain to"] == "99.999 %"  # nobody is surer
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
    ("signature", "said"),
    [
        (None, None),
        ("unsigned", "not signed, as this feed does not sign"),
        ("valid", "valid: it is from who it says, and nobody has changed it"),
        ("invalid: the digest does not match",
         "invalid (the digest does not match): shown as unverified, it may be forged"),
        ("unchecked: no certificate", "unchecked (no certificate): shown as unverified"),
    ],
)  # fmt: skip
def test_what_is_not_proved_is_shown_as_unverified(signature: str, said: str) -> None:
    assert signature_words(signature) == said


@given(st.text(max_size=20).filter(lambda text: text.partition(":")[0] not in WORDS))
def test_no_unknown_verdict_passes_for_a_proof(signature: str) -> None:
    assert "shown as unverified" in (signature_words(signature) or "")


def test_repaired_characters_are_cut_out() -> None:
    found = pieces("ZCZC-WXR-", (5, 6, 8))
    assert [(piece.text, piece.repaired) for piece in found] == [
        ("ZCZC-", False), ("WX", True), ("R", False), ("-", True),
    ]  # fmt: skip


@given(st.text(max_size=30), st.lists(st.integers(-5, 40)))
def test_the_pieces_are_the_whole_text(raw: str, repaired: list[int]) -> None:
    found = pieces(raw, repaired)
    assert "".join(piece.text for piece in found) == raw
    assert all(piece.text for piece in found)
