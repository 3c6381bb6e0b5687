"""A real XMPP server with a room on the loopback, and a bot that posts products into it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

HOST = "localhost"
ROOM = f"nwws@conference.{HOST}"
PATIENCE_S = 40.0

CONFIGURATION = """\
run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{folder}/log" }} }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping" }}
modules_disabled = {{ "s2s", "offline" }}
c2s_require_encryption = true
authentication = "internal_hashed"
ssl = {{ key = "{folder}/key.pem", certificate = "{folder}/cert.pem" }}
VirtualHost "{host}"
Component "conference.{host}" "muc"
    muc_room_locking = false
    muc_room_default_history_length = 20
    muc_room_default_public_jids = true
"""


class Server:
    """One Prosody: a folder, a port, accounts."""

    def __init__(self, folder: Path) -> None:
        """`folder`: prepared, with a certificate and accounts."""
        self.folder = folder
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        _configure(folder, self.port)

    def start(self) -> None:
        """Start it; gives back when it listens."""
        self.process = subprocess.Popen(
            ["prosody", "--config", self.folder / "prosody.cfg.lua", "-F"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
                return
            except OSError:
                assert time.monotonic() < until_s, (self.folder / "log").read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def halt(self, stopped: bool) -> None:
        """Let it stand still, or go on."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP if stopped else signal.SIGCONT)


class Bot:
    """Posts into the room, as the service does."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client: Any = None
        self._do(self._join())

    def post(self, text: str | None, **attributes: str) -> None:
        """One product; None: a message without one."""
        self._do(self._post(text, attributes))

    def post_raw(self, *elements: ElementTree.Element) -> None:
        self._do(self._send(*elements))

    def present(self) -> set[str]:
        """Who is in the room."""
        return set(self._client.plugin["xep_0045"].get_roster(ROOM))

    def throw_out(self, nick: str) -> None:
        self._do(self._client.plugin["xep_0045"].set_role(ROOM, nick, "none"))

    def close(self) -> None:
        self._do(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)

    def _do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    async def _join(self) -> None:
        slixmpp = pytest.importorskip("slixmpp")
        asyncio.set_event_loop(self._loop)
        client = self._client = slixmpp.ClientXMPP(f"wire@{HOST}", "secret")
        client.ca_certs = self._server.folder / "cert.pem"
        client.use_aiodns = False
        client.enable_direct_tls = False
        client.register_plugin("xep_0045")
        started = self._loop.create_future()
        client.add_event_handler(
            "session_start", lambda _: started.done() or started.set_result(None)
        )
        client.connect(host=HOST, port=self._server.port)
        await asyncio.wait_for(started, PATIENCE_S)
        await client.plugin["xep_0045"].join_muc_wait(slixmpp.JID(ROOM), "nwws-oi", maxstanzas=0)

    async def _post(self, text: str | None, attributes: dict[str, str]) -> None:
        if text is None:
            await self._send()
            return
        element = ElementTree.Element("{nwws-oi}x", attributes)
        element.text = text
        await self._send(element)

    async def _send(self, *elements: ElementTree.Element) -> None:
        message = self._client.make_message(mto=ROOM, mbody="a product", mtype="groupchat")
        for element in elements:
            message.xml.append(element)
        message.send()

    async def _leave(self) -> None:
        self._client.cancel_connection_attempt()
        ended = self._client.disconnect(wait=0.5)
        if ended is not None:
            await ended
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _configure(folder: Path, port: int) -> Path:
    path = folder / "prosody.cfg.lua"
    path.write_text(CONFIGURATION.format(folder=folder, port=port, host=HOST))
    return path


def _prepare(folder: Path) -> None:
    """A certificate, and the accounts of the station and of the bot."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    configuration = _configure(folder, 0)
    for user in ("station", "wire"):
        command = ["prosodyctl", "--config", configuration, "register", user, HOST, "secret"]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """What a server needs, made once."""
    if shutil.which("prosody") is None:
        pytest.skip("no XMPP server is installed (apt install prosody)")
    if os.geteuid() != 0:
        pytest.skip("prosodyctl makes accounts as root only")
    pytest.importorskip("slixmpp", reason="slixmpp is not installed")
    folder = Path(tempfile.mkdtemp(prefix="eas-xmpp-"))
    _prepare(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def xmpp(prepared: Path) -> Iterator[Server]:
    """A running server with an empty room."""
    folder = Path(tempfile.mkdtemp(prefix="eas-xmpp-"))
    shutil.copytree(prepared, folder, dirs_exist_ok=True)
    server = Server(folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def bot_of(xmpp: Server) -> Iterator[Callable[[], Bot]]:
    """Puts a bot into the room."""
    made: list[Bot] = []

    def make() -> Bot:
        made.append(Bot(xmpp))
        return made[-1]

    yield make
    for bot in made:
        bot.close()


@pytest.fixture
def bot(bot_of: Callable[[], Bot]) -> Bot:
    return bot_of()
