"""`eas-ctl passwd` and `eas-ctl tokens`: what is stored and what is printed."""

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

PASSWORD = "correct horse battery staple"


@pytest.fixture
def run_command(
    station_toml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = dispatch.main([*words, "--config", str(station_toml)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def audited(config: Config) -> list[tuple[str, str | None, str | None]]:
    database = Database(config.database.url)
    with database.read() as connection:
        entries = audit.page(connection, 10).entries
    database.close()
    return [(one.action, one.subject, one.detail) for one in reversed(entries)]


def stored_hash(config: Config, name: str) -> str | None:
    keyring = Keyring(path_in(config.paths.state_dir))
    with keyring.transaction() as connection:
        return logins.hash_of(connection, name)


def test_a_password_from_a_pipe_is_set_and_not_written_to_the_audit_log(
    config: Config, run_command: Callable[..., tuple[int, str, str]]
) -> None:
    assert run_command("passwd", "ann", "--stdin", stdin=f"{PASSWORD}\n")[0] == 0
    assert passwords.matches(stored_hash(config, "ann") or "", PASSWORD)
    assert run_command("passwd", "--list")[1].startswith("ann ")
    assert run_command("passwd", "ann", "--remove")[0] == 0
    assert stored_hash(config, "ann") is None
    assert [row[:2] for row in audited(config)] == [
        ("set password", "ann"), ("remove password", "ann"),
    ]  # fmt: skip
    assert PASSWORD not in str(audited(config))


@pytest.mark.parametrize(
    ("words", "stdin", "sentence"),
    [
        (
            ("--stdin",),
            "short\n",
            "a password must have at least 8 characters; nothing was changed",
        ),
        (("--stdin",), "", "a password must have at least 8 characters; nothing was changed"),
        ((), "", "no terminal to read the password from; use --stdin"),
        (("ben", "--remove"), "", "ben has no password"),
        (("x\ny", "--stdin"), f"{PASSWORD}\n", "printable characters"),
    ],
)
def test_an_invalid_request_is_refused_and_changes_nothing(
    config: Config,
    run_command: Callable[..., tuple[int, str, str]],
    words: tuple[str, ...],
    stdin: str,
    sentence: str,
) -> None:
    status, _, errors = run_command("passwd", *words, stdin=stdin)
    assert status != 0
    assert sentence in errors
    assert stored_hash(config, "operator") is None


def test_a_password_can_be_set_before_there_is_a_database(
    station_toml: Path, run_command: Callable[..., tuple[int, str, str]]
) -> None:
    status, out, errors = run_command("passwd", "--stdin", stdin=f"{PASSWORD}\n")
    assert (status, "The password of operator is set" in out) == (0, True)
    assert "done, but not recorded in the audit log" in errors
    assert (station_toml.parent / "state" / "webd" / "keys.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("again", "is_set"), [(PASSWORD, True), ("another one", False)])
def test_on_a_terminal_the_password_is_read_twice_without_echo(
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
    os.write(terminal, f"{PASSWORD}\n".encode())
    seen += _until(terminal, b"Again: ")
    os.write(terminal, f"{again}\n".encode())
    seen += _until(terminal, None)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert (os.waitstatus_to_exitcode(status) == 0) is is_set
    assert passwords.matches(stored_hash(config, "operator") or "", PASSWORD) is is_set
    assert PASSWORD.encode() not in seen


def _until(terminal: int, text: bytes | None) -> bytes:
    """The output of the terminal up to this text; None: up to its end."""
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


def test_a_token_is_printed_once_and_listed_without_its_secret(
    config: Config, run_command: Callable[..., tuple[int, str, str]]
) -> None:
    _, secret, _ = run_command("tokens", "add", "backup", "--scope", "write")
    keyring = Keyring(path_in(config.paths.state_dir))
    with keyring.transaction() as connection:
        found = tokens.find(connection, secret.strip(), utc_now())
    keyring.close()
    assert found is not None
    assert (found.name, found.scope) == ("backup", "write")
    for words in (("tokens", "list"), ("tokens", "list", "--json")):
        _, listed, _ = run_command(*words)
        assert "backup" in listed
        assert secret.strip() not in listed
    assert "there is a token backup already" in run_command("tokens", "add", "backup")[2]
    assert run_command("tokens", "revoke", "backup")[0] == 0
    assert "there is no token backup" in run_command("tokens", "revoke", "backup")[2]
    assert (
        'a name has 1 to 40 letters, digits, ".", "-" or "_"'
        in run_command("tokens", "add", "a b")[2]
    )
    assert [row[:2] for row in audited(config)] == [
        ("add token", "backup"), ("revoke token", "backup"),
    ]  # fmt: skip
    assert secret.strip() not in str(audited(config))
