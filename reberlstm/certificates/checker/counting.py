"""Nets that count: is a net right as long as its counters stay within a limit?

A *node* says what is true after some words: the machine's state; for each counter n an interval,
and by how much it is over the c of its cell; and which other cells are active. All that is believed
is this list of nodes, of which is verified that

1. the start is in a node,
2. every symbol leads from each node into nodes: what the gates do to each counter's cell is what
   the machine does to the counter, and the other cells are active or not as it says there,
3. every head is right in every node.

**In floating point** this rests on a rule about the runtime. For x of at least `SATURATED`:

    σ(x) = 1,   0 ≤ σ(−x) ≤ 2·e⁻ˣ,   tanh(±x) = ±1,   exactly

and sums and products are rounded to the nearest number. So c ± 1 is exact up to 2^p, for numbers of
p bits. What leaks in at a c other than 0 is absorbed, if it is at most 2^−(p+2). At 0 it may add
up, to a residue R. It does not where it is exactly 0 (all weights of a candidate are 0, and so is
the sum), or where the forget gate is shut; and it stops by itself at a power of two R, if it is at
most R·2^−p a step. A residue of at most 2^−(p+1) is absorbed by the next ±1.

**In real arithmetic** each step moves c away from a whole number by at most a·|c| + b, and |c| is
at most the number of symbols. So it stays within a drift E for N steps, if

    a·(N·(N − 1)/2 + (2 + E)·N) + b·N ≤ E
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.codes import whole_net
from reberlstm.certificates.checker.counters import CounterMachine
from reberlstm.certificates.checker.document import (
    SUMS,
    DamagedError,
    checksum_fits,
    compact,
    demand,
    keys_in,
    number_in,
    whole,
)
from reberlstm.certificates.checker.steps import Ends, Steps
from reberlstm.certificates.checker.subject import (
    Machine,
    check_net,
    is_sparse,
    sha256_of_grammar,
    sha256_of_net,
)
from reberlstm.errors import CertificateError

Floats = NDArray[np.float64]
Interval = tuple[float, float]

BITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
SATURATED = {"float64": 40.0, "float32": 20.0, "float16": 20.0, "bfloat16": 20.0}
"""From where on σ and tanh are at their ends, by the rule."""

ACTIVE = math.tanh(1.0)
STEP, PRODUCT = 1e-3, 1e-8  # seconds for a step from a node, and for each weight
MEMORY = 1.25
"""The c of cells that do not count stays within this."""


# The proof


class _Node(NamedTuple):
    """See the module; `state` is None after a violation, an offset is None where c is anything."""

    state: str | None
    values: tuple[Interval, ...]
    offsets: tuple[int | None, ...]
    on: frozenset[int]

    @property
    def signs(self) -> list[int]:
        """The sign of each counter, which has to be one."""
        for low, high in self.values:
            demand(low > 0 or high < 0 or low == high == 0, "a counter has more than one sign")
        return [int(np.sign(low if low > 0 else high)) for low, high in self.values]


class CountingChecker:
    """A certificate of a net that counts, against the net and the machine."""

    def __init__(
        self,
        document: Mapping[str, Any],
        net: Any,
        machine: CounterMachine,
        seconds: float = math.inf,
    ) -> None:
        self.document, self.machine = document, machine
        self._check_header(net)
        net = whole_net(net) if is_sparse(net.layers[0].weight_hh) else net
        proof, cells = document["counting"], list(net.cells)
        self.arithmetic = document["arithmetic"]
        self.steps = Steps(net, self.arithmetic, 0.0, (0.0, 1.0, 1.0))
        self.layer = self.steps.layers[0]
        self.counts = [cells.index(name) for name in proof["cells"]]
        fits = len(set(self.counts)) == len(machine.counters) == len(self.counts)
        demand(fits, "there is not one cell for each counter")
        self.rest = np.array([n for n in range(len(cells)) if n not in self.counts], dtype=np.intp)
        self.epsilon = number_in(proof["epsilon"], "epsilon")
        self.drift = number_in(proof["drift"], "drift")
        demand(
            0.0 <= self.epsilon < 0.1 and 0.0 <= self.drift < 0.5, "epsilon or drift is not small"
        )
        self.exact = self.arithmetic in BITS
        self.limit: float = math.inf
        if self.exact:
            self.top = 2.0 ** BITS[self.arithmetic]
            self.limit = whole(proof["limit"], 1, self.top - 1, "the limit is not below 2^p")
            self.floor = math.ldexp(1.0, -BITS[self.arithmetic])
            mantissa, _ = math.frexp(self.drift)
            is_power = self.drift == 0.0 or mantissa == 0.5
            demand(is_power and self.drift <= self.floor / 2, "the residue would not be absorbed")
            demand(proof["length"] is None, "a proof in floating point is of every length")
        else:
            demand(proof["limit"] is None, "a proof in real arithmetic has no limit")
            self.length = whole(proof["length"], 1, 10**18, "the length is no number of symbols")
        self.nodes = [self._node(each, cells) for each in proof["nodes"]]
        steps = len(self.nodes) * len(machine.alphabet)
        if steps * (STEP + PRODUCT * self.layer.products) > seconds:
            raise CertificateError(
                f"not checked: {steps:,} steps would take over {seconds:g} s; allow more with "
                "--seconds (seconds=)"
            )
        self.by_place: dict[tuple[str | None, frozenset[int]], list[_Node]] = {}
        for node in self.nodes:
            self.by_place.setdefault((node.state, node.on), []).append(node)
        self.loses = self.leaks = self.shut = 0.0  # a and b of the module, and of output gates
        self.found = {"legal": math.inf, "accept": math.inf}

    def _check_header(self, net: Any) -> None:
        document = self.document
        check_net(net)
        plain = len(net.layers) == 1 and net.layers[0].cell.name == "lstm"
        plain = plain and net.embedding is None and net.suffix is None
        plain = plain and (net.start_state is None or not net.start_state.any())
        demand(plain, "it is not one LSTM over one-hot symbols that starts from zero")
        demand(set(net.alphabet) == set(self.machine.alphabet), "the alphabets differ")
        demand(document["net"]["sha256"] == sha256_of_net(net), "it is about other weights")
        about = document["grammar"]["sha256"] == self.machine.sha256
        demand(about, "it is about another machine")
        demand(document["net"]["cells"] == list(net.cells), "the names of the cells differ")
        known = document["arithmetic"] in ("real", *BITS)
        demand(known, f"arithmetic {document['arithmetic']!r} is none of real {' '.join(BITS)}")
        rules = {head: str(net.heads[head].rule) for head in ("legal", "accept")}
        read = document["readouts"] == rules and document["heads"] == list(rules)
        demand(
            read and len(net.heads["accept"].layers[-1].bias) == 1, "it reads the heads otherwise"
        )
        exact = document["inputs"] == {"noise": 0.0, "low": 1.0, "high": 1.0}
        demand(
            document["scope"] == "all" and document["noise"] == 0.0 and exact, "it asks otherwise"
        )

    def _node(self, given: Mapping[str, Any], cells: Sequence[str]) -> _Node:
        keys_in("node", given)
        on = frozenset(cells.index(name) for name in given["on"])
        demand(not on & set(self.counts), "a cell that counts is said to be active")
        if given["state"] is None:
            demand(not given["values"] and not given["offsets"], "a lost node has counters")
            return _Node(None, (), (), on)
        ends = [
            tuple(
                limit if end is None else float(whole(end, -(10**6), 10**6, "an end of a node"))
                for end, limit in zip(pair, (-math.inf, math.inf), strict=True)
            )
            for pair in given["values"]
        ]
        demand(all(low <= high for low, high in ends), "an interval is empty")
        offsets = [None if x is None else whole(x, -9, 9, "an offset") for x in given["offsets"]]
        fits = len(ends) == len(offsets) == len(self.counts)
        demand(fits, "a node has not one interval and offset for each counter")
        return _Node(given["state"], tuple((a, b) for a, b in ends), tuple(offsets), on)

    def examine(self) -> None:
        """Verify the start, every step and every head; then what was `found` is known."""
        starts = self.by_place.get((self.machine.start, frozenset[int]()), ())
        zero = any(
            all(
                offset == 0 and low <= 0 <= high
                for offset, (low, high) in zip(x.offsets, x.values, strict=True)
            )
            for x in starts
        )
        demand(zero, "the start is in no node")
        for node in self.nodes:
            box = self._box(node)
            self._check_heads(node, box)
            again = self.steps.again(self.layer, [box])
            for symbol in self.machine.alphabet:
                self._check_step(node, symbol, again)
        demand(
            self.exact or self.shut <= self.epsilon / 2, "the gate of a counter is not open enough"
        )

    def verdict(self) -> str:
        """What was verified; raises where something was not."""
        self.examine()
        margins = self.document["counting"]["margins"]
        demand(set(margins) == set(self.found), "margins of other heads")
        for head, margin in margins.items():
            claimed = number_in(margin, "a margin")
            demand(self.found[head] >= claimed, f"the margin of head {head!r} is smaller")
        if not self.exact:
            away = self._away(self.length)
            told = f"a counter may be off by {away:.3g} after {self.length:,} symbols"
            demand(away <= self.drift, told)
        demand(checksum_fits(self.document), "the checksum does not fit", DamagedError)
        told = f"counters within ±{self.limit:,.0f}, words of every length"
        if not self.exact:
            told = f"words of up to {self.length:,} symbols"
        return (
            f"{told}: {len(self.nodes):,} nodes, all steps from them and every head in them "
            f"verified; smallest margin {min(self.found.values()):.6g}"
        )

    def _away(self, symbols: int) -> float:
        """How far the c of a counter may be from a whole number after so many symbols."""
        n = float(symbols)
        steps = n * (n - 1.0) / 2.0 + (2.0 + self.drift) * n
        return (self.loses * steps + self.leaks * n) * (1.0 + 2.0**-40)

    @property
    def longest(self) -> int:
        """The most symbols after which every c is still within the drift."""
        low, high = 0, 10**18
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._away(middle) <= self.drift else (low, middle)
        return low

    def _held(self, node: _Node, number: int) -> Interval:
        """The whole numbers between which the c of a counter's cell is."""
        offset = node.offsets[number] if node.offsets else None
        if offset is None:
            return -math.inf, math.inf
        low, high = node.values[number]
        return low - offset, high - offset

    def _box(self, node: _Node) -> Ends:
        """Where h is."""
        low = np.full(len(self.layer.bias_hh) // 4, -self.epsilon)
        high = -low
        on = list(node.on)
        low[on] += ACTIVE
        high[on] += ACTIVE
        for number, cell in enumerate(self.counts):
            least, most = self._held(node, number)
            ends = np.array([least - self.drift]), np.array([most + self.drift])
            (least_h,), (most_h,) = self.steps.bounds.tanh(ends)
            low[cell], high[cell] = least_h - self.epsilon, most_h + self.epsilon
        return low, high

    def _check_heads(self, node: _Node, box: Ends) -> None:
        legal, ends = set[str](), False
        if node.state is not None:
            signs, state = node.signs, node.state
            legal = {a for a in self.machine.alphabet if self.machine.arrow(state, a, signs)}
            ends = self.machine.accepts(state, signs)
        right = {"legal": [a in legal for a in self.steps.alphabet], "accept": [ends]}
        whole_box = tuple(np.concatenate([end, np.zeros_like(end)]) for end in box)
        for head, rows in right.items():
            margin = self.steps.margin(head, rows, (whole_box[0], whole_box[1]))
            demand(margin > 0.0, f"head {head!r} may be wrong in a node of state {node.state!r}")
            self.found[head] = min(self.found[head], margin)

    def _check_step(self, node: _Node, symbol: str, again: Any) -> None:
        bounds = self.steps.bounds
        parts = zip(
            bounds.split(self.steps.columns[symbol], 4), bounds.split(again, 4), strict=True
        )
        z = [bounds.added(pair) for pair in parts]
        i, f, o = (self._by_rule(bounds.sigmoid(z[number]), z[number], 0.0) for number in (0, 1, 3))
        g = self._by_rule(bounds.tanh(z[2]), z[2], -1.0)
        old = np.full(len(i[0]), MEMORY)
        kept, new = bounds.product(f, (-old, old)), bounds.product(i, g)
        c = bounds.sum(kept, new)
        if self.exact:  # ±1 is written exactly, and an output gate of 1 changes nothing
            written = (i[0] == 1.0) & (abs(g[0]) == 1.0) & (g[0] == g[1]) & (f[1] <= self.floor / 8)
            c = np.where(written, g[0], c[0]), np.where(written, g[1], c[1])
        out = bounds.tanh(c)
        h = bounds.product(o, out)
        if self.exact:
            h = np.where(o[0] == 1.0, out[0], h[0]), np.where(o[0] == 1.0, out[1], h[1])
        where = f"from a node of state {node.state!r}, read {symbol!r}: "
        bounded = all(abs(end[self.rest]).max(initial=0.0) <= MEMORY for end in c)
        demand(bounded, where + "a cell that does not count may keep something")
        on = frozenset(int(n) for n in self.rest[(h[0] + h[1])[self.rest] > ACTIVE])
        middle = np.zeros(len(h[0]))
        middle[list(on)] = ACTIVE
        far = np.maximum(h[1] - middle, middle - h[0])[self.rest].max(initial=0.0)
        demand(far <= self.epsilon, where + "a cell is neither active nor not")
        arrow = None
        if node.state is not None:
            arrow = self.machine.arrow(node.state, symbol, node.signs)
        if arrow is None:
            demand((None, on) in self.by_place, where + "a violation leads to no node")
            return
        moves = [self._move(node, number, symbol, z) for number in range(len(self.counts))]
        after, offsets = [], []
        for number, (change, (low, high)) in enumerate(zip(arrow.change, node.values, strict=True)):
            added = 0.0 if change is None else float(change)
            value = (0.0, 0.0) if change is None else (low + added, high + added)
            after.append(value)
            offsets.append(self._offset(node, number, change, moves[number], value))
        boxes = [
            each.values
            for each in self.by_place.get((arrow.target, on), ())
            if all(x in (None, y) for x, y in zip(each.offsets, offsets, strict=True))
        ]
        demand(_covered(tuple(after), boxes), where + "some counters lead to no node")

    def _by_rule(self, gate: Ends, z: Ends, least: float) -> Ends:
        """A gate, or a candidate of which -1 is the least, at its ends where the rule says so."""
        if not self.exact:
            return gate
        far = SATURATED[self.arithmetic]
        low, high = np.where(z[0] >= far, 1.0, gate[0]), gate[1]
        lowest = -1.0 if least else 2.0 * np.exp(np.minimum(z[1], 0.0))
        return low, np.where(z[1] <= -far, lowest, high)

    def _offset(
        self, node: _Node, number: int, change: int | None, move: Any, value: Interval
    ) -> int | None:
        """By how much a counter is over the c of its cell after a step, if that is one number."""
        keeps, added = move
        before, (low, high) = node.offsets[number], self._held(node, number)
        low, high = (low + added, high + added) if keeps else (added, added)
        if low == high and value[0] == value[1]:
            after = int(value[0] - low)
        elif keeps and change is not None and before is not None:
            after = before + change - added
        else:
            return None
        ends = (min(max(end, -self.limit), self.limit) for end in value)
        fits = not self.exact or all(abs(end - after) <= self.top for end in ends)
        demand(fits, "the cell of a counter may hold more than the format does")
        return after

    def _move(
        self, node: _Node, number: int, symbol: str, sums: Sequence[Ends]
    ) -> tuple[bool, int]:
        """What a step does to the c of a counter's cell: whether it stays, and what is added."""
        cell = self.counts[number]
        i, f, g, o = ((float(low[cell]), float(high[cell])) for low, high in sums)
        where = f"counter {self.machine.counters[number]!r}, read {symbol!r} in {node.state!r}: "
        far = SATURATED[self.arithmetic] if self.exact else 0.0
        demand(o[0] > far, where + "the output gate is not open")
        keeps = f[0] > far
        demand(keeps or f[1] < -far, where + "the forget gate is neither open nor shut")
        added = 0
        if i[0] > far and (g[0] > far or g[1] < -far):
            added = 1 if g[0] > far else -1
        let_in = min(1.0, math.exp(min(i[1], 0.0)))
        if not self.exact:
            sizes = abs(g[0]), abs(g[1])
            leak = let_in * min(1.0, max(sizes))
            if added:
                leak = math.exp(-i[0]) + 2.0 * math.exp(-2.0 * min(sizes))
            self.shut = max(self.shut, math.exp(-o[0]))
            self.loses = max(self.loses, math.exp(-f[0] if keeps else f[1]))
            self.leaks = max(self.leaks, leak)
            return keeps, added
        lost = 0.0 if keeps else 4.0 * math.exp(f[1]) * self.top
        leak = 0.0 if added or self._is_zero(cell, symbol) else 2.0 * let_in
        demand(leak == 0.0 or i[1] < -far, where + "neither ±1 nor nothing is added")
        demand(max(lost, leak) <= self.floor / 4, where + "what leaks in is not absorbed")
        low, high = self._held(node, number)
        if not keeps and not added:
            demand(lost + 2.0 * leak <= self.drift, where + "more is left than the residue")
        elif low <= 0 <= high:
            demand(leak <= self.drift * self.floor, where + "what leaks in at 0 adds up")
        return keeps, added

    def _is_zero(self, cell: int, symbol: str) -> bool:
        """Whether the candidate is exactly 0: all that is added up is."""
        row = 2 * len(self.layer.bias_hh) // 4 + cell
        column = self.steps.alphabet.index(symbol)
        numbers = (self.layer.w[row, column], self.layer.bias_ih[row], self.layer.bias_hh[row])
        return not any(numbers) and not self.layer.u[row].any()


def _covered(box: tuple[Interval, ...], boxes: Sequence[tuple[Interval, ...]]) -> bool:
    """Whether the whole numbers in a box are all in some of the boxes."""
    for other in boxes:
        if all(a <= c and d <= b for (a, b), (c, d) in zip(other, box, strict=True)):
            return True
    for other in boxes:
        if all(a <= d and c <= b for (a, b), (c, d) in zip(other, box, strict=True)):
            return all(_covered(part, boxes) for part in _rest(box, other))
    return False


def _rest(box: tuple[Interval, ...], other: tuple[Interval, ...]) -> Iterator[tuple[Interval, ...]]:
    """What of a box is not in another."""
    left = list(box)
    for number, ((low, high), (least, most)) in enumerate(zip(box, other, strict=True)):
        for part in ((low, least - 1),) * (low < least) + ((most + 1, high),) * (most < high):
            yield (*left[:number], part, *left[number + 1 :])
        left[number] = (max(low, least), min(high, most))


def as_finite(
    document: Mapping[str, Any], machine: CounterMachine
) -> tuple[Mapping[str, Any], Machine]:
    """A refutation by a word, as one of a finite machine that is right along this word.

    Its states are the numbers of symbols read; a step off the word leads to a state of its own.
    """
    demand(document["grammar"]["sha256"] == machine.sha256, "it is about another machine")
    demand(checksum_fits(document), "the checksum does not fit", DamagedError)
    word = document["refutation"]["word"]
    at: tuple[str, tuple[int, ...]] | None = machine.start, (0,) * len(machine.counters)
    lines: dict[str, dict[str, str]] = {"off": {}}
    accepting = set()
    for number, symbol in enumerate([*word, None]):
        if at is None:
            break
        line = lines.setdefault(str(number), {})
        following = {a: machine.step(*at, a) for a in machine.alphabet}
        for a, after in following.items():
            if after is not None:
                line[a] = str(number + 1) if a == symbol else "off"
        if machine.accepts(at[0], [(n > 0) - (n < 0) for n in at[1]]):
            accepting.add(str(number))
        at = following.get(symbol) if symbol is not None else None
    finite = Machine(machine.name, machine.alphabet, "0", frozenset(accepting), lines, {})
    changed = {name: value for name, value in document.items() if name not in SUMS}
    changed["grammar"] = {**document["grammar"], "sha256": sha256_of_grammar(finite)}
    changed["checksum"] = hashlib.sha256(compact(changed)).hexdigest()
    return changed, finite
