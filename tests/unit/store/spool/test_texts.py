"""Texts that a database can hold."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from eas_station.store.spool.texts import clean, cleaned, is_storable


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    texts: tuple[str, ...]
    by_name: dict[str, str]


any_text = st.text(st.characters(codec=None, exclude_categories=()) | st.just("\x00"))


@given(any_text)
def test_a_clean_text_is_utf_8_without_nul_and_as_long(text: str) -> None:
    made = clean(text)
    assert b"\x00" not in made.encode("utf-8")
    assert len(made) == len(text)
    assert is_storable(made)
    assert (made == text) == is_storable(text)


@given(any_text, st.lists(any_text, max_size=3), st.dictionaries(any_text, any_text, max_size=2))
def test_a_cleaned_value_has_only_clean_texts(
    text: str, texts: list[str], by_name: dict[str, str]
) -> None:
    made, as_json = cleaned(Said, Said(text, tuple(texts), by_name))
    assert made.text == clean(text)
    assert made.texts == tuple(map(clean, texts))
    assert set(made.by_name.values()) <= {clean(value) for value in by_name.values()}
    assert is_storable(as_json)


def test_a_value_that_is_clean_is_given_back_itself() -> None:
    value = Said("Grüße, 警報", (), {})
    assert cleaned(Said, value)[0] is value
