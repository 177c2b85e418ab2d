"""The independent checker: does a certificate prove what it says?

It shares no code with the search that made the certificate: it follows the machine, bounds the
steps, rounds and hashes in its own plain way, and believes nothing in the file but the boxes, of
which it verifies that

1. the zero vector steps into a box for every first symbol of the scope,
2. every box steps into a box for every symbol of the scope,
3. every judged head is right on all of every judged box, by at least the margin claimed.

So by induction the net is right after every word of the scope. A refutation is verified by running
its word. All bounds are those of `reberlstm.certificates.arithmetic` and hold for real numbers:
every sum of n terms is widened by 2·(n + 16)·2⁻⁵³ times the sum of their sizes, every sigmoid and
tanh by 2⁻⁴⁶ of its value, which is many times what numpy's are off by.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import CertificateError
from reberlstm.fsm import FSM
from reberlstm.weights import LSTMWeights

Floats = NDArray[np.float64]
Node = tuple[str | None, tuple[str, ...]]

KEYS = {"format", "version", "outcome", "scope", "heads", "arithmetic", "noise", "inputs", "net"}
KEYS |= {"grammar", "seal"}
PART = {"holds": "proof", "refuted": "refutation", "unknown": "search"}
HEADS = {"legal": ("legal",), "all": ("legal", "accept", "label")}

# name: unit roundoff, smallest normal number, largest number, error of sigmoid and tanh
MACHINES: Mapping[str, tuple[float, float, float, float]] = {
    "real": (0.0, 0.0, math.inf, 0.0),
    "float64": (2.0**-53, 2.0**-1022, 1.7976931348623157e308, 2.0**-51),
    "float32": (2.0**-24, 2.0**-126, 3.4028234663852886e38, 2.0**-22),
    "float16": (2.0**-11, 2.0**-14, 65504.0, 2.0**-22),
    "bfloat16": (2.0**-8, 2.0**-126, 3.3895313892515355e38, 2.0**-22),
    "int8": (2.0**-24, 2.0**-126, 3.4028234663852886e38, 2.0**-22),
}


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


class _Rejected(Exception):  # noqa: N818 - a verdict, not an error
    """The certificate does not prove what it says; the text says where."""


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
        document = _parsed(certificate)
        outcome = str(document.get("outcome"))
        reason = _Checker(document, net, fsm).verdict()
    except _Rejected as rejection:
        return Check(False, outcome, str(rejection))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        return Check(False, outcome, f"not of the form of a certificate: {error!r}")
    return Check(None if outcome == "unknown" else True, outcome, reason)


def _parsed(certificate: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(certificate, Mapping):
        document: Any = certificate
    else:
        try:
            document = json.loads(certificate, object_pairs_hook=_unique, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise _Rejected(f"not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise _Rejected(f"not a JSON object but {type(document).__name__}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1 and len(names) < 1_000:
            raise _Rejected(f"key {name!r} stands twice")
    return dict(pairs)


def _refuse(constant: str) -> None:
    raise _Rejected(f"{constant} is not a number that a certificate may hold")


class _Checker:
    """One certificate against one net and one machine."""

    def __init__(self, document: Mapping[str, Any], net: LSTMWeights, fsm: FSM) -> None:
        self.document, self.net, self.fsm = document, net, fsm
        self._check_header()
        self.scope: str = document["scope"]
        self.heads: tuple[str, ...] = tuple(document["heads"])
        self.noise = _number(document["noise"], "noise")
        inputs = document["inputs"]
        self.blur, self.low, self.high = (
            _number(inputs[name], f"inputs {name}") for name in ("noise", "low", "high")
        )
        if self.noise < 0.0 or self.blur < 0.0 or self.low > self.high:
            raise _Rejected("noise is negative, or the inputs end before they begin")
        self.bounds = _Bounds(self, document["arithmetic"])

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
        if _sha256(_compact(content)) != self.document["seal"]:
            raise _Rejected(
                "the seal does not fit: the file was altered after it was made "
                "(what it says now is not refuted either)"
            )
        return result

    def _check_header(self) -> None:
        document, net, fsm = self.document, self.net, self.fsm
        if document.get("format") != "reberlstm certificate" or document.get("version") != 1:
            raise _Rejected(
                f"format {document.get('format')!r}, version {document.get('version')!r}; "
                "expected 'reberlstm certificate', version 1"
            )
        if document.get("outcome") not in PART:
            raise _Rejected(f"outcome {document.get('outcome')!r} is none of {', '.join(PART)}")
        expected = KEYS | {PART[document["outcome"]]}
        for key in sorted(expected ^ set(document)):
            raise _Rejected(f"{key!r} is {'missing' if key in expected else 'not expected'}")
        if document["net"]["sha256"] != _net_sha256(net):
            raise _Rejected(f"it is about other weights than {net.name!r}: their SHA-256 differs")
        if document["grammar"]["sha256"] != _grammar_sha256(fsm):
            raise _Rejected(f"it is about another grammar than {fsm}: their SHA-256 differs")
        if document["net"]["cells"] != list(net.cells):
            raise _Rejected("the names of the cells are not those of the net")
        scope, heads = document["scope"], document["heads"]
        if scope not in HEADS:
            raise _Rejected(f"scope {scope!r} is neither 'legal' nor 'all'")
        if document["arithmetic"] not in MACHINES:
            raise _Rejected(
                f"arithmetic {document['arithmetic']!r} is none of {' '.join(MACHINES)}"
            )
        known = [head for head in HEADS["all"] if head in heads]
        if not heads or heads != known:
            raise _Rejected(f"heads {heads!r} cannot be judged")
        for head in heads:
            if head not in net.heads or (head == "label" and not fsm.outputs):
                raise _Rejected(f"head {head!r} is judged, but net or grammar has none")

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
        k = proof["k"]
        if isinstance(k, bool) or not isinstance(k, int) or not 0 <= k <= 1_000:
            raise _Rejected(f"k = {k!r} is not a small number")
        boxes = self._boxes(proof, k)
        zero = np.zeros(self.net.size)
        start: Node = (self.fsm.start, ())
        found = dict.fromkeys(self.heads, math.inf)
        inclusions, reached, pending = 0, {start}, [start]
        while pending:
            node = pending.pop()
            box = (zero, zero, zero, zero) if node is start else boxes[node]
            if self.scope == "all" or node is not start:
                self._judge(node, box, found)
            recurrent = self.bounds.terms(self.bounds.u, box[0], box[1])
            for symbol, target in self._steps(node[0]):
                after: Node = (target, (*node[1], symbol)[-k:] if k else ())
                if after not in boxes:
                    raise _Rejected(f"there is no box for {_name(after)}")
                inclusions += 1
                image = self.bounds.step(recurrent, box, symbol)
                self._check_inside(image, boxes[after], f"{_name(node)}, read {symbol}", after)
                if after not in reached:
                    reached.add(after)
                    pending.append(after)
        for node in boxes:
            if node not in reached:
                raise _Rejected(f"the box for {_name(node)} is not of scope {self.scope!r}")
        self._check_margins(proof["margins"], found)
        return (
            f"{len(boxes)} boxes, {inclusions} steps between them and every head on every box "
            f"verified; smallest margin {min(found.values()):.6g}"
        )

    def _boxes(self, proof: Mapping[str, Any], k: int) -> dict[Node, tuple[Floats, ...]]:
        table = []
        for ends in proof["intervals"]:
            if len(ends) != 4:
                raise _Rejected(f"interval {ends!r} has not four ends")
            infinite = (-math.inf, math.inf, -math.inf, math.inf)
            row = [
                infinite[i] if end is None else _number(end, "an interval")
                for i, end in enumerate(ends)
            ]
            if row[0] > row[1] or row[2] > row[3] or None in ends[:2]:
                raise _Rejected(f"interval {ends!r} is empty, or h is unbounded")
            # A published net's gates read c; on a machine a disturbed memory may overflow.
            drifts = self.net.cell == "published" or (
                self.noise > 0.0 and self.document["arithmetic"] != "real"
            )
            if None in ends and drifts:
                raise _Rejected(f"interval {ends!r} is unbounded, which this net cannot bear")
            table.append(row)
        intervals = np.array(table, dtype=np.float64).reshape(-1, 4)
        index = {name: number for number, name in enumerate(self.net.cells)}
        boxes: dict[Node, tuple[Floats, ...]] = {}
        for box in proof["boxes"]:
            if set(box) != {"state", "last", "most", "others"}:
                raise _Rejected(f"a box has the keys {', '.join(sorted(box))}")
            node: Node = (box["state"], tuple(box["last"]))
            if node in boxes:
                raise _Rejected(f"there are two boxes for {_name(node)}")
            chosen = np.full(self.net.size, _index(box["most"]))
            for name, number in box["others"].items():
                chosen[index[name]] = _index(number)
            boxes[node] = tuple(intervals[chosen].T)
        return boxes

    def _judge(self, node: Node, box: tuple[Floats, ...], found: dict[str, float]) -> None:
        for head in self.heads:
            right, asked = self._right(head, node[0])
            if not asked:
                continue
            if head == "label" and sum(right) != 1:
                raise _Rejected(f"the net has no label for {_name(node)}")
            distance = self._distance(head, right, *self.bounds.read(head, box))
            if not distance > 0.0:
                raise _Rejected(f"head {head!r} may be wrong in the box for {_name(node)}")
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
                raise _Rejected(
                    f"from {source}: {what} of cell {self.net.cells[cell]} may be in "
                    f"[{low[cell]:.9g}, {high[cell]:.9g}], which is not inside "
                    f"[{least[cell]:.9g}, {most[cell]:.9g}], the box for {_name(target)}"
                )

    def _check_margins(self, claimed: Mapping[str, Any], found: Mapping[str, float]) -> None:
        asked = {head for head, margin in found.items() if margin < math.inf}
        for head in sorted(asked ^ set(claimed)):
            raise _Rejected(
                f"the margin of head {head!r} is {'missing' if head in asked else 'not asked for'}"
            )
        for head, margin in claimed.items():
            if not found[head] >= _number(margin, "a margin"):
                raise _Rejected(
                    f"the margin of head {head!r} is {found[head]:.9g}, not {margin:.9g} as claimed"
                )

    # A refutation

    def _check_refutation(self, refutation: Mapping[str, Any]) -> str:
        word, head = tuple(refutation["word"]), refutation["head"]
        if head not in self.heads:
            raise _Rejected(f"head {head!r} is not among those judged")
        if not word and self.scope != "all":
            raise _Rejected("the empty word is not in scope 'legal'")
        state: str | None = self.fsm.start
        for position, symbol in enumerate(word, start=1):
            steps = dict(self._steps(state))
            if symbol not in steps:
                raise _Rejected(
                    f"symbol {symbol!r} at position {position} leaves scope {self.scope!r}"
                )
            state = steps[symbol]
        values = self.bounds.run(word, head)
        right, asked = self._right(head, state)
        if head == "label":
            said = [row == int(values.argmax()) for row in range(len(values))]
        else:
            over = self.net.reader_threshold if head == "legal" else 0.0
            said = [bool(value > over) for value in values]
        if said == right or not asked:
            raise _Rejected(f"head {head!r} is right after {self.fsm.text(word)!r}")
        for name, truth in (("said", said), ("right", right)):
            if refutation[name] != self._words(head, truth):
                raise _Rejected(
                    f"{name!r} is {refutation[name]!r}, but it must be {self._words(head, truth)!r}"
                )
        margin = _number(refutation["margin"], "the margin")
        distance = self._distance(head, right, values, values)
        if not abs(margin - distance) <= 1e-6 * (1.0 + abs(distance)):
            raise _Rejected(f"the margin is {distance:.9g}, not {margin:.9g} as claimed")
        shown = self.fsm.text(word) or "the empty word"
        return f"after {shown} head {head!r} is wrong (whether a shorter word is was not checked)"

    def _words(self, head: str, truth: list[bool]) -> list[str]:
        if head == "accept":
            return ["yes" if truth[0] else "no"]
        names = self.net.alphabet if head == "legal" else self.net.labels
        chosen = {name for name, true in zip(names, truth, strict=True) if true}
        order = self.fsm.alphabet if head == "legal" else self.net.labels
        return [name for name in order if name in chosen]


class _Bounds:
    """One step of a net between lower and upper ends, plainly written.

    A box is four arrays of shape (H,): least and greatest ``h``, least and greatest ``c``.
    """

    def __init__(self, checker: _Checker, arithmetic: str) -> None:
        net = self.net = checker.net
        self.noise, self.arithmetic = checker.noise, arithmetic
        self.unit, self.smallest, self.largest, self.kernel = MACHINES[arithmetic]
        self.u, self.w = self._held(net.weight_hh), self._held(net.weight_ih)
        self.bias_ih, self.bias_hh = self._held(net.bias_ih), self._held(net.bias_hh)
        self.heads = {
            name: (self._held(head.weight), self._held(head.bias))
            for name, head in net.heads.items()
        }
        self.nominal = min(max(1.0, checker.low), checker.high)
        self.columns: dict[str, tuple[Floats, ...]] = {}
        for number, symbol in enumerate(net.alphabet):
            least = np.full(len(net.alphabet), -checker.blur)
            most = np.full(len(net.alphabet), checker.blur)
            least[number], most[number] = checker.low, checker.high
            if checker.blur:
                least[number] = np.nextafter(checker.low - checker.blur, -math.inf)
                most[number] = np.nextafter(checker.high + checker.blur, math.inf)
            self.columns[symbol] = self.terms(self.w, least, most)

    # Sums: (low, high, sum of sizes, number of terms, smallest numbers lost to underflow)

    @staticmethod
    def terms(weight: Floats, least: Floats, most: Floats) -> tuple[Floats, ...]:
        positive, negative = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        size = np.maximum(np.abs(least), np.abs(most))
        present = ((weight != 0.0) & (size != 0.0)).astype(np.float64)
        number = present.sum(axis=1)
        return (
            positive @ least + negative @ most,
            positive @ most + negative @ least,
            np.abs(weight) @ size,
            number,
            (np.abs(weight) * present).sum(axis=1) + number * (4.0 + size.max()),
        )

    @staticmethod
    def _bias(bias: Floats) -> tuple[Floats, ...]:
        present = (bias != 0.0).astype(np.float64)
        return bias, bias, np.abs(bias), present, 4.0 * present

    def _total(self, parts: list[tuple[Floats, ...]], length: int) -> tuple[Floats, Floats]:
        low, high, size, number, lost = (
            sum(part[i] for part in parts[1:]) + parts[0][i] for i in range(5)
        )
        error = 2.0 * (length + 16) * 2.0**-53 * size + 1e-290
        if self.unit:
            if not (size * np.exp(1.01 * self.unit * number) < self.largest / 2.0).all():
                raise _Rejected(f"a sum may overflow {self.arithmetic}")
            steps = number * self.unit
            with np.errstate(divide="ignore", invalid="ignore"):
                gamma = np.where(steps < 1.0, steps / (1.0 - steps), math.inf)
                rounding = np.where(size > 0.0, gamma * size, 0.0)
            error = error + rounding + self.smallest * lost * (1.0 + gamma)
        error = error * (1.0 + 2.0**-30)
        return low - error, high + error

    def step(
        self, recurrent: tuple[Floats, ...], box: tuple[Floats, ...], symbol: str
    ) -> tuple[Floats, ...]:
        """The box after a symbol."""
        parts = [
            recurrent,
            self.columns[symbol],
            self._bias(self.bias_ih),
            self._bias(self.bias_hh),
        ]
        low, high = self._total(parts, self.net.size + len(self.net.alphabet))
        size = self.net.size
        gate = {
            name: (low[i * size : (i + 1) * size], high[i * size : (i + 1) * size])
            for i, name in enumerate(self.net.gates)
        }
        written = self._product(self._sigmoid(gate["input"]), self._tanh(gate["candidate"]))
        kept = self._product(self._sigmoid(gate["forget"]), (box[2], box[3]))
        c = self._operation(kept[0] + written[0], kept[1] + written[1], 3.0, 3.0)
        if self.net.cell == "published":
            c = self._disturbed(c)
            return (*c, *c)
        h = self._product(self._sigmoid(gate["output"]), self._tanh(c))
        return (*self._disturbed(h), *self._disturbed(c))

    def read(self, head: str, box: tuple[Floats, ...]) -> tuple[Floats, Floats]:
        """The least and greatest values of a head."""
        weight, bias = self.heads[head]
        parts = [self.terms(weight, box[0], box[1]), self._bias(bias)]
        z = self._total(parts, self.net.size + len(self.net.alphabet))
        return self._tanh(z) if self.net.cell == "published" else z

    def _sigmoid(self, z: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        with np.errstate(over="ignore"):
            low, high = (1.0 / (1.0 + np.exp(-end)) for end in z)
        return self._function(low, high, 0.0)

    def _tanh(self, z: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        return self._function(np.tanh(z[0]), np.tanh(z[1]), -1.0)

    def _function(self, low: Floats, high: Floats, least: float) -> tuple[Floats, Floats]:
        relative = 2.0**-46 + 4.0 * self.unit
        absolute = 1e-290 + self.kernel + 2.0 * self.smallest
        return (
            np.maximum(low - (relative * np.abs(low) + absolute) * (1.0 + 2.0**-30), least),
            np.minimum(high + (relative * np.abs(high) + absolute) * (1.0 + 2.0**-30), 1.0),
        )

    def _product(
        self, factor: tuple[Floats, Floats], x: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        # The factor is not negative: the worst end of x with the worst end of the factor.
        with np.errstate(invalid="ignore"):
            low = np.where(x[0] < 0.0, factor[1] * x[0], factor[0] * x[0])
            high = np.where(x[1] > 0.0, factor[1] * x[1], factor[0] * x[1])
        return self._operation(low, high, 3.0 + np.abs(x[0]), 3.0 + np.abs(x[1]))

    def _operation(
        self, low: Floats, high: Floats, lost_low: Floats | float, lost_high: Floats | float
    ) -> tuple[Floats, Floats]:
        """One operation as rounded here, and by the machine."""
        relative = 2.0**-50 + self.unit
        below, above = relative * np.abs(low) + 1e-290, relative * np.abs(high) + 1e-290
        if self.unit:
            below, above = below + self.smallest * lost_low, above + self.smallest * lost_high
        return low - below * (1.0 + 2.0**-30), high + above * (1.0 + 2.0**-30)

    def _disturbed(self, x: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        if not self.noise:
            return x
        return (
            np.nextafter(x[0] - self.noise, -math.inf),
            np.nextafter(x[1] + self.noise, math.inf),
        )

    # The machine itself

    def _held(self, array: Floats) -> Floats:
        """The weights as the machine has them; a bias is a vector, and stays out of int8."""
        if self.arithmetic in ("real", "float64"):
            return array
        with np.errstate(over="ignore"):
            narrow = array.astype(np.float32).astype(np.float64)
        if self.arithmetic == "int8" and array.ndim == 2 and narrow.any():
            step = float(np.float32(np.abs(narrow).max() / 127.0))
            levels = np.round(narrow / step).clip(-127.0, 127.0)
            narrow = (levels * step).astype(np.float32).astype(np.float64)
        held = self._round(narrow)
        if not np.isfinite(held).all():
            raise _Rejected(f"a weight overflows {self.arithmetic}")
        return held

    def _round(self, x: Floats) -> Floats:
        """The nearest number of the format."""
        if self.arithmetic in ("float32", "int8", "float16"):
            kind = np.float16 if self.arithmetic == "float16" else np.float32
            with np.errstate(over="ignore"):
                return np.asarray(x, dtype=kind).astype(np.float64)
        if self.arithmetic == "bfloat16":
            # 45 of the 52 bits of the fraction go; half of their unit is added, ties to even.
            bits = np.ascontiguousarray(x, dtype=np.float64).view(np.uint64)
            odd = (bits >> np.uint64(45)) & np.uint64(1)
            kept = (bits + odd + np.uint64(2**44 - 1)) >> np.uint64(45) << np.uint64(45)
            return kept.view(np.float64)
        return x

    def run(self, word: tuple[str, ...], head: str) -> Floats:
        """The values of a head after a word, run on the machine."""
        rounded, net = self._round, self.net
        h = c = np.zeros(net.size)
        for symbol in word:
            column = self.nominal * self.w[:, net.alphabet.index(symbol)]
            z = rounded(self.u @ h + column + self.bias_ih + self.bias_hh)
            gate = dict(zip(net.gates, z.reshape(len(net.gates), net.size), strict=True))
            with np.errstate(over="ignore"):
                opened = {
                    name: rounded(1.0 / (1.0 + np.exp(-value))) for name, value in gate.items()
                }
            written = rounded(opened["input"] * rounded(np.tanh(gate["candidate"])))
            c = rounded(rounded(opened["forget"] * c) + written)
            h = c if net.cell == "published" else rounded(opened["output"] * rounded(np.tanh(c)))
        weight, bias = self.heads[head]
        value = rounded(weight @ h + bias)
        return rounded(np.tanh(value)) if net.cell == "published" else value


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _Rejected(f"{what} is {value!r}, not a finite number")
    return float(value)


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Rejected(f"{value!r} is not the number of an interval")
    return value


def _name(node: Node) -> str:
    state = "the state after a violation" if node[0] is None else f"state {node[0]!r}"
    return f"{state}, last {' '.join(node[1])!r}" if node[1] else state


def _compact(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _net_sha256(net: LSTMWeights) -> str:
    digest = hashlib.sha256(
        _compact(
            {
                "alphabet": list(net.alphabet),
                "cell": net.cell,
                "cells": list(net.cells),
                "heads": sorted(net.heads),
                "labels": list(net.labels),
                "on_violation": net.on_violation,
            }
        )
        + b"\n"
    )
    heads = [(net.heads[name].weight, net.heads[name].bias) for name in sorted(net.heads)]
    gates = (net.weight_ih, net.weight_hh, net.bias_ih, net.bias_hh)
    for array in (*gates, *(array for pair in heads for array in pair)):
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()


def _grammar_sha256(fsm: FSM) -> str:
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
    return _sha256(_compact(described))
