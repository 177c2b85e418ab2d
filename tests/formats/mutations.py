"""Damage to files, and the law that every reader keeps: a machine, or one line that names the file."""

from __future__ import annotations

import random
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field

from reberlstm import formats
from reberlstm.errors import FormatWarning, ReberLSTMError
from reberlstm.formats import regex
from reberlstm.machine.counters import finite
from reberlstm.machine.fsm import FSM
from tests.formats.valid import EXPRESSIONS, valid_files

READERS = (*formats.FORMATS, "regex")

# What a careless editor, a cut connection or an attacker would leave behind.
PIECES = (
    *(b'"', b"'", b"{", b"}", b"[", b"]", b"<", b">", b"(", b")", b"=", b";", b",", b"|", b"\\"),
    *(b"\n", b"\t", b" ", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\x1f\x8b"),
    *(b"-1", b"1e999", b"nan", b"9" * 400, b"0x" + b"f" * 400, b"\\ud800", "ε".encode()),
    *(b"<eps>", b"@0@", b"--", b"->", b"/*", b"<!--", b"&#0;", b"&lt;", b"<!DOCTYPE a>", b"null"),
    *(b"true", b'{"a": 1}', b"[[", b"a.b.c", b"digraph", b"subgraph {", b"label=", b"<read/>"),
    *(b"<initial/>", b"<final/>", b"__start0 -> ", b"alphabet", b"probability=2", b"stop=1"),
)  # fmt: skip


def mutate(content: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The content with one to four injuries."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        size = len(content)
        begin = rng.randrange(size + 1)
        end = min(size, begin + rng.choice([1, 1, 2, 5, 20, 200]))
        kind = rng.randrange(8)
        if kind == 0:
            content = content[:begin] + content[end:]
        elif kind == 1:
            content = (
                content[:begin] + content[begin:end] * rng.choice([2, 2, 3, 50]) + content[end:]
            )
        elif kind == 2:
            content = content[:begin] + rng.choice(PIECES) + content[begin:]
        elif kind == 3:
            content = content[:begin] + rng.choice(PIECES) + content[end:]
        elif kind == 4:
            content = content[:begin] + rng.randbytes(end - begin) + content[end:]
        elif kind == 5:
            content = content[:begin]
        elif kind == 6:
            lines = content.split(b"\n")
            rng.shuffle(lines)
            content = b"\n".join(lines)
        else:
            other = rng.choice(others)
            cut = rng.randrange(len(other) + 1)
            content = content[:begin] + other[cut : cut + 100] + content[end:]
    return content


def outcome(content: bytes, where: str, format: str | None) -> str:
    """``machine`` or ``error``, as the law has it.

    Raises:
        AssertionError: where the message is not one line that begins with the file's name; and
            whatever else a reader raises, which breaks the law, too.
    """
    try:
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            fsm = _read(content, where, format)
    except ReberLSTMError as error:
        message = str(error)
        assert message.startswith(f"{where}:") or format == "regex", message
        assert len(message.splitlines()) == 1, message
        assert message.isprintable(), message
        return "error"
    for note in notes:
        assert note.category is FormatWarning, note
        assert str(note.message).startswith(f"{where}:")
        assert str(note.message).isprintable()
    # A machine that was read can be shown, run and written.
    assert str(fsm).encode()
    assert fsm.run(()) == fsm.start
    assert formats.read(formats.write(fsm, "toml"), where, "toml") == fsm
    return "machine"


def _read(content: bytes, where: str, format: str | None) -> FSM:
    if format == "regex":
        return regex.read(content.decode("utf-8", "replace"), where)
    return finite(formats.read(content, where, format), "a mutated file")


@dataclass
class Tally:
    """What became of the inputs to one reader.

    Attributes:
        outcomes: How many were machines, errors, or `failures`.
        failures: The inputs that broke the law, and how.
        longest: The seconds of processor time of the slowest.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[bytes, str]] = field(default_factory=list)
    longest: float = 0.0


def seeds_of(reader: str) -> list[bytes]:
    """The valid inputs of a reader."""
    if reader == "regex":
        return [expression.encode() for expression in EXPRESSIONS]
    suffixes = [s for s, format in formats.SUFFIXES.items() if format == reader]
    files = valid_files()
    if reader == "xstate":
        return [files["light.json"]]
    return [content for name, content in files.items() if name.endswith(tuple(suffixes))]


def fuzz(reader: str, count: int, seed: int) -> Tally:
    """Damage the valid inputs of a reader, so many times, and read the result.

    Every tenth is read as a file without a name, whose format is found out.
    """
    rng = random.Random(f"{reader} {seed}")
    seeds, others = seeds_of(reader), [*valid_files().values()]
    tally = Tally()
    for number in range(count):
        content = mutate(rng.choice(seeds), rng, others)
        sniffed = number % 10 == 0 and reader != "regex"
        began = time.process_time()
        try:
            result = outcome(content, "input", None if sniffed else reader)
        except Exception as error:
            result = "failures"
            tally.failures.append((content, f"{type(error).__name__}: {error}"))
        tally.outcomes[result] += 1
        tally.longest = max(tally.longest, time.process_time() - began)
    return tally
