"""The independent checker: does a certificate prove what it says?

It shares no code with the search that made the certificate, nor with the nets that certificates are
about: it follows the machine, bounds the steps, rounds and hashes in its own plain way, and
believes nothing in the file but the boxes, of which it verifies that

1. the start steps into a box for every first symbol of the scope,
2. every box steps into a box for every symbol of the scope,
3. every head of the claim is right on all of every box, by at least the margin claimed.

So by induction the net is right after every word of the scope. A refutation is verified by bounds
of what the net says after its word: all that is within them has to be wrong. In this order to be
read: `document` (the form of the file), `subject` (net and machine), `steps` (the arithmetic), this
file, `words` (the arithmetic of one word), `exact` (the arithmetic once more, in whole numbers),
and `selftest` (is the hardware's arithmetic what `steps` takes it for?).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.certificates.checker.codes import (
    START,
    Code,
    Codes,
    known_for,
    two_intervals,
    whole_net,
)
from reberlstm.certificates.checker.counters import CounterMachine, counter_machine_of
from reberlstm.certificates.checker.counting import CountingChecker, as_finite
from reberlstm.certificates.checker.document import (
    DamagedError,
    RejectedError,
    certificate_in,
    checksum_fits,
    demand,
    index_in,
    keys_in,
    number_in,
    whole,
)
from reberlstm.certificates.checker.exact import Exact
from reberlstm.certificates.checker.selftest import arithmetic_fault
from reberlstm.certificates.checker.steps import ARITHMETICS, Ends, Paths, Place, Steps
from reberlstm.certificates.checker.subject import (
    HEADS,
    PARTS,
    RULES_OF_VERSION_1,
    Machine,
    check_net,
    is_ours,
    is_sparse,
    machine_of,
    read_machine,
    read_net,
    sha256_of_grammar,
    sha256_of_net,
)
from reberlstm.certificates.checker.words import after as after_word
from reberlstm.errors import CertificateError

__all__ = [
    "Check",
    "arithmetic_fault",
    "check",
    "check_files",
    "covers",
    "examine_counting",
    "is_ours",
    "question",
    "read_machine",
    "read_net",
]

Floats = NDArray[np.float64]
Node = tuple[str | None, tuple[str, ...]]

MOST_STRIDE = 16
MAX_PARTS = 1_000  # of an image that several boxes hold
FEW_SYMBOLS = 100  # words of at most so many symbols are first bounded by one box after the other
INPUTS = ("noise", "low", "high")
SECONDS = 60.0
"""What a certificate may take to check, by default; the work is counted before it is begun."""

AT_ONCE = 1.0
"""Work of more seconds is begun only where the checksum fits."""

# What things take on one slow core, in seconds: a step of a layer, one of several composed steps,
# a product of two numbers; in whole numbers a product, and a sigmoid or tanh; one box cut by
# another, of which there may be many only where nodes have several boxes: they are counted as made.
STEP, COMPOSED, PRODUCT = 3e-4, 1.5e-3, 2e-9
EXACT_PRODUCT, EXACT_FUNCTION, CUT = 1e-6, 3e-5, 2e-5


@dataclass(frozen=True)
class Check:
    """The checker's verdict.

    Attributes:
        valid: True: what the certificate says is true, and what was asked. False: it is rejected.
            None: it says nothing that could be checked.
        outcome: What the certificate says: ``holds``, ``refuted`` or ``unknown``.
        reason: Why it is rejected, or what was verified.
        question: What it answers: scope, heads, readouts, arithmetic, noise and inputs; empty where
            it is rejected.
        damaged: Whether it is rejected because it is not of the form of a certificate, or its
            checksum does not fit, so that nothing can be said of what it was to prove.
    """

    valid: bool | None
    outcome: str
    reason: str
    question: Mapping[str, Any] = field(default_factory=dict)
    damaged: bool = False


def check(
    certificate: str | bytes | Mapping[str, Any],
    net: Any,
    fsm: Any = None,
    *,
    asked: Mapping[str, Any] | None = None,
    exact: bool = False,
    seconds: float = SECONDS,
) -> Check:
    """Verify a certificate against the weights and the machine, in one pass.

    Args:
        certificate: The text of the file, or the object that it holds.
        net: The net that it has to be about: one of this package, or what `read_net` returns.
        fsm: The machine, or what `read_machine` returns; by default the one that the net carries.
        asked: What it has to answer, as `question` returns it. By default whatever it answers,
            which is then in the verdict's `question`: read it.
        exact: Compute in whole numbers, which relies on no floating-point hardware. It is slower,
            and does not know composed steps.
        seconds: The work is counted first; nothing is checked that would take longer than this.

    Raises:
        CertificateError: where `fsm` is not given and the net carries none, their alphabets differ,
            it is too much work, or this computer's arithmetic is not what the bounds need.

    Example:
        >>> import reberlstm as rl
        >>> net = rl.compile(rl.load_grammar("reber"))
        >>> document = rl.certify(net).to_dict()
        >>> check(document, net, asked=question(net)).valid
        True
        >>> document["proof"]["margins"]["legal"] = 0.5
        >>> check(document, net).valid
        False
    """
    fsm = _machine(net, fsm)
    fault = None if exact else arithmetic_fault()
    if fault is not None:
        raise CertificateError(f"not checked: {fault}; use the exact mode, or another computer")
    outcome, more = "nothing", ""
    try:
        document = certificate_in(certificate)
        outcome = str(document["outcome"])
        with np.errstate(over="ignore", invalid="ignore"):  # what is not a number is rejected
            answered, reason = _verified(document, net, fsm, exact, seconds)
        if asked is not None:
            more = covers(answered, asked, outcome)
    except RejectedError as rejection:
        return Check(False, outcome, str(rejection), damaged=isinstance(rejection, DamagedError))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = f"not of the form of a certificate: {error!r}"
        return Check(False, outcome, reason, damaged=True)
    return Check(None if outcome == "unknown" else True, outcome, reason + more, answered)


def _verified(
    document: Mapping[str, Any], net: Any, fsm: Any, exact: bool, seconds: float
) -> tuple[Mapping[str, Any], str]:
    """The question that a certificate answers, and what of it was verified."""
    counts = hasattr(fsm, "counters")
    demand(counts == (document["version"] == 3), "version 3, and no other, is about counters")
    if counts:
        machine = fsm if isinstance(fsm, CounterMachine) else counter_machine_of(fsm)
        if document["outcome"] == "holds":
            if exact:
                raise CertificateError("not checked: the exact mode does not know counters")
            verified = CountingChecker(document, net, machine, seconds).verdict()
            return {name: document[name] for name in _ASKED}, verified
        if document["outcome"] == "unknown":
            said = "the certificate says that nothing is known, so there is nothing to check"
            return {name: document[name] for name in _ASKED}, said
        document, fsm = as_finite(document, machine)
    checker = _Checker(document, net, machine_of(fsm), exact, seconds)
    return checker.question, checker.verdict()


def examine_counting(
    document: Mapping[str, Any], net: Any, fsm: Any
) -> tuple[Mapping[str, float], int | None] | str:
    """What a proof of counting may claim: margins, and in real arithmetic the most symbols.

    Where it proves nothing, why not.
    """
    checker = CountingChecker(document, net, counter_machine_of(fsm))
    try:
        checker.examine()
    except RejectedError as rejection:
        return str(rejection)
    return checker.found, None if checker.exact else checker.longest


_ASKED = ("scope", "heads", "arithmetic", "noise", "inputs", "readouts")


def check_files(
    certificate: str | bytes | Mapping[str, Any],
    net: Any,
    fsm: Any = None,
    *,
    exact: bool = False,
    seconds: float = SECONDS,
    **asked: Any,
) -> Check:
    """Verify a certificate against files of a net and a machine, which the checker reads itself.

    Args:
        certificate: As in `check`.
        net: The path of a safetensors file that this package wrote; or a net, whose loader is then
            trusted.
        fsm: The path of a grammar in TOML; or a machine, likewise; by default the net's own.
        exact: As in `check`.
        seconds: As in `check`.
        asked: What it has to answer, as the keywords of `question`; by default its default.

    Raises:
        CertificateError: as `check`, and for a file that cannot be read.

    Example:
        >>> import reberlstm as rl
        >>> from reberlstm.net.loading import FOLDER
        >>> document = rl.certify("reber-4").to_dict()
        >>> check_files(document, FOLDER / "reber-4.safetensors").valid
        True
    """
    net = _read(net, read_net) if isinstance(net, str | os.PathLike) else net
    fsm = _read(fsm, read_machine) if isinstance(fsm, str | os.PathLike) else fsm
    wanted = question(net, fsm, **asked)
    return check(certificate, net, fsm, asked=wanted, exact=exact, seconds=seconds)


def _read(path: str | os.PathLike[str], read: Callable[[bytes, str], Any]) -> Any:
    try:
        return read(Path(path).read_bytes(), Path(path).stem)
    except OSError as error:
        raise CertificateError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from None
    except RejectedError as rejection:
        raise CertificateError(f"{os.fspath(path)}: the checker finds {rejection}") from None


def _machine(net: Any, fsm: Any) -> Any:
    """The machine that says what is right, over the net's alphabet."""
    counting = getattr(net, "counting", None)
    carried = net.grammar if counting is None else counting.machine
    fsm = carried if fsm is None else fsm
    if fsm is None:
        raise CertificateError(f"net {net.name!r} carries no grammar; say which one it is for")
    if set(fsm.alphabet) != set(net.alphabet):
        raise CertificateError(
            f"the alphabet of {fsm} is {' '.join(fsm.alphabet)}, but that of net {net.name!r} is "
            f"{' '.join(net.alphabet)}; give the grammar that the certificate is about"
        )
    return fsm


def question(
    net: Any,
    fsm: Any = None,
    *,
    scope: str | None = None,
    heads: Sequence[str] | None = None,
    arithmetic: str = "real",
    noise: float = 0.0,
    inputs: Sequence[float] = (0.0, 1.0, 1.0),
) -> dict[str, Any]:
    """What `certify` asks of a net with the same options, as a certificate's file says it.

    By default the scope that the net claims; of its heads ``legal``, and in scope ``all`` (or where
    it has no other) also ``accept``, and ``label`` where the machine has outputs; real numbers, no
    noise, exact inputs. What a net has not, it cannot be asked.

    Example:
        >>> import reberlstm as rl
        >>> asked = question(rl.published())
        >>> asked["scope"], asked["readouts"]
        ('legal', {'legal': 'tanh > 0.5'})
    """
    fsm = _machine(net, fsm)
    has = {head: _head(net, head) for head in HEADS if _head(net, head) is not None}
    scope = net.claims if scope is None else scope
    if heads is None:
        labels = getattr(fsm, "outputs", ())  # a machine with counters has none
        heads = [head for head in has if head != "label" or labels] or ["legal"]
        heads = ["legal"] if scope == "legal" and "legal" in has else heads
    return {
        "scope": scope,
        "heads": [head for head in HEADS if head in heads],
        "readouts": {head: str(has[head].rule) for head in HEADS if head in heads and head in has},
        "arithmetic": arithmetic,
        "noise": float(noise),
        "inputs": dict(zip(INPUTS, map(float, inputs), strict=True)),
    }


def covers(answered: Mapping[str, Any], asked: Mapping[str, Any], outcome: str) -> str:
    """Demand that what a certificate answers decides what was asked; what it says more.

    A proof may be of more: of scope ``all``, whose words are those of scope ``legal`` too; of more
    heads; with more noise; for a larger range of inputs. A refutation may be of less. Readouts and
    arithmetic have to be those that were asked.
    """
    large, small = (answered, asked) if outcome != "refuted" else (asked, answered)
    inputs, needed = ([x["inputs"][name] for name in INPUTS] for x in (large, small))
    enough = {
        "scope": large["scope"] in ("all", small["scope"]),
        "heads": set(large["heads"]) >= set(small["heads"]),
        "readouts": all(large["readouts"].get(x) == small["readouts"][x] for x in small["heads"]),
        "arithmetic": large["arithmetic"] == small["arithmetic"],
        "noise": large["noise"] >= small["noise"],
        "inputs": inputs[0] >= needed[0] and inputs[1] <= needed[1] and inputs[2] >= needed[2],
    }
    for name, is_enough in enough.items():
        verb = "are" if name.endswith("s") else "is"
        wanted = f"its {name} {verb} {answered[name]!r}, not {asked[name]!r} as asked"
        demand(is_enough, wanted)
    others = [name for name in enough if answered[name] != asked[name]]
    if not others:
        return ""
    return f"; that decides what was asked: {', '.join(f'{x} {asked[x]!r}' for x in others)}"


def _head(net: Any, head: str) -> Any:
    """What answers a question: for ``legal`` the ``next`` head where there is no other."""
    return net.heads.get(head) or (net.heads.get("next") if head == "legal" else None)


class _Checker:
    """One certificate against one net and one machine."""

    def __init__(
        self, document: Mapping[str, Any], net: Any, fsm: Machine, exact: bool, seconds: float
    ) -> None:
        self.document, self.net, self.fsm = document, net, fsm
        self.exact, self.seconds = exact, seconds
        self._check_header()
        self.scope: str = document["scope"]
        self.heads: tuple[str, ...] = tuple(document["heads"])
        self.noise = number_in(document["noise"], "noise")
        inputs = document["inputs"]
        blur, low, high = (number_in(inputs[name], f"inputs {name}") for name in INPUTS)
        in_order = self.noise >= 0.0 and blur >= 0.0 and low <= high
        demand(in_order, "noise is negative, or the inputs end before they begin")
        self.inputs = (blur, low, high)
        self.found = dict.fromkeys(self.heads, math.inf)  # the margin of each head so far
        # Of a net that is kept sparse a proof by codes is checked as it is.
        sparse = any(is_sparse(layer.weight_hh) for layer in net.layers)
        self.ends: list[list[tuple[float, float]]] | None = None
        if sparse and not exact and document["outcome"] == "holds" and known_for(net, self.heads):
            self.ends = self._two_ends(document["proof"])
        if self.ends is not None:
            return
        strides = exact or document.get("proof", {}).get("stride", 1) != 1
        before = any(layer.cell.name == "gru-before" for layer in net.layers)
        net = self.net = whole_net(net) if sparse and (strides or before) else net
        numbers = Exact if exact else None
        self.steps = Steps(net, document["arithmetic"], self.noise, self.inputs, numbers)
        self.cuts = 0.0  # parts of images that were held against boxes
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
        self._check_checksum()
        return result

    def _check_checksum(self) -> None:
        fault = "the checksum does not fit: the file is damaged or was edited"
        demand(checksum_fits(self.document), fault, DamagedError)

    def _check_header(self) -> None:
        document, net, fsm = self.document, self.net, self.fsm
        check_net(net)
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
            readout = _head(net, head)
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
        resync = self.net.on_violation == "resync"
        known = self.fsm.start if state is None and resync else state
        return frozenset() if known is None else frozenset(self.fsm.transitions[known])

    def _next(self, state: str | None, symbol: str) -> str | None:
        lines = self.fsm.transitions
        target = None if state is None else lines[state].get(symbol)
        if target is None and self.net.on_violation == "resync":
            return lines[self.fsm.start].get(symbol)
        return target

    def _steps(self, state: str | None) -> Iterator[tuple[str, str | None]]:
        """The symbols with which words of the scope go on, and where they lead."""
        for symbol in self.fsm.alphabet:
            if self.scope == "all":
                yield symbol, self._next(state, symbol)
            elif state is not None:
                target = self.fsm.transitions[state].get(symbol)
                if target is not None and self.fsm.transitions[target]:
                    yield symbol, target

    def _reads_largest(self, head: str) -> bool:
        readout = _head(self.net, head)
        return bool(readout.rule.function == "argmax")

    def _right(self, head: str, state: str | None) -> tuple[list[bool], bool]:
        """What the rows of a head have to say, and whether it is asked at all."""
        if head == "legal":
            return [symbol in self._legal(state) for symbol in self.net.alphabet], True
        if head == "accept":
            ends = state in self.fsm.accepting
            return ([not ends, ends] if self._reads_largest(head) else [ends]), True
        label = None if state is None else self.fsm.outputs.get(state, "")
        return [label == name for name in self.net.labels], state is not None

    # A proof

    def _check_proof(self, proof: Mapping[str, Any]) -> str:
        k, stride = (
            whole(proof[name], least, most, f"{name} = {proof[name]!r} is not in {least}…{most}")
            for name, least, most in (("k", 0, 1_000), ("stride", 1, MOST_STRIDE))
        )
        if self.ends is not None:
            return self._check_codes(proof, self.ends)
        self._check_work([self.fsm.start, *(box["state"] for box in proof["boxes"])], stride)
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
                target = self._target(state, (*node[1], *path), k, boxes, shared, varies)
                source = f"{where}, read {' '.join(path)}"
                self._check_included(image, boxes[target], source, target)
                for each in zip(*boxes[target], strict=True) if target not in reached else ():
                    pending.append((_name(target), target, each))
                    self._check_heads(f"for {_name(target)}", state, each)
                reached.add(target)
        for node in boxes:
            demand(node in reached, f"the box for {_name(node)} is not of scope {self.scope!r}")
        judged = any(margin < math.inf for margin in self.found.values())
        demand(judged, f"no word of scope {self.scope!r} asks a head, so nothing was to be judged")
        self._check_margins(proof["margins"])
        every = f" every {stride} symbols" if stride > 1 else ""
        exactly = ", in whole numbers" if self.exact else ""
        number = sum(len(low) for low, _ in boxes.values())
        return (
            f"scope {self.scope}, heads {' '.join(self.heads)}: {number} boxes, {steps} "
            f"steps into them{every} and every head on every box verified{exactly}; "
            f"smallest margin {min(self.found.values()):.6g}"
        )

    # A proof of a net that is kept sparse

    def _two_ends(self, proof: Mapping[str, Any]) -> list[list[tuple[float, float]]] | None:
        """The intervals of active and of inactive cells, if boxes have two, which lie apart."""
        numbers = two_intervals(proof)
        if numbers is None:
            return None
        ends = [self._cell_ends(proof["intervals"][index_in(number)]) for number in numbers]
        (low, high), (least, most) = ends[0][0], ends[1][0]
        return ends if most < low or high < least else None

    def _check_codes(
        self, proof: Mapping[str, Any], ends: Sequence[Sequence[tuple[float, float]]]
    ) -> str:
        several = proof.get("pieces", False)
        demand(isinstance(several, bool), f"pieces = {several!r} is neither true nor false")
        index = {name: number for number, name in enumerate(self.net.cells)}
        nodes: dict[tuple[str | None, Code], None] = {}
        states: set[str | None] = set()
        for box in proof["boxes"]:
            keys_in("box", box)
            state = box["state"]
            demand(box["last"] == [], f"the box for {_name((state, ()))} has last symbols")
            demand(several or state not in states, f"there are two boxes for {_name((state, ()))}")
            states.add(state)
            nodes[state, frozenset(index[name] for name in box["others"])] = None
        codes = Codes(self.net, self.document["arithmetic"], self.noise, self.inputs, *ends)
        self._check_seconds_of(codes.work)
        images = codes.images(code for _, code in nodes)

        steps, reached = 0, set[tuple[str | None, Code]]()
        numbers_of = {symbol: number for number, symbol in enumerate(self.net.alphabet)}
        pending: list[tuple[str | None, Code]] = [(self.fsm.start, START)]
        for state, code in pending:
            for symbol, target in self._steps(state):
                steps += 1
                after = (target, images.after(code, numbers_of[symbol]))
                if after not in nodes:
                    shown = " ".join(self.net.cells[number] for number in sorted(after[1])[:9])
                    raise RejectedError(
                        f"from {_name((state, ()))}, read {symbol}: the active cells are "
                        f"{shown or 'none'}, and there is no such box for {_name((target, ()))}"
                    )
                if after not in reached:
                    reached.add(after)
                    pending.append(after)
        for node in nodes:
            where = _name((node[0], ()))
            demand(node in reached, f"the box for {where} is not of scope {self.scope!r}")
        if self.scope == "all":
            self._check_codes_heads(codes, [(self.fsm.start, frozenset())], start=True)
        by_length: dict[int, list[tuple[str | None, Code]]] = {}
        for node in nodes:
            by_length.setdefault(len(node[1]), []).append(node)
        for same in by_length.values():
            self._check_codes_heads(codes, same, start=False)
        judged = any(margin < math.inf for margin in self.found.values())
        demand(judged, f"no word of scope {self.scope!r} asks a head, so nothing was to be judged")
        self._check_margins(proof["margins"])
        return (
            f"scope {self.scope}, heads {' '.join(self.heads)}: {len(nodes):,} boxes, {steps:,} "
            f"steps into them and every head on every box verified; "
            f"smallest margin {min(self.found.values()):.6g}"
        )

    def _cell_ends(self, ends: list[Any]) -> list[tuple[float, float]]:
        """The interval of each part of a cell's state, which are bounded."""
        row = [number_in(end, "an interval") for end in ends]
        kind = self.net.layers[0].cell.name
        demand(len(row) == _ends_of(kind), f"interval {ends!r} is of other cells")
        demand(
            all(x <= y for x, y in zip(row[::2], row[1::2], strict=True)), "an interval is empty"
        )
        if PARTS[kind] == "c":  # h is c, and is in the intervals of both
            return [(max(row[::2]), min(row[1::2]))]
        return list(zip(row[::2], row[1::2], strict=True))

    def _check_codes_heads(
        self, codes: Codes, nodes: Sequence[tuple[str | None, Code]], start: bool
    ) -> None:
        """The heads in codes of as many cells each."""
        active = np.array([sorted(code) for _, code in nodes], dtype=np.intp)
        for head in self.heads:
            rights = [self._right(head, state) for state, _ in nodes]
            chosen = [number for number, (_, asked) in enumerate(rights) if asked]
            if not chosen:
                continue
            yes = np.array([rights[number][0] for number in chosen])
            fault = "the net has no label for a state"
            demand(head != "label" or (yes.sum(axis=1) == 1).all(), fault)
            low, high = codes.values(head, active[chosen], start)
            if self._reads_largest(head):
                chosen_rows, others = np.where(yes, low, math.inf), np.where(yes, -math.inf, high)
                distance = chosen_rows.min(axis=1) - others.max(axis=1)
            else:
                over = _head(self.net, head).rule.threshold
                distance = np.where(yes, low - over, over - high).min(axis=1)
            least = codes.bounds.least(distance.min())
            if not least > 0.0:
                state = nodes[chosen[int(distance.argmin())]][0]
                raise RejectedError(
                    f"head {head!r} may be wrong in the box for {_name((state, ()))}"
                )
            self.found[head] = min(self.found[head], least)

    def _check_seconds_of(self, work: float) -> None:
        if not work <= self.seconds:
            raise CertificateError(
                f"not checked: it would take about {work:,.0f} s, and {self.seconds:g} s are "
                "allowed; allow more with --seconds (seconds=)"
            )

    def _check_work(self, states: Sequence[str | None], stride: int) -> None:
        """Count the steps to be taken from these states, and refuse what takes too long."""
        count: dict[str | None, int] = dict.fromkeys((None, *self.fsm.transitions), 0)
        follows = {state: [after for _, after in self._steps(state)] for state in count}
        for _ in range(stride):
            count = {x: sum(1 + count[after] for after in follows[x]) for x in count}
        steps = sum(1 + count.get(state, 0) for state in states)
        self._check_seconds(steps, composed=stride > 1)

    def _check_seconds(self, steps: int, composed: bool) -> None:
        """Refuse steps that would take too long."""
        layers = [(layer.products, len(layer.bias_hh)) for layer in self.steps.layers]
        layers *= 1 + len(self.steps.suffix) * len(self.heads)
        for head in map(self.steps.heads.__getitem__, self.heads):
            softmax = head.function == "softmax"  # whose rows are compared in pairs
            layers += [(w.size * (head.rows if softmax else 1), len(b)) for w, b in head.layers]
        products, functions = (2 * sum(x[i] for x in layers) for i in (0, 1))
        if self.exact:
            numbers: Any = self.steps.bounds
            longer = (numbers.p / 256) ** 2.5
            each = (products * EXACT_PRODUCT + functions * EXACT_FUNCTION) * longer
        else:
            each = len(self.steps.layers) * STEP + products * PRODUCT
        if composed:
            each += COMPOSED * len(self.steps.layers) + 20 * len(self.steps.start) ** 3 * PRODUCT
        if not steps * each <= self.seconds:
            raise CertificateError(
                f"not checked: {steps:,} steps would take about {steps * each:,.0f} s, and "
                f"{self.seconds:g} s are allowed; allow more with --seconds (seconds=)"
            )
        if steps * each > AT_ONCE:
            self._check_checksum()

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
        if self.exact:
            raise CertificateError(
                "not checked: the exact mode does not know composed steps (a stride over 1)"
            )
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
            keys_in("box", box)
            node: Node = (box["state"], tuple(box["last"]))
            chosen = np.full(len(self.net.cells), index_in(box["most"]))
            for name, number in box["others"].items():
                chosen[index[name]] = index_in(number)
            fits = (lengths[chosen] == wanted).all()
            demand(fits, f"the box for {_name(node)} has ends of other cells")
            demand(several or node not in boxes, f"there are two boxes for {_name(node)}")
            found = self.steps.bounds.box(*self._box(intervals[chosen]))
            boxes.setdefault(node, []).append(found)
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
        demand(all((end == end).all() for end in image), f"from {source}: not a number")
        parts = [image]
        for count, (low, high) in enumerate(parts):
            self.cuts += 1 + boxes[0].size / 1_000
            if not self.cuts * CUT <= self.seconds:
                raise CertificateError(
                    f"not checked: the parts of boxes would take over {self.seconds:g} s; allow "
                    "more with --seconds (seconds=)"
                )
            inner = np.maximum(boxes[0], low), np.minimum(boxes[1], high)
            held: Any = (inner[0] == low) & (inner[1] == high)
            if held.all(axis=1).any():
                continue
            room = np.where(high > low, high - low, 1.0)
            share = np.where(held, 1.0, (inner[1] - inner[0]) / room).prod(axis=1)
            meets: Any = (inner[0] <= inner[1]).all(axis=1)
            best = int(np.where(meets, share, -1.0).argmax())
            if not share[best] > 0.0 or not meets[best] or count > MAX_PARTS:
                self._reject_outside((low, high), (boxes[0][best], boxes[1][best]), source, target)
            parts += _without((low, high), (boxes[0][best], boxes[1][best]))

    def _reject_outside(self, image: Ends, box: Ends, source: str, target: Node) -> None:
        number = int(np.flatnonzero((image[0] < box[0]) | (image[1] > box[1]))[0])
        ends = (end[number] for end in (*image, *box))
        low, high, least, most = map(self.steps.bounds.least, ends)
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
        self._check_seconds(len(word), composed=False)
        demand(head in self.heads, f"head {head!r} is not among those listed")
        demand(word or self.scope == "all", "the empty word is not in scope 'legal'")
        state: str | None = self.fsm.start
        for position, symbol in enumerate(word, start=1):
            steps = dict(self._steps(state))
            where = f"symbol {symbol!r} at position {position}"
            demand(symbol in steps, f"{where} leaves scope {self.scope!r}")
            state = steps[symbol]
        after = f"after {self.fsm.text(word)!r}"
        right, asked = self._right(head, state)
        demand(asked, f"head {head!r} is not asked {after}")
        said = self._rows(head, refutation["said"])
        for name, rows in (("said", said), ("right", right)):
            claimed, words = refutation[name], self._words(head, rows)
            demand(claimed == words, f"{name!r} is {claimed!r}, but it must be {words!r}")
        low, high = self._wrong(word, head, right, said, after)
        margin = number_in(refutation["margin"], "the margin")
        room = 1e-6 * (1.0 + abs(margin))
        fits = low - room <= margin <= min(high, 0.0) + room
        demand(fits, f"the margin is in [{low:.9g}, {high:.9g}], not {margin:.9g} as claimed")
        shown = self.fsm.text(word) or "the empty word"
        return f"after {shown} head {head!r} is wrong (whether a shorter word is was not checked)"

    def _wrong(
        self, word: tuple[str, ...], head: str, right: list[bool], said: list[bool], after: str
    ) -> tuple[float, float]:
        """Bounds of the margin after a word, where they decide that the head is wrong."""
        # Noise may be none, and an input what is nearest to 1.
        _, least, most = self.inputs
        usual = min(max(1.0, least), most)
        numbers = Exact if self.exact else None
        arithmetic, inputs = self.document["arithmetic"], (0.0, usual, usual)
        steps = Steps(self.net, arithmetic, 0.0, inputs, numbers)
        box = (steps.start, steps.start)
        ways = (False, True) if len(word) <= FEW_SYMBOLS else (True,)
        # Forms are for whole arrays. Compiled nets forget, so that boxes stay small.
        plain = self.exact or any(is_sparse(layer.u) for layer in steps.layers)
        for frames in (False,) if plain else ways:
            if plain:
                for symbol in word:
                    box = steps.step(box, symbol)
            else:
                box = after_word(steps, word, frames)
            wrong, possible, margins = steps.answer(head, right, said, box)
            low, high = steps.bounds.least(margins[0]), -steps.bounds.least(-margins[1])
            if wrong:
                demand(possible, f"head {head!r} does not say {self._words(head, said)!r} {after}")
                return low, high
            demand(not low > 0.0, f"head {head!r} is right {after}")
        raise RejectedError(
            f"head {head!r} may be right {after}: it is off by between {-high:.4g} and "
            f"{-low:.4g}, as far as the bounds of its run tell"
        )

    def _rows(self, head: str, words: Any) -> list[bool]:
        """Which rows of a head say yes, where it says these words."""
        if head == "accept":
            ends = list(words) == ["yes"]
            return [not ends, ends] if self._reads_largest(head) else [ends]
        names = self.net.alphabet if head == "legal" else self.net.labels
        return [name in words for name in names]

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
    for number in np.flatnonzero((low < box[0]) | (high > box[1])):
        for end, limit in ((low, box[0]), (high, box[1])):
            inside = limit[number] <= low[number] if end is low else limit[number] >= high[number]
            if not inside:
                rest = low.copy(), high.copy()
                rest[0 if end is high else 1][number] = limit[number]
                slices.append(rest)
                end[number] = limit[number]
    return slices


def _name(node: Node) -> str:
    state = "the state after a violation" if node[0] is None else f"state {node[0]!r}"
    return f"{state}, last {' '.join(node[1])!r}" if node[1] else state


def _ends_of(kind: str) -> int:
    """How many ends a cell of this kind has in the file."""
    return 4 if "c" in PARTS[kind] else 2


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
