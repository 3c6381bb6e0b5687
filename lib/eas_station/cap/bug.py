"""A bug of ours that one alert met: it is put aside, and the others are read."""

from __future__ import annotations

from eas_station.errors import CapError


class CapBug(CapError):
    """Reading this text raised what no refusal is; `__cause__` has the traceback."""

    def __init__(self, error: Exception, text: str) -> None:
        super().__init__(f"it met a bug: {type(error).__name__}: {str(error)[:200]}", text)
        self.__cause__ = error
