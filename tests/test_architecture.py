"""The import rule of the tree. Imports inside functions and for types alone count too."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lib" / "eas_station"
PROGRAMS = {"capd", "audiod", "sdrd", "webd", "ctl"}
# Import one another and nothing else; all may use them.
LEAVES = {"errors", "field_types", "dataclass_reader", "wire"}

# What each package may import besides itself and LEAVES.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "field_types": set(),
    "dataclass_reader": set(),
    "wire": set(),
    "clock": set(),
    "tables": set(),
    "outlines": set(),
    "same": set(),
    "dsp": set(),
    "cap": set(),
    "geo": set(),
    "decoder": {"same", "dsp"},
    "alerts.model": set(),
    "alerts": {"same", "cap", "geo", "alerts.model"},
    "bus": {"alerts.model", "clock"},
    "store": {"alerts.model", "clock"},
    "config": {"geo", "clock", "outlines", "tables"},
    # Every daemon stores what it receives in the same way: service wires spool and flusher.
    "service": {"bus", "config", "clock", "store", "alerts.model"},
}
ALERTS_ROOMS: dict[str, set[str]] = {"sources": {"same", "cap"}, "relevance": {"geo"}}
FOUNDATION = {
    *("service", "store", "config", "bus", "tables", "outlines", "clock"),
    *("alerts", "decoder", "same", "dsp", "cap", "geo"),
}
PURE = {"same", "dsp", "cap", "geo", "alerts", "decoder"}
# No I/O, thread, log, os, time, random in the pure packages.
IMPURE = {
    *("os", "io", "pathlib", "socket", "subprocess", "threading", "logging", "time", "random"),
    *("asyncio", "multiprocessing", "shutil", "tempfile", "requests", "sqlalchemy", "zmq"),
}
GONE = {"audioop", "cgi", "imp"}  # no longer in Python 3.13


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, dotted, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def owner(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


def permits(package: str, module: str, target: str, target_module: str) -> bool:
    if target == package or target in LEAVES or target == "__version__":
        return True
    if package in PROGRAMS:
        return target in FOUNDATION
    if package == "alerts":
        if module == "model":
            return False
        return target in ALERTS_ROOMS.get(module, set())
    allowed = ALLOWED[package]
    return target in allowed or f"{target}.{target_module}" in allowed


@pytest.mark.parametrize("path", modules(), ids=lambda p: ".".join(owner(p)))
def test_imports_follow_the_rule(path: Path) -> None:
    parts = owner(path)
    package, module = parts[0], parts[1] if parts[0] == "alerts" else parts[-1]
    for name in imported(path):
        root, _, rest = name.partition(".")
        assert root not in GONE, f"{path}: {name} is gone in Python 3.13"
        if root == "daemons":
            pytest.fail(f"{path}: nothing imports from daemons/")
        if root != "eas_station" or not rest:
            continue
        target, _, deeper = rest.partition(".")
        if not deeper and (PACKAGE / target).is_dir():
            assert permits(package, module, target, "") or package == target, f"{path}: {name}"
        if package == "alerts" and target == "alerts":
            continue
        if target == "alerts" and not deeper and package in ("bus", "store"):
            pytest.fail(f"{path}: only eas_station.alerts.model may be imported here")
        if (PACKAGE / target).is_dir() and not deeper:
            continue
        assert permits(package, module, target, deeper.split(".")[0]), f"{path}: {name}"


@pytest.mark.parametrize(
    "path", [p for p in modules() if owner(p)[0] in PURE], ids=lambda p: ".".join(owner(p))
)
def test_pure_packages_do_no_io(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imported(path)}
    assert not roots & IMPURE, f"{path}: {sorted(roots & IMPURE)}"


@pytest.mark.parametrize("path", sorted((ROOT / "daemons").iterdir()), ids=lambda p: p.name)
def test_daemons_only_start_their_own_program(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 10
    program = path.name.removeprefix("eas-")
    ours = {name for name in imported(path) if name.startswith("eas_station")}
    assert ours <= {f"eas_station.{program}.main", f"eas_station.{program}.main.main"}


MOST_MODULES, FEWEST_MODULES = 15, 3  # of a room


def folders() -> dict[str, list[Path]]:
    """The modules of each package and room, by its dotted name; migrations are no modules."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in modules():
        if path.stem != "__init__" and "migrations" not in path.parts:
            found[".".join(owner(path)[:-1])].append(path)
    return found


def dotted_imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, without `eas_station.`."""
    found = set()
    for name in imported(path):
        root, _, rest = name.partition(".")
        if root == "eas_station" and (PACKAGE / f"{rest.replace('.', '/')}.py").is_file():
            found.add(rest)
    return found


def cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """A cycle of a graph; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_a_detour() -> None:
    assert cycle({".".join(owner(path)): dotted_imports(path) for path in modules()}) == []


def test_folders_import_one_another_in_one_direction() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for folder, paths in folders().items():
        for path in paths:
            graph[folder].update(name.rpartition(".")[0] for name in dotted_imports(path))
        graph[folder].discard(folder)
    graph.pop("")  # the modules beside the packages are no room: each is a leaf or a root
    for targets in graph.values():
        targets.discard("")
    assert cycle(graph) == []


@pytest.mark.parametrize("folder", sorted(set(folders()) - {""}))
def test_a_room_has_neither_too_many_modules_nor_too_few(folder: str) -> None:
    count = len(folders()[folder])
    assert count <= MOST_MODULES
    if "." in folder:
        assert count >= FEWEST_MODULES


def test_every_class_has_a_name_of_its_own() -> None:
    names = Counter(
        node.name
        for path in modules()
        if "migrations" not in path.parts
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_a_cycle_is_found() -> None:
    assert cycle({"a": ["b"], "b": ["c"], "c": []}) == []
    assert set(cycle({"a": ["b"], "b": ["c"], "c": ["a"]})) == {"a", "b", "c"}


def test_the_rule_is_not_vacuous() -> None:
    assert not permits("bus", "publisher", "alerts", "identity")
    assert permits("bus", "publisher", "alerts", "model")
    assert not permits("capd", "main", "webd", "app")
    assert not permits("same", "header", "cap", "message")
    assert not permits("alerts", "relevance", "cap", "message")
    assert permits("alerts", "relevance", "geo", "codes")
