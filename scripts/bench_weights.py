"""How large the compiler's weights are, against the smallest possible ones.

For machines with many symbols it takes the states with the largest weights and asks a mixed-integer
programme (HiGHS, in scipy) for the two filters with the smallest largest weight: |u| ≤ w on states,
|v| ≤ w on symbols and |b| ≤ w, each pair of the relation at ≥ ½ in both filters, each other pair at
≤ −½ in one of them. All in units of 2·K. Where the programme does not close in time, its best
solution and its lower bound are shown.

No choice of weights is small where k symbols lead to a state from k different states, each from one
(an induced matching, as in adding modulo k): of two such pairs (p, a) and (q, b) one filter cannot
reject both (p, b) and (q, a), so each filter orders the k pairs, every step in the order takes a
unit, and k − 1 of them span ±(k − 1)/2.

    python scripts/bench_weights.py
"""

from __future__ import annotations

import argparse
import string
import sys
import time
from collections.abc import Iterator, Mapping

import numpy as np
from bench_constructions import random_machine
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from reberlstm import FSM
from reberlstm.compiler import layout
from reberlstm.compiler.encoding import Code, Encoding, Special, encode
from reberlstm.compiler.layout import Wiring

Pattern = frozenset[int]

KEYWORDS = ("and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else")


def adding(modulus: int) -> FSM:
    """The sum of all symbols modulo `modulus`: every state is entered from each by one symbol."""
    names = [str(number) for number in range(modulus)]
    return FSM(
        alphabet=tuple(names),
        start="0",
        accepting=frozenset({"0"}),
        transitions={p: {a: str((int(p) + int(a)) % modulus) for a in names} for p in names},
        name=f"adding modulo {modulus}",
    )


def spotting(words: tuple[str, ...]) -> FSM:
    """Texts in lower case that end in one of the words (A. V. Aho and M. J. Corasick, 1975)."""
    prefixes = dict.fromkeys(word[:n] for word in words for n in range(len(word) + 1))

    def follow(prefix: str, letter: str) -> str:
        text = prefix + letter
        return next(text[n:] for n in range(len(text) + 1) if text[n:] in prefixes)

    return FSM(
        alphabet=tuple(string.ascii_lowercase),
        start="^",
        accepting=frozenset(f"^{p}" for p in prefixes if p.endswith(words)),
        transitions={
            f"^{p}": {a: f"^{follow(p, a)}" for a in string.ascii_lowercase} for p in prefixes
        },
        name=f"spotting {len(words)} keywords",
    )


def scanning() -> FSM:
    """The tokens of a small language, character by character over 67 characters."""
    letters, digits = string.ascii_letters + "_", string.digits
    other = ' ".+'
    everything = letters + digits + other

    def to(target: str, symbols: str) -> dict[str, str]:
        return dict.fromkeys(symbols, target)

    begin = to("name", letters) | to("whole", digits) | {" ": "space", '"': "text", "+": "sign"}
    return FSM(
        alphabet=tuple(everything),
        start="begin",
        accepting=frozenset({"name", "whole", "fraction", "closed", "space", "sign"}),
        transitions={
            "begin": begin,
            "space": begin,
            "sign": begin,
            "name": to("name", letters + digits) | {" ": "space", "+": "sign"},
            "whole": to("whole", digits) | {".": "point", " ": "space", "+": "sign"},
            "point": to("fraction", digits),
            "fraction": to("fraction", digits) | {" ": "space", "+": "sign"},
            "text": to("text", everything) | {'"': "closed"},
            "closed": {" ": "space", "+": "sign"},
        },
        name="scanning tokens",
    )


def machines() -> Iterator[FSM]:
    """Structured machines, then random ones of more and more symbols."""
    yield spotting(KEYWORDS)
    yield scanning()
    for modulus in (5, 10, 16, 24):
        yield adding(modulus)
    for states, symbols in ((30, 4), (30, 8), (30, 16), (100, 26)):
        for density in (0.5, 1.0):
            yield random_machine(states, symbols, density, seed=0)


def laid_out(encoding: Encoding, wiring: Wiring) -> float:
    """The largest weight of a cell's two filters, in units."""
    largest = 0.5
    for filter in wiring.filters:
        bias = filter.bias
        if encoding.reference is not Special.ZERO:
            bias += filter.states.get(Special.ZERO, filter.others)
        largest = max(largest, filter.size[0], abs(bias))
    return largest


def smallest(encoding: Encoding, state: int, seconds: float) -> tuple[float, float]:
    """The smallest largest weight of two filters for a state: what was found, and a bound."""
    patterns: Mapping[Code, Pattern] = {
        code: frozenset(a for a, t in enumerate(encoding.machine.table[q]) if t == state)
        for code, q in encoding.codes()
    }
    rows = list(dict.fromkeys(patterns.values()))
    symbols = frozenset().union(*rows)
    columns = list({tuple(a in row for row in rows): a for a in sorted(symbols)}.values())
    zeros = [(p, a) for p in range(len(rows)) for a in columns if a not in rows[p]]
    reference = rows.index(patterns[encoding.reference])
    start = rows.index(patterns[Special.ZERO])

    width = len(rows) + len(columns) + 1
    count = 2 * width + 1 + len(zeros)
    lines: list[dict[int, float]] = []
    low: list[float] = []
    high: list[float] = []

    def constrain(line: dict[int, float], least: float, most: float) -> None:
        lines.append(line)
        low.append(least)
        high.append(most)

    big = 4.0 * width
    for number in range(2):
        first = number * width
        bias = first + width - 1

        def total(p: int, a: int, first: int = first, bias: int = bias) -> dict[int, float]:
            return {first + p: 1.0, first + len(rows) + columns.index(a): 1.0, bias: 1.0}

        for p, row in enumerate(rows):
            for a in row.intersection(columns):
                constrain(total(p, a), 0.5, np.inf)
        for which, (p, a) in enumerate(zeros):
            shut = {2 * width + 1 + which: -big if number == 0 else big}
            constrain(total(p, a) | shut, -np.inf, -0.5 + big * number)
        weights = [{variable: 1.0} for variable in range(first, bias)]
        weights.append({bias: 1.0} | ({first + start: 1.0} if start != reference else {}))
        for weight in weights:
            constrain(weight | {2 * width: -1.0}, -np.inf, 0.0)
            constrain(weight | {2 * width: 1.0}, 0.0, np.inf)

    matrix = lil_array((len(lines), count))
    for number, line in enumerate(lines):
        for variable, value in line.items():
            matrix[number, variable] = value
    objective, integer = np.zeros(count), np.zeros(count)
    objective[2 * width] = integer[2 * width + 1 :] = 1.0
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    lower[2 * width + 1 :], upper[2 * width + 1 :] = 0.0, 1.0
    lower[[reference, width + reference]] = upper[[reference, width + reference]] = 0.0
    found = milp(
        objective,
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        bounds=Bounds(lower, upper),
        integrality=integer,
        options={"time_limit": seconds},
    )
    best = np.inf if found.x is None else float(found.x[2 * width])
    return round(best, 3), round(float(found.mip_dual_bound or 0.0), 3)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--states", type=int, default=4, help="how many states of each machine")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each of them")
    arguments = parser.parse_args()
    print(f"Up to {arguments.seconds:g} s for each of the {arguments.states} states with the")
    print("largest weights; in units of 2·K.\n")
    print("| machine | states | symbols | split | wiring s | mean | largest | smallest possible |")
    print("|---|---|---|---|---|---|---|---|")
    for fsm in machines():
        encoding = encode(fsm.tables())
        began = time.process_time()
        cells = list(layout.wire(encoding))
        took = time.process_time() - began
        sizes = {cell.state: laid_out(encoding, cell) for cell in cells if not cell.copy}
        worst = sorted(sizes, key=lambda state: -sizes[state])[: arguments.states]
        pairs = []
        for state in worst:
            best, bound = smallest(encoding, state, arguments.seconds)
            shown = f"{best:g}" if best - bound < 0.01 else f"{bound:g}–{best:g}"
            pairs.append(f"{sizes[state]:g} → {shown}")
        copies = len({cell.state for cell in cells if cell.copy})
        print(
            f"| {fsm} | {len(fsm.states)} | {len(fsm.alphabet)} | {copies} | {took:.2f} "
            f"| {np.mean(list(sizes.values())):.2f} | {max(sizes.values()):g} "
            f"| {', '.join(pairs)} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
