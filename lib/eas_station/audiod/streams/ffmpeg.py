"""ffmpeg as a child process: encoded audio or a URL in, samples out."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO
from urllib.parse import SplitResult

from eas_station.audiod.sources.audio_source import RATE_HZ, NeedsOperatorError
from eas_station.audiod.streams.icy import one_line
from eas_station.service.title import name_thread

MAX_LINE = 4096
TIMEOUT_US = 10_000_000  # of ffmpeg's own connections; the source gives up no later
PROTOCOLS = "pipe,http,https,tcp,tls,crypto,data,rtsp,rtsps,rtp,srtp,udp"  # not: file
LOG_THREAD = "ffmpeg-log"
_LINE = re.compile(r"(?:\[[\w@./:-]+ (?:@ )?0x[0-9a-f]+\] )*\[(\w+)\] ?(.*)")
_AUDIO = re.compile(r"Stream #\S+.*?: Audio: (\w+)")
_BITRATE = re.compile(r"(\d+) kb/s")
_TITLE = re.compile(r"\s*(?:title|TITLE|icy-name|StreamTitle)\s*: (.+)")
ERRORS = frozenset({"warning", "error", "fatal", "panic"})


class Ffmpeg:
    """One ffmpeg process. It dies with the thread that started it.

    `codec`, `bitrate_kbps` and `title` describe the stream; None while unknown.
    """

    def __init__(
        self, output: int, scrub: Callable[[str], str], url: SplitResult | None = None
    ) -> None:
        """Start it.

        Args:
            output: the descriptor it writes samples to, s16le mono at 25 kHz.
            scrub: removes secrets from its log lines.
            url: what it fetches by itself; None: it decodes what is passed to `write`.
        Raises:
            NeedsOperatorError: it is not installed.
        """
        self.codec: str | None = None
        self.bitrate_kbps: int | None = None
        self.title: str | None = None
        self.last_error: str | None = None
        self._scrub = scrub
        self._describes_input = True
        try:
            self._child = subprocess.Popen(
                _command(has_url=url is not None),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C at the terminal goes to the daemon alone
                bufsize=0,
            )
        except OSError as error:
            raise NeedsOperatorError(f"cannot start ffmpeg: {error.strerror}") from error
        assert self._child.stdin is not None
        assert self._child.stderr is not None
        self._stdin = self._child.stdin
        self._log_thread = threading.Thread(
            target=self._read_log, args=(self._child.stderr,), name=LOG_THREAD, daemon=True
        )
        self._log_thread.start()
        if url is not None:
            self.write(script(url))
            self.finish()

    def write(self, data: bytes) -> bool:
        """Pass on more to decode; False if ffmpeg has ended."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._stdin.write(view) :]
        except (BrokenPipeError, ValueError):  # ValueError: closed by `close`
            return False
        return True

    def finish(self) -> None:
        """There is no more to decode."""
        with suppress(OSError):  # it has ended already
            self._stdin.close()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for its end; False after `timeout_s`."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
            return True
        return False

    def kill(self) -> None:
        """Kill it, from any thread; `close` must follow."""
        self._child.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Kill it and release everything."""
        self.kill()
        self._child.wait()
        self.finish()
        self._log_thread.join()

    def _read_log(self, log: IO[bytes]) -> None:
        name_thread(LOG_THREAD)
        with log:
            while line := log.readline(MAX_LINE):
                self._take_line(self._scrub(line.decode("utf-8", "replace").rstrip()))

    def _take_line(self, line: str) -> None:
        found = _LINE.fullmatch(line)
        level, text = found.groups() if found else ("info", line)
        if level in ERRORS:
            self.last_error = one_line(text.encode()) or self.last_error
        if text.startswith("Output #"):
            self._describes_input = False
        if not self._describes_input:
            return
        if audio := _AUDIO.search(text):
            bitrate = _BITRATE.search(text)
            self.codec = audio.group(1)
            self.bitrate_kbps = int(bitrate.group(1)) if bitrate else None
        elif title := _TITLE.fullmatch(text):
            self.title = one_line(title.group(1).encode()) or self.title


def script(url: SplitResult) -> bytes:
    """The ffconcat script that names a URL: everybody could read a command line in `ps`."""
    is_rtsp = url.scheme in ("rtsp", "rtsps")
    quoted = url.geturl().replace("'", "'\\''")
    lines = ["ffconcat version 1.0", f"file '{quoted}'"]
    lines.append(f"option {'timeout' if is_rtsp else 'rw_timeout'} {TIMEOUT_US}")
    if is_rtsp:
        lines.append("option rtsp_transport tcp")
    return ("\n".join(lines) + "\n").encode()


def _command(has_url: bool) -> list[str]:
    """The command line; standard input is the audio, or the script with the URL."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise NeedsOperatorError("streams need the program ffmpeg: apt install ffmpeg")
    setpriv = shutil.which("setpriv")  # of util-linux: ffmpeg dies with us, even by kill -9
    script_options = ("-f", "concat", "-safe", "0", "-protocol_whitelist", PROTOCOLS)
    return [
        *([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []),
        *(ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"),
        *("-threads", "1", "-probesize", "65536", "-analyzeduration", "2000000"),
        *(script_options if has_url else ()),
        *("-i", "pipe:0", "-map", "0:a:0", "-vn", "-sn", "-dn", "-ac", "1", "-ar", str(RATE_HZ)),
        *("-flush_packets", "1", "-f", "s16le", "pipe:1"),
    ]
