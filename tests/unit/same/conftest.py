"""The header cases of the shared folder, where it is there."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest

CASES = Path(__file__).resolve().parents[4] / "shared" / "data" / "cases"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`<name>_case` as an argument runs the test over the rows of `<name>.csv`."""
    for argument in metafunc.fixturenames:
        name = argument.removesuffix("_case")
        if name == argument:
            continue
        path = CASES / f"{name}.csv"
        if not path.exists():
            skip = pytest.mark.skip(reason=f"{path} is absent")
            metafunc.parametrize(argument, [pytest.param({}, marks=skip)])
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        metafunc.parametrize(argument, rows, ids=[next(iter(row.values())) for row in rows])


@pytest.fixture
def monday() -> datetime:
    """The moment at which most headers of these tests are heard."""
    return datetime.fromisoformat("2026-04-20T16:05:40Z")
