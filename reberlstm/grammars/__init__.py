"""Finding machines: the shipped grammars by name, any other by file."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from reberlstm import formats
from reberlstm.errors import FormatError, FormatWarning, GrammarError, one_line, shown
from reberlstm.files import read_bytes, write_atomically
from reberlstm.formats import MAX_FILE_BYTES, toml
from reberlstm.machine.counters import CounterMachine, Machine, finite
from reberlstm.machine.fsm import FSM

if TYPE_CHECKING:  # it takes longer to load than a short command to run
    from pathlib import Path


def _names(folder: str) -> list[str]:
    names = os.listdir(folder)
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


_HERE = os.path.dirname(__file__)
# In a wheel the grammars are in this folder, in a checkout at its top.
_FOLDER = next(f for f in (_HERE, os.path.join(_HERE, "../../grammars")) if _names(f))
_COUNTERS = os.path.join(_FOLDER, "counters")


def grammar_names() -> list[str]:
    """The names of the shipped grammars that are finite-state machines, sorted.

    Those with counters are `counter_machine_names`.
    """
    return _names(_FOLDER)


def counter_machine_names() -> list[str]:
    """The names of the shipped machines with counters, sorted.

    Example:
        >>> counter_machine_names()[:3]
        ['anbmcnm', 'anbn', 'anbncn']
    """
    return _names(_COUNTERS)


def shipped_file(name: str) -> Path:
    """The file of a shipped grammar."""
    from pathlib import Path

    return Path(_path(name))


def _path(name: str) -> str:
    return os.path.join(_COUNTERS if name in counter_machine_names() else _FOLDER, f"{name}.toml")


def load_grammar(name_or_path: str | os.PathLike[str]) -> FSM | Any:
    """The shipped grammar of that name, the member of a family, or the machine in that file.

    A finite machine is an `FSM`, one with counters a `CounterMachine`. Type checkers are told of
    the first alone, so that code for finite machines passes; `as_machine` tells them of both.

    A plain word is a name; anything with a suffix or a folder is a path, whose suffix names the
    format: .toml, .dot or .gv, .jff, .att or .fst, .json, each also with .gz after it; that of .txt
    and .xml is found out, as it is of ``-``, standard input. ``regex:...`` is a regular expression.
    What a reader had to decide, such as determinising the machine, is said by a `FormatWarning`.

    Raises:
        GrammarError: for an unknown name, or a file that describes no machine.
        FormatError: for a file that cannot be read.

    Example:
        >>> load_grammar("reber").accepts("BTSSXXTVVE")
        True
        >>> load_grammar("regex:B(TS*X|PT*V)E").accepts("BTSSXE")
        True
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise _wrong("a grammar: a name or a path", name_or_path)
    text = os.fspath(name_or_path)
    if isinstance(name_or_path, str):
        if text == "-":
            return _checked(read_standard_input(), "standard input")
        if text.startswith("regex:"):
            from reberlstm.formats import regex

            return regex.read(text.removeprefix("regex:"), text)
        if text in grammar_names() or text in counter_machine_names():
            with open(_path(text), encoding="utf-8") as file:
                return toml.read(file.read(), text)
        from pathlib import Path

        if Path(text).name == text and not Path(text).suffix:
            return _family(text)
    return _checked(read_file(text), text)


Grammar = Machine | str | os.PathLike[str]
"""What stands for a machine wherever one is taken: the machine, a name, or a path."""


def as_finite(grammar: Grammar, what: str) -> FSM:
    """The machine that is meant, which has to be finite: `what` needs one.

    Raises:
        GrammarError: for a machine with counters, and as `as_machine`.
        FormatError: for a file that cannot be read.

    Example:
        >>> as_finite("reber", "minimise").minimise() == as_machine("reber")
        True
    """
    return finite(as_machine(grammar), what)


def as_machine(grammar: Grammar) -> Machine:
    """The machine that is meant: itself, or what `load_grammar` finds.

    Raises:
        GrammarError: for anything else, and as `load_grammar`.
        FormatError: for a file that cannot be read.

    Example:
        >>> as_machine("reber") == as_machine(load_grammar("reber"))
        True
    """
    if isinstance(grammar, FSM | CounterMachine):
        return grammar
    if isinstance(grammar, str | os.PathLike):
        machine: Machine = load_grammar(grammar)
        return machine
    raise _wrong("a grammar: an FSM, a CounterMachine, a name or a path", grammar)


def _wrong(what: str, value: object) -> GrammarError:
    return GrammarError(one_line(f"expected {what}; got {shown(value)}"))


def read_file(path: str, format: str | None = None) -> Machine:
    """The machine in a file, of the given format or the one that the suffix names."""
    from pathlib import Path

    format = format or formats.format_to_read(path)
    return formats.read(read_bytes(Path(path), limit=MAX_FILE_BYTES), path, format)


def read_standard_input(format: str | None = None) -> Machine:
    """The machine on standard input, in a given format or the one that it begins like."""
    try:
        content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise FormatError(f"standard input: cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise FormatError(f"standard input: larger than the limit of {MAX_FILE_BYTES:,} bytes")
    return formats.read(content, "standard input", format)


def save_grammar(fsm: Grammar, path: str | os.PathLike[str], format: str | None = None) -> None:
    """Write a machine to a file, in the given format or the one that the suffix names.

    The file is whole or not there at all. What the format cannot carry is said by a
    `FormatWarning`; .toml, .dot and .json carry everything.

    Raises:
        FormatError: for an unknown suffix, a file that cannot be written, or a symbol that the
            format cannot hold.
    """
    if not isinstance(path, str | os.PathLike):
        raise _wrong("a path", path)
    from pathlib import Path

    fsm, text = as_machine(fsm), os.fspath(path)
    format = format or formats.format_to_write(text)
    if format is None:
        raise FormatError(
            f"{text}: a suffix must name the format; they are {' '.join(formats.SUFFIXES)}"
        )
    content = formats.write(fsm, format)
    warn_of_losses(fsm, format, text)
    if text.lower().endswith(".gz"):
        import gzip

        content = gzip.compress(content, mtime=0)
    write_atomically(Path(text), content)


def warn_of_losses(fsm: Machine, format: str, where: str) -> None:
    """Say what a format cannot carry of a machine."""
    lost = formats.losses(fsm, format)
    if lost:
        text = one_line(f"{where}: {format} cannot carry {', '.join(lost)}")
        warnings.warn(FormatWarning(text), stacklevel=3)


def _checked(fsm: Machine, where: str) -> Machine:
    """Warn of states that no word leads to; they stay, since loading changes no machine."""
    if len(fsm.reachable) < len(fsm.states):
        reachable = set(fsm.reachable)
        lost = [state for state in fsm.states if state not in reachable]
        some = " ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        states = f"{len(lost):,} state{'s' * (len(lost) != 1)}"
        text = one_line(f"{where}: {states} cannot be reached from the start: {some}")
        warnings.warn(FormatWarning(text), stacklevel=3)
    return fsm


def _family(name: str) -> FSM:
    """The member of a family of that name."""
    from reberlstm.grammars.builders import by_name

    member = by_name(name)
    if member is not None:
        return member
    import difflib

    close = difflib.get_close_matches(name, grammar_names() + counter_machine_names(), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise GrammarError(
        f"unknown grammar {name!r}; {hint}`reberlstm grammars` lists the names, "
        "and a file is given with its suffix, as in ./mine.toml"
    )
