"""What was found out about a net: it is proved right, or refuted by a word, or neither.

Proof         holds is True    margins, k, stride, boxes (the invariant)
CountingProof holds is True    margins, limit or length, nodes (the invariant)
Refutation    holds is False   counterexample, wrong, shortest
Unknown       holds is None    depth, states, closed, reason, suspect
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from reberlstm.certificates.boxes import Inputs
from reberlstm.certificates.refutation import Suspect, WrongAnswer
from reberlstm.certificates.runtime import SATURATED
from reberlstm.display import Displayed
from reberlstm.errors import FormatError
from reberlstm.files import read_bytes, write_atomically
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import Word
from reberlstm.machine.repeats import folded
from reberlstm.machine.tables import Scope
from reberlstm.net.net import Net
from reberlstm.net.sparse import Sparse
from reberlstm.plain import in_form

Bounds = tuple[tuple[float, float], ...]
FORMAT = "reberlstm certificate"
VERSION = 2
MAX_FILE_BYTES = 256 * 2**20  # larger files are refused before they are parsed
FORMATS = ("float64", "float32", "float16", "bfloat16")
SCOPES = {
    "legal": "legal: every prefix of legal words that can go on, of any length",
    "all": "all: every word of any length, also the empty one and those with violations",
}
ARITHMETIC = {
    "real": "real numbers",
    "int8": "weights rounded to int8, executed in float32",
    **{name: f"{name}, rounded after every operation" for name in FORMATS},
}


def _in_order(cells: Sequence[tuple[float, ...]]) -> Iterable[tuple[int, tuple[float, ...]]]:
    """The ends of cells by number; of those that are the same in most cells the first."""
    if not isinstance(cells, Mostly):
        return enumerate(cells)
    first = next((cell for cell in range(len(cells)) if cell not in cells.others), None)
    most = {} if first is None else {first: cells.most}
    return sorted({**cells.others, **most}.items())


class Mostly(Sequence[tuple[float, ...]]):
    """The ends for every cell of a large net: the same for all but few of them."""

    def __init__(
        self, size: int, most: tuple[float, ...], others: Mapping[int, tuple[float, ...]]
    ) -> None:
        self.size, self.most, self.others = size, most, others

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, cell: Any) -> Any:
        if isinstance(cell, slice):
            return tuple(self[i] for i in range(*cell.indices(self.size)))
        return self.others.get(range(self.size)[cell], self.most)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mostly):
            return vars(self) == vars(other) or tuple(self) == tuple(other)
        return tuple(self) == other

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True)
class Box:
    """Where the net is after the words of one node.

    Attributes:
        state: The grammar's state, or None after a violation.
        last: The last symbols of the words, or all where there are fewer than ``k``.
        cells: For every cell the least and greatest h and, where it has one, the least and greatest
            c, which may be infinite. The Toy LSTM's c is its h.
    """

    state: str | None
    last: Word
    cells: Sequence[tuple[float, ...]]

    @property
    def h(self) -> Bounds:
        """Bounds of h, a pair a cell."""
        return tuple((ends[0], ends[1]) for ends in self.cells)

    @property
    def c(self) -> Bounds:
        """Bounds of c, a pair for each cell that has one."""
        return tuple((ends[2], ends[3]) for ends in self.cells if len(ends) == 4)


@dataclass(frozen=True, kw_only=True)
class Certificate(Displayed):
    """What every certificate says: which net and machine it is about, and what was asked.

    Attributes:
        net: The net's name.
        grammar: The name of the machine that says what is right.
        scope: After which words the net was asked: ``legal`` or ``all``.
        heads: Which heads were asked.
        readouts: How the answer of each of them is read, such as ``logit > 0``; empty where it was
            read from a file of version 0.1, which does not say it.
        arithmetic: What the net is run in, see `reberlstm.certificates.arithmetic`.
        noise: The disturbance of every number of the state after each step, at most.
        inputs: What stands for a symbol.
        cells: The names of the cells.
        gain: The gain of a compiled net.
        long_symbols: Whether words are written with spaces.
        net_sha256: Identifies the weights.
        grammar_sha256: Identifies the machine.
        version: Of the file's format: 3 where the machine has counters.
    """

    net: str
    grammar: str
    scope: Scope
    heads: tuple[str, ...]
    readouts: Mapping[str, str]
    arithmetic: str
    noise: float
    inputs: Inputs
    cells: tuple[str, ...]
    gain: float | None
    long_symbols: bool
    net_sha256: str
    grammar_sha256: str
    version: int = VERSION

    holds: ClassVar[bool | None]
    """True: proved, for words of every length. False: refuted. None: unknown."""
    outcome: ClassVar[str]
    """``holds``, ``refuted`` or ``unknown``, as in files."""
    says: ClassVar[str]
    """The verdict in words, with net and grammar to be filled in."""

    @property
    def counterexample(self) -> Word | None:
        """A word after which a head is wrong, where one was found."""
        return None

    @property
    def margin(self) -> float:
        """How far the nearest head is from wrong, in the numbers that its rule reads.

        At least so far, where it is proved; infinite where nothing was asked. Negative where it is
        refuted: how far the head is on the wrong side after the counterexample. NaN where nothing
        is known.
        """
        return float("nan")

    def text(self, word: Word) -> str:
        """A word as it is written on the command line."""
        return (" " if self.long_symbols else "").join(word)

    def shown(self, word: Word) -> str:
        """A word with its length; what is repeated in a long one stands there once."""
        text = folded(word, " " if self.long_symbols else "") or "the empty word"
        return f"{text} ({_counted(len(word), 'symbol')})"

    @property
    def figures(self) -> Iterator[tuple[str, str]]:
        """Names and texts of what there is to say."""
        yield "scope", SCOPES[self.scope]
        if self.readouts:
            yield "readout", "; ".join(f"{head}: {rule}" for head, rule in self.readouts.items())
        yield from self._findings()
        if self.gain is not None:
            yield "gain", f"{self.gain:.6g}"
        yield "arithmetic", ARITHMETIC.get(self.arithmetic, self.arithmetic)
        if self.noise:
            yield "noise", f"h and c each off by up to {self.noise:.4g} after every step"
        if not self.inputs.exact:
            yield "inputs", _inputs(self.inputs)

    @property
    def question(self) -> dict[str, Any]:
        """What was asked besides net and machine, as files have it."""
        return {
            "scope": self.scope,
            "heads": list(self.heads),
            "readouts": dict(self.readouts),
            "arithmetic": self.arithmetic,
            "noise": self.noise,
            "inputs": vars(self.inputs).copy(),
        }

    @property
    def first_line(self) -> str:
        """The verdict with the question that it answers."""
        return f"{self.statement} ({in_words(self.question)})"

    @property
    def statement(self) -> str:
        """The verdict in one sentence."""
        said = self.says.format(net=self.net or "the net", grammar=self.grammar)
        return f"{self.outcome}: {said}"

    def _findings(self) -> Iterator[tuple[str, str]]:
        raise NotImplementedError

    def _content(self) -> dict[str, Any]:
        """The part of a file that says what was found out."""
        raise NotImplementedError

    def _plain(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join([self.first_line, *(figure(name, text) for name, text in self.figures)])

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of a certificate file; docs/certificates.md describes it."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "version": self.version if self.readouts else 1,
            "outcome": self.outcome,
            **{name: x for name, x in self.question.items() if x or name != "readouts"},
            "net": {
                "name": self.net,
                "cells": list(self.cells),
                "gain": self.gain,
                "sha256": self.net_sha256,
            },
            "grammar": {
                "name": self.grammar,
                "long_symbols": self.long_symbols,
                "sha256": self.grammar_sha256,
            },
        }
        document |= self._content()
        return document | {"checksum": _digest(_canonical(document))}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate as JSON, whole or not at all.

        Raises:
            FormatError: when the file cannot be written.
        """
        write_atomically(Path(path), to_json(self.to_dict()).encode())


@dataclass(frozen=True, kw_only=True)
class Proof(Certificate):
    """The net is right after every word of the scope.

    Attributes:
        margins: For each head how far its numbers are from wrong, at least; a head that no word of
            the scope asks is left out.
        k: How many symbols the nodes remember.
        varies: Whether k is the most: each box then says how many symbols it is about.
        stride: After how many symbols there is a box again.
        boxes: The invariant, one box a node.
        shared: States, each with last symbols that share a box, that of the first.
    """

    margins: Mapping[str, float]
    k: int
    stride: int = 1
    varies: bool = False
    boxes: tuple[Box, ...] = ()
    shared: tuple[tuple[str | None, Word], ...] = ()

    holds: ClassVar[Literal[True]] = True
    outcome = "holds"
    says = "{net} follows {grammar}, proved for words of every length"

    @property
    def margin(self) -> float:
        """See `Certificate.margin`."""
        return min(self.margins.values(), default=float("inf"))

    @property
    def nodes(self) -> int:
        """The number of boxes of the invariant."""
        return len(self.boxes)

    @property
    def pieces(self) -> bool:
        """Whether some words have several boxes: they lead into the union of these."""
        return len({(box.state, box.last) for box in self.boxes}) < len(self.boxes)

    def _findings(self) -> Iterator[tuple[str, str]]:
        found = {head: f"{margin:.4g}" for head, margin in self.margins.items()}
        yield "margin", ", ".join(f"{x} {found.get(x, 'never asked')}" for x in self.heads)
        last = "last symbol" if self.k == 1 else f"last {self.k} symbols"
        last = f"as many last symbols as matter, up to {self.k}" if self.varies else last
        last = "kind of last symbol" if self.shared else last
        node = f"state and {last}" if self.k or self.shared else "state alone"
        every = f", every {self.stride} symbols" if self.stride > 1 else ""
        yield (
            "invariant",
            f"{_counted(len(self.boxes), 'box', 'boxes')} for {_counted(len(self.cells), 'cell')}: "
            f"{'one or more' if self.pieces else 'one'} for each {node} (k = {self.k}){every}",
        )

    def _content(self) -> dict[str, Any]:
        numbers: dict[tuple[float | None, ...], int] = {}
        boxes = []

        def number(ends: tuple[float, ...]) -> int:
            written = tuple(end if math.isfinite(end) else None for end in ends)
            return numbers.setdefault(written, len(numbers))

        for box in self.boxes:
            # Numbers are given in the order of cells.
            each = {cell: number(ends) for cell, ends in _in_order(box.cells)}
            if isinstance(box.cells, Mostly):
                most = number(box.cells.most)
            else:
                most = Counter(each.values()).most_common(1)[0][0]
            others = {self.cells[cell]: index for cell, index in each.items() if index != most}
            boxes.append(
                {"state": box.state, "last": list(box.last), "most": most, "others": others}
            )
        shared = [{"state": state, "symbols": list(symbols)} for state, symbols in self.shared]
        proof = {
            "k": self.k,
            "stride": self.stride,
            "margins": dict(self.margins),
            "intervals": [list(ends) for ends in numbers],
            "boxes": boxes,
        }
        proof |= {"alike": shared} if shared else {}
        proof |= {"varies": True} if self.varies else {}
        return {"proof": proof | ({"pieces": True} if self.pieces else {})}


@dataclass(frozen=True, kw_only=True)
class CountingProof(Certificate):
    """The net is right as long as its counters stay within a limit, or for so many symbols.

    Attributes:
        margins: As in `Proof`.
        limit: The largest size of a counter; None in real arithmetic.
        length: The most symbols, in real arithmetic.
        drift: How far c may be from a whole number; in floating point, from 0 where that is meant.
        epsilon: How far h of other cells may be from tanh 1 or 0.
        counts: The cell of each counter.
        nodes: The invariant, as files have it.
        beyond: A word over the limit, folded, and what is wrong after it; not part of the proof.
        rule: What is known of the rule about the runtime.
    """

    margins: Mapping[str, float]
    limit: int | None
    length: int | None
    drift: float
    epsilon: float
    counts: tuple[str, ...]
    nodes: tuple[Mapping[str, Any], ...]
    beyond: str = ""
    rule: str = ""

    holds: ClassVar[Literal[True]] = True
    outcome = "holds"
    says = "{net} follows {grammar}"
    version: int = 3

    @property
    def margin(self) -> float:
        """See `Certificate.margin`."""
        return min(self.margins.values())

    @property
    def statement(self) -> str:
        """The verdict in one sentence."""
        return f"{super().statement}, proved for {self.extent}"

    @property
    def extent(self) -> str:
        """The words that are proved."""
        if self.limit is None:
            return f"words of up to {self.length:,} symbols"
        return f"words of every length whose counters stay within ±{self.limit:,}"

    def _findings(self) -> Iterator[tuple[str, str]]:
        yield "margin", ", ".join(f"{x} {margin:.4g}" for x, margin in self.margins.items())
        counted = "" if len(self.counts) == 1 else "s"
        yield (
            "invariant",
            (
                f"{len(self.nodes):,} nodes for {len(self.cells)} cells; c of cell{counted} "
                f"{', '.join(self.counts)} counts"
            ),
        )
        if self.limit is None:
            yield "drift", f"c is within {self.drift:g} of a whole number for so many symbols"
        else:
            x = SATURATED[self.arithmetic]
            rule = f"from {x:g} on σ and tanh are exactly 1, and σ(−x) is at most 2·exp(−x)"
            yield "rests on", f"{rule}; sums are rounded to nearest"
            if self.rule:
                yield "runtime", self.rule
        if self.beyond:
            yield "beyond", self.beyond

    def _content(self) -> dict[str, Any]:
        return {
            "counting": {
                "limit": self.limit,
                "length": self.length,
                "drift": self.drift,
                "epsilon": self.epsilon,
                "cells": list(self.counts),
                "margins": dict(self.margins),
                "nodes": [dict(node) for node in self.nodes],
            }
        }


@dataclass(frozen=True, kw_only=True)
class Refutation(Certificate):
    """The net is wrong after a word of the scope, whichever way the arithmetic allows to run it.

    Attributes:
        word: The word.
        wrong: Which head is wrong after it, what it says, and what is right.
        none_shorter_than: No word with fewer symbols is wrong; None where a file does not say it,
            and then the word is meant to be a shortest one.
        replay: Lines of Python that run the word, for a net of others in its own module.
    """

    word: Word
    wrong: WrongAnswer
    none_shorter_than: int | None = None
    replay: tuple[str, ...] = ()

    holds: ClassVar[Literal[False]] = False
    outcome = "refuted"
    says = "{net} does not follow {grammar}"

    @property
    def counterexample(self) -> Word:
        """The word."""
        return self.word

    @property
    def shortest(self) -> bool:
        """Whether no shorter word is wrong."""
        return self.none_shorter_than in (None, len(self.word))

    @property
    def margin(self) -> float:
        """See `Certificate.margin`."""
        return self.wrong.margin

    @property
    def offered(self) -> tuple[str, ...]:
        """What the wrong head says after the word: for ``legal`` the symbols offered."""
        return self.wrong.said

    @property
    def allowed(self) -> tuple[str, ...]:
        """What is right: for ``legal`` the symbols that the grammar allows."""
        return self.wrong.right

    def _findings(self) -> Iterator[tuple[str, str]]:
        shown = self.shown(self.word)
        if self.shortest:
            yield "shortest", shown
        else:
            yield "wrong word", f"{shown}; none of fewer than {self.none_shorter_than} is"
        yield from said(self.wrong)
        yield "off by", f"{-self.wrong.margin:.4g}"

    def _content(self) -> dict[str, Any]:
        least = len(self.word) if self.none_shorter_than is None else self.none_shorter_than
        known: dict[str, Any] = {"shortest": self.shortest, "none_shorter_than": least}
        known |= {"replay": list(self.replay)} if self.replay else {}
        return {"refutation": {"word": list(self.word), **self.wrong.to_dict(), **known}}


@dataclass(frozen=True, kw_only=True)
class Unknown(Certificate):
    """Neither a proof nor a wrong word was found.

    Attributes:
        depth: No word of at most so many symbols is wrong.
        states: How many states of net and machine were tried.
        closed: Whether these are all that any word leads to, as executed here.
        reason: Why no invariant was found.
        suspect: A word after which the net is wrong as executed here, and how; but the bounds of
            the arithmetic do not decide it.
    """

    depth: int
    states: int
    closed: bool
    reason: str
    suspect: Suspect | None = None

    holds: ClassVar[None] = None
    outcome = "unknown"
    says = "whether {net} follows {grammar}"

    def _findings(self) -> Iterator[tuple[str, str]]:
        still = "" if not self.noise and self.inputs.exact else " (without noise)"
        if self.closed:
            found = f"all words lead to {self.states:,} states as executed here{still}, "
            found += "and none of them is wrong; that is no proof"
        else:
            none = f"no word of up to {self.depth} symbols is wrong{still}; "
            found = (none if self.depth >= 0 else "") + f"{self.states:,} states tried"
        yield "searched", found
        if self.suspect is not None:
            word, wrong = self.suspect
            yield "suspect", f"{self.shown(word)}; wrong in float64 as executed here, not confirmed"
            yield from said(wrong)
        if self.reason:
            yield "no proof", self.reason
        if self.version == 3:  # about a net that counts
            yield "next", "another --arithmetic, or a larger gain; more seconds prove no more"
        else:
            yield "next", "more --seconds; or `extract`, which compares long words"

    def _content(self) -> dict[str, Any]:
        names = ("depth", "states", "closed", "reason")
        search = {name: getattr(self, name) for name in names}
        if self.suspect is not None:
            word, wrong = self.suspect
            search["suspect"] = {"word": list(word), **wrong.to_dict()}
        return {"search": search}


def said(wrong: WrongAnswer) -> Iterator[tuple[str, str]]:
    """What a head says after a word and what is right, as lines of figures."""
    answer, right = (" ".join(part) or "nothing" for part in (wrong.said, wrong.right))
    if wrong.head == "legal":
        yield "offered", answer
        yield "allowed", right
    else:
        yield wrong.head, f"says {answer}, but {right} is right"


def figure(name: str, text: str) -> str:
    """One line of figures."""
    return f"  {name:<12}{text}"


def in_words(question: Mapping[str, Any]) -> str:
    """A question in one line: scope; heads and how they are read; inputs; noise; arithmetic.

    Args:
        question: As in a certificate's file.
    """
    rules = question["readouts"]
    heads = (f"{head}: {rules[head]}" if head in rules else head for head in question["heads"])
    noise, inputs = question["noise"], Inputs(**question["inputs"])
    arithmetic = question["arithmetic"]
    parts = (
        f"scope {question['scope']}",
        ", ".join(heads),
        "exact one-hot inputs" if inputs.exact else f"inputs: {_inputs(inputs)}",
        f"h and c off by up to {noise:.4g} after every step" if noise else "no noise",
        ARITHMETIC.get(arithmetic, arithmetic),
    )
    return "; ".join(parts)


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def _inputs(inputs: Inputs) -> str:
    value = f"{inputs.low:g}" if inputs.low == inputs.high else f"[{inputs.low:g}, {inputs.high:g}]"
    noise = f", every input off by up to {inputs.noise:.4g}" if inputs.noise else ""
    return f"the symbol's own input in {value}{noise}"


def to_json(document: Mapping[str, Any]) -> str:
    """The object as text: a line for every key, and for every interval and box."""

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    def listed(value: Any) -> str:
        if not isinstance(value, list) or not value:
            return line(value)
        return "[\n    " + ",\n    ".join(map(line, value)) + "\n  ]"

    texts = {key: line(value) for key, value in document.items()}
    if "proof" in document:
        parts = (f"  {line(name)}: {listed(part)}" for name, part in document["proof"].items())
        texts["proof"] = "{\n" + ",\n".join(parts) + "\n}"
    return "{\n" + ",\n".join(f"{line(key)}: {text}" for key, text in texts.items()) + "\n}\n"


def read(path: str | os.PathLike[str]) -> bytes:
    """The content of a certificate file, for `reberlstm.certificates.check`.

    Raises:
        FormatError: where there is no such file, or it is far too large to be a certificate.
    """
    return read_bytes(Path(path), limit=MAX_FILE_BYTES)


_DAMAGED = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)

_ANSWER = {"word": [str], "head": str, "said": [str], "right": [str], "margin": Real}

FILE = {
    **dict.fromkeys(("outcome", "scope", "arithmetic"), str),
    "heads": [str],
    "readouts?": {str: str},
    "noise": float,
    "inputs": {str: float},
    "net": {"name": str, "cells": [str], "gain": (float, type(None)), "sha256": str},
    "grammar": {"name": str, "long_symbols": bool, "sha256": str},
    "proof?": {
        "k": int,
        "stride": int,
        "margins": {str: Real},
        "intervals": [[(float, type(None))]],
        "boxes": [{"state": (str, type(None)), "last": [str], "most": int, "others": {str: int}}],
        "alike?": [{"state": (str, type(None)), "symbols": [str]}],
    },
    "counting?": {
        **dict.fromkeys(("limit", "length"), (int, type(None))),
        **dict.fromkeys(("drift", "epsilon"), Real),
        "cells": [str],
        "margins": {str: Real},
        "nodes": [dict],
    },
    "refutation?": {**_ANSWER, "none_shorter_than?": (int, type(None)), "replay?": [str]},
    "search?": {"depth": int, "states": int, "closed": bool, "reason": str, "suspect?": _ANSWER},
}
"""The form of a certificate; what stands in it is for the checker to verify."""


def load(path: str | os.PathLike[str]) -> Proof | CountingProof | Refutation | Unknown:
    """Read a certificate back, as it claims to be: only the checker says whether that is true.

    Raises:
        FormatError: where the file is not a certificate that `save` may have written.
    """
    where = os.fspath(path)
    try:
        document = json.loads(read(path))
        if document["format"] != FORMAT or document["version"] not in (1, 2, 3):
            raise FormatError(
                f"{where}: format {document['format']!r}, version {document['version']!r}; "
                f"expected {FORMAT!r}, version 1, 2 or 3"
            )
        in_form(document, FILE, "the file")
        if document["scope"] not in get_args(Scope) or document["arithmetic"] not in ARITHMETIC:
            raise FormatError("its scope or its arithmetic is not known")
        return _from_dict(document)
    except (*_DAMAGED, FormatError) as error:
        raise FormatError(f"{where}: not a certificate: {error!r}") from None


_CELL_NAMES = {"lstm": "standard", "toy": "published"}
"""What version 0.1 called the cells that it knew."""


def digest_of_net(net: Net) -> str:
    """``net.sha256`` of a file."""
    heads = [(name, net.heads[name]) for name in sorted(net.heads)]
    kinds = [f"{layer.cell.name}:{layer.size}" for layer in net.layers]
    if len(kinds) == 1:
        kinds = [_CELL_NAMES.get(net.layers[0].cell.name, net.layers[0].cell.name)]
    header: dict[str, Any] = {
        "alphabet": list(net.alphabet),
        "cell": ",".join(kinds),
        "cells": list(net.cells),
        "heads": [f"{name}:{head.activation}" if head.activation else name for name, head in heads],
        "labels": list(net.labels),
        "on_violation": net.on_violation,
    }
    sparse = [n for n, layer in enumerate(net.layers) if isinstance(layer.weight_hh, Sparse)]
    header |= {"sparse": sparse} if sparse else {}
    arrays: list[Any] = []
    for layer in net.layers:
        recurrent = layer.weight_hh
        parts = recurrent.parts.values() if isinstance(recurrent, Sparse) else [recurrent]
        arrays += [layer.weight_ih, *parts, layer.bias_ih, layer.bias_hh]
    arrays += [array for _, head in heads for x in head.layers for array in (x.weight, x.bias)]
    others = (net.embedding, net.start_state, net.suffix)
    arrays += [array for array in others if array is not None]
    content = b"".join(array.astype("<f8").tobytes() for array in arrays)
    return _digest(_canonical(header) + b"\n" + content)


def digest_of_grammar(fsm: Machine) -> str:
    """``grammar.sha256`` of a file."""
    if isinstance(fsm, CounterMachine):
        return _digest_of_counters(fsm)
    reachable = fsm.reachable
    described = {
        "alphabet": list(fsm.alphabet),
        "start": fsm.start,
        "accepting": sorted(fsm.accepting.intersection(reachable)),
        "transitions": {q: dict(fsm.transitions[q]) for q in reachable},
        "outputs": {q: fsm.outputs[q] for q in reachable if q in fsm.outputs},
    }
    return _digest(_canonical(described))


def _digest_of_counters(machine: CounterMachine) -> str:
    def guard(when: Iterable[frozenset[int]]) -> list[list[int]]:
        return [sorted(signs) for signs in when]

    arrows = [
        [x.source, x.symbol, guard(x.when), x.target, list(x.change)] for x in machine.transitions
    ]
    described = {
        "alphabet": list(machine.alphabet),
        "start": machine.start,
        "counters": list(machine.counters),
        "transitions": sorted(arrows, key=_canonical),
        "accepting": sorted(([q, guard(when)] for q, when in machine.accepting), key=_canonical),
    }
    return _digest(_canonical(described))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _from_dict(document: dict[str, Any]) -> Proof | CountingProof | Refutation | Unknown:
    net, grammar = document["net"], document["grammar"]
    subject: dict[str, Any] = {
        "net": net["name"],
        "grammar": grammar["name"],
        "scope": document["scope"],
        "heads": tuple(document["heads"]),
        "readouts": dict(document.get("readouts", {})),
        "arithmetic": document["arithmetic"],
        "noise": document["noise"],
        "inputs": Inputs(**document["inputs"]),
        "cells": tuple(net["cells"]),
        "gain": net["gain"],
        "long_symbols": grammar["long_symbols"],
        "net_sha256": net["sha256"],
        "grammar_sha256": grammar["sha256"],
        "version": 3 if document["version"] == 3 else VERSION,
    }
    match document["outcome"]:
        case "holds" if document["version"] == 3:
            found = dict(document["counting"])
            counts = tuple(found.pop("cells"))
            return CountingProof(counts=counts, **found, **subject)
        case "holds":
            proof = document["proof"]
            index = {name: number for number, name in enumerate(net["cells"])}
            boxes = tuple(_box(box, proof["intervals"], index) for box in proof["boxes"])
            alike = proof.get("alike", ())
            shared = tuple((kind["state"], tuple(kind["symbols"])) for kind in alike)
            size = {name: proof[name] for name in ("k", "stride")}
            size["varies"] = proof.get("varies", False)
            subject |= size | {"margins": dict(proof["margins"]), "boxes": boxes, "shared": shared}
            return Proof(**subject)
        case "refuted":
            found = document["refutation"]
            word, wrong = _suspect(found)
            subject["none_shorter_than"] = found.get("none_shorter_than")
            subject["replay"] = tuple(found.get("replay", ()))
            return Refutation(word=word, wrong=wrong, **subject)
        case "unknown":
            search = dict(document["search"])
            suspect = _suspect(search.pop("suspect")) if "suspect" in search else None
            return Unknown(suspect=suspect, **search, **subject)
    raise ValueError(f"outcome {document['outcome']!r}")


def _suspect(found: dict[str, Any]) -> Suspect:
    said, right = tuple(found["said"]), tuple(found["right"])
    return tuple(found["word"]), WrongAnswer(found["head"], said, right, found["margin"])


def _box(box: dict[str, Any], intervals: list[Any], index: Mapping[str, int]) -> Box:
    infinite = (-math.inf, math.inf) * 2

    def ends(number: int) -> tuple[float, ...]:
        row = zip(intervals[number], infinite, strict=False)
        return tuple(limit if end is None else end for end, limit in row)

    others = {index[name]: ends(number) for name, number in box["others"].items()}
    return Box(box["state"], tuple(box["last"]), Mostly(len(index), ends(box["most"]), others))
