"""The word, the sign and the CSS class for how grave an alert is; never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from eas_station.alerts.relevance import severity


@dataclass(frozen=True, slots=True)
class Grade:
    """How the page shows a rank of `alerts.relevance.severity`."""

    name: str  # CSS class
    word: str
    sign: str
    rank: int


GRADES = {
    rank: Grade(name, word, sign, rank)
    for rank, name, word, sign in (
        (severity.NATIONAL, "warning", "National emergency", "▲"),
        (severity.EXTREME, "warning", "Warning", "▲"),
        (severity.SEVERE, "warning", "Warning", "▲"),
        (severity.WARNING, "warning", "Warning", "▲"),
        (severity.WATCH, "watch", "Watch", "◆"),
        (severity.ADVISORY, "advisory", "Advisory", "●"),
        (severity.STATEMENT, "statement", "Statement", "■"),
        (severity.ADMINISTRATIVE, "statement", "Administrative", "■"),
        (severity.TEST, "test", "Test", "✓"),
    )
}
CALM = Grade("calm", "Nothing in force", "✓", severity.TEST)
UNKNOWN = Grade("unknown", "Unknown", "?", severity.TEST)
