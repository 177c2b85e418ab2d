"""A proof that shares its subject's code proves little: what certificates may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import reberlstm.certificates

FOLDER = Path(reberlstm.certificates.__file__).parent
SHARED = {
    "reberlstm.errors",
    "reberlstm.files",
    "reberlstm.machine.fsm",
    "reberlstm.machine.tables",
}
SHARED |= {"reberlstm.net.weights", "reberlstm.display"}


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] == "reberlstm"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_certificates_import_neither_compiler_nor_simulator(path: Path) -> None:
    others = {name for name in imports(path) if not name.startswith("reberlstm.certificates")}
    assert others <= SHARED


@pytest.mark.parametrize("name", ["checker", "checker_bounds", "checker_paths", "checker_reading"])
def test_the_checker_shares_no_code_with_the_search(name: str) -> None:
    permitted = {
        "reberlstm.certificates.checker_bounds",
        "reberlstm.certificates.checker_paths",
        "reberlstm.certificates.checker_reading",
        "reberlstm.errors",
        "reberlstm.machine.fsm",
        "reberlstm.net.weights",
    }
    assert imports(FOLDER / f"{name}.py") <= permitted


def test_loading_certificates_loads_no_compiler_simulator_or_heavy_library() -> None:
    program = (
        "import sys, reberlstm.certificates; "
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('torch', 'scipy', 'networkx', 'click') or "
        "name.startswith(('reberlstm.compiler', 'reberlstm.simulator'))])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "[]"
