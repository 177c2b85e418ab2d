"""Families of machines, one for every choice of parameters.

The tasks of Delétang et al. (2023) follow their published code,
https://github.com/google-deepmind/neural_networks_chomsky_hierarchy, tasks/regular.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM, named

MAX_STATES = 100_000
"""A machine with more states than this is not built: a name such as dyck-9-9 is quickly typed."""


def _check(what: str, value: int, least: int, name: str = "", states: int = 0) -> None:
    """Refuse a parameter that is too small, and a machine that would be too large."""
    if value < least:
        raise GrammarError(f"{what} is {value}; it must be at least {least}")
    if states > MAX_STATES:
        raise GrammarError(
            f"{name} has over {MAX_STATES:,} states, which is the most that is built; "
            "choose smaller parameters"
        )


# Brackets and counting up to a bound

PAIRS = ("()", "[]", "{}", "<>")
"""The brackets of the first kinds; with more kinds the tokens are ``(1 )1 (2 )2`` and so on."""

EMPTY = "empty"
"""The name of the state in which no bracket is open."""


def dyck(kinds: int, depth: int) -> FSM:
    """The bounded Dyck language: balanced brackets of `kinds` kinds, at most `depth` deep.

    A state is the row of open brackets, so there are ``1 + k + k² + … + k^m``.

    Example:
        >>> brackets = dyck(2, 2)
        >>> brackets.accepts("([])()"), brackets.accepts("([)]"), brackets.accepts("((()))")
        (True, False, False)
    """
    _check("K, the number of kinds of dyck-K-M,", kinds, 1)
    name = f"dyck-{kinds}-{depth}"
    # Twenty levels are too many anyway, unless there is one kind.
    states = depth + 1 if kinds == 1 else sum(kinds**level for level in range(min(depth, 20) + 1))
    _check("M, the depth of dyck-K-M,", depth, 1, name, states)
    if kinds <= len(PAIRS):
        pairs = [(pair[0], pair[1]) for pair in PAIRS[:kinds]]
    else:
        pairs = [(f"({kind}", f"){kind}") for kind in range(1, kinds + 1)]

    if kinds == 1:
        # A row of equal brackets is a number; written out, many long rows would fill the memory.
        names = [
            f"{count} open" if count > 8 else "(" * count or EMPTY for count in range(depth + 1)
        ]
        transitions = {
            state: ({")": names[count - 1]} if count else {})
            | ({"(": names[count + 1]} if count < depth else {})
            for count, state in enumerate(names)
        }
    else:
        separator = "" if kinds <= len(PAIRS) else " "
        rows = [
            row for length in range(depth + 1) for row in itertools.product(pairs, repeat=length)
        ]
        named = {row: separator.join(pair[0] for pair in row) or EMPTY for row in rows}
        transitions = {
            state: ({row[-1][1]: named[row[:-1]]} if row else {})
            | ({pair[0]: named[*row, pair] for pair in pairs} if len(row) < depth else {})
            for row, state in named.items()
        }
    return FSM(
        alphabet=tuple(symbol for pair in pairs for symbol in pair),
        start=EMPTY,
        accepting=frozenset({EMPTY}),
        transitions=transitions,
        name=name,
        title=f"Bounded Dyck language: brackets of {kinds} kinds, at most {depth} deep",
        source="J. Hewitt et al., RNNs can generate bounded hierarchical languages with optimal "
        "memory, EMNLP 2020 (there with a symbol for the end of a word)",
    )


def anbn(n: int) -> FSM:
    """The words ab, aabb, … up to `n` of each: aⁿbⁿ as far as a finite machine can count.

    Example:
        >>> ["".join(word) for word in anbn(3).enumerate()]
        ['ab', 'aabb', 'aaabbb']
    """
    _check("n of anbn-N", n, 1, f"anbn-{n}", 2 * n + 1)
    transitions = {"start": {"a": "a1"}}
    for count in range(1, n + 1):
        line = {"a": f"a{count + 1}"} if count < n else {}
        transitions[f"a{count}"] = line | {"b": f"b{count - 1}" if count > 1 else "end"}
    for left in range(n - 1, 0, -1):
        transitions[f"b{left}"] = {"b": f"b{left - 1}" if left > 1 else "end"}
    transitions["end"] = {}
    return FSM(
        alphabet=("a", "b"),
        start="start",
        accepting=frozenset({"end"}),
        transitions=transitions,
        name=f"anbn-{n}",
        title=f"aⁿbⁿ for n from 1 to {n}; the states count the a read and the b to come",
        source="F. A. Gers and J. Schmidhuber, LSTM recurrent networks learn simple context-free "
        "and context-sensitive languages, IEEE Trans. Neural Networks 12 (2001) 1333–1340",
    )


# Counting round a circle

DELETANG = "G. Delétang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023"
INCOMPLETE = "…"
"""The output of `modular_arithmetic` where the expression still waits for a number."""


def mod(n: int) -> FSM:
    """Words over 0 and 1 whose number of ones is divisible by `n`; ``mod(2)`` is parity.

    Example:
        >>> mod(3).accepts("10101"), mod(3).accepts("1010")
        (True, False)
    """
    _check("n of mod-N", n, 1, f"mod-{n}", n)
    return FSM(
        alphabet=("0", "1"),
        start="0",
        accepting=frozenset({"0"}),
        transitions={str(i): {"0": str(i), "1": str((i + 1) % n)} for i in range(n)},
        name=f"mod-{n}",
        title=f"Words whose number of ones is divisible by {n}",
        source="A counter modulo n, which generalises the parity check task of " + DELETANG,
    )


def cycle_navigation(n: int = 5) -> FSM:
    """The position on a circle of `n` places after moves L (−1), S (stay) and R (+1).

    A Moore machine: its output is the position. It accepts the walks that come back to place 0.

    Example:
        >>> cycle_navigation(5).outputs[cycle_navigation(5).run("RLSLL")]
        '3'
    """
    _check("n of cycle-navigation-N", n, 1, f"cycle-navigation-{n}", n)
    moves = {"L": -1, "S": 0, "R": 1}
    return FSM(
        alphabet=tuple(moves),
        start="0",
        accepting=frozenset({"0"}),
        transitions={
            str(i): {symbol: str((i + step) % n) for symbol, step in moves.items()}
            for i in range(n)
        },
        outputs={str(i): str(i) for i in range(n)},
        name=f"cycle-navigation-{n}",
        title=f"Cycle navigation: the place on a circle of {n} after moves left, stay, right",
        source=f"{DELETANG} (task: cycle navigation)",
    )


def modular_arithmetic(n: int = 5) -> FSM:
    """The value modulo `n` of an expression such as ``1+2*3-4``, without brackets.

    A Moore machine that accepts complete expressions; its output is their value, and `INCOMPLETE`
    where a number must follow. State ``3+2`` has read finished terms with the sum 3 and then a
    product 2; in state ``3+2·`` that product waits for another factor (after a minus sign it is
    −1). So there are ``2·n²`` states.

    Example:
        >>> arithmetic = modular_arithmetic(5)
        >>> arithmetic.outputs[arithmetic.run("0*1+4*3-2")]
        '0'
    """
    _check("n of modular-arithmetic-N", n, 2, f"modular-arithmetic-{n}", 2 * n * n)

    def complete(total: int, product: int) -> str:
        return f"{total}+{product % n}"

    def waiting(total: int, product: int) -> str:
        return f"{total % n}+{product % n}·"

    transitions: dict[str, dict[str, str]] = {}
    outputs: dict[str, str] = {}
    for total in range(n):
        for product in range(n):
            state = waiting(total, product)
            outputs[state] = INCOMPLETE
            transitions[state] = {str(d): complete(total, product * d) for d in range(n)}
            state = complete(total, product)
            outputs[state] = str((total + product) % n)
            transitions[state] = {
                "+": waiting(total + product, 1),
                "-": waiting(total + product, -1),
                "*": waiting(total, product),
            }
    return FSM(
        alphabet=(*map(str, range(n)), "+", "-", "*"),
        start=waiting(0, 1),
        accepting=frozenset(q for q, output in outputs.items() if output != INCOMPLETE),
        transitions=transitions,
        outputs=outputs,
        name=f"modular-arithmetic-{n}",
        title=f"Modular arithmetic: the value modulo {n} of a sum of products",
        source=f"{DELETANG} (task: modular arithmetic, simple)",
    )


# Words that contain a word

MAX_LENGTH = 1_000
"""The longest word to look for; state names are its beginnings."""


def contains(word: str | Iterable[str], alphabet: Iterable[str] | None = None) -> FSM:
    """The words in which `word` occurs, without a gap.

    The state is how much of the word has just been read (Knuth, Morris and Pratt 1977), and its
    name is that part; the last one is never left.

    Args:
        word: The word to look for, of one symbol or more.
        alphabet: The symbols. Left out for a word of digits, of small or of capital letters: all
            symbols of that kind up to the last one in the word, and at least two.

    Raises:
        GrammarError: for an empty word, or a symbol that the alphabet has not.

    Example:
        >>> contains("abba").accepts("ababbab"), contains("abba").accepts("ababab")
        (True, False)
        >>> contains("10").alphabet
        ('0', '1')
    """
    wanted = tuple(word)
    _check("the length of the word to look for", len(wanted), 1)
    symbols = tuple(alphabet) if alphabet is not None else _alphabet_of(wanted)
    separator = " " if any(len(symbol) != 1 for symbol in symbols) else ""
    name = "contains-" + separator.join(wanted)
    if len(wanted) > MAX_LENGTH:
        raise GrammarError(f"the word to look for has {len(wanted):,} symbols, over {MAX_LENGTH:,}")
    for symbol in wanted:
        if symbol not in symbols:
            raise GrammarError(f"{name}: symbol {symbol!r} is not in the alphabet {symbols}")

    names = ["nothing", *(separator.join(wanted[:k]) for k in range(1, len(wanted) + 1))]
    # Row k says how much of the word has been read after k symbols of it and one more. It is the
    # row of `border`, where the machine would be had the word begun one symbol later, but for the
    # symbol that goes on.
    rows: list[dict[str, int]] = []
    border = 0
    for length, symbol in enumerate(wanted):
        fallback = rows[border] if length else dict.fromkeys(symbols, 0)
        rows.append(fallback | {symbol: length + 1})
        border = fallback[symbol]
    rows.append(dict.fromkeys(symbols, len(wanted)))
    return named(
        dict(enumerate(rows)),
        dict(enumerate(names)),
        0,
        [len(wanted)],
        alphabet=symbols,
        name=name,
        title=f"Words in which {separator.join(wanted)} occurs",
        source="D. E. Knuth, J. H. Morris and V. R. Pratt, Fast pattern matching in strings, "
        "SIAM J. Computing 6 (1977) 323–350",
    )


def _alphabet_of(word: tuple[str, ...]) -> tuple[str, ...]:
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if all(len(symbol) == 1 and symbol in kind for symbol in word):
            return tuple(kind[: max(2, 1 + max(map(kind.index, word)))])
    raise GrammarError(
        f"the word {''.join(word)!r} mixes kinds of symbols, so its alphabet cannot be told; "
        "use digits, small or capital letters only, or give the alphabet in Python: "
        "builders.contains(word, alphabet)"
    )


# What has to be remembered over any length


def first_is_last(n: int) -> FSM:
    """Words over `n` symbols whose first symbol is their last.

    Example:
        >>> first_is_last(2).accepts("abba"), first_is_last(2).accepts("abab")
        (True, False)
    """
    name = f"first-is-last-{n}"
    _check("N, the number of symbols of first-is-last-N,", n, 2, name, 2 * n + 1)
    letters = tuple(string.ascii_lowercase)
    alphabet = letters[:n] if n <= len(letters) else tuple(f"a{i}" for i in range(1, n + 1))
    lines = {"start": {a: f"{a}=" for a in alphabet}}
    for first in alphabet:
        line = {a: f"{first}{'=' if a == first else '≠'}" for a in alphabet}
        lines |= {f"{first}=": line, f"{first}≠": line}
    return FSM(
        alphabet=alphabet,
        start="start",
        accepting=frozenset(f"{a}=" for a in alphabet),
        transitions=lines,
        name=name,
        title=f"Words over {n} symbols whose first symbol is their last",
        source="A usual example of a dependency over any distance",
    )


def flip_flop(n: int = 2) -> FSM:
    """Write one of `n` values with w, ignore one with i, read with r the one written last.

    Every instruction is followed by a value, and the first one writes.

    Example:
        >>> flip_flop().accepts("w1i0r1"), flip_flop().accepts("w1i0r0")
        (True, False)
    """
    name = f"flip-flop-{n}"
    _check("N, the number of values of flip-flop-N,", n, 2, name, 3 * n + 2)
    values = tuple(map(str, range(n)))
    lines = {"start": {"w": "w"}, "w": {value: f"has {value}" for value in values}}
    for value in values:
        lines[f"has {value}"] = {"w": "w", "i": f"i {value}", "r": f"r {value}"}
        lines[f"i {value}"] = dict.fromkeys(values, f"has {value}")
        lines[f"r {value}"] = {value: f"has {value}"}
    return FSM(
        alphabet=("w", "i", "r", *values),
        start="start",
        accepting=frozenset(f"has {value}" for value in values),
        transitions=lines,
        name=name,
        title=f"Write one of {n} values, ignore some, read what was written last",
        source="Flip-flop languages: Liu et al., Exposing attention glitches with flip-flop "
        "language modeling, 2023",
    )


# Names


@dataclass(frozen=True)
class Family:
    """How a family is called: the form of its names, parameters in capitals, and one of them.

    It is built from the parameters as they stand in the name.
    """

    pattern: str
    example: str
    title: str
    build: Callable[..., FSM]

    @property
    def stem(self) -> str:
        """What all names of the family begin with, up to the first parameter."""
        return re.split(r"[A-Z]", self.pattern, maxsplit=1)[0]

    def parameters(self, name: str) -> tuple[str, ...] | None:
        """The parameters in `name`, or None where it is not of the form `pattern`."""
        form = re.sub(
            r"[A-Z]+", lambda m: "(.+)" if m[0] == "WORD" else "([0-9]{1,9})", self.pattern
        )
        match = re.fullmatch(form, name)
        return match.groups() if match else None


def _numbers(build: Callable[..., FSM]) -> Callable[..., FSM]:
    return lambda *texts: build(*map(int, texts))


FAMILIES = (
    Family("anbn-N", "anbn-4", "aⁿbⁿ for n from 1 to N: as many b as there were a", _numbers(anbn)),
    Family("contains-WORD", "contains-abba", "Words in which WORD occurs", contains),
    Family(
        "cycle-navigation-N",
        "cycle-navigation-5",
        "The position on a circle of N places after moves to the left and right",
        _numbers(cycle_navigation),
    ),
    Family(
        "dyck-K-M",
        "dyck-2-3",
        "Balanced brackets of K kinds, nested at most M deep",
        _numbers(dyck),
    ),
    Family(
        "first-is-last-N",
        "first-is-last-2",
        "Words over N symbols whose first symbol is their last",
        _numbers(first_is_last),
    ),
    Family(
        "flip-flop-N",
        "flip-flop-2",
        "Write one of N values, ignore some, read what was written last",
        _numbers(flip_flop),
    ),
    Family("mod-N", "mod-3", "Words whose number of ones is divisible by N", _numbers(mod)),
    Family(
        "modular-arithmetic-N",
        "modular-arithmetic-5",
        "The value modulo N of a sum of products, without brackets",
        _numbers(modular_arithmetic),
    ),
)
"""All families that have names."""


def by_name(name: str) -> FSM | None:
    """The member of a family that `name` names, or None where it belongs to no family.

    Raises:
        GrammarError: for a name of a family without its parameters, or parameters out of range.

    Example:
        >>> by_name("mod-7").accepts("1" * 14)
        True
    """
    for family in FAMILIES:
        if not name.startswith(family.stem):
            continue
        parameters = family.parameters(name)
        if parameters is None:
            raise GrammarError(
                f"grammar {name!r} is not of the form {family.pattern}; "
                f"an example is {family.example}"
            )
        return family.build(*parameters)
    return None
