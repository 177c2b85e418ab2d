"""The independent checker: does a certificate prove what it says?

It shares no code with the search that made the certificate: it follows the machine, bounds the
steps, rounds and hashes in its own plain way, and believes nothing in the file but the boxes, of
which it verifies that

1. the zero vector steps into a box for every first symbol of the scope,
2. every box steps into a box for every symbol of the scope,
3. every judged head is right on all of every judged box, by at least the margin claimed.

So by induction the net is right after every word of the scope. A refutation is verified by running
its word. The arithmetic is in `reberlstm.certificates.checker_bounds`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker_bounds import MACHINES, Bounds, RejectedError
from reberlstm.certificates.checker_paths import Paths, Place
from reberlstm.certificates.checker_reading import (
    alike_in,
    compact,
    count_in,
    index_in,
    number_in,
    parsed,
    sha256,
    sha256_of_grammar,
    sha256_of_net,
)
from reberlstm.errors import CertificateError
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import LSTMWeights

Floats = NDArray[np.float64]
Node = tuple[str | None, tuple[str, ...]]

KEYS = {"format", "version", "outcome", "scope", "heads", "arithmetic", "noise", "inputs", "net"}
KEYS |= {"grammar", "seal"}
PART = {"holds": "proof", "refuted": "refutation", "unknown": "search"}
MAX_STEPS = 1_000_000
INPUTS = ("noise", "low", "high")
HEADS = {"legal": ("legal",), "all": ("legal", "accept", "label")}


@dataclass(frozen=True)
class Check:
    """The checker's verdict.

    Attributes:
        valid: True: what the certificate says is true. False: it is rejected. None: it says
            nothing that could be checked.
        outcome: What the certificate says: ``holds``, ``refuted`` or ``unknown``.
        reason: Why it is rejected, or what was verified.
    """

    valid: bool | None
    outcome: str
    reason: str


def check(
    certificate: str | bytes | Mapping[str, Any], net: LSTMWeights, fsm: FSM | None = None
) -> Check:
    """Verify a certificate against the weights and the machine, in one pass.

    Args:
        certificate: The text of the file, or the object that it holds.
        net: The weights that it has to be about.
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
            reason = _Checker(document, net, fsm).verdict()
    except RejectedError as rejection:
        return Check(False, outcome, str(rejection))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        return Check(False, outcome, f"not of the form of a certificate: {error!r}")
    return Check(None if outcome == "unknown" else True, outcome, reason)


class _Checker:
    """One certificate against one net and one machine."""

    def __init__(self, document: Mapping[str, Any], net: LSTMWeights, fsm: FSM) -> None:
        self.document, self.net, self.fsm = document, net, fsm
        self._check_header()
        self.scope: str = document["scope"]
        self.heads: tuple[str, ...] = tuple(document["heads"])
        self.noise = number_in(document["noise"], "noise")
        inputs = document["inputs"]
        blur, low, high = (number_in(inputs[name], f"inputs {name}") for name in INPUTS)
        if self.noise < 0.0 or blur < 0.0 or low > high:
            raise RejectedError("noise is negative, or the inputs end before they begin")
        self.inputs = (blur, low, high)
        self.bounds = Bounds(net, document["arithmetic"], self.noise, self.inputs)

    def verdict(self) -> str:
        """What was verified; raises where something was not."""
        outcome = self.document["outcome"]
        if outcome == "holds":
            result = self._check_proof(self.document["proof"])
        elif outcome == "refuted":
            result = self._check_refutation(self.document["refutation"])
        else:
            result = "the certificate says that nothing is known, so there is nothing to check"
        content = {key: value for key, value in self.document.items() if key != "seal"}
        if sha256(compact(content)) != self.document["seal"]:
            raise RejectedError("the seal does not fit: the file was altered after it was made")
        return result

    def _check_header(self) -> None:
        document, net, fsm = self.document, self.net, self.fsm
        if document.get("format") != "reberlstm certificate" or document.get("version") != 1:
            raise RejectedError(
                f"format {document.get('format')!r}, version {document.get('version')!r}; "
                "expected 'reberlstm certificate', version 1"
            )
        if document.get("outcome") not in PART:
            raise RejectedError(f"outcome {document.get('outcome')!r} is none of {', '.join(PART)}")
        expected = KEYS | {PART[document["outcome"]]}
        for key in sorted(expected ^ set(document)):
            raise RejectedError(f"{key!r} is {'missing' if key in expected else 'not expected'}")
        if document["net"]["sha256"] != sha256_of_net(net):
            raise RejectedError(
                f"it is about other weights than {net.name!r}: their SHA-256 differs"
            )
        if document["grammar"]["sha256"] != sha256_of_grammar(fsm):
            raise RejectedError(f"it is about another grammar than {fsm}: their SHA-256 differs")
        if document["net"]["cells"] != list(net.cells):
            raise RejectedError("the names of the cells are not those of the net")
        scope, heads = document["scope"], document["heads"]
        if scope not in HEADS:
            raise RejectedError(f"scope {scope!r} is neither 'legal' nor 'all'")
        if document["arithmetic"] not in MACHINES:
            raise RejectedError(
                f"arithmetic {document['arithmetic']!r} is none of {' '.join(MACHINES)}"
            )
        known = [head for head in HEADS["all"] if head in heads]
        if not heads or heads != known:
            raise RejectedError(f"heads {heads!r} cannot be judged")
        for head in heads:
            if head not in net.heads or (head == "label" and not fsm.outputs):
                raise RejectedError(f"head {head!r} is judged, but net or grammar has none")

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

    def _right(self, head: str, state: str | None) -> tuple[list[bool], bool]:
        """What the rows of a head have to say, and whether it is asked at all."""
        if head == "legal":
            return [symbol in self._legal(state) for symbol in self.net.alphabet], True
        if head == "accept":
            return [state in self.fsm.accepting], True
        label = None if state is None else self.fsm.outputs[state]
        return [label == name for name in self.net.labels], state is not None

    # A proof

    def _check_proof(self, proof: Mapping[str, Any]) -> str:
        k, stride = count_in(proof, "k", 0, 1_000), count_in(proof, "stride", 1, 16)
        boxes = self._boxes(proof, k)
        alike = alike_in(proof, k)
        paths = self._paths(boxes) if stride > 1 else None
        found = dict.fromkeys(self.heads, math.inf)
        # The empty word is no node of its own: a word may come back to the start state.
        zero = np.zeros(self.net.size)
        empty: Node = (self.fsm.start, ())
        if self.scope == "all":
            self._judge("for the empty word", empty[0], (zero,) * 4, found)
        reached: dict[Node, None] = {}
        pending: list[tuple[str, Node, tuple[Floats, ...]]] = [
            ("the empty word", empty, (zero,) * 4)
        ]
        steps = 0
        for where, node, box in pending:
            for path, state, image in self._follow(where, node[0], box, stride, paths, found):
                steps += 1
                if steps > MAX_STEPS:
                    raise RejectedError(f"it takes over {MAX_STEPS:,} steps to check")
                last = (*node[1], *path)[-k:] if k else ()
                target: Node = (state, alike.get((state, last), last))
                if target not in boxes:
                    raise RejectedError(f"there is no box for {_name(target)}")
                self._check_inside(image, boxes[target], f"{where}, read {' '.join(path)}", target)
                if target not in reached:
                    reached[target] = None
                    pending.append((_name(target), target, boxes[target]))
                    self._judge(f"for {_name(target)}", state, boxes[target], found)
        for node in boxes:
            if node not in reached:
                raise RejectedError(f"the box for {_name(node)} is not of scope {self.scope!r}")
        self._check_margins(proof["margins"], found)
        every = f" every {stride} symbols" if stride > 1 else ""
        return (
            f"scope {self.scope}, heads {' '.join(self.heads)}: {len(boxes)} boxes, {steps} "
            f"steps into them{every} and every head on every box verified; "
            f"smallest margin {min(found.values()):.6g}"
        )

    def _paths(self, boxes: Mapping[Node, tuple[Floats, ...]]) -> Paths:
        bounded = all(np.isfinite(end).all() for box in boxes.values() for end in box)
        if self.net.cell != "standard" or not bounded or self.inputs != (0.0, 1.0, 1.0):
            raise RejectedError("a stride needs the standard cell, exact inputs and bounded boxes")
        return Paths(self.bounds)

    def _follow(
        self,
        where: str,
        state: str | None,
        box: tuple[Floats, ...],
        stride: int,
        paths: Paths | None,
        found: dict[str, float],
    ) -> Iterator[tuple[tuple[str, ...], str | None, tuple[Floats, ...]]]:
        """The words of `stride` symbols from a box, and where they lead; judged on the way."""
        if paths is None:
            recurrent = self.bounds.recurrent(box)
            for symbol, after in self._steps(state):
                yield (symbol,), after, self.bounds.step(box, symbol, recurrent)
            return
        front: list[tuple[tuple[str, ...], str | None, Place]] = [((), state, paths.start(box))]
        for length in range(1, stride + 1):
            following = []
            for path, before, place in front:
                for symbol, after in self._steps(before):
                    word = (*path, symbol)
                    further = paths.step(place, symbol)
                    if length < stride:
                        self._judge(
                            f"after {where}, read {' '.join(word)}", after, further.box, found
                        )
                    following.append((word, after, further))
            if len(following) > MAX_STEPS:
                raise RejectedError(f"it takes over {MAX_STEPS:,} steps to check")
            front = following
        yield from ((path, after, place.box) for path, after, place in front)

    def _boxes(self, proof: Mapping[str, Any], k: int) -> dict[Node, tuple[Floats, ...]]:
        table = []
        for ends in proof["intervals"]:
            if len(ends) != 4:
                raise RejectedError(f"interval {ends!r} has not four ends")
            infinite = (-math.inf, math.inf, -math.inf, math.inf)
            row = [
                infinite[i] if end is None else number_in(end, "an interval")
                for i, end in enumerate(ends)
            ]
            if row[0] > row[1] or row[2] > row[3] or None in ends[:2]:
                raise RejectedError(f"interval {ends!r} is empty, or h is unbounded")
            # A published net's gates read c; on a machine a disturbed memory may overflow.
            drifts = self.net.cell == "published" or (
                self.noise > 0.0 and self.document["arithmetic"] != "real"
            )
            if None in ends and drifts:
                raise RejectedError(f"interval {ends!r} is unbounded, which this net cannot bear")
            table.append(row)
        intervals = np.array(table, dtype=np.float64).reshape(-1, 4)
        index = {name: number for number, name in enumerate(self.net.cells)}
        boxes: dict[Node, tuple[Floats, ...]] = {}
        for box in proof["boxes"]:
            if set(box) != {"state", "last", "most", "others"}:
                raise RejectedError(f"a box has the keys {', '.join(sorted(box))}")
            node: Node = (box["state"], tuple(box["last"]))
            if node in boxes:
                raise RejectedError(f"there are two boxes for {_name(node)}")
            chosen = np.full(self.net.size, index_in(box["most"]))
            for name, number in box["others"].items():
                chosen[index[name]] = index_in(number)
            boxes[node] = tuple(intervals[chosen].T)
        return boxes

    def _judge(
        self, where: str, state: str | None, box: tuple[Floats, ...], found: dict[str, float]
    ) -> None:
        for head in self.heads:
            right, asked = self._right(head, state)
            if not asked:
                continue
            if head == "label" and sum(right) != 1:
                raise RejectedError(f"the net has no label {where}")
            distance = self._distance(head, right, *self.bounds.read(head, box))
            if not distance > 0.0:
                raise RejectedError(f"head {head!r} may be wrong in the box {where}")
            found[head] = min(found[head], distance)

    def _distance(self, head: str, right: list[bool], low: Floats, high: Floats) -> float:
        """How far the values are from wrong."""
        yes = np.array(right)
        if head == "label":
            return float(low[yes].min() - high[~yes].max(initial=-math.inf))
        over = self.net.reader_threshold if head == "legal" else 0.0
        return float(np.where(yes, low - over, over - high).min())

    def _check_inside(
        self, image: tuple[Floats, ...], box: tuple[Floats, ...], source: str, target: Node
    ) -> None:
        for what, low, high, least, most in (
            ("h", image[0], image[1], box[0], box[1]),
            ("c", image[2], image[3], box[2], box[3]),
        ):
            outside = ~((low >= least) & (high <= most))
            if outside.any():
                cell = int(np.flatnonzero(outside)[0])
                raise RejectedError(
                    f"from {source}: {what} of cell {self.net.cells[cell]!r} may be in "
                    f"[{low[cell]:.9g}, {high[cell]:.9g}], which is not inside "
                    f"[{least[cell]:.9g}, {most[cell]:.9g}], the box for {_name(target)}"
                )

    def _check_margins(self, claimed: Mapping[str, Any], found: Mapping[str, float]) -> None:
        asked = {head for head, margin in found.items() if margin < math.inf}
        for head in sorted(asked ^ set(claimed)):
            raise RejectedError(
                f"the margin of head {head!r} is {'missing' if head in asked else 'not asked for'}"
            )
        for head, margin in claimed.items():
            if not found[head] >= number_in(margin, "a margin"):
                raise RejectedError(
                    f"the margin of head {head!r} is {found[head]:.9g}, not {margin:.9g} as claimed"
                )

    # A refutation

    def _check_refutation(self, refutation: Mapping[str, Any]) -> str:
        word, head = tuple(refutation["word"]), refutation["head"]
        if head not in self.heads:
            raise RejectedError(f"head {head!r} is not among those judged")
        if not word and self.scope != "all":
            raise RejectedError("the empty word is not in scope 'legal'")
        state: str | None = self.fsm.start
        for position, symbol in enumerate(word, start=1):
            steps = dict(self._steps(state))
            if symbol not in steps:
                raise RejectedError(
                    f"symbol {symbol!r} at position {position} leaves scope {self.scope!r}"
                )
            state = steps[symbol]
        values = self.bounds.run(word, head)
        if not np.isfinite(values).all():
            raise RejectedError(f"head {head!r} overflows after {self.fsm.text(word)!r}")
        right, asked = self._right(head, state)
        if head == "label":
            said = [row == int(values.argmax()) for row in range(len(values))]
        else:
            over = self.net.reader_threshold if head == "legal" else 0.0
            said = [bool(value > over) for value in values]
        if said == right or not asked:
            raise RejectedError(f"head {head!r} is right after {self.fsm.text(word)!r}")
        for name, truth in (("said", said), ("right", right)):
            if refutation[name] != self._words(head, truth):
                raise RejectedError(
                    f"{name!r} is {refutation[name]!r}, but it must be {self._words(head, truth)!r}"
                )
        margin = number_in(refutation["margin"], "the margin")
        distance = self._distance(head, right, values, values)
        if not abs(margin - distance) <= 1e-6 * (1.0 + abs(distance)):
            raise RejectedError(f"the margin is {distance:.9g}, not {margin:.9g} as claimed")
        shown = self.fsm.text(word) or "the empty word"
        return f"after {shown} head {head!r} is wrong (whether a shorter word is was not checked)"

    def _words(self, head: str, truth: list[bool]) -> list[str]:
        if head == "accept":
            return ["yes" if truth[0] else "no"]
        names = self.net.alphabet if head == "legal" else self.net.labels
        chosen = {name for name, true in zip(names, truth, strict=True) if true}
        order = self.fsm.alphabet if head == "legal" else self.net.labels
        return [name for name in order if name in chosen]


def _name(node: Node) -> str:
    state = "the state after a violation" if node[0] is None else f"state {node[0]!r}"
    return f"{state}, last {' '.join(node[1])!r}" if node[1] else state
