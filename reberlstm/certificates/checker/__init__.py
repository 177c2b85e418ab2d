"""The independent checker: does a certificate prove what it says?

It shares no code with the search that made the certificate, nor with the nets that certificates are
about: it follows the machine, bounds the steps, rounds and hashes in its own plain way, and
believes nothing in the file but the boxes, of which it verifies that

1. the start steps into a box for every first symbol of the scope,
2. every box steps into a box for every symbol of the scope,
3. every head of the claim is right on all of every box, by at least the margin claimed.

So by induction the net is right after every word of the scope. A refutation is verified by running
its word. The arithmetic is in `reberlstm.certificates.checker.steps`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.steps import (
    ARITHMETICS,
    PARTS,
    Ends,
    Paths,
    Place,
    RejectedError,
    Steps,
)
from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM

__all__ = ["Check", "check"]

Floats = NDArray[np.float64]
Node = tuple[str | None, tuple[str, ...]]

KEYS = {"format", "version", "outcome", "scope", "heads", "arithmetic", "noise", "inputs", "net"}
KEYS |= {"grammar", "seal"}
PART = {"holds": "proof", "refuted": "refutation", "unknown": "search"}
MAX_STEPS = 1_000_000
MAX_PARTS = 1_000  # of an image that several boxes hold
INPUTS = ("noise", "low", "high")
HEADS = ("legal", "accept", "label")
RULES_OF_VERSION_1 = {"legal": "logit > 0", "accept": "logit > 0", "label": "argmax"}
CELLS_OF_VERSION_1 = {"lstm": "standard", "toy": "published"}


@dataclass(frozen=True)
class Check:
    """The checker's verdict.

    Attributes:
        valid: True: what the certificate says is true. False: it is rejected. None: it says
            nothing that could be checked.
        outcome: What the certificate says: ``holds``, ``refuted`` or ``unknown``.
        reason: Why it is rejected, or what was verified.
        question: What it answers: scope, heads, readouts, arithmetic, noise and inputs; empty where
            it is rejected.
    """

    valid: bool | None
    outcome: str
    reason: str
    question: Mapping[str, Any] = field(default_factory=dict)


def check(certificate: str | bytes | Mapping[str, Any], net: Any, fsm: FSM | None = None) -> Check:
    """Verify a certificate against the weights and the machine, in one pass.

    Args:
        certificate: The text of the file, or the object that it holds.
        net: The net that it has to be about.
        fsm: The machine; by default the one that the net carries.

    Raises:
        CertificateError: where `fsm` is not given and the net carries none, or their alphabets
            differ.

    Example:
        >>> import reberlstm as rl
        >>> net = rl.compile(rl.load_grammar("reber"))
        >>> document = rl.certify(net).to_dict()
        >>> check(document, net).valid
        True
        >>> document["proof"]["margins"]["legal"] = 0.5
        >>> check(document, net).valid
        False
    """
    fsm = net.grammar if fsm is None else fsm
    if fsm is None:
        raise CertificateError(f"net {net.name!r} carries no grammar; say which one it is for")
    if set(fsm.alphabet) != set(net.alphabet):
        raise CertificateError(
            f"the alphabet of {fsm} is {' '.join(fsm.alphabet)}, but that of net {net.name!r} is "
            f"{' '.join(net.alphabet)}; give the grammar that the certificate is about"
        )
    outcome = "nothing"
    try:
        document = parsed(certificate)
        outcome = str(document.get("outcome"))
        with np.errstate(over="ignore", invalid="ignore"):  # what is not a number is rejected
            checker = _Checker(document, net, fsm)
            reason = checker.verdict()
    except RejectedError as rejection:
        return Check(False, outcome, str(rejection))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        return Check(False, outcome, f"not of the form of a certificate: {error!r}")
    return Check(None if outcome == "unknown" else True, outcome, reason, checker.question)


class _Checker:
    """One certificate against one net and one machine."""

    def __init__(self, document: Mapping[str, Any], net: Any, fsm: FSM) -> None:
        self.document, self.net, self.fsm = document, net, fsm
        self._check_header()
        self.scope: str = document["scope"]
        self.heads: tuple[str, ...] = tuple(document["heads"])
        self.noise = number_in(document["noise"], "noise")
        inputs = document["inputs"]
        blur, low, high = (number_in(inputs[name], f"inputs {name}") for name in INPUTS)
        in_order = self.noise >= 0.0 and blur >= 0.0 and low <= high
        demand(in_order, "noise is negative, or the inputs end before they begin")
        self.inputs = (blur, low, high)
        self.steps = Steps(net, document["arithmetic"], self.noise, self.inputs)
        self.found = dict.fromkeys(self.heads, math.inf)  # the margin of each head so far
        self.places: list[tuple[str, int]] = []  # part and cell of each number of a state vector
        at = 0
        for layer in self.steps.layers:
            cells = range(at, at + layer.size)
            self.places += [(part, number) for part in PARTS[layer.kind] for number in cells]
            at += layer.size

    @property
    def question(self) -> dict[str, Any]:
        """What the certificate is about, besides net and machine."""
        names = ("scope", "heads", "arithmetic", "noise", "inputs")
        return {name: self.document[name] for name in names} | {"readouts": self._rules()}

    def _rules(self) -> Mapping[str, Any]:
        """The rule of each head, as the file has it, or as it was meant by version 0.1."""
        if self.document["version"] != 1:
            rules: Mapping[str, Any] = self.document["readouts"]
            return rules
        rules = {head: RULES_OF_VERSION_1[head] for head in self.document["heads"]}
        toy = self.net.layers[-1].cell.name == "toy"
        return rules | ({"legal": "tanh > 0.5"} if toy and "legal" in rules else {})

    def verdict(self) -> str:
        """What was verified; raises where something was not."""
        if self.document["outcome"] == "holds":
            result = self._check_proof(self.document["proof"])
        elif self.document["outcome"] == "refuted":
            result = self._check_refutation(self.document["refutation"])
        else:
            result = "the certificate says that nothing is known, so there is nothing to check"
        content = {key: value for key, value in self.document.items() if key != "seal"}
        fits = hashlib.sha256(compact(content)).hexdigest() == self.document["seal"]
        demand(fits, "the seal does not fit: the file was altered after it was made")
        return result

    def _check_header(self) -> None:
        document, net, fsm = self.document, self.net, self.fsm
        form, version, outcome = (document.get(key) for key in ("format", "version", "outcome"))
        known = form == "reberlstm certificate" and version in (1, 2)
        wanted = "expected 'reberlstm certificate', version 1 or 2"
        demand(known, f"format {form!r}, version {version!r}; {wanted}")
        demand(outcome in PART, f"outcome {outcome!r} is none of {', '.join(PART)}")
        expected = KEYS | {PART[str(outcome)]} | ({"readouts"} if version == 2 else set())
        for key in sorted(expected ^ set(document)):
            raise RejectedError(f"{key!r} is {'missing' if key in expected else 'not expected'}")
        for layer in net.layers:
            kind = layer.cell.name
            demand(kind in PARTS, f"cells of kind {kind!r} are not checked yet")
        demand(
            document["net"]["sha256"] == sha256_of_net(net),
            f"it is about other weights than {net.name!r}: their SHA-256 differs",
        )
        demand(
            document["grammar"]["sha256"] == sha256_of_grammar(fsm),
            f"it is about another grammar than {fsm}: their SHA-256 differs",
        )
        demand(
            document["net"]["cells"] == list(net.cells),
            "the names of the cells are not those of the net",
        )
        scope, heads, arithmetic = (document[key] for key in ("scope", "heads", "arithmetic"))
        demand(scope in ("legal", "all"), f"scope {scope!r} is neither 'legal' nor 'all'")
        none_of = f"is none of {' '.join(ARITHMETICS)}"
        demand(arithmetic in ARITHMETICS, f"arithmetic {arithmetic!r} {none_of}")
        in_order = [head for head in HEADS if head in heads]
        demand(heads and heads == in_order, f"heads {heads!r} cannot be certified")
        for head in heads:
            readout = net.heads.get(head) or (net.heads.get("next") if head == "legal" else None)
            asked = readout is not None and (head != "label" or fsm.outputs)
            demand(asked, f"head {head!r} is listed, but net or grammar has none")
            rule, own = self._rules().get(head), str(getattr(readout, "rule", ""))
            demand(rule == own, f"it reads head {head!r} by {rule!r}, but the net is read by {own}")
        demand(
            set(self._rules()) == set(heads),
            "there are readouts of heads that are not listed",
        )

    # The machine, followed word by word

    def _legal(self, state: str | None) -> frozenset[str]:
        if state is not None:
            return self.fsm.legal(state)
        resync = self.net.on_violation == "resync"
        return self.fsm.legal(self.fsm.start) if resync else frozenset()

    def _next(self, state: str | None, symbol: str) -> str | None:
        target = None if state is None else self.fsm.next_state(state, symbol)
        if target is None and self.net.on_violation == "resync":
            return self.fsm.next_state(self.fsm.start, symbol)
        return target

    def _steps(self, state: str | None) -> Iterator[tuple[str, str | None]]:
        """The symbols with which words of the scope go on, and where they lead."""
        for symbol in self.fsm.alphabet:
            if self.scope == "all":
                yield symbol, self._next(state, symbol)
            elif state is not None and symbol in self.fsm.legal(state):
                target = self.fsm.next_state(state, symbol)
                if target is not None and self.fsm.legal(target):
                    yield symbol, target

    def _reads_largest(self, head: str) -> bool:
        return self.steps.heads[head].function == "argmax"

    def _right(self, head: str, state: str | None) -> tuple[list[bool], bool]:
        """What the rows of a head have to say, and whether it is asked at all."""
        if head == "legal":
            return [symbol in self._legal(state) for symbol in self.net.alphabet], True
        if head == "accept":
            ends = state in self.fsm.accepting
            return ([not ends, ends] if self._reads_largest(head) else [ends]), True
        label = None if state is None else self.fsm.outputs[state]
        return [label == name for name in self.net.labels], state is not None

    # A proof

    def _check_proof(self, proof: Mapping[str, Any]) -> str:
        k, stride = (
            whole(proof[name], least, most, f"{name} = {proof[name]!r} is not in {least}…{most}")
            for name, least, most in (("k", 0, 1_000), ("stride", 1, 16))
        )
        boxes = self._boxes(proof)
        shared, varies = shared_in(proof, k), proof.get("varies", False)
        demand(isinstance(varies, bool), f"varies = {varies!r} is neither true nor false")
        paths = self._paths(boxes) if stride > 1 else None
        # The empty word is no node of its own: a word may come back to the start state.
        empty: Node = (self.fsm.start, ())
        start = (self.steps.start, self.steps.start)
        if self.scope == "all":
            self._check_heads("for the empty word", empty[0], start)
        reached: set[Node] = set()
        pending: list[tuple[str, Node, Ends]] = [("the empty word", empty, start)]
        steps = 0
        for where, node, box in pending:
            for path, state, image in self._follow(where, node[0], box, stride, paths):
                steps += 1
                demand(steps <= MAX_STEPS, f"it takes over {MAX_STEPS:,} steps to check")
                target = self._target(state, (*node[1], *path), k, boxes, shared, varies)
                source = f"{where}, read {' '.join(path)}"
                self._check_included(image, boxes[target], source, target)
                for each in zip(*boxes[target], strict=True) if target not in reached else ():
                    pending.append((_name(target), target, each))
                    self._check_heads(f"for {_name(target)}", state, each)
                reached.add(target)
        for node in boxes:
            demand(node in reached, f"the box for {_name(node)} is not of scope {self.scope!r}")
        self._check_margins(proof["margins"])
        every = f" every {stride} symbols" if stride > 1 else ""
        number = sum(len(low) for low, _ in boxes.values())
        return (
            f"scope {self.scope}, heads {' '.join(self.heads)}: {number} boxes, {steps} "
            f"steps into them{every} and every head on every box verified; "
            f"smallest margin {min(self.found.values()):.6g}"
        )

    @staticmethod
    def _target(
        state: str | None,
        known: tuple[str, ...],
        k: int,
        boxes: Mapping[Node, Ends],
        shared: Mapping[Node, tuple[str, ...]],
        varies: bool,
    ) -> Node:
        """The box for a word that is known to end like this, by its last k symbols.

        Where boxes vary, the one that says most. (It would do to lead into any box of the state.)
        """
        for last in (known[start:] for start in range(max(0, len(known) - k), len(known) + 1)):
            node: Node = (state, shared.get((state, last), last))
            if node in boxes or not varies:
                break
        demand(node in boxes, f"there is no box for {_name(node)}")
        return node

    def _paths(self, boxes: Mapping[Node, Ends]) -> Paths:
        bounded = all(np.isfinite(end).all() for box in boxes.values() for end in box)
        if not bounded or self.inputs != (0.0, 1.0, 1.0):
            raise RejectedError("a stride needs exact inputs and bounded boxes")
        return Paths(self.net, self.steps)

    def _follow(
        self, where: str, state: str | None, box: Ends, stride: int, paths: Paths | None
    ) -> Iterator[tuple[tuple[str, ...], str | None, Ends]]:
        """The words of `stride` symbols from a box, and where they lead; checks heads too."""
        if paths is None:
            for symbol, after in self._steps(state):
                yield (symbol,), after, self.steps.step(box, symbol)
            return
        front: list[tuple[tuple[str, ...], str | None, Place]] = [((), state, paths.start(box))]
        for length in range(1, stride + 1):
            following = []
            for path, before, place in front:
                for symbol, after in self._steps(before):
                    word = (*path, symbol)
                    further = paths.step(place, symbol)
                    if length < stride:
                        between = f"after {where}, read {' '.join(word)}"
                        self._check_heads(between, after, further.box)
                    following.append((word, after, further))
            few = len(following) <= MAX_STEPS
            demand(few, f"it takes over {MAX_STEPS:,} steps to check")
            front = following
        yield from ((path, after, place.box) for path, after, place in front)

    def _boxes(self, proof: Mapping[str, Any]) -> dict[Node, Ends]:
        """The boxes of each node, mostly one, (B, D)."""
        table = [self._interval(ends) for ends in proof["intervals"]]
        intervals = np.array(table, dtype=np.float64).reshape(-1, 4)
        lengths = np.array([len(ends) for ends in proof["intervals"]])
        wanted = np.concatenate(
            [np.full(layer.size, _ends_of(layer.kind)) for layer in self.steps.layers]
        )
        index = {name: number for number, name in enumerate(self.net.cells)}
        boxes: dict[Node, list[Ends]] = {}
        several = proof.get("pieces", False)
        demand(isinstance(several, bool), f"pieces = {several!r} is neither true nor false")
        for box in proof["boxes"]:
            keys = sorted(box)
            expected = keys == ["last", "most", "others", "state"]
            demand(expected, f"a box has the keys {', '.join(keys)}")
            node: Node = (box["state"], tuple(box["last"]))
            chosen = np.full(len(self.net.cells), index_in(box["most"]))
            for name, number in box["others"].items():
                chosen[index[name]] = index_in(number)
            fits = (lengths[chosen] == wanted).all()
            demand(fits, f"the box for {_name(node)} has ends of other cells")
            demand(several or node not in boxes, f"there are two boxes for {_name(node)}")
            boxes.setdefault(node, []).append(self._box(intervals[chosen]))
        return {
            node: (np.stack([low for low, _ in each]), np.stack([high for _, high in each]))
            for node, each in boxes.items()
        }

    def _interval(self, ends: list[Any]) -> list[float]:
        """Four ends, of which null is infinite; the last two are NaN for cells without c."""
        if len(ends) not in {_ends_of(layer.kind) for layer in self.steps.layers}:
            raise RejectedError(f"interval {ends!r} has not four ends, or two for cells without c")
        infinite = (-math.inf, math.inf, -math.inf, math.inf)
        row = [
            infinite[i] if end is None else number_in(end, "an interval")
            for i, end in enumerate(ends)
        ]
        in_order = all(low <= high for low, high in zip(row[::2], row[1::2], strict=True))
        demand(in_order, f"interval {ends!r} is empty")
        # Rounded, a disturbed memory may overflow.
        drifts = self.noise > 0.0 and self.document["arithmetic"] != "real"
        lstm = all(layer.kind == "lstm" for layer in self.steps.layers)
        if None in ends[:2] or (None in ends and (drifts or not lstm)):
            raise RejectedError(
                f"interval {ends!r} is unbounded: h is unbounded, or this net cannot have such a c"
            )
        return row + [math.nan] * (4 - len(row))

    def _box(self, ends: Floats) -> Ends:
        """A box of state vectors from the four ends of every cell, (cells, 4)."""
        low, high, at = [], [], 0
        for layer in self.steps.layers:
            rows = ends[at : at + layer.size]
            at += layer.size
            if PARTS[layer.kind] == "c":  # h is c, and is in the intervals of both
                low.append(np.maximum(rows[:, 0], rows[:, 2]))
                high.append(np.minimum(rows[:, 1], rows[:, 3]))
                continue
            for part in range(len(PARTS[layer.kind])):
                low.append(rows[:, 2 * part])
                high.append(rows[:, 2 * part + 1])
        return np.concatenate(low), np.concatenate(high)

    def _check_heads(self, where: str, state: str | None, box: Ends) -> None:
        for head in self.heads:
            right, asked = self._right(head, state)
            if not asked:
                continue
            demand(head != "label" or sum(right) == 1, f"the net has no label {where}")
            distance = self.steps.margin(head, right, box)
            demand(distance > 0.0, f"head {head!r} may be wrong in the box {where}")
            self.found[head] = min(self.found[head], distance)

    def _check_included(self, image: Ends, boxes: Ends, source: str, target: Node) -> None:
        """An image has to lie in the union of the boxes, (B, D): a part of it, or all, in one.

        If no box holds a part, the box that holds most of it is taken away, and the rest is parts.
        """
        demand(not np.isnan(image).any(), f"from {source}: not a number")
        parts = [image]
        for count, (low, high) in enumerate(parts):
            inner = np.maximum(boxes[0], low), np.minimum(boxes[1], high)
            held = (inner[0] == low) & (inner[1] == high)
            if held.all(axis=1).any():
                continue
            room = np.where(high > low, high - low, 1.0)
            share = np.where(held, 1.0, (inner[1] - inner[0]) / room).prod(axis=1)
            meets = np.all(inner[0] <= inner[1], axis=1)
            best = int(np.where(meets, share, -1.0).argmax())
            if not share[best] > 0.0 or not meets[best] or count > MAX_PARTS:
                self._reject_outside((low, high), (boxes[0][best], boxes[1][best]), source, target)
            parts += _without((low, high), (boxes[0][best], boxes[1][best]))

    def _reject_outside(self, image: Ends, box: Ends, source: str, target: Node) -> None:
        number = int(np.flatnonzero((image[0] < box[0]) | (image[1] > box[1]))[0])
        low, high, least, most = (end[number] for end in (*image, *box))
        part, cell = self.places[number]
        raise RejectedError(
            f"from {source}: {part} of cell {self.net.cells[cell]!r} may be in "
            f"[{low:.9g}, {high:.9g}], which is not inside [{least:.9g}, {most:.9g}], the box "
            f"for {_name(target)}"
        )

    def _check_margins(self, claimed: Mapping[str, Any]) -> None:
        asked = {head for head, margin in self.found.items() if margin < math.inf}
        for head in sorted(asked ^ set(claimed)):
            raise RejectedError(
                f"the margin of head {head!r} is {'missing' if head in asked else 'not asked for'}"
            )
        for head, margin in claimed.items():
            margin = number_in(margin, "a margin")
            claim = f"is {self.found[head]:.9g}, not {margin:.9g} as claimed"
            demand(self.found[head] >= margin, f"the margin of head {head!r} {claim}")

    # A refutation

    def _check_refutation(self, refutation: Mapping[str, Any]) -> str:
        word, head = tuple(refutation["word"]), refutation["head"]
        demand(head in self.heads, f"head {head!r} is not among those listed")
        demand(word or self.scope == "all", "the empty word is not in scope 'legal'")
        state: str | None = self.fsm.start
        for position, symbol in enumerate(word, start=1):
            steps = dict(self._steps(state))
            where = f"symbol {symbol!r} at position {position}"
            demand(symbol in steps, f"{where} leaves scope {self.scope!r}")
            state = steps[symbol]
        values = self.steps.run(word, head)
        after = f"after {self.fsm.text(word)!r}"
        demand(np.isfinite(values).all(), f"head {head!r} overflows {after}")
        right, asked = self._right(head, state)
        readout = self.steps.heads[head]
        if self._reads_largest(head):
            said = [row == int(values.argmax()) for row in range(len(values))]
        else:
            said = [bool(value > readout.threshold) for value in values]
        demand(said != right and asked, f"head {head!r} is right {after}")
        for name, truth in (("said", said), ("right", right)):
            claimed, words = refutation[name], self._words(head, truth)
            demand(claimed == words, f"{name!r} is {claimed!r}, but it must be {words!r}")
        margin = number_in(refutation["margin"], "the margin")
        distance = self.steps.distance(readout, np.array(right), (values, values))
        near = abs(margin - distance) <= 1e-6 * (1.0 + abs(distance))
        demand(near, f"the margin is {distance:.9g}, not {margin:.9g} as claimed")
        shown = self.fsm.text(word) or "the empty word"
        return f"after {shown} head {head!r} is wrong (whether a shorter word is was not checked)"

    def _words(self, head: str, truth: list[bool]) -> list[str]:
        if head == "accept":
            return ["yes" if truth[-1] else "no"]
        names = self.net.alphabet if head == "legal" else self.net.labels
        chosen = {name for name, true in zip(names, truth, strict=True) if true}
        order = self.fsm.alphabet if head == "legal" else self.net.labels
        return [name for name in order if name in chosen]


def _without(part: Ends, box: Ends) -> list[Ends]:
    """What of a part is outside of a box that it meets: slices, of which some share a side."""
    slices, (low, high) = [], (end.copy() for end in part)
    for number, (least, most) in enumerate(zip(*box, strict=True)):
        if low[number] < least:
            slices.append((low.copy(), high.copy()))
            slices[-1][1][number] = low[number] = least
        if high[number] > most:
            slices.append((low.copy(), high.copy()))
            slices[-1][0][number] = high[number] = most
    return slices


def _name(node: Node) -> str:
    state = "the state after a violation" if node[0] is None else f"state {node[0]!r}"
    return f"{state}, last {' '.join(node[1])!r}" if node[1] else state


def _ends_of(kind: str) -> int:
    """How many ends a cell of this kind has in the file."""
    return 4 if "c" in PARTS[kind] else 2


# Reading: JSON without tricks, and the digests, as `reberlstm.certificates.results` describes them


def parsed(certificate: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON object of a certificate: without duplicate keys, NaN and infinities."""
    if isinstance(certificate, Mapping):
        document: Any = certificate
    else:
        try:
            document = json.loads(certificate, object_pairs_hook=_unique, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise RejectedError(f"not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise RejectedError(f"not a JSON object but {type(document).__name__}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = Counter(name for name, _ in pairs)
    for name, count in names.items():
        if count > 1:
            raise RejectedError(f"key {name!r} stands twice")
    return dict(pairs)


def _refuse(constant: str) -> None:
    raise RejectedError(f"{constant} is not a number that a certificate may hold")


def demand(condition: Any, reason: str) -> None:
    """A rejection, unless the condition is true."""
    if not condition:
        raise RejectedError(reason)


def number_in(value: Any, what: str) -> float:
    """A finite number, or a rejection that names it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    demand(is_number and math.isfinite(value), f"{what} is {value!r}, not a finite number")
    return float(value)


def whole(value: Any, least: int, most: float, what: str) -> int:
    """A whole number within limits, or a rejection that says what is wrong."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    demand(is_whole and least <= value <= most, what)
    number: int = value
    return number


def index_in(value: Any) -> int:
    """The number of an interval."""
    return whole(value, 0, math.inf, f"{value!r} is not the number of an interval")


def shared_in(proof: Mapping[str, Any], k: int) -> dict[Node, tuple[str, ...]]:
    """For a state and its last symbol the one whose box it shares.

    Which box a step is to lead into is as good as any, as long as it is one of the right state.
    """
    shared: dict[Node, tuple[str, ...]] = {}
    for kind in proof.get("alike", ()):
        state, symbols = kind["state"], kind["symbols"]
        for symbol in symbols:
            once = k == 1 and (state, (symbol,)) not in shared
            demand(once, f"'alike' has {symbol!r} twice, or stands in a proof with k = {k}")
            shared[state, (symbol,)] = (symbols[0],)
    return shared


def compact(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def sha256_of_net(net: Any) -> str:
    """Of everything in the weights that matters."""
    kinds = [f"{layer.cell.name}:{layer.weight_hh.shape[1]}" for layer in net.layers]
    if len(kinds) == 1:
        name = net.layers[0].cell.name
        kinds = [CELLS_OF_VERSION_1.get(name, name)]
    heads = sorted(net.heads.items())
    header = {
        "alphabet": list(net.alphabet),
        "cell": ",".join(kinds),
        "cells": list(net.cells),
        "heads": [f"{name}:{head.activation}" if head.activation else name for name, head in heads],
        "labels": list(net.labels),
        "on_violation": net.on_violation,
    }
    arrays = []
    for layer in net.layers:
        arrays += [layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh]
    for _, head in heads:
        for linear in head.layers:
            arrays += [linear.weight, linear.bias]
    others = (net.embedding, net.start_state, net.suffix)
    arrays += [array for array in others if array is not None]
    digest = hashlib.sha256(compact(header) + b"\n")
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def sha256_of_grammar(fsm: FSM) -> str:
    """Of the part of the machine that words can reach."""
    lines = {fsm.start: dict(fsm.transitions[fsm.start])}
    for line in (pending := list(lines.values())):
        for target in line.values():
            if target not in lines:
                lines[target] = dict(fsm.transitions[target])
                pending.append(lines[target])
    described = {
        "alphabet": list(fsm.alphabet),
        "start": fsm.start,
        "accepting": sorted(state for state in lines if state in fsm.accepting),
        "transitions": lines,
        "outputs": {state: label for state, label in fsm.outputs.items() if state in lines},
    }
    return hashlib.sha256(compact(described)).hexdigest()
