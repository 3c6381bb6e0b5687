"""Who may do what: every request passes here before its route is called."""

from __future__ import annotations

from typing import Protocol

from bottle import BaseRequest, HTTPError

from eas_station.webd.operators import Operator


class Gate(Protocol):
    """Lets a request pass, or raises the HTTPError that says why not."""

    def admit(self, who: str, request: BaseRequest) -> Operator | None:
        """Who it is; None: a reader."""
        ...


class ClosedGate:
    """Reading is open; nothing can be changed."""

    def admit(self, who: str, request: BaseRequest) -> Operator | None:
        """Nobody is an operator here."""
        if who != "read":
            raise HTTPError(403, "Nothing can be changed here.")
        return None
