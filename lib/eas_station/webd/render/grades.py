"""How grave a warning is: a rank, a word and a sign, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grade:
    """How grave: a rank to sort by, a word, a sign; never a colour alone."""

    name: str  # CSS class
    word: str
    sign: str
    rank: int


GRADES = {
    "national": Grade("warning", "National emergency", "▲", 0),
    "emergency": Grade("warning", "Emergency", "▲", 1),
    "warning": Grade("warning", "Warning", "▲", 2),
    "watch": Grade("watch", "Watch", "◆", 3),
    "advisory": Grade("advisory", "Advisory", "●", 4),
    "statement": Grade("statement", "Statement", "■", 5),
    "admin": Grade("statement", "Administrative", "■", 6),
    "test": Grade("test", "Test", "✓", 7),
}
CALM = Grade("calm", "Nothing in force", "✓", 9)
UNKNOWN = Grade("unknown", "Not known", "?", 8)
