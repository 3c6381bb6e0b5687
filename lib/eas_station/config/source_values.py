"""What single keys of a [[source]] may be. Each check gives what is wrong, or None."""

from __future__ import annotations

from urllib.parse import urlsplit

STREAMS = ("http", "https", "rtsp", "rtsps")
CPUS = 1024  # CPU_SETSIZE of sched_setaffinity(2)


def stream_url(url: str) -> str | None:
    """Something that a stream can be fetched from."""
    if url.isprintable() and " " not in url and _leads_somewhere(url):
        return None
    return "must be a URL that begins with https://, http://, rtsp:// or rtsps://"


def device(name: str) -> str | None:
    """A name that is not fitted by every sound card."""
    if name.strip():
        return None
    return "must be the name of a sound card or a part of it; leave it out for the usual one"


def cpus(numbers: tuple[int, ...]) -> str | None:
    """Different CPUs."""
    if all(0 <= number < CPUS for number in numbers) and len(set(numbers)) == len(numbers):
        return None
    return "must be a list of different CPUs, the first one being 0, as [2, 3]"


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in STREAMS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
