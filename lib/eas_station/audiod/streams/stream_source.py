"""An Internet stream as a source: Icecast, SHOUTcast, HLS and RTSP, decoded by ffmpeg."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from eas_station.audiod.sources.audio_source import RATE_HZ, TIMEOUT_S, AudioSource, Block
from eas_station.audiod.sources.pcm_reader import PcmReader
from eas_station.audiod.streams.ffmpeg import Ffmpeg
from eas_station.audiod.streams.http_stream import HttpStream, fetch
from eas_station.audiod.streams.stream_url import Scrubber, parse, redacted
from eas_station.errors import SourceError
from eas_station.service.title import name_thread

NAP_S = 0.1  # ffmpeg writes packet by packet: waking up for each costs more than decoding
STALLED_S = 10.0  # without a byte of audio: the connection is given up
DRAIN_S = 3.0  # for ffmpeg to decode what it has when the server closes the stream
THREAD = "stream"
CODECS = {"mp3": "MP3", "aac": "AAC", "opus": "Opus", "vorbis": "Vorbis", "flac": "FLAC"}


class StreamSource(AudioSource):
    """The audio of one URL, dated by its arrival.

    A thread connects and feeds ffmpeg: with the bytes of an HTTP stream, or with the URL of an
    HLS or RTSP stream. `receive` reads the pipe that ffmpeg writes samples to.
    """

    def __init__(
        self,
        url: str,
        stalled_s: float = STALLED_S,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin to connect."""
        self._url = parse(url)
        self._shown_url = redacted(url)
        self._scrub = Scrubber(self._url)
        self._stalled_s = stalled_s
        self._segment_s = 0.0  # of HLS: audio comes in pieces of this length
        self._progress = f"connecting to {self._shown_url}"
        self._bytes = 0
        self._lock = threading.Lock()  # for `close` against the start of what it ends
        self._closing = False
        self._stream: HttpStream | None = None
        self._ffmpeg: Ffmpeg | None = None
        self._failure: Exception | None = None
        reading, self._writing = os.pipe()
        os.set_blocking(reading, False)
        self._reader = PcmReader(reading, RATE_HZ, monotonic, lambda: sleep(NAP_S))
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._thread.start()

    @property
    def waiting_for(self) -> str:
        """What the connection waits for."""
        return f"no data from {self._shown_url}" if self._reader.blocks else self._progress

    @property
    def timeout_s(self) -> float:
        """HLS comes a segment at a time; `receive` reports a stall before this is over."""
        return self._stalled_s + self._segment_s + TIMEOUT_S

    @property
    def description(self) -> str:
        """ "Weather Radio, Forecast, 64 kbit/s MP3"."""
        icy = self._stream.icy if self._stream else None
        ffmpeg = self._ffmpeg
        title = (icy and icy.title) or (ffmpeg and ffmpeg.title)
        kbps = (icy and icy.bitrate_kbps) or (ffmpeg and ffmpeg.bitrate_kbps)
        codec = CODECS.get(ffmpeg.codec, ffmpeg.codec) if ffmpeg and ffmpeg.codec else ""
        encoding = f"{f'{kbps} kbit/s' if kbps else ''} {codec}".strip()
        parts = (icy and icy.name, title, encoding)
        return ", ".join(dict.fromkeys(part for part in parts if part))

    @property
    def counters(self) -> dict[str, int]:
        """Bytes received; not known for HLS and RTSP."""
        return {"bytes": self._bytes} if self._bytes else {}

    def receive(self) -> Block | None:
        """The next block; None if too little came within half a second. Raises SourceError."""
        block = self._reader.read()
        if block is not None:
            return block
        if self._reader.ended:
            self._thread.join()
            raise self._failure or SourceError(f"{self._shown_url} closed the stream")
        limit_s = self._stalled_s + self._segment_s
        if self._reader.idle_s >= limit_s:
            raise SourceError(f"{self.waiting_for} for {limit_s:g} s")
        return None

    def close(self) -> None:
        """Close the connection and end ffmpeg, without waiting for a name's resolution."""
        with self._lock:
            self._closing = True
            self._end()
        self._reader.close()
        self._thread.join(1.0)  # longer only during name resolution; then it ends by itself

    def _run(self) -> None:
        name_thread(THREAD)
        try:
            self._decode()
        except Exception as error:  # noqa: BLE001 - raised again by `receive`
            self._failure = error
        finally:
            os.close(self._writing)

    def _decode(self) -> None:
        """Connect and decode until the stream ends. Raises SourceError."""
        url, stream = self._url, None
        if url.scheme in ("http", "https"):
            stream = fetch(url.geturl(), self._stalled_s)
            if stream.segment_s is not None:
                stream.close()
                url, self._segment_s, stream = stream.url, stream.segment_s, None
        ffmpeg = Ffmpeg(self._writing, self._scrub, None if stream else url)
        try:
            with self._lock:
                self._stream, self._ffmpeg = stream, ffmpeg
                self._progress = f"{self._shown_url} sends no audio"
                if self._closing:
                    self._end()
            if stream is not None and self._feed(ffmpeg, stream):
                return
            ffmpeg.wait(DRAIN_S if stream else None)
        finally:
            ffmpeg.close()
            if stream is not None:
                stream.close()
        reason = ffmpeg.last_error or "no error message"
        raise SourceError(f"ffmpeg failed on {self._shown_url}: {reason}")

    def _feed(self, ffmpeg: Ffmpeg, stream: HttpStream) -> bool:
        """Pass the stream on until it ends; False if ffmpeg ends first."""
        while chunk := stream.read():
            self._bytes += len(chunk)
            if not ffmpeg.write(chunk):
                return False
        ffmpeg.finish()
        ffmpeg.wait(DRAIN_S)
        return True

    def _end(self) -> None:
        if self._stream is not None:
            self._stream.abort()
        if self._ffmpeg is not None:
            self._ffmpeg.kill()
