"""How this process is: its workers, its clients, its connection to the bus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.middleware import Counters
from eas_station.webd.http.server import ServerWorkers


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """Where the figures about this process come from."""

    workers: Callable[[], ServerWorkers]
    counters: Counters
    fanout: Fanout
    bus_silent_s: Callable[[], float]  # since the bus listener's last turn
    bus_losses: Callable[[], tuple[int, int]]  # messages missed, messages rejected
