"""The XML documents of a byte stream, one after the other.

The NAAD System sends CAP documents without any framing, so an XML parser finds where each one ends:
the text `</alert>` ends nothing in a comment or a CDATA section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from eas_station.cap.xml import tree
from eas_station.errors import CapError

MAX_DOCUMENT_BYTES = 5 << 20  # real alerts with their audio inside have a quarter of a megabyte
MAX_DEPTH = 100
MAX_DAMAGED = 10  # in a row; then the stream holds no documents
_START = re.compile(rb"<(?:\?xml|(?:[A-Za-z_][A-Za-z0-9_.-]{0,40}:)?alert)[\s/>]")
_LONGEST_START = 64


class DocumentSplitter:
    """Bytes in, documents out. The same bytes give the same documents, in blocks of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()  # from the start of the document that is open
        self._open: _OpenDocument | None = None
        self._is_skipping = False  # what follows a damaged document is reported with it
        self.damaged = 0  # documents in a row

    def feed(self, data: bytes) -> Iterator[bytes | CapError]:
        """Take the next bytes; gives the documents that end in them, and why one is damaged."""
        self._buffer += data
        while True:
            if self._open is None:
                yield from self._find_start()
            if self._open is None:
                return
            end = 0
            try:
                end = self._open.end(self._buffer)
                if not end and len(self._buffer) > MAX_DOCUMENT_BYTES:
                    raise CapError(f"a document of more than {MAX_DOCUMENT_BYTES} bytes")
            except CapError as error:
                yield CapError(str(error), tree.shown(bytes(self._buffer[:200])))
                self._drop_damaged(self._open.damaged_at)
                continue
            if not end:
                return
            yield bytes(self._buffer[:end])
            del self._buffer[:end]
            self._open, self._is_skipping, self.damaged = None, False, 0

    def _drop_damaged(self, damaged_at: int) -> None:
        """Drop a document up to its damage: the next one may begin there.

        Looking for it costs time, so it has an end when a stream holds nothing else.
        """
        self._open, self._is_skipping = None, True
        self.damaged += 1
        is_hopeless = self.damaged > MAX_DAMAGED or len(self._buffer) > MAX_DOCUMENT_BYTES
        del self._buffer[: len(self._buffer) if is_hopeless else damaged_at]

    def _find_start(self) -> Iterator[CapError]:
        """Drop what is before the next document."""
        found = _START.search(self._buffer)
        if found is not None:
            self._open = _OpenDocument()
            kept_from = found.start()
        else:  # the last bytes may be the first ones of a start
            kept_from = self._buffer.find(b"<", max(0, len(self._buffer) - _LONGEST_START))
            kept_from = len(self._buffer) if kept_from < 0 else kept_from
        dropped = bytes(self._buffer[:kept_from])
        del self._buffer[:kept_from]
        if dropped.strip() and not self._is_skipping:
            self._is_skipping = True
            self.damaged += 1
            yield CapError("bytes that are no document", tree.shown(dropped))


class _OpenDocument:
    """Reads a document as it comes."""

    def __init__(self) -> None:
        self._parser: Any = expat.ParserCreate()
        if hasattr(self._parser, "SetReparseDeferralEnabled"):  # else an end tag may be found late
            self._parser.SetReparseDeferralEnabled(False)
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._depth = 0
        self._parsed = 0  # bytes
        self._end_at: int | None = None  # where the last end tag is

    def end(self, buffer: bytearray) -> int:
        """Where the document ends; 0: not yet. Raises CapError if it cannot become one.

        Args:
            buffer: the document from its start, every time.
        """
        data, self._parsed = bytes(buffer[self._parsed :]), len(buffer)
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            if self._end_at is None:
                why = expat.errors.messages.get(error.code, str(error))
                raise CapError(f"a damaged document: {why}") from error
        if self._end_at is None:
            return 0
        if not buffer.startswith(b"</", self._end_at):
            return self._end_at  # past an element without content
        return buffer.index(b">", self._end_at) + 1

    @property
    def damaged_at(self) -> int:
        """Where another document may begin, after a CapError."""
        at: int = self._parser.CurrentByteIndex
        return max(1, at)

    def _refuse_doctype(self, *_: object) -> None:
        raise CapError("a DOCTYPE, which no CAP document needs")

    def _start(self, *_: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CapError(f"elements nested deeper than {MAX_DEPTH}")

    def _end(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth and self._end_at is None:
            self._end_at = self._parser.CurrentByteIndex
