"""An internal error while one alert is read: it is quarantined, and the others are read."""

from __future__ import annotations

from eas_station.errors import CapError


class CapBug(CapError):
    """Reading this text raised an unexpected exception; `__cause__` has the traceback."""

    def __init__(self, error: Exception, text: str) -> None:
        super().__init__(f"internal error: {type(error).__name__}: {str(error)[:200]}", text)
        self.__cause__ = error
