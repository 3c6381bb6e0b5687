"""The child that makes samples of a stream: ffmpeg, watched and never left behind."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import IO

from eas_station.audiod.sources.audio_source import RATE_HZ, NeedsOperatorError
from eas_station.audiod.streams.icy import clean
from eas_station.audiod.streams.stream_url import StreamUrl
from eas_station.service.title import name_thread

LONGEST_LINE = 4096
PATIENCE_US = 10_000_000  # ffmpeg's own watchdog; ours is in front of it
PROTOCOLS = "pipe,http,https,tcp,tls,crypto,data,rtsp,rtsps,rtp,srtp,udp"  # not: file
_LINE = re.compile(r"(?:\[[\w@./:-]+ (?:@ )?0x[0-9a-f]+\] )*\[(\w+)\] ?(.*)")
_SOUND = re.compile(r"Stream #\S+.*?: Audio: (\w+)")
_BITRATE = re.compile(r"(\d+) kb/s")
_TITLE = re.compile(r"\s*(?:title|TITLE|icy-name|StreamTitle)\s*: (.+)")
NOTED = frozenset({"warning", "error", "fatal", "panic"})


class StreamDecoder:
    """One ffmpeg. It belongs to the thread that started it, and dies with it.

    `codec`, `bitrate_kbps` and `title` are what it says of the stream, None until then.
    """

    def __init__(self, arguments: list[str], sound: int, scrub: Callable[[str], str]) -> None:
        """Start it.

        Args:
            arguments: what it is to read, up to and with its -i; must not hold a secret.
            sound: the descriptor that it writes to, s16le mono at 25 kHz.
            scrub: takes secrets out of what it says.
        Raises:
            NeedsOperatorError: it is not installed.
        """
        self.codec: str | None = None
        self.bitrate_kbps: int | None = None
        self.title: str | None = None
        self.last_line: str | None = None
        self._scrub = scrub
        self._is_input = True
        try:
            self._child = subprocess.Popen(
                _command(arguments),
                stdin=subprocess.PIPE,
                stdout=sound,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C at the terminal is ours alone
                bufsize=0,
            )
        except OSError as error:
            raise NeedsOperatorError(f"ffmpeg cannot be started: {error.strerror}") from error
        assert self._child.stdin is not None
        assert self._child.stderr is not None
        self._feeding = self._child.stdin
        self._drain = threading.Thread(
            target=self._listen, args=(self._child.stderr,), name="ffmpeg-says", daemon=True
        )
        self._drain.start()

    def write(self, data: bytes) -> bool:
        """Give it more to decode; False: it has ended."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._feeding.write(view) :]
        except (BrokenPipeError, ValueError):  # ValueError: `stop` was faster
            return False
        return True

    def finish(self) -> None:
        """There is nothing more to decode."""
        try:
            self._feeding.close()
        except OSError:
            pass  # it has ended already

    def wait(self, longest_s: float | None = None) -> bool:
        """Until it has ended; False: it has not, in that time."""
        try:
            self._child.wait(longest_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it now, from any thread; `close` is still to be called."""
        self._child.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End it and leave nothing of it."""
        self.stop()
        self._child.wait()
        self.finish()
        self._drain.join()

    def _listen(self, says: IO[bytes]) -> None:
        name_thread("ffmpeg-says")
        with says:
            while line := says.readline(LONGEST_LINE):
                self._hear(self._scrub(line.decode("utf-8", "replace").rstrip()))

    def _hear(self, line: str) -> None:
        found = _LINE.fullmatch(line)
        level, text = found.groups() if found else ("info", line)
        if level in NOTED:
            self.last_line = clean(text.encode()) or self.last_line
        if text.startswith("Output #"):
            self._is_input = False
        if self._is_input:
            self._note(text)

    def _note(self, text: str) -> None:
        """Remember what it tells of the stream."""
        if sound := _SOUND.search(text):
            bitrate = _BITRATE.search(text)
            self.codec = sound.group(1)
            self.bitrate_kbps = int(bitrate.group(1)) if bitrate else None
        elif title := _TITLE.fullmatch(text):
            self.title = clean(title.group(1).encode()) or self.title


def from_pipe() -> list[str]:
    """Reads what is written to it."""
    return ["-i", "pipe:0"]


def from_script() -> list[str]:
    """Reads a script (`script`) from what is written to it, and what that names by itself."""
    return ["-f", "concat", "-safe", "0", "-protocol_whitelist", PROTOCOLS, "-i", "pipe:0"]


def script(url: StreamUrl) -> bytes:
    """The script that names a URL: a command line could be read by everybody in `ps`."""
    quoted = url.text.replace("'", "'\\''")
    options = {"rw_timeout": PATIENCE_US}
    if url.scheme in ("rtsp", "rtsps"):
        options = {"timeout": PATIENCE_US}
    lines = ["ffconcat version 1.0", f"file '{quoted}'"]
    lines += [f"option {name} {value}" for name, value in options.items()]
    if url.scheme in ("rtsp", "rtsps"):
        lines.append("option rtsp_transport tcp")
    return ("\n".join(lines) + "\n").encode()


def _command(arguments: list[str]) -> list[str]:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise NeedsOperatorError("a stream needs the program ffmpeg: apt install ffmpeg")
    setpriv = shutil.which("setpriv")  # of util-linux: ffmpeg dies with us, even by kill -9
    return [
        *([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []),
        *(ffmpeg, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"),
        *("-threads", "1", "-probesize", "65536", "-analyzeduration", "2000000"),
        *arguments,
        *("-map", "0:a:0", "-vn", "-sn", "-dn", "-ac", "1", "-ar", str(RATE_HZ)),
        *("-flush_packets", "1", "-f", "s16le", "pipe:1"),
    ]
