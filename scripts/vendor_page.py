"""Fetch the library that the explorer page reads TOML with, and put it into one module.

    python scripts/vendor_page.py           # writes reberlstm/render/explorer/vendor/toml.js
    python scripts/vendor_page.py --check   # tells whether the file is what this would write

The library is smol-toml, in the version below, from the npm registry (needs npm). Its modules are
written one after the other, with its licence once, and with the changes that `CHANGES` has.
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

MODULES = ("error", "util", "primitive", "extract", "struct", "parse")
"""Those that `parse` needs, each after those that it uses."""

EXPORTED = "parse"

CHANGES = (
    # Keys begin with $: so a table keeps its order where keys are digits, which JavaScript sorts,
    # and no key is __proto__.
    (r"parsed\.push\(([^;]*)\);", r'parsed.push("$" + \1);', 2),
    # Nothing but a comma may follow a list or table in another one, as in later versions.
    (
        r"let newPtr = end \? skipUntil\(str, endPtr, ',', end\) : endPtr;",
        """let newPtr = end ? skipVoid(str, endPtr, end !== ']') : endPtr;
        if (end && str[newPtr] === ',')
            newPtr++;
        else if (end && str[newPtr] !== end)
            throw new TomlError('expected comma or end', { toml: str, ptr: newPtr });""",
        1,
    ),
    # A message is one line, without a picture of the place.
    (r"function makeCodeBlock\(.*?\n\}\n", "", 1),
    (r" *const codeblock = [^\n]*\n", "", 1),
    (r"\\n\\n\$\{codeblock\}", "", 1),
    (r" *this\.codeblock = codeblock;\n| *codeblock;\n", "", 2),
    # No value of a machine is a date, so the module for dates is left out.
    (r"    const date = new TomlDate\(value\);\n    if \(!date\.isValid\(\)\) \{\n", "", 1),
    (r"(\s+throw new TomlError\('invalid value'.*?\);)\n    \}\n    return date;", r"\1", 1),
    # Half of a pair of surrogates is no character.
    (
        r"!ESCAPE_REGEX\.test\(code\)",
        "!ESCAPE_REGEX.test(code) || /^(0000)?d[89a-f]/i.test(code)",
        1,
    ),
)
"""Patterns, what replaces them, and how often they are found."""

TARGET = Path(__file__).parents[1] / "reberlstm" / "render" / "explorer" / "vendor" / "toml.js"

_LICENCE = re.compile(r"/\*!.*?\*/\n", re.DOTALL)
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(rf"^export (?!function {EXPORTED}\()", re.MULTILINE)


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
    body = "".join(bodies)
    for pattern, replacement, expected in CHANGES:
        body, count = re.subn(pattern, replacement, body, flags=re.DOTALL)
        if count != expected:
            raise ValueError(f"{PACKAGE} {VERSION}: {pattern} is found {count} times")
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
