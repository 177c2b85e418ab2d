"""Tables of docs/extraction.md, between comments with their names."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "extraction.md"


def put(name: str, lines: list[str], write: bool) -> None:
    """Print a table, and write it between ``<!-- name -->`` and ``<!-- /name -->``."""
    print("\n".join(lines), flush=True)
    if write:
        text = PAGE.read_text("utf-8")
        block = "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])
        pattern = f"<!-- {name} -->.*?<!-- /{name} -->"
        changed, count = re.subn(pattern, lambda _: block, text, flags=re.S)
        if count != 1:
            raise SystemExit(f"{PAGE}: no place for the table {name!r}")
        PAGE.write_text(changed, "utf-8")
