"""Passwords as scrypt strings (RFC 7914) with their parameters: scrypt$n$r$p$salt$key.

One hash takes 16 MiB and, on a small computer, some tenths of a second: a server must make one at a
time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass

COST, BLOCK, LANES = 2**14, 8, 1  # n, r, p
SALT_BYTES, KEY_BYTES = 16, 32
MEMORY_MOST_BYTES = 96 << 20  # of a string from elsewhere
SHORTEST, LONGEST = 8, 256  # characters of a password


@dataclass(frozen=True, slots=True)
class _Scrypt:
    cost: int
    block: int
    lanes: int
    salt: bytes
    key: bytes


def fault(password: str) -> str | None:
    """Why it cannot be a password, or None."""
    if len(password) < SHORTEST:
        return f"a password must have at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password must have at most {LONGEST} characters"
    return None


def hashed(password: str) -> str:
    """The string to store for a password."""
    salt = secrets.token_bytes(SALT_BYTES)
    return _text(salt, _key(password, _Scrypt(COST, BLOCK, LANES, salt, b"")))


def of_nobody() -> str:
    """A string that no password matches, at the same cost: for unknown names."""
    return _text(secrets.token_bytes(SALT_BYTES), secrets.token_bytes(KEY_BYTES))


def matches(stored: str, password: str) -> bool:
    """Whether the password matches; a malformed string matches none."""
    parsed = _parsed(stored)
    if parsed is None or len(password) > LONGEST:
        return False
    return hmac.compare_digest(_key(password, parsed), parsed.key)


def _key(password: str, how: _Scrypt) -> bytes:
    # Another keyboard may send other code points for the same letters.
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        typed,
        salt=how.salt,
        n=how.cost,
        r=how.block,
        p=how.lanes,
        maxmem=MEMORY_MOST_BYTES + (1 << 20),
        dklen=KEY_BYTES,
    )


def _text(salt: bytes, key: bytes) -> str:
    encoded = (base64.b64encode(one).decode() for one in (salt, key))
    return "$".join(("scrypt", str(COST), str(BLOCK), str(LANES), *encoded))


def _parsed(stored: str) -> _Scrypt | None:
    parts = stored.split("$")
    if len(parts) != 6 or parts[0] != "scrypt":
        return None
    try:
        cost, block, lanes = (int(part) for part in parts[1:4])
        salt, key = (base64.b64decode(part, validate=True) for part in parts[4:])
    except (ValueError, binascii.Error):
        return None
    power_of_two = cost > 1 and cost & (cost - 1) == 0
    if not power_of_two or block < 1 or not 1 <= lanes <= 16 or len(key) != KEY_BYTES:
        return None
    if 128 * cost * block > MEMORY_MOST_BYTES:
        return None
    return _Scrypt(cost, block, lanes, salt, key)
