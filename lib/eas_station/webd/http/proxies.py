"""The client of a request: the peer of the connection, or the address that a trusted proxy names.

A client may send X-Forwarded-For itself, so only the part that trusted proxies appended counts:
read from the right, the first address that is not a trusted proxy.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORWARDED = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"),
    *("HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_BY", "HTTP_FORWARDED", "HTTP_X_REAL_IP"),
)
HOPS_MOST = 20
UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """The client of a request."""

    address: str  # "192.0.2.7"; "-": not known, as over a Unix socket
    secure: bool  # by HTTPS, according to a trusted proxy


class Proxies:
    """The proxies that are trusted."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """`trusted`: addresses or networks. Raises ValueError for anything else."""
        self._networks = tuple(ipaddress.ip_network(one) for one in trusted)

    def client(self, environ: dict[str, Any]) -> ClientAddress:
        """The client. Removes the headers of proxies from `environ`."""
        forwarded = {name: str(environ.pop(name)) for name in FORWARDED if name in environ}
        peer = _address(str(environ.get("REMOTE_ADDR", "")))
        if peer is None:
            return ClientAddress(UNKNOWN, False)
        if not forwarded or not self._trusts(peer):
            return ClientAddress(str(peer), False)
        hops = forwarded.get("HTTP_X_FORWARDED_FOR", "").split(",")[-HOPS_MOST:]
        secure = forwarded.get("HTTP_X_FORWARDED_PROTO", "").strip().lower() == "https"
        return ClientAddress(str(self._first_untrusted(hops, peer)), secure)

    def _first_untrusted(self, hops: list[str], peer: Address) -> Address:
        for hop in reversed(hops):
            address = _address(hop.strip())
            if address is None:  # everything left of it may be forged
                return peer
            peer = address
            if not self._trusts(address):
                return address
        return peer

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


@functools.lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
