"""A proof that shares its subject's code proves little: what certificates may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import reberlstm.certificates

FOLDER = Path(reberlstm.certificates.__file__).parent
CHECKER = "reberlstm.certificates.checker"
SHARED = ("errors", "plain", "files", "display", "choices", "machine", "grammars", "net")


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
    assert {name.split(".")[1] for name in others} <= set(SHARED)


@pytest.mark.parametrize("path", sorted((FOLDER / "checker").glob("*.py")), ids=lambda p: p.stem)
def test_the_checker_shares_no_code_with_its_subject(path: Path) -> None:
    """Neither with the search nor with nets, of which it reads names, arrays and rules only."""
    own = {name for name in imports(path) if name.startswith(CHECKER)}
    assert imports(path) - own <= {"reberlstm.errors", "reberlstm.machine.fsm"}


def test_only_the_public_face_uses_the_checker() -> None:
    users = [path.stem for path in FOLDER.glob("*.py") if CHECKER in imports(path)]
    assert users == ["__init__"]


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
