"""How long to wait before the next try."""

from __future__ import annotations

from eas_station.service.backoff import Backoff


def test_waits_double_from_the_first_to_the_longest() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.tries == 8


def test_a_success_starts_again() -> None:
    backoff = Backoff(first_s=2.0, chance=lambda: 0.0)
    assert (backoff.next_s(), backoff.next_s()) == (2.0, 4.0)
    backoff.reset()
    assert backoff.next_s() == 2.0


def test_jitter_shortens_and_never_lengthens() -> None:
    assert Backoff(jitter=0.5, chance=lambda: 1.0).next_s() == 0.5
    waits = [Backoff(jitter=0.2).next_s() for _ in range(200)]
    assert all(0.8 <= wait <= 1.0 for wait in waits)
    assert len(set(waits)) > 100


def test_a_million_failures_do_not_overflow() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    backoff.tries = 1_000_000
    assert backoff.next_s() == 60.0
