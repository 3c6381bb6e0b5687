"""How often one client may ask."""

from __future__ import annotations

from typing import Any

import pytest

from eas_station.webd.http.rate_limits import (
    CLIENTS_MOST,
    LIMITS,
    WINDOW_S,
    RateLimits,
    client_key,
)


@pytest.fixture
def limits(clocks: Any) -> RateLimits:
    return RateLimits(lambda: clocks.mono)


def test_ten_logins_in_any_minute_and_then_one_for_each_that_is_past(
    limits: RateLimits, clocks: Any
) -> None:
    for _ in range(10):
        assert limits.take("login", "192.0.2.1") is None
        clocks.move(3)
    wait_s = limits.take("login", "192.0.2.1")
    assert wait_s is not None
    assert 28 <= wait_s <= 31
    assert limits.take("login", "192.0.2.2") is None
    assert limits.take("write", "192.0.2.1") is None
    clocks.move(wait_s + 1)
    assert limits.take("login", "192.0.2.1") is None
    assert limits.take("login", "192.0.2.1") is not None


def test_what_is_only_asked_is_not_counted(limits: RateLimits) -> None:
    for _ in range(50):
        assert limits.wait_s("token", "192.0.2.1") is None
    for _ in range(10):
        limits.take("token", "192.0.2.1")
    assert limits.wait_s("token", "192.0.2.1") is not None


def test_a_client_of_many_addresses_costs_no_more_memory_than_the_limit(
    limits: RateLimits,
) -> None:
    for number in range(CLIENTS_MOST + 10):
        limits.take("login", f"client {number}")
    assert len(limits._windows["login"]) == CLIENTS_MOST
    for _ in range(10):
        limits.take("login", "client 50")
    assert limits.wait_s("login", "client 50") == 60


def test_a_steady_client_at_the_limit_is_never_refused(limits: RateLimits, clocks: Any) -> None:
    refused = 0
    for _ in range(600):
        refused += limits.take("write", "192.0.2.1") is not None
        clocks.move(0.5)
    assert refused == 0
    for _ in range(200):
        refused += limits.take("write", "192.0.2.1") is not None
        clocks.move(0.25)
    assert refused > 50


def test_a_runaway_reader_is_told_to_wait_and_others_are_not(limits: RateLimits) -> None:
    told = [limits.take("read", "192.0.2.1") for _ in range(40_100)]
    assert told[:40_000] == [None] * 40_000
    assert all(wait_s is not None and 1 <= wait_s <= 60 for wait_s in told[40_000:])
    assert limits.take("read", "192.0.2.2") is None


def test_reading_is_generous() -> None:
    assert LIMITS["read"].most / WINDOW_S > 500


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("-", "-"),
    ],
)
def test_an_ipv6_client_is_its_network(address: str, key: str) -> None:
    assert client_key(address) == key
