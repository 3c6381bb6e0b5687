"""The thread behind a stream: connects, feeds the decoder, and says what goes on."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from eas_station.audiod.streams.ffmpeg import StreamDecoder, from_pipe, from_script, script
from eas_station.audiod.streams.http_stream import HttpStream, fetch
from eas_station.audiod.streams.icy import IcySplitter, clean
from eas_station.audiod.streams.stream_url import Scrubber, StreamUrl, shown, split
from eas_station.errors import SourceError
from eas_station.service.title import name_thread

DRAIN_S = 3.0  # that ffmpeg has for what it was given before the server went away
RUSH_S = 5.0  # a server first sends the last seconds, as fast as it can
MEASURED_S = 20.0  # after that, for a bitrate that nobody tells
NAMES = {"mp3": "MP3", "aac": "AAC", "opus": "Opus", "vorbis": "Vorbis", "flac": "FLAC"}


class StreamWorker:
    """Works for one `StreamSource`, until the stream ends or `stop` is called."""

    def __init__(
        self,
        url: str,
        sound: int,
        longest_wait_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sound`: the descriptor that samples are written to; closed at the end of `run`."""
        self.bytes = 0  # that came from the server
        self.where = shown(url)
        self.segment_s = 0.0  # sound comes in pieces of this length
        self.doing = f"connecting to {self.where}"
        self._url = url
        self._scrub = Scrubber(split(url))
        self._sound = sound
        self._longest_wait_s = longest_wait_s
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # over what `stop` ends
        self._stream: HttpStream | None = None
        self._decoder: StreamDecoder | None = None
        self._icy = IcySplitter(0)
        self._name: str | None = None
        self._bitrate_kbps: int | None = None
        self._measured_kbps: int | None = None
        self._measured_from: tuple[float, int] | None = None  # when, and the bytes until then
        self._why: Exception | None = None

    @property
    def description(self) -> str:
        """ "Weather Radio, Forecast, 64 kbit/s MP3": what is known of it."""
        decoder = self._decoder
        title = self._icy.title or (decoder.title if decoder else None)
        codec = decoder.codec if decoder else None
        kbps = self._bitrate_kbps or (decoder.bitrate_kbps if decoder else None)
        kbps = kbps or self._measured_kbps
        form = f"{kbps} kbit/s" if kbps else ""
        form = f"{form} {NAMES.get(codec, codec)}".strip() if codec else form
        names = [name for name in (self._name, title) if name]
        return ", ".join((*dict.fromkeys(names), *([form] if form else [])))

    def run(self) -> None:
        """Do it all; what went wrong is raised by `explain`."""
        name_thread("stream")
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that listens
            self._why = error
        finally:
            os.close(self._sound)

    def explain(self) -> None:
        """Raise what ended the work: SourceError, or a bug."""
        if self._why is not None:
            raise self._why

    def stop(self) -> None:
        """End it soon, from another thread."""
        self._stopping.set()
        with self._lock:
            if self._stream is not None:
                self._stream.hang_up()
            if self._decoder is not None:
                self._decoder.stop()

    def _work(self) -> None:
        url = split(self._url)
        if url.scheme not in ("http", "https"):
            self._let_decoder_fetch(url)
            return
        stream = fetch(url.text, self._longest_wait_s)
        try:
            if stream.is_hls:
                self.segment_s = stream.segment_s
                stream.close()
                self._let_decoder_fetch(stream.url)
            else:
                self._carry(stream)
        finally:
            stream.close()

    def _carry(self, stream: HttpStream) -> None:
        """From the server to the decoder, until one of them ends."""
        self._read_headers(stream)
        decoder = self._begin(from_pipe(), stream)
        began_s = self._monotonic()
        try:
            while chunk := stream.read():
                self.bytes += len(chunk)
                self._measure(began_s)
                if not decoder.write(self._icy.feed(chunk)):
                    raise self._given_up(decoder)
            decoder.finish()
            decoder.wait(DRAIN_S)
        finally:
            self._end()
        raise SourceError(f"{self.where} has ended the stream")

    def _let_decoder_fetch(self, url: StreamUrl) -> None:
        decoder = self._begin(from_script(), None)
        try:
            decoder.write(script(url))
            decoder.finish()
            decoder.wait()
            raise self._given_up(decoder)
        finally:
            self._end()

    def _begin(self, arguments: list[str], stream: HttpStream | None) -> StreamDecoder:
        decoder = StreamDecoder(arguments, self._sound, self._scrub)
        with self._lock:
            self._decoder, self._stream = decoder, stream
            self.doing = f"{self.where} sends no sound"
            if self._stopping.is_set():
                decoder.stop()
                if stream is not None:
                    stream.hang_up()
        return decoder

    def _end(self) -> None:
        with self._lock:
            decoder, self._decoder, self._stream = self._decoder, None, None
        if decoder is not None:
            decoder.close()

    def _given_up(self, decoder: StreamDecoder) -> SourceError:
        decoder.wait(DRAIN_S)
        decoder.close()
        said = decoder.last_line or "it does not say why"
        return SourceError(f"ffmpeg has given up on {self.where}: {said}")

    def _read_headers(self, stream: HttpStream) -> None:
        name = stream.headers.get("icy-name") or stream.headers.get("ice-name") or ""
        self._name = clean(name.encode("latin-1", "replace"))
        told = stream.headers.get("icy-br", "").partition(",")[0].strip()
        self._bitrate_kbps = int(told) if told.isdecimal() and 0 < int(told) < 10_000 else None
        interval = stream.headers.get("icy-metaint", "").strip()
        self._icy = IcySplitter(int(interval) if interval.isdecimal() else 0)

    def _measure(self, began_s: float) -> None:
        """How fast the bytes come, once, when the first rush is over."""
        now_s = self._monotonic()
        if self._measured_from is None:
            if now_s - began_s >= RUSH_S:
                self._measured_from = (now_s, self.bytes)
        elif self._measured_kbps is None and now_s - self._measured_from[0] >= MEASURED_S:
            since_s, until = self._measured_from
            self._measured_kbps = round((self.bytes - until) * 8 / 1000 / (now_s - since_s))
