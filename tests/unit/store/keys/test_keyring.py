"""The page's keys: whose they are, how long they last, and what is kept of them."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.errors import InputError, StoreError
from eas_station.store.keys import logins, sessions, tokens
from eas_station.store.keys.keyring import Keyring, path_in

NOW = datetime(2025, 11, 22, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LASTS = sessions.Lifetimes(idle=12 * HOUR, longest=168 * HOUR)


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[Keyring]:
    keyring = Keyring(path_in(tmp_path))
    yield keyring
    keyring.close()


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_file_and_folder_are_for_their_owner_alone(keyring: Keyring, tmp_path: Path) -> None:
    with keyring.transaction() as connection:
        assert not logins.any_set(connection)
    assert mode(tmp_path / "webd") == "0o700"
    assert mode(tmp_path / "webd" / "keys.sqlite") == "0o600"


def test_a_password_is_set_changed_and_removed(keyring: Keyring) -> None:
    with keyring.transaction() as connection:
        logins.set_hash(connection, "ann", "hash 1", NOW)
        logins.set_hash(connection, "ann", "hash 2", NOW + HOUR)
        assert logins.hash_of(connection, "ann") == "hash 2"
        assert logins.hash_of(connection, "ben") is None
        assert logins.every(connection) == (logins.OperatorLogin("ann", NOW + HOUR),)
        assert logins.remove(connection, "ann")
        assert not logins.remove(connection, "ann")
        assert not logins.any_set(connection)


def test_a_session_lasts_over_a_restart_and_ends_with_the_logout(
    keyring: Keyring, tmp_path: Path
) -> None:
    with keyring.transaction() as connection:
        secret = sessions.begin(connection, "ann", "192.0.2.7", NOW)
    keyring.close()
    again = Keyring(path_in(tmp_path))
    with again.transaction() as connection:
        found = sessions.find(connection, secret, LASTS, NOW)
        assert found is not None
        assert found.name == "ann"
        sessions.end(connection, found.hash)
        assert sessions.find(connection, secret, LASTS, NOW) is None
    again.close()


def test_a_session_ends_when_it_is_not_used_and_at_its_age(keyring: Keyring) -> None:
    with keyring.transaction() as connection:
        idle = sessions.begin(connection, "ann", "192.0.2.7", NOW)
        used = sessions.begin(connection, "ann", "192.0.2.7", NOW)
        for hours in range(10, 169, 10):
            assert sessions.find(connection, used, LASTS, NOW + hours * HOUR), hours
        assert sessions.find(connection, used, LASTS, NOW + 169 * HOUR) is None
        assert sessions.find(connection, idle, LASTS, NOW + 13 * HOUR) is None
        assert sessions.find(connection, idle, LASTS, NOW) is None, "it came back to life"


def test_a_session_from_the_future_has_ended(keyring: Keyring) -> None:
    with keyring.transaction() as connection:
        secret = sessions.begin(connection, "ann", "192.0.2.7", NOW + 900 * HOUR)
        assert sessions.find(connection, secret, LASTS, NOW) is None


def test_a_new_password_ends_every_session_of_that_operator(keyring: Keyring) -> None:
    with keyring.transaction() as connection:
        of_ann = sessions.begin(connection, "ann", "192.0.2.7", NOW)
        of_ben = sessions.begin(connection, "ben", "192.0.2.7", NOW)
        logins.set_hash(connection, "ann", "hash", NOW)
        assert sessions.find(connection, of_ann, LASTS, NOW) is None
        assert sessions.find(connection, of_ben, LASTS, NOW) is not None


def test_one_operator_has_twenty_sessions_at_most_and_ended_ones_are_forgotten(
    keyring: Keyring,
) -> None:
    with keyring.transaction() as connection:
        secrets = [
            sessions.begin(connection, "ann", "x", NOW + timedelta(minutes=n)) for n in range(25)
        ]
        lasting = [sessions.find(connection, one, LASTS, NOW + HOUR) for one in secrets]
        assert [one is not None for one in lasting] == [False] * 5 + [True] * 20
        assert sessions.forget_ended(connection, LASTS, NOW + 200 * HOUR) == 20


def test_a_token_is_found_by_its_text_until_it_is_revoked(keyring: Keyring) -> None:
    with keyring.transaction() as connection:
        secret = tokens.add(connection, "backup", "read", NOW)
        assert secret.startswith("eas_")
        with pytest.raises(InputError, match="there is a token backup already"):
            tokens.add(connection, "backup", "write", NOW)
        assert tokens.find(connection, secret, NOW + HOUR) == tokens.Token("backup", "read", NOW)
        assert tokens.every(connection)[0].used_at == NOW + HOUR
        assert tokens.find(connection, secret + "x", NOW) is None
        assert tokens.find(connection, "\ud800", NOW) is None
        assert tokens.revoke(connection, "backup")
        assert not tokens.revoke(connection, "backup")
        assert tokens.find(connection, secret, NOW) is None


def test_the_content_of_the_file_gives_no_access(keyring: Keyring, tmp_path: Path) -> None:
    with keyring.transaction() as connection:
        session = sessions.begin(connection, "ann", "192.0.2.7", NOW)
        token = tokens.add(connection, "backup", "write", NOW)
    content = path_in(tmp_path).read_bytes()
    assert b"192.0.2.7" in content
    assert session.encode() not in content
    assert token.encode() not in content


def test_a_malformed_file_is_reported_and_used_again_once_corrected(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"no database at all " * 100)
    keyring = Keyring(path)
    with (
        pytest.raises(StoreError, match=r"cannot use .*keys\.sqlite"),
        keyring.transaction() as c,
    ):
        logins.any_set(c)
    path.unlink()
    with keyring.transaction() as connection:
        assert not logins.any_set(connection)
    keyring.close()


def test_a_failed_transaction_changes_nothing(keyring: Keyring) -> None:
    with pytest.raises(StoreError), keyring.transaction() as connection:
        logins.set_hash(connection, "ann", "hash", NOW)
        raise sqlite3.OperationalError("disk is full")
    with keyring.transaction() as connection:
        assert not logins.any_set(connection)
