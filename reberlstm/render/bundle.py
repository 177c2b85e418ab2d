"""The explorer page's own files as the texts that go into a page: script, styles, templates.

They are in the folder ``explorer``, and a folder for each of the page's modes there: ``explore``
shows nets run, in ``derive`` a student wires one, in ``draw`` a machine is drawn. ``model``
computes and knows no document; ``common`` is what all modes show. The JavaScript modules are
written one after the other into one script, each as a function of its own.
"""

from __future__ import annotations

import base64
import itertools
import re
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "explorer"

MODES = {"explore": "app.App", "derive": "derive.Derive", "draw": "draw.Draw"}
"""The page's modes, and the module and class of each."""

PACKED, PACKED_FOR = "formats", "draw"
"""A module that a page with that mode has compressed, with all that it needs: its readers of files
are long, and few readers of a page open one."""

_LICENCE = re.compile(r"/\*!(.*?)\*/", re.DOTALL)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\.\.?/(?:[a-z]+/)?([a-z]+)\.js";\n', re.MULTILINE)
_ASIDE = re.compile(
    r"^ *(?://[^\n]*|/\*\*.*?\*/)\n|^ +|(?<=;) // [^\n\"'`]*$", re.MULTILINE | re.DOTALL
)
"""Comments on lines of their own or behind a line, but for licences (`/*!`), and indentation."""

_SPACED = re.compile(r" ?([=,?:;{}()<>&|!*[\]]+) ?|(?<![-+]) ([-+/%]) (?![-+])")
"""Spaces around signs, which scripts do not need outside of texts and patterns."""

_TEXT = re.compile(r'("(?:[^"\\]|\\.)*"|`.*`)')
"""A text in a line of a script; from the first to the last backquote all is taken for one."""

_PATTERN = re.compile(r"""["'`]|(?<! )/|/(?! )""")
"""What may begin a text or a pattern; a division has spaces on both sides."""

_NOTE = re.compile(r"/\*.*?\*/", re.DOTALL)
_LOOSE = re.compile(r"\s*([{};,])\s*|(:) ")
"""Comments of a style sheet, and the spaces that it does not need."""

_EXPORT = re.compile(r"^export (?=(?:const|function\*?|class) (\w+))", re.MULTILINE)


def parts(modes: tuple[str, ...]) -> dict[str, Any]:
    """What ``template.html`` needs for a page with these modes, but for its title and data."""
    bodies = {mode: (FOLDER / mode / "body.html").read_text("utf-8") for mode in modes}
    return {
        "style": style(modes),
        "program": program(modes),
        "packed": packed() if PACKED_FOR in modes else "",
        "licence": licence(),
        "modes": {mode: _ASIDE.sub("", body) for mode, body in bodies.items()},
    }


@cache
def _script(module: str) -> str:
    """The text of a module; no two folders have one of the same name."""
    (path,) = FOLDER.rglob(f"{module}.js")
    return path.read_text("utf-8")


def modules(*last: str) -> tuple[str, ...]:
    """The modules of a script that ends with some, each after those that it imports from."""
    return tuple(dict.fromkeys(itertools.chain(*map(_modules, last))))


@cache
def _modules(last: str) -> tuple[str, ...]:
    return (*modules(*(imported for _, imported in _IMPORT.findall(_script(last)))), last)


@cache
def style(modes: tuple[str, ...] = tuple(MODES)) -> str:
    """The style sheet of a page with these modes: what is common, then what each mode has."""
    own = (sheet for mode in modes for sheet in sorted((FOLDER / mode).glob("*.css")))
    sheets = (sheet.read_text("utf-8") for sheet in (FOLDER / "style.css", *own))
    return _LOOSE.sub(r"\1\2", _NOTE.sub("", "".join(sheets))).replace(";}", "}")


def entries(modes: Iterable[str] = tuple(MODES)) -> list[str]:
    """The modules that the script of a page with these modes is put together for."""
    return [*(MODES[mode].partition(".")[0] for mode in modes), "main"]


@cache
def program(modes: tuple[str, ...] = tuple(MODES)) -> str:
    """The script of a page with these modes, which is also what its worker runs."""
    given = ", ".join(f"{mode}: ${MODES[mode]}" for mode in modes)
    script = functions(*entries(modes))
    return f'"use strict";\n(() => {{\n{script}$main.begin({{ {given} }});\n}})();\n'


@cache
def packed() -> str:
    """The compressed module, as base64."""
    script = f"{functions(PACKED)}export const {PACKED} = ${PACKED};\n"
    return base64.b64encode(zlib.compress(script.encode(), 9)).decode("ascii")


def licence() -> str:
    """The licence of the library in it."""
    (path,) = (FOLDER / "vendor").glob("*.js")
    (text,) = _LICENCE.findall(path.read_text("utf-8"))
    return re.sub(r"^ \* ?", "", str(text), flags=re.MULTILINE).strip()


def functions(*last: str) -> str:
    """Modules and those that they need, every one a function of its own.

    What a module imports it takes from the modules before it, and what it exports it returns.
    """
    parts = []
    for name in modules(*last):
        text = _IMPORT.sub(r"const {\1} = $\2;\n", _script(name))
        exports = ", ".join(_EXPORT.findall(text))
        body = _bare(_EXPORT.sub("", text))
        parts.append(f"const ${name} = (() => {{\n{body}return {{ {exports} }};\n}})();\n")
    return "".join(parts)


def _bare(script: str) -> str:
    """A script without comments and without spaces that only readers need."""
    lines = map(_tight, _ASIDE.sub("", script).split("\n"))
    return re.sub(r"(?<=[;{,}([])\n+|(?<=\n)\n+", "", "\n".join(lines))


def _tight(line: str) -> str:
    """A line without these spaces outside of its texts; as it is where it may have a pattern."""
    parts = _TEXT.split(line)
    if any(_PATTERN.search(part) for part in parts[::2]):
        return line
    parts[::2] = [_SPACED.sub(r"\1\2", part) for part in parts[::2]]
    return "".join(parts)
