"""Tables of pages in docs, between comments with their names."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def put(name: str, lines: list[str], write: bool, page: str = "extraction.md") -> None:
    """Print a table, and write it between ``<!-- name -->`` and ``<!-- /name -->``."""
    print("\n".join(lines), flush=True)
    if write:
        path = DOCS / page
        text = path.read_text("utf-8")
        block = "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])
        pattern = f"<!-- {name} -->.*?<!-- /{name} -->"
        changed, count = re.subn(pattern, lambda _: block, text, flags=re.S)
        if count != 1:
            raise SystemExit(f"{path}: no place for the table {name!r}")
        path.write_text(changed, "utf-8")
