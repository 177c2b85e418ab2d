"""What bounds the work that a file of tensors can cause: memory, and what a pickle makes of itself.

Sizes are read from headers and refused before the data; `REBERLSTM_MAX_BYTES` in the environment
raises the limit.
"""

from __future__ import annotations

import io
import os
import pickletools
import sys
import zipfile
from typing import Any

import numpy as np

from reberlstm.errors import FormatError

MAX_BYTES = "REBERLSTM_MAX_BYTES"
"""The variable of the environment that sets how many bytes a net may take, on disk or in memory."""

USUAL_BYTES = 2 * 2**30
"""As many as fit into the memory of a laptop."""

SMALL_BYTES, EXPANSION = 2**28, 100
"""A file may take so much memory, or so many times its size where that is more: a file of numbers
that somebody trained does not grow a thousandfold when it is unpacked."""

MOST_IN_A_TUPLE, DEEPEST_TUPLE = 1_000_000, 100
"""A pickle with a larger tuple, what is in it counted as often as it stands there, is refused, and
one with deeper tuples in tuples: a dictionary that has it as a key would go through all of it."""

MOST_LONG_INTEGERS = 10_000
"""As keys of a dictionary, integers of any size can all be made to collide."""


def most_bytes() -> int:
    """How large a file of tensors may be.

    Raises:
        FormatError: where the environment says no number.
    """
    given = os.environ.get(MAX_BYTES, "")
    if not given:
        return USUAL_BYTES
    try:
        return int(given)
    except ValueError:
        raise FormatError(f"{MAX_BYTES}={given}: give a number of bytes") from None


def bear(elements: int, size: int) -> None:
    """Refuse what takes more memory as float64 than a file of `size` bytes may.

    Raises:
        FormatError: with the number of bytes.
    """
    limit = most_bytes()
    if MAX_BYTES not in os.environ:
        limit = min(limit, max(SMALL_BYTES, EXPANSION * size))
    if 8 * elements > limit:
        raise FormatError(
            f"its numbers take {8 * elements:,} bytes of memory, over the limit of {limit:,} for a "
            f"file of {size:,} bytes; if you trust it, set {MAX_BYTES}={8 * elements}"
        )


# Archives


def elements_of_npz(archive: zipfile.ZipFile) -> int:
    """How many numbers the arrays of an archive have, by their headers; a text counts its bytes.

    Raises:
        ValueError: for a member that is no array, or not as large as it says.
    """
    total = 0
    for member in archive.infolist():
        with archive.open(member) as file:
            shape, dtype = _npy_header(file, member.filename)
        count = int(np.prod(shape, dtype=object))
        if count * dtype.itemsize > member.file_size:
            raise ValueError(f"array {member.filename!r} says that it is larger than it is")
        total += max(count, count * dtype.itemsize // 8 if dtype.kind not in "fiub" else 0)
    return total


def check_text(array: np.ndarray[Any, Any]) -> None:
    """Refuse an array of texts with numbers that are no characters: NumPy makes strings of them.

    Raises:
        ValueError: for such an array.
    """
    if array.dtype.kind == "U" and array.dtype.itemsize:
        order = ">" if array.dtype.byteorder == ">" else "<"
        if np.frombuffer(array.tobytes(), f"{order}u4").max(initial=0) > sys.maxunicode:
            raise ValueError("a text with numbers that are no characters")


_NPY_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
"""The third version is for names of fields, which no array of numbers has."""


def _npy_header(file: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version not in _NPY_HEADERS:
        raise ValueError(f"member {name!r} is of version {version}, which has no plain numbers")
    shape, _, dtype = _NPY_HEADERS[version](file)
    if any(x < 0 for x in shape):
        raise ValueError(f"array {name!r} has the shape {shape}")
    return shape, dtype


def unpacked_bytes(archive: zipfile.ZipFile) -> int:
    """What an archive says that its members take, all together."""
    return sum(member.file_size for member in archive.infolist())


# Pickles


def check_pickles(content: bytes) -> None:
    """Refuse a PyTorch file whose pickles make far more work than they are long.

    Only the opcodes are looked at, and nothing is made: how much is in each tuple is counted on
    a stack like that of the unpickler (https://docs.python.org/3/library/pickletools.html).

    Raises:
        FormatError: for such a file, and one with two members of the same name.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        _check_pickles_in(content)
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        bear(unpacked_bytes(archive) // 8, len(content))
        names = archive.namelist()
        if len(set(names)) < len(names):
            raise FormatError("an archive with two members of the same name")
        for name in names:
            if name.endswith(".pkl"):
                _check_pickles_in(archive.read(name))


def _check_pickles_in(content: bytes) -> None:
    stream = io.BytesIO(content)
    for _ in range(8):  # what torch.save wrote before it wrote archives is a row of pickles
        if stream.tell() == len(content):
            return
        try:
            _check_pickle(stream)
        except FormatError:
            raise
        except Exception:  # no pickle: the numbers after the last one, or for torch.load to refuse
            return


Counted = tuple[int, int]
"""How much is in a tuple, and how deep."""

ONE: Counted = (1, 0)


class _Mark:
    """What MARK leaves on the stack."""


_TUPLES = {"TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _check_pickle(stream: io.BytesIO) -> None:
    stack: list[Any] = []
    memo: dict[int, Counted] = {}
    long_integers = 0
    for opcode, argument, _ in pickletools.genops(stream):
        name = opcode.name
        if name in ("LONG", "LONG1", "LONG4", "INT"):
            long_integers += 1
            if long_integers > MOST_LONG_INTEGERS:
                raise FormatError(f"a pickle with over {MOST_LONG_INTEGERS:,} long integers")
        if name in ("GLOBAL", "STACK_GLOBAL") and str(argument).endswith(" bytearray"):
            raise FormatError("refused, because it wants to make a bytearray; nothing was run")
        if name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[int(argument or 0)] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo.get(int(argument or 0), ONE))
        elif name == "DUP":
            stack.append(stack[-1])
        elif name == "MARK":
            stack.append(_Mark)
        else:
            taken = _taken(stack, opcode)
            if name in _TUPLES:
                many = 1 + sum(many for many, _ in taken)
                deep = 1 + max((deep for _, deep in taken), default=0)
                if many > MOST_IN_A_TUPLE or deep > DEEPEST_TUPLE:
                    raise FormatError("a pickle with tuples in tuples, over and over again")
                stack.append((many, deep))
            else:
                stack.extend(ONE for _ in opcode.stack_after)


def _taken(stack: list[Any], opcode: pickletools.OpcodeInfo) -> list[Counted]:
    """What an opcode takes from the stack, its mark left out."""
    if opcode.name in _TUPLES and opcode.name != "TUPLE":
        return [stack.pop() for _ in range(_TUPLES[opcode.name])]
    before = opcode.stack_before
    if pickletools.markobject not in before:
        return [stack.pop() for _ in before]
    taken = []
    while (top := stack.pop()) is not _Mark:
        taken.append(top)
    for _ in range(before.index(pickletools.markobject)):
        stack.pop()
    return taken
