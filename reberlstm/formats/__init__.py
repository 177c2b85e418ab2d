"""Formats of machines, a module each: `read(text, where)`, `write(fsm)`, perhaps `losses(fsm)`.

| format | suffixes | carries |
|---|---|---|
| `toml` | .toml | everything; the only one that carries counters (`counters`) |
| `dot` | .dot .gv | everything |
| `json` | .json | everything (networkx's node-link data) |
| `jflap` | .jff .jflap | names of states, acceptance, outputs, alphabet |
| `att` | .att .fst | acceptance, probabilities as weights |
| `mata` | .mata | names of states, acceptance |
| `ba` | .ba | names of states, acceptance |
| `kiss` | .kiss2 .kiss | read only: Mealy machines over words of bits |
| `hoa` | .hoa | read only: acceptance of finite words |
| `xstate` | .json | read only: plain machines of XState |
| `scxml` | .scxml | read only: plain state charts |

A new format is a new module and a line in `SUFFIXES`, whose values are the names of the modules,
and where it begins unlike others, a line in `_BEGINNINGS`.
Modules are imported when a file of their format is read or written. `regex` reads expressions,
and is no file format; `counters` is the part of `toml` for machines with counters.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from reberlstm.errors import FormatError, one_line, shown
from reberlstm.files import gunzip
from reberlstm.machine.counters import Machine, finite

MAX_FILE_BYTES = 64 * 2**20
"""Larger files, also after they are decompressed, are refused before they are parsed."""

SUFFIXES = {
    ".toml": "toml",
    ".dot": "dot",
    ".gv": "dot",
    ".jff": "jflap",
    ".jflap": "jflap",
    ".att": "att",
    ".fst": "att",
    ".json": "json",
    ".mata": "mata",
    ".ba": "ba",
    ".kiss2": "kiss",
    ".kiss": "kiss",
    ".hoa": "hoa",
    ".scxml": "scxml",
}

FORMATS = (*dict.fromkeys(SUFFIXES.values()), "xstate")
"""The formats that are read."""

WRITTEN = ("toml", "dot", "jflap", "att", "json", "mata", "ba")
"""Those of them that are written, too."""

SNIFFED = (".txt", ".xml")
"""Suffixes that say little: the format of such a file is found out when it is read."""

_OPENFST_BINARY = b"\xd6\xfd\xb2\x7e"
# Patterns are compiled when a file is read: most commands read none but a shipped grammar.
_ENCODING = rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_-]{1,40})[\"']"
_DOT_CHARSET = rb"(?i)\bcharset\s*=\s*\"?\s*(?:latin-?1|l1|iso[-_]8859-1)\b"
_SAFE_ENCODINGS = r"(?i)(us-ascii|ascii|latin-?[0-9]+|iso-?8859-[0-9]+|windows-125[0-9]|cp125[0-9])"
_DOT = r"(?si)(?:\s|//[^\n]*\n|(?>/\*.*?\*/)|#[^\n]*\n)*(?:strict\s+)?(?:di)?graph\b"
_BEGINNINGS = {
    "json": r"\{",
    "scxml": r"(?s)(?:(?><\?.*?\?>|<!--.*?-->)\s*)*<(?:[\w-]{1,40}:)?scxml\b",
    "jflap": r"<",
    "hoa": r"(?s)(?:(?>/\*.*?\*/)\s*)*HOA:",
    "mata": r"(?:#[^\n]*\n\s*)*@[A-Za-z]",
    "kiss": r"(?:#[^\n]*\n\s*)*\.(?:i|o|p|s|r|start_kiss|model|inputs)\b",
    "ba": r"(?:[^\s,]+[ \t\r]*\n\s*)?[^\s,]+,[^\s,>]+->[^\s,]+[ \t\r]*(?:\n|$)",
}
_TOML_LINE = r"""\s*(?:#|\[|(?:"[^"\n]*"|'[^'\n]*'|[\w.-]+)\s*=)"""


def format_of(path: str) -> str | None:
    """The format that a file's suffix names, passing over .gz; None where it has no suffix.

    Raises:
        FormatError: for a suffix that names none.
    """
    suffix = _suffix(path)
    if suffix and suffix not in SUFFIXES:
        raise FormatError(
            one_line(
                f"{path}: the suffix {shown(suffix)} names no format of machines; "
                f"they are {' '.join(SUFFIXES)}, each also with .gz"
            )
        )
    return SUFFIXES.get(suffix)


def format_to_write(path: str) -> str | None:
    """The format to write a file in, as `format_of`.

    Raises:
        FormatError: for a suffix that names none, or one that is only read.
    """
    format = format_of(path)
    if format is not None:
        _module(format, WRITTEN)
    return format


def format_to_read(path: str) -> str | None:
    """The format to read a file in, as `format_of`; None where it is to be found out.

    Example:
        >>> format_to_read("machine.fst.txt"), format_to_read("machine.dot.gz")
        (None, 'dot')
    """
    return None if _suffix(path) in SNIFFED else format_of(path)


def _suffix(path: str) -> str:
    from pathlib import PurePath

    pure = PurePath(path)
    suffix = pure.suffix.lower()
    return PurePath(pure.stem).suffix.lower() if suffix == ".gz" else suffix


def read(content: bytes, where: str, format: str | None = None) -> Machine:
    """The machine that a file's content describes; without a format, that is found out.

    Raises:
        FormatError: naming the place that is not of the format.
        GrammarError: where the content describes no machine.
    """
    content = gunzip(content, where, limit=MAX_FILE_BYTES)
    if content.startswith(_OPENFST_BINARY):
        raise FormatError(f"{where}: a binary file of OpenFST; print it as text with fstprint")
    text = _decoded(content, where)
    if format == "att" and sniff(text) == "ba":
        raise FormatError(
            f"{where}: a Büchi automaton (.ba), which reads infinite words; call it .ba to read it "
            "as one of finite words"
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FormatError(f"{where}:{line}: a NUL character: this is no text file")
    machine: Machine = _module(format or sniff(text)).read(text, where)
    return machine


def write(fsm: Machine, format: str) -> bytes:
    """The machine in a format.

    Raises:
        FormatError: where the format cannot hold it.
    """
    module = _module(format, WRITTEN)
    text: str = module.write(fsm if format == "toml" else finite(fsm, f"the format {format}"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError(
            f"{fsm} cannot be written: {shown(text[error.start])} is no Unicode character; rename "
            "the state or symbol"
        ) from None


def losses(fsm: Machine, format: str) -> list[str]:
    """What a format cannot carry of a machine, as phrases such as ``names of states``."""
    module = _module(format, WRITTEN)
    return list(module.losses(fsm)) if hasattr(module, "losses") else []


def sniff(text: str) -> str:
    """The format of a file without a name, by how it begins; TOML where nothing else fits.

    Example:
        >>> sniff("digraph {}"), sniff("<structure>"), sniff("0 1 a a"), sniff('{"nodes": []}')
        ('dot', 'jflap', 'att', 'json')
    """
    start = text.lstrip()
    if re.match(_DOT, text):
        return "dot"
    for format, beginning in _BEGINNINGS.items():
        if re.match(beginning, start):
            return format
    first = start.split("\n", 1)[0]
    if not re.match(_TOML_LINE, first) and 1 <= len(first.split()) <= 5:
        return "att"
    return "toml"


def _module(format: str, among: tuple[str, ...] = FORMATS) -> Any:
    if format not in among:
        what = (
            f"{format} is not written" if format in FORMATS else f"unknown format {shown(format)}"
        )
        raise FormatError(f"{what}; choose {', '.join(among)}")
    return import_module(f"reberlstm.formats.{format}")


def _decoded(content: bytes, where: str) -> str:
    """The text of a file: UTF-8, or what a byte order mark, XML or Graphviz's charset says."""
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif declared := re.match(_ENCODING, content):
        name = declared[1].decode("ascii")
        encoding = name if re.fullmatch(_SAFE_ENCODINGS, name) else encoding
    elif re.search(_DOT_CHARSET, content[:2000]):
        encoding = "latin-1"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{where}:{line}: not text in {encoding.removesuffix('-sig').upper()}: byte "
            f"{content[error.start]:#04x} at offset {error.start}"
        ) from None
    except LookupError:
        raise FormatError(f"{where}: unknown encoding {shown(encoding)}; use UTF-8") from None
