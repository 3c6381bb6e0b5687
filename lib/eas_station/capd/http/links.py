"""Where the links of a feed may lead: to the feed's own server, and to the hosts in `link_hosts`.

A feed decides what the station fetches, so its links must not reach into the local network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from eas_station.errors import CapError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_SHOWN = 200
_MOST_HOSTS_SHOWN = 3


class UnnamedHostError(CapError):
    """A link leads to a host that the configuration does not name."""

    def __init__(self, host: str, link: str) -> None:
        super().__init__(f"it is on {host}, which link_hosts does not name", link)
        self.host = host


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """What to fetch for a link."""

    url: str
    public_only: bool  # only a pattern allows the host, so it must not have a private address


def link_target(base: str, link: str, link_hosts: Sequence[str]) -> LinkTarget:
    """What to fetch for a link of the document at `base`.

    Args:
        link_hosts: "cap.example.org", "*.example.org", each perhaps with a port.
    Raises:
        UnnamedHostError, and CapError if the link is not valid.
    """
    try:
        own = urlsplit(base)
        found = _secured(own, urlsplit(urljoin(base, link)))
        host, port, own_port = found.hostname, _port(found), _port(own)
    except ValueError as error:  # "http://[", a port of six digits
        raise CapError("a link to an address that is not valid", link[:_LONGEST_SHOWN]) from error
    if found.scheme not in _DEFAULT_PORTS or not host:
        raise CapError("a link that is neither http nor https", link[:_LONGEST_SHOWN])
    if "@" in found.netloc:
        raise CapError("a link with a user name", link[:_LONGEST_SHOWN])
    if host == own.hostname and port in (own_port, _DEFAULT_PORTS["https"]):
        return LinkTarget(found.geturl(), False)
    names = [name for name in link_hosts if _names(name, host, port, found.scheme)]
    if not names:
        shown = host if port == _DEFAULT_PORTS[found.scheme] else f"{host}:{port}"
        raise UnnamedHostError(shown[:_LONGEST_SHOWN], link[:_LONGEST_SHOWN])
    return LinkTarget(found.geturl(), all(name.startswith("*") for name in names))


def hosts_sentence(counts: Mapping[str, int]) -> str:
    """How many alerts are on hosts that link_hosts does not name."""
    most = Counter(counts).most_common(_MOST_HOSTS_SHOWN)
    first, *others = [(count, host) for host, count in most]
    parts = [f"{first[0]} {'alert is' if first[0] == 1 else 'alerts are'} on {first[1]}"]
    parts += [f"{count} on {host}" for count, host in others]
    more = sum(counts.values()) - sum(count for count, _ in (first, *others))
    parts += [f"{more} on other hosts"] if more else []
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"{listed}, which link_hosts does not name"


def _secured(own: SplitResult, found: SplitResult) -> SplitResult:
    """An http link of an https feed as https."""
    if own.scheme != "https" or found.scheme != "http":
        return found
    if found.port not in (None, _DEFAULT_PORTS["http"]):
        return found._replace(scheme="https")
    if found.hostname == own.hostname:
        return found._replace(scheme="https", netloc=own.netloc)
    return found._replace(scheme="https", netloc=found.netloc.removesuffix(":80"))


def _port(parts: SplitResult) -> int | None:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _names(name: str, host: str, port: int | None, scheme: str) -> bool:
    """Does an entry of link_hosts name this host and port."""
    pattern, _, written_port = name.lower().partition(":")
    if port != (int(written_port) if written_port else _DEFAULT_PORTS[scheme]):
        return False
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
