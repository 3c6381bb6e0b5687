"""One poll of one feed, printed as JSON; nothing is stored.

`eas-ctl feeds test` runs this as a program of its own and explains the alerts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from eas_station import tables
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.feed_states import FeedStates
from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.feed_kinds import ReaderContext, reader
from eas_station.config.load import load
from eas_station.errors import EXIT_FAILED, EXIT_FINE, CapError, FeedError
from eas_station.store.records.feeds import FeedState


def main(argv: list[str]) -> int:
    """Poll once, as a new feed; 0 it answered, 2 it did not."""
    parser = argparse.ArgumentParser(prog="eas_station.capd.trial")
    parser.add_argument("feed")
    parser.add_argument("--config", type=Path, required=True)
    args = parser.parse_args(argv)
    config = load(args.config)
    feed = next(feed for feed in config.feeds if feed.name == args.feed)
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    credentials = FeedCredentials(None if directory is None else Path(directory))
    states = FeedStates(FeedState, lambda kind, row: None)
    polled = reader(
        feed,
        config,
        is_stopping=lambda: False,
        is_taken=lambda text: False,
        context=ReaderContext(states, credentials, tables.load()),
    )
    documents: list[dict[str, Any]] = []
    error = None
    try:
        documents.extend(_plain(reading) for reading in polled.read())
    except (FeedError, CapError) as failed:
        error = str(failed)
    json.dump({"documents": documents, "error": error}, sys.stdout)
    return EXIT_FINE if error is None else EXIT_FAILED


def _plain(reading: DocumentReading) -> dict[str, Any]:
    parsed = reading.parsed
    refused = () if reading.refused is None else (reading.refused,)
    rejected = refused if parsed is None else (*refused, *parsed.rejected)
    return {
        "name": reading.name,
        "alerts": [] if parsed is None else [_alert(m.raw, m.signature) for m in parsed.messages],
        "rejected": [{"reason": str(error), "text": error.text[:200]} for error in rejected],
    }


def _alert(raw: str, signature: str | None) -> dict[str, str | None]:
    return {"raw": raw, "signature": signature}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
