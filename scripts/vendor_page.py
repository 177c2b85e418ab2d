"""Fetch the library that the explorer page reads TOML with, and put it into one module.

    python scripts/vendor_page.py           # writes reberlstm/render/explorer/vendor/toml.js
    python scripts/vendor_page.py --check   # tells whether the file is what this would write

The library is smol-toml, in the version below, from the npm registry (needs npm). Its modules are
written one after the other, with its licence once. One thing is changed: keys begin with `MARK` in
what `parse` returns. So a table keeps its order where keys are digits, which JavaScript sorts, and
no key is `__proto__`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "smol-toml", "1.5.2"
"""The last version that reads TOML 1.0, which Python's tomllib reads, and not more."""

MODULES = ("error", "util", "date", "primitive", "extract", "struct", "parse")
"""Those that `parse` needs, each after those that it uses."""

EXPORTED = "parse"
MARK = "$"
TARGET = Path(__file__).parents[1] / "reberlstm" / "render" / "explorer" / "vendor" / "toml.js"

_LICENCE = re.compile(r"/\*!.*?\*/\n", re.DOTALL)
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(rf"^export (?!function {EXPORTED}\()", re.MULTILINE)
_KEY = re.compile(r"parsed\.push\((.*)\);")


def main() -> None:
    """Write the module, or check it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where it differs")
    only_check = parser.parse_args().check
    text = module()
    if not only_check:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        sys.exit(f"{TARGET}: not what {PACKAGE} {VERSION} gives; run this script without --check")
    print(f"{TARGET.name}: {PACKAGE} {VERSION}, {len(text) / 1000:.0f} kB")


def module() -> str:
    """The text of the one module."""
    texts = fetched()
    (licence,) = {_LICENCE.search(text)[0] for text in texts}  # type: ignore[index]
    bodies = [_EXPORT.sub("", _IMPORT.sub("", _LICENCE.sub("", text))) for text in texts]
    body, keys = _KEY.subn(rf'parsed.push("{MARK}" + \1);', "".join(bodies))
    if keys != 2:
        raise ValueError(f"{PACKAGE} {VERSION}: {keys} places where a key is kept, not 2")
    note = f"// {PACKAGE} {VERSION}, put together by scripts/vendor_page.py; do not edit.\n"
    return note + licence + body


def fetched() -> list[str]:
    """The texts of the library's modules."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent"]
        packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        with tarfile.open(Path(folder) / packed.stdout.strip()) as archive:
            files = [archive.extractfile(f"package/dist/{name}.js") for name in MODULES]
            return [file.read().decode("utf-8") for file in files if file]


if __name__ == "__main__":
    main()
