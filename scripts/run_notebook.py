"""Run a notebook from top to bottom, and keep what its cells show.

    python scripts/run_notebook.py docs/notebook.ipynb            # runs it and writes the outputs
    python scripts/run_notebook.py docs/notebook.ipynb --check    # exit status 1 if they differ

It does what `jupyter nbconvert --execute` would for plain Python cells, without needing Jupyter:
the last expression of a cell is shown as a notebook would show it. Pictures are not compared, since
they differ between versions of Graphviz; texts and the kinds of what is shown are.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> int:
    """Run, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    notebook = json.loads(arguments.notebook.read_text("utf-8"))
    before = essence(notebook)
    execute(notebook)
    if arguments.check:
        same = essence(notebook) == before
        print("the outputs are up to date" if same else f"{arguments.notebook} is out of date")
        return int(not same)
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    arguments.notebook.write_text(text, "utf-8")
    print(f"{arguments.notebook}: {sum(map(is_code, notebook['cells']))} cells run")
    return 0


def execute(notebook: dict[str, Any]) -> None:
    """Run the code cells in one namespace, in a folder of their own, and store their outputs."""
    namespace: dict[str, Any] = {}
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for count, cell in enumerate(filter(is_code, notebook["cells"]), start=1):
                cell["execution_count"] = count
                cell["outputs"] = run("".join(cell["source"]), namespace, count)
        finally:
            os.chdir(home)


def run(source: str, namespace: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Run one cell; returns its outputs in the notebook's format."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"<cell {count}>", "exec"), namespace)  # our own notebook
        if isinstance(last, ast.Expr):
            value = eval(  # our own notebook
                compile(ast.Expression(last.value), f"<cell {count}>", "eval"), namespace
            )
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        lines = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": lines})
    if value is not None:
        outputs.append(
            {
                "data": {
                    kind: text.splitlines(keepends=True) for kind, text in show(value).items()
                },
                "execution_count": count,
                "metadata": {},
                "output_type": "execute_result",
            }
        )
    return outputs


def show(value: Any) -> dict[str, str]:
    """What a notebook shows of a value, by kind; a page in a frame is not kept in the file."""
    bundle = getattr(value, "_repr_mimebundle_", None)
    shown: dict[str, str] = bundle() if bundle is not None else {"text/plain": repr(value)}
    if bundle is None and hasattr(value, "_repr_html_"):
        shown["text/html"] = value._repr_html_()
    return {kind: text for kind, text in shown.items() if not text.startswith("<iframe")}


def is_code(cell: dict[str, Any]) -> bool:
    """Whether a cell is run."""
    return bool(cell["cell_type"] == "code")


def essence(notebook: dict[str, Any]) -> list[Any]:
    """What must not differ: printed and plain texts, and the kinds of what is shown."""
    found: list[Any] = []
    for cell in filter(is_code, notebook["cells"]):
        for output in cell["outputs"]:
            data = output.get("data", {})
            found.append([output.get("text"), data.get("text/plain"), sorted(data)])
        found.append("end of cell")
    return found


if __name__ == "__main__":
    sys.exit(main())
