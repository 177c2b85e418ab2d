"""Finding machines: the shipped grammars by name, any other by file."""

from __future__ import annotations

import os
from pathlib import Path

from reberlstm.errors import FormatError, GrammarError
from reberlstm.files import read_bytes
from reberlstm.formats import toml
from reberlstm.fsm import FSM

MAX_FILE_BYTES = 64 * 2**20
"""Grammar files above this size are refused before they are parsed."""

_PACKAGE = Path(__file__).parent
# In a wheel the grammars lie inside the package, in a checkout beside it.
_FOLDER = next(f for f in (_PACKAGE / "grammars", _PACKAGE.parent / "grammars") if f.is_dir())


def grammar_names() -> list[str]:
    """The names of the shipped grammars, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_grammar(name_or_path: str | os.PathLike[str]) -> FSM:
    """The shipped grammar of that name, the member of a family, or the machine in that file.

    A plain word is a name; anything with a suffix or a folder is a path.

    Raises:
        GrammarError: for an unknown name, or a file that describes no machine.
        FormatError: for a file that cannot be read.

    Example:
        >>> load_grammar("reber").accepts("BTSSXXTVVE")
        True
    """
    text = os.fspath(name_or_path)
    path = Path(text)
    if isinstance(name_or_path, str) and path.name == text and not path.suffix:
        return _load_shipped(text)
    content = read_bytes(path, limit=MAX_FILE_BYTES)
    try:
        return toml.read(content.decode("utf-8"), text)
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{text}: not text in UTF-8: byte {content[error.start]:#04x} at offset {error.start}"
        ) from None


def _load_shipped(name: str) -> FSM:
    names = grammar_names()
    if name not in names:
        from reberlstm.families import by_name

        member = by_name(name)
        if member is not None:
            return member
        import difflib

        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise GrammarError(
            f"unknown grammar {name!r}; {hint}`reberlstm grammars` lists the names, "
            "and a file is given with its suffix, as in ./mine.toml"
        )
    return toml.read((_FOLDER / f"{name}.toml").read_text("utf-8"), name)
