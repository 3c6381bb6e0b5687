"""eas-ctl passwd and tokens: what is kept, and what is told."""

from __future__ import annotations

import io
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl import main as dispatch
from eas_station.store.database.database import Database
from eas_station.store.keys import logins, passwords, tokens
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.records import audit

WORD = "correct horse battery staple"


@pytest.fixture
def say(
    station_toml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = dispatch.main([*words, "--config", str(station_toml)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def audited(config: Config) -> list[tuple[str, str | None, str | None]]:
    database = Database(config.database.url)
    with database.read() as connection:
        entries = audit.page(connection, 10).entries
    database.close()
    return [(one.action, one.subject, one.detail) for one in reversed(entries)]


def kept(config: Config, name: str) -> str | None:
    keyring = Keyring(path_in(config.paths.state_dir))
    with keyring.transaction() as connection:
        return logins.hash_of(connection, name)


def test_a_password_from_a_pipe_is_set_and_audited_without_itself(
    config: Config, say: Callable[..., tuple[int, str, str]]
) -> None:
    assert say("passwd", "ann", "--stdin", stdin=f"{WORD}\n")[0] == 0
    assert passwords.matches(kept(config, "ann") or "", WORD)
    assert say("passwd", "--list")[1].startswith("ann ")
    assert say("passwd", "ann", "--remove")[0] == 0
    assert kept(config, "ann") is None
    assert [row[:2] for row in audited(config)] == [
        ("set password", "ann"), ("remove password", "ann"),
    ]  # fmt: skip
    assert WORD not in str(audited(config))


@pytest.mark.parametrize(
    ("words", "stdin", "sentence"),
    [
        (("--stdin",), "short\n", "a password has 8 characters at least; nothing was changed"),
        (("--stdin",), "", "a password has 8 characters at least; nothing was changed"),
        ((), "", "there is no terminal to ask at; say --stdin"),
        (("ben", "--remove"), "", "ben has no password"),
        (("x\ny", "--stdin"), f"{WORD}\n", "none of them invisible"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(
    config: Config,
    say: Callable[..., tuple[int, str, str]],
    words: tuple[str, ...],
    stdin: str,
    sentence: str,
) -> None:
    status, _, told = say("passwd", *words, stdin=stdin)
    assert status != 0
    assert sentence in told
    assert kept(config, "operator") is None


def test_a_password_can_be_set_before_there_is_a_database(
    station_toml: Path, say: Callable[..., tuple[int, str, str]]
) -> None:
    status, out, told = say("passwd", "--stdin", stdin=f"{WORD}\n")
    assert (status, "The password of operator is set" in out) == (0, True)
    assert "done, but not in the audit" in told
    assert (station_toml.parent / "state" / "webd" / "keys.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("again", "is_set"), [(WORD, True), ("another one", False)])
def test_at_a_terminal_it_is_asked_for_twice_and_not_shown(
    config: Config, station_toml: Path, again: str, is_set: bool
) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(
            sys.executable,
            [
                *(sys.executable, "-c"),
                "import sys; from eas_station.ctl.main import main; sys.exit(main(sys.argv[1:]))",
                *("passwd", "--config", str(station_toml)),
            ],
        )
    seen = _until(terminal, b"New password for operator: ")
    os.write(terminal, f"{WORD}\n".encode())
    seen += _until(terminal, b"Again: ")
    os.write(terminal, f"{again}\n".encode())
    seen += _until(terminal, None)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert (os.waitstatus_to_exitcode(status) == 0) is is_set
    assert passwords.matches(kept(config, "operator") or "", WORD) is is_set
    assert WORD.encode() not in seen


def _until(terminal: int, text: bytes | None) -> bytes:
    """What the terminal shows until this; None: until its end."""
    seen = b""
    while text is None or text not in seen:
        try:
            shown = os.read(terminal, 1000)
        except OSError:  # Linux says so at the end
            break
        if not shown:
            break
        seen += shown
    return seen


def test_a_token_is_shown_once_and_listed_without_itself(
    config: Config, say: Callable[..., tuple[int, str, str]]
) -> None:
    _, made, _ = say("tokens", "add", "backup", "--scope", "write")
    keyring = Keyring(path_in(config.paths.state_dir))
    with keyring.transaction() as connection:
        found = tokens.find(connection, made.strip(), utc_now())
    keyring.close()
    assert found is not None
    assert (found.name, found.scope) == ("backup", "write")
    for words in (("tokens", "list"), ("tokens", "list", "--json")):
        _, listed, _ = say(*words)
        assert "backup" in listed
        assert made.strip() not in listed
    assert "there is a token backup already" in say("tokens", "add", "backup")[2]
    assert say("tokens", "revoke", "backup")[0] == 0
    assert "there is no token backup" in say("tokens", "revoke", "backup")[2]
    assert 'a name has 1 to 40 letters, digits, ".", "-" or "_"' in say("tokens", "add", "a b")[2]
    assert [row[:2] for row in audited(config)] == [
        ("add token", "backup"), ("revoke token", "backup"),
    ]  # fmt: skip
    assert made.strip() not in str(audited(config))
