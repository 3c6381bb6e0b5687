"""Whose request it is, with and without proxies in front, and with clients who claim things."""

from __future__ import annotations

from typing import Any

import pytest

from eas_station.webd.http.proxies import ClientAddress, Proxies


def client(trusted: tuple[str, ...], peer: str, **said: str) -> ClientAddress:
    environ: dict[str, Any] = {"REMOTE_ADDR": peer}
    environ |= {f"HTTP_X_FORWARDED_{name}": value for name, value in said.items()}
    found = Proxies(trusted).client(environ)
    assert not [name for name in environ if "FORWARDED" in name]
    return found


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the left one is a claim
        ("127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"),  # two proxies
        ("127.0.0.1", "203.0.113.9, rubbish", "127.0.0.1"),
        ("127.0.0.1", "rubbish, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"),  # all trusted: the outermost
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "," * 5000, "127.0.0.1"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # nobody trusts this one
        ("", "198.51.100.1", "-"),
        ("localhost", "198.51.100.1", "-"),
    ],
)
def test_the_client_is_the_first_address_from_the_right_that_is_no_proxy(
    peer: str, forwarded: str, address: str
) -> None:
    assert client(("127.0.0.1", "10.0.0.0/8"), peer, FOR=forwarded).address == address


def test_only_a_trusted_proxy_makes_it_https() -> None:
    assert client(("127.0.0.1",), "127.0.0.1", PROTO="https").secure
    assert not client(("127.0.0.1",), "127.0.0.1", PROTO="http").secure
    assert not client(("127.0.0.1",), "192.0.2.1", PROTO="https").secure
    assert not client((), "127.0.0.1", PROTO="https").secure
