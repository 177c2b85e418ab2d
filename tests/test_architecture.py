"""Which part may import which, and what a short command must not load.

A part is a module or package directly under ``reberlstm/``. Imports inside functions and for type
checkers count like any other: they are dependencies all the same.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx
import pytest

import reberlstm as rl

PACKAGE = Path(rl.__file__).parent

ORDER = (
    *(
        "_version",
        "errors",
        "plain",
        "files",
        "extras",
        "display",
        "figures",
        "choices",
        "programs",
    ),
    *("machine", "formats", "grammars", "net", "compiler", "simulator", "certificates"),
    *(
        "explanation",
        "extraction",
        "training",
        "comparison",
        "conformance",
        "zoo",
        "lab",
        "render",
        "cli",
        "__main__",
    ),
)
"""Every part may import the parts before it, and no other."""

HEAVY = [
    "torch",
    "scipy",
    "networkx",
    "automata",
    "matplotlib",
    "graphviz",
    "pygraphviz",
    "onnx",
    "onnxruntime",
    "aalpy",
    "joblib",
    "numba",
    "dask",
    "pandas",
    "PIL",
    "rich",
    "jinja2",
    "safetensors",
]


@cache
def modules() -> dict[str, Path]:
    """All modules of the package by their dotted names, without ``reberlstm``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        if parts:
            found[".".join(parts)] = path
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of the package that a module imports, anywhere in it."""
    known = modules()
    found = set()
    for name in _imported_names(known[module]):
        if name.startswith("reberlstm."):
            parts = name.split(".")[1:]
            while parts and ".".join(parts) not in known:
                parts.pop()  # a name inside a module
            if parts:
                found.add(".".join(parts))
    return frozenset(found)


def _imported_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; the style here is absolute ones"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(module: str) -> str:
    return module.split(".")[0]


def test_every_part_has_its_place() -> None:
    assert {part(module) for module in modules()} == set(ORDER)


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_go_one_way(module: str) -> None:
    own = part(module)
    for imported in imports(module):
        other = part(imported)
        assert other == own or ORDER.index(other) < ORDER.index(own), f"{module} imports {imported}"


def test_no_modules_import_each_other() -> None:
    """Not even by way of others, inside functions, or for type checkers."""
    graph = networkx.DiGraph((module, other) for module in modules() for other in imports(module))
    faces = [module for module in graph if modules()[module].name == "__init__.py"]
    graph.remove_nodes_from(face for face in faces if is_a_face(face))
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph)]
    assert [circle for circle in circles if len(circle) > 1] == []


def is_a_face(package: str) -> bool:
    """Whether a package's `__init__` only hands on names, and defines nothing."""
    tree = ast.parse(modules()[package].read_text("utf-8"))
    return not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)


def reached(start: str) -> set[str]:
    """All modules of the package that importing from a part can lead to."""
    found = {module for module in modules() if part(module) == start}
    queue = list(found)
    for module in queue:
        for imported in imports(module) - found:
            found.add(imported)
            queue.append(imported)
    return found


def test_the_checker_shares_no_code_with_its_subject() -> None:
    """Certificates reach neither compiler nor simulator, not even through something else."""
    assert {part(module) for module in reached("certificates")} & {"compiler", "simulator"} == set()


def test_extraction_knows_no_compiler() -> None:
    assert "compiler" not in {part(module) for module in reached("extraction")}


def test_the_simulator_knows_no_compiler_and_the_compiler_no_simulator() -> None:
    assert "compiler" not in {part(module) for module in reached("simulator")}
    assert "simulator" not in {part(module) for module in reached("compiler")}


# The public names


def test_public_names_are_there_and_no_others() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    for_type_checkers = {
        alias.name: node.module
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert for_type_checkers == rl._HOME, "type checkers and users see the same names"
    assert sorted(rl.__all__) == sorted([*rl._HOME, "__version__"])
    assert dir(rl) == sorted(rl.__all__)
    for name in rl.__all__:
        assert getattr(rl, name) is not None
    with pytest.raises(AttributeError, match="module 'reberlstm' has no attribute 'nothing'"):
        rl.nothing  # noqa: B018


# What is loaded


def loaded_by(*lines: str) -> list[set[str]]:
    """The top-level modules that a fresh interpreter has loaded after each of some lines."""
    shown = "import sys; print('LOADED', *sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(f"{line}\n{shown}" for line in lines)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line for line in result.stdout.splitlines() if line.startswith("LOADED ")]
    return [{name.split(".")[0] for name in line.split()[1:]} for line in found]


def ran(line: str, status: int) -> str:
    """Python that runs a command line."""
    return f"from reberlstm.cli import run; assert run({line.split()}) == {status}"


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import reberlstm")[0] & {*HEAVY, "numpy", "click"} == set()


LIGHT: dict[str, int] = {
    "--help": 0,
    "--version": 0,
    "nope": 2,
    "trace": 2,
    "trace --help": 0,
    "trace BTSSXXTVVE": 0,
    "trace BTXB --net published": 1,
    "trace 0110 --grammar parity": 0,
    "trace 0110 --grammar grammars/parity.toml --all-cells": 0,
    "trace abab --grammar regex:(ab)*": 0,
    "trace BTQ": 2,
    "trace B --grammar nope": 2,
    "trace B --cells nope": 2,
    "grammars": 0,
    "sample --length 6": 0,
    "convert reber - --to dot": 0,
    "check --grammar reber tests/__init__.py": 1,
    "fsm equal reber reber": 0,
    "compile --help": 0,
    "export --help": 0,
    "explore --help": 0,
    "diagram --help": 0,
    "lab --help": 0,
    "compare --help": 0,
    "explain --help": 0,
    "conformance --help": 0,
    "certify --help": 0,
    "extract --help": 0,
    "study --help": 0,
    "train --help": 0,
    "lab why --help": 0,
    "zoo score --help": 0,
}
"""The exit status of command lines for which nothing heavy is loaded, not even NumPy."""

LOADS: dict[str, tuple[int, set[str]]] = {
    "conformance nope": (2, {"numpy"}),
    "trace BTSSXXTVVE --json --snap": (0, {"numpy"}),
    "trace BTXSE --net reber-4": (0, {"numpy", "safetensors"}),
}
"""The exit status of command lines, and what is heavy and loaded for them."""


def test_light_commands_load_nothing_heavy() -> None:
    """In one interpreter, one after the other: the first that loads something is named."""
    found = loaded_by(*(ran(line, status) for line, status in LIGHT.items()))
    loaded = {
        line: heavy
        for line, names in zip(LIGHT, found, strict=True)
        if (heavy := names & {*HEAVY, "numpy"})
    }
    assert next(iter(loaded.items()), None) is None


@pytest.mark.parametrize("line", LOADS)
def test_a_command_loads_no_more_than_it_needs(line: str) -> None:
    status, heavy = LOADS[line]
    assert loaded_by(ran(line, status))[0] & {*HEAVY, "numpy"} == heavy
