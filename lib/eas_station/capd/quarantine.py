"""The quarantine: alerts that caused an internal error, each with its traceback."""

from __future__ import annotations

import hashlib
import logging
import traceback
from pathlib import Path

log = logging.getLogger(__name__)

MOST_FILES = 200  # the same document is kept once


def quarantine(directory: Path, feed: str, document: str, error: BaseException) -> Path | None:
    """Write a document and its traceback; None if that fails, or if there are enough files.

    The name is a hash: nothing that came from outside becomes part of a path.
    """
    digest = hashlib.blake2b(document.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    path = directory / f"cap-{digest}.txt"
    trace = "".join(traceback.format_exception(error))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not path.exists() and sum(1 for _ in directory.iterdir()) >= MOST_FILES:
            return None
        text = f"feed: {feed}\n\n{trace}\n{document}"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as failed:
        log.warning("cannot write to the quarantine: %s", failed)
        return None
    return path
