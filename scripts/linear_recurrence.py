"""What a linear recurrence cannot do: parity, whatever its weights; the table of docs/cells.md.

    python scripts/linear_recurrence.py [--write]

Cells are h' = a·h + b with numbers a > 0 and b that the symbol chooses (diagonal, positive
eigenvalues), and the head is linear. For each number of cells this makes one that answers parity
right on the words 1, 11, 111, … for as long as any such net can, and runs it in exact fractions and
in float64. docs/cells.md has the argument. The compiled nets are run on the same words.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from in_docs import put

import reberlstm as rl
from reberlstm.net.net import Net

MOST = 12
LONGEST = 10_000


def solved(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """The solution of a square system of equations, by elimination in exact numbers."""
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for column in range(len(table)):
        pivot = next(r for r in range(column, len(table)) if table[r][column])
        table[column], table[pivot] = table[pivot], table[column]
        table[column] = [x / table[column][column] for x in table[column]]
        for r, row in enumerate(table):
            if r != column and row[column]:
                table[r] = [x - row[column] * y for x, y in zip(row, table[column], strict=True)]
    return [row[-1] for row in table]


def best(cells: int) -> tuple[list[Fraction], list[Fraction]]:
    """The a of each cell, and the head, its bias last: exactly ±1 on 1ⁿ for n = 0 … cells.

    Words begin at h = 1, and b = 0, so h = aⁿ.
    """
    a = [Fraction(k, cells + 1) for k in range(1, cells + 1)]
    powers = [[x**n for x in (*a, Fraction(1))] for n in range(cells + 1)]
    return a, solved(powers, [Fraction((-1) ** n) for n in range(cells + 1)])


def first_failure(a: Sequence[Any], head: Sequence[Any], one: Any) -> int:
    """The length of the shortest word of ones that is answered wrong, by running the recurrence."""
    h = [one for _ in a]
    for n in range(LONGEST):
        value = sum((x * w for x, w in zip(h, head, strict=False)), one * head[-1])
        if (value > 0) != (n % 2 == 0):
            return n
        h = [x * y for x, y in zip(h, a, strict=True)]
    return LONGEST


def compiled_failure(net: Net) -> str:
    """The same for a compiled net."""
    states = net.start()
    symbol = np.array([net.alphabet.index("1")])
    for n in range(LONGEST):
        if bool(net.observe(states).accept[0]) != (n % 2 == 0):
            return f"{n:,}"
        states = net.step(states, symbol)
    return f"none up to {LONGEST:,}"


def main() -> None:
    """Print the table, and write it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="into docs/cells.md")
    lines = [
        "| cells | no such net is right up to | first failure, exact | first failure, float64 |",
        "|---|---:|---:|---:|",
    ]
    for cells in range(1, MOST + 1):
        a, head = best(cells)
        exact = first_failure(a, head, Fraction(1))
        rounded = first_failure(list(map(float, a)), list(map(float, head)), np.float64(1.0))
        lines.append(f"| {cells} linear | {cells + 1} | {exact} | {rounded} |")
    for cell, title in {"lstm": "an LSTM", "gru": "a GRU", "rnn": "an RNN"}.items():
        net = rl.compile("parity", cell=cell)
        lines.append(f"| {net.size} of {title} | none: proved | none | {compiled_failure(net)} |")
    put("linear", lines, parser.parse_args().write, page="cells.md")


if __name__ == "__main__":
    main()
