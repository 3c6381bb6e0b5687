"""What the integration tests have and benches need too: they are not importable by name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
INTEGRATION = ROOT / "tests" / "integration"


def conftest(folder: str = "") -> ModuleType:
    """The fixtures' makers of a folder of tests/integration, "" or "webd"."""
    name = f"bench_conftest_{folder or 'integration'}"
    spec = importlib.util.spec_from_file_location(name, INTEGRATION / folder / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
