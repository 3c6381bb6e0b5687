"""An authenticated client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Operator:
    """A client that has logged in or sent a valid token."""

    name: str  # of the login or of the token
    via: Literal["session", "token"]
    scope: Scope
    form_token: str | None = None  # session: what its forms must send
    session_hash: str | None = None  # session: the hash that identifies it

    @property
    def audit_name(self) -> str:
        """The name in the audit log."""
        return self.name if self.via == "session" else f"token {self.name}"
