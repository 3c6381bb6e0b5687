"""The error taxonomy and the exit codes.

Three families, by the reaction: `ConfigError` stops the start until the operator corrects it,
`InputError` drops what came in, `OutsideError` is retried with backoff. Anything else is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass

EXIT_FINE = 0
EXIT_DEGRADED = 1
EXIT_FAILED = 2
EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h; systemd does not retry it


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the configuration: where it is and what would be right."""

    file: str
    line: int | None  # None: the key is missing, or came from the command line
    key: str  # dotted, "source.wx.rate_hz"
    value: str | None  # as written; None: missing
    message: str  # what would be right

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        value = "" if self.value is None else f" = {self.value}"
        return f"{place}: {self.key}{value}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used. Holds every fault, not only the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class InputError(ValueError):
    """Input from outside does not parse. Holds the offending text."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class HeaderError(InputError):
    """A text is not a SAME header."""


class CapError(InputError):
    """A document is not a usable CAP message."""


class FrameError(InputError):
    """A bus message or a stored row does not have the form it should have."""


class OutsideError(Exception):
    """Something outside the process fails; it may work later."""


class FeedError(OutsideError):
    """A CAP feed could not be polled."""


class SourceError(OutsideError):
    """A receiver or an audio source does not deliver."""


class StoreError(OutsideError):
    """The database or the spool fails."""


class SpoolError(StoreError):
    """The spool of the process fails; the database may work."""


class BusError(OutsideError):
    """The lock or the socket of a unit is in use, or a path is unusable."""
