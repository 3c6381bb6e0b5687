"""Passwords: what is kept of them, and what it costs to guess one."""

from __future__ import annotations

import re
import time

import pytest

from eas_station.store.keys import passwords

WORD = "correct horse battery staple"


def test_a_password_matches_its_hash_and_no_other_does() -> None:
    kept = passwords.hashed(WORD)
    assert passwords.matches(kept, WORD)
    assert not passwords.matches(kept, WORD + " ")
    assert not passwords.matches(kept, "")


def test_the_string_contains_its_parameters_and_a_salt() -> None:
    one, other = passwords.hashed(WORD), passwords.hashed(WORD)
    assert re.fullmatch(r"scrypt\$16384\$8\$1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=", one)
    assert one != other
    assert WORD not in one


def test_the_same_letters_typed_in_another_way_are_the_same_password() -> None:
    assert passwords.matches(passwords.hashed("Grünfl\u0061\u0308che"), "Gr\u0075\u0308nfläche")


def test_a_name_that_is_not_known_costs_the_same_and_never_matches() -> None:
    nobody = passwords.of_nobody()
    assert nobody.split("$")[:4] == passwords.hashed(WORD).split("$")[:4]
    began_s = time.process_time()
    assert not passwords.matches(nobody, WORD)
    assert time.process_time() - began_s > 0.002  # it was worked out


@pytest.mark.parametrize(
    "stored",
    [
        *("", "plain", "scrypt$16384$8$1$AAAA", "bcrypt$16384$8$1$AAAA$AAAA"),
        *("scrypt$16383$8$1$AAAA$" + "A" * 43 + "=", "scrypt$x$8$1$AAAA$" + "A" * 43 + "="),
        *("scrypt$16384$8$1$AAAA$AAAA", "scrypt$16384$8$1$?$" + "A" * 43 + "="),
        "scrypt$1073741824$8$1$AAAA$" + "A" * 43 + "=",  # 1 TiB of memory
        "scrypt$0$8$1$AAAA$" + "A" * 43 + "=",
    ],
)
def test_a_malformed_string_matches_no_password(stored: str) -> None:
    assert not passwords.matches(stored, WORD)


def test_a_password_is_neither_short_nor_endless() -> None:
    assert passwords.fault("1234567") == "a password must have at least 8 characters"
    assert passwords.fault("x" * 257) == "a password must have at most 256 characters"
    assert passwords.fault("12345678") is None
    assert not passwords.matches(passwords.hashed("x" * 256), "x" * 10_000_000)
