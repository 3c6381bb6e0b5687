"""Libraries that only some feeds need; the package does not require them."""

from __future__ import annotations

import importlib
from typing import Any


class NotInstalled(Exception):
    """A library is missing or does not work here; says which Debian package brings it."""


def library(name: str, package: str) -> Any:
    """A module by its name. Raises NotInstalled.

    Args:
        package: of Debian, for the sentence.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalled(f"{package} is not installed") from error
    except Exception as error:
        raise NotInstalled(f"{package} does not work here: {str(error)[:120]}") from error
