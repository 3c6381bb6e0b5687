"""The page behind the proxies whose configurations are shipped as examples."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "debian" / "examples"
STATIC = ROOT / "lib" / "eas_station" / "webd" / "static"
# Addresses of this machine: as who comes to nginx.
PHONE = "127.0.0.77"

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
needs_caddy = pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")

MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    types {{ text/css css; text/javascript js; image/svg+xml svg; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    include {folder}/site.conf;
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Proxy:
    """nginx with the example's site, on ports of its own, and a certificate of its own."""

    def __init__(self, folder: Path, webd_port: int) -> None:
        self.folder, self.port, self.plain_port = folder, free_port(), free_port()
        self.access_log = folder / "access.log"
        made = [*"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256".split(),
                *"-nodes -days 2".split(),
                "-subj", "/CN=station.example", "-addext", "subjectAltName=DNS:station.example",
                "-keyout", str(folder / "key.pem"),
                "-out", str(folder / "cert.pem")]  # fmt: skip
        subprocess.run(made, check=True, capture_output=True, timeout=60)
        (folder / "site.conf").write_text(self._site(webd_port))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        self.process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")],
            stderr=(folder / "error.log").open("wb"),
        )

    def _site(self, webd_port: int) -> str:
        """The example, with nothing changed but where things are."""
        text = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
        for old, new, times in (
            ("server 127.0.0.1:8080;", f"server 127.0.0.1:{webd_port};", 1),
            ("    listen [::]:80;\n", "", 1),
            ("    listen [::]:443 ssl http2;\n", "", 1),
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};", 1),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;", 1),
            ("/etc/ssl/certs/station.example.pem", f"{self.folder}/cert.pem", 1),
            ("/etc/ssl/private/station.example.key", f"{self.folder}/key.pem", 1),
            ("/var/log/nginx/eas-station.log", str(self.access_log), 1),
            ("/usr/share/eas-station/eas_station/webd/static/", f"{STATIC}/", 1),
        ):
            assert text.count(old) == times, old
            text = text.replace(old, new)
        return text

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "cert.pem"))

    def connect(self, address: str = PHONE) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self.port), 30, source_address=(address, 0))
        return self.trust().wrap_socket(raw, server_hostname="station.example")

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **more: str
    ) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection("station.example", timeout=30)
        connection.sock = self.connect()
        try:
            fields = {name.replace("_", "-"): value for name, value in more.items()}
            fields |= {"Host": f"station.example:{self.port}"}
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return answer.status, answer.msg, answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def behind(town: Any, tmp_path: Path, until_true: Any) -> Iterator[Any]:
    """The town's page behind nginx, which it trusts."""
    text = town.configuration().replace("[web]\n", '[web]\ntrusted_proxies = ["127.0.0.1"]\n')
    town.configuration = lambda: text
    town.start()
    folder = tmp_path / "nginx"
    folder.mkdir()
    proxy = Proxy(folder, town.port)
    town.proxy = proxy

    def answers() -> bool:
        assert proxy.process.poll() is None, (folder / "error.log").read_text()
        try:
            return proxy.ask("/healthz")[0] == 200
        except OSError:
            return False

    until_true(answers)
    yield town
    proxy.stop()


@needs_nginx
def test_pages_come_by_https_and_http_leads_there(behind: Any) -> None:
    status, fields, body = behind.proxy.ask("/")
    assert status == 200
    assert b"EAS Station" in body
    assert fields["Content-Security-Policy"].startswith("default-src 'self'")
    connection = http.client.HTTPConnection("127.0.0.1", behind.proxy.plain_port, timeout=30)
    connection.request("GET", "/log?x=1", headers={"Host": "station.example"})
    answer = connection.getresponse()
    told = (answer.status, answer.getheader("Location"))
    connection.close()
    assert told == (301, "https://station.example/log?x=1")


@needs_nginx
def test_it_speaks_http_2_and_serves_the_files_itself(behind: Any) -> None:
    with socket.create_connection(("127.0.0.1", behind.proxy.port), 30) as raw:
        trust = behind.proxy.trust()
        trust.set_alpn_protocols(["h2", "http/1.1"])
        with trust.wrap_socket(raw, server_hostname="station.example") as secure:
            assert secure.selected_alpn_protocol() == "h2"
    before = behind.json("/api/v1/workers")["requests"]
    for path in sorted(STATIC.iterdir()):
        if path.is_file():
            status, fields, body = behind.proxy.ask(f"/static/{path.name}")
            assert (status, body) == (200, path.read_bytes())
            assert fields["X-Content-Type-Options"] == "nosniff"
            assert "max-age=86400" in fields["Cache-Control"]
    after = behind.json("/api/v1/workers")["requests"]
    assert after["4xx"] == before["4xx"]
    assert after["2xx"] <= before["2xx"] + 3, "the page was asked, or only its pulse"
    assert behind.proxy.ask("/static/../nginx.conf")[0] in (400, 404)
    assert behind.proxy.ask("/static/%2e%2e/app.py")[0] in (400, 404)


@needs_nginx
def test_live_updates_come_through_one_by_one(behind: Any, until_true: Any) -> None:
    until_true(lambda: behind.json("/api/v1/status")["database"]["state"] == "online")
    with behind.proxy.connect() as client:
        client.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: station.example\r\n\r\n")
        seen = b""
        while b"event: hello" not in seen:
            seen += client.recv(65536)
        assert b"text/event-stream" in seen
        # It comes while the stream is open: nothing more follows that would push it out.
        behind.hear(behind.off_air("TOR"))
        while b'"event_name":' not in seen and b'"event_name": ' not in seen:
            chunk = client.recv(65536)
            assert chunk, "the stream has ended"
            seen += chunk
    assert b"Tornado Warning" in seen


@needs_nginx
def test_the_client_is_whom_nginx_names_and_its_login_is_secure(
    behind: Any, until_true: Any
) -> None:
    proxy = behind.proxy
    _, fields, page = proxy.ask("/login")
    found = re.search(rb'name="csrf" value="([^"]+)"', page)
    assert found is not None
    token = found[1].decode()
    body = f"name=ann&password=correct+horse+battery+staple&csrf={token}".encode()
    status, fields, _ = proxy.ask(
        "/login", "POST", body,
        Cookie=f"eas_form={token}", Content_Type="application/x-www-form-urlencoded",
        Origin=f"https://station.example:{proxy.port}", X_Forwarded_For="198.51.100.66",
    )  # fmt: skip
    assert status == 303
    session = next(one for one in fields.get_all("Set-Cookie") if one.startswith("eas_session="))
    assert "secure" in session.lower()
    until_true(lambda: ("ann", "log in", None, "done", PHONE) in behind.audited())
    assert "198.51.100.66" not in str(behind.audited())
    cookie = session.partition(";")[0]
    said = json.loads(proxy.ask("/api/v1/session", Cookie=cookie)[2])
    assert said["name"] == "ann"
    status, _, _ = proxy.ask(
        "/api/v1/sources/wx/stop", "POST", b"{}",
        Cookie=cookie, Content_Type="application/json", X_CSRF_Token=said["csrf"],
        Origin="https://evil.example",
    )  # fmt: skip
    assert status == 403


@needs_nginx
def test_what_stands_in_an_address_is_not_in_the_log_and_long_ones_are_refused(behind: Any) -> None:
    behind.proxy.ask("/api/v1/status?token=eas_inTheAddress")
    assert behind.proxy.ask("/", X_Long="x" * 20_000)[0] in (400, 431)
    assert behind.proxy.ask("/login", "POST", b"x", Content_Length="2000000")[0] == 413
    behind.proxy.stop()  # it writes what it still holds
    log = behind.proxy.access_log.read_text()
    assert '"GET /api/v1/status" 200' in log
    assert "eas_inTheAddress" not in log
    assert "eas_inTheAddress" not in behind.log.read_text()


@needs_caddy
def test_the_example_for_caddy_is_valid(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *("caddy", "validate", "--adapter", "caddyfile"),
            *("--config", str(EXAMPLES / "Caddyfile")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stdout + done.stderr
