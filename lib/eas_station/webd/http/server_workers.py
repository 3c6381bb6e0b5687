"""The health of this process: its workers, its streams, its loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ServerWorkers:
    """The threads that answer requests; a stream of live updates keeps one."""

    threads: int
    busy: int
    queued: int  # requests that wait for a worker
    connections: int

    @property
    def state(self) -> Literal["pass", "warn"]:
        """Is there a worker for the next request?"""
        return "warn" if self.queued > 0 and self.busy >= self.threads else "pass"
