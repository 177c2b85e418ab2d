"""Proofs for words of every length: is a net right after all of them?

1. `claim` says after which words which heads must say what, and how they are read.
2. `find_invariant` looks for boxes that the net cannot leave and is right in: then it is proved.
3. `explore` looks for a shortest wrong word, and `search_deep` for a long one: then it is refuted.
4. `check`, a package that shares no code with the search, verifies what was found. A wrong word is
   reported as such only where it confirms it.

`certify` does the first three. Nothing here imports the compiler or the simulator: a proof that
shares its subject's code proves little. The theory is in docs/theory.md.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from reberlstm.certificates.arithmetic import Execution, arithmetic_named
from reberlstm.certificates.boxes import BoxNet, Inputs
from reberlstm.certificates.checker import (
    Check,
    arithmetic_fault,
    check,
    check_files,
    examine_counting,
)
from reberlstm.certificates.checker import question as checked_question
from reberlstm.certificates.claims import Claim, claim
from reberlstm.certificates.codes import CodeInvariant, find_codes, fits
from reberlstm.certificates.counting import certify_counters
from reberlstm.certificates.deep import search_deep
from reberlstm.certificates.pieces import find_pieces
from reberlstm.certificates.refutation import (
    Budget,
    Exploration,
    Suspect,
    WrongAnswer,
    explore,
    follow,
)
from reberlstm.certificates.replay import replay
from reberlstm.certificates.results import (
    Box,
    Certificate,
    CountingProof,
    Mostly,
    Proof,
    Refutation,
    Unknown,
    digest_of_grammar,
    digest_of_net,
)
from reberlstm.certificates.results import load as load_certificate
from reberlstm.certificates.search import Invariant, NotFound, Shape, find_invariant
from reberlstm.errors import CertificateError
from reberlstm.grammars import as_machine
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM, Word
from reberlstm.machine.tables import Scope
from reberlstm.net.loading import net_for
from reberlstm.net.net import Net

__all__ = [
    "Box",
    "Certificate",
    "Check",
    "CountingProof",
    "Found",
    "Inputs",
    "Proof",
    "Refutation",
    "Unknown",
    "certify",
    "check",
    "check_files",
    "largest",
    "largest_noise",
    "load_certificate",
    "minimal_gain",
    "question",
]

AnyProof = Proof | CountingProof
Found = AnyProof | Refutation | Unknown
"""What `certify` returns: a proof, a refutation, or neither."""

FIRST = Budget(states=3_000, depth=64, seconds=1.0)
"""What is spent on wrong words, which are mostly short, before a larger k is tried."""

STEPS_PER_STATE = 100
"""Steps of the net in the search for a deep word, per state that the other search may visit."""

GLANCE, PROOFS = 0.1, 0.75
"""Shares of the time left: for a first search for deep words, and for proofs that take long."""

MAX_K = 64  # how many symbols nodes may remember

SHAPES = (
    Shape(0),
    Shape(1, shares=True),
    *(Shape(1), Shape(2), Shape(3)),
    *(Shape(MAX_K, 2, spread=0.3), Shape(MAX_K, 3, spread=0.1), Shape(MAX_K, 3, spread=0.03)),
    *(Shape(MAX_K, m, spread=0.01) for m in (2, 4)),
    *(Shape(MAX_K, m, spread=0.003) for m in (4, 6)),
    Shape(MAX_K, 8, spread=0.001),
)
"""What is tried, in order: how many symbols nodes remember, and after how many a box is needed.

A compiled net whose states have one cell each needs to remember none; with copies of a state it is
the last symbol that tells which is active. Many a trained net needs several steps at once: what it
forgets in a loop turns round as it shrinks, and the boxes of single steps cannot see that.
"""

FEW = 1  # how many symbols nodes may remember where a limit is sought: more hardly helps there
MARGIN_SLACK = 1e-9  # what is taken off a margin, so that other arithmetic finds it too


def certify(
    net: Any,
    fsm: Any = None,
    *,
    scope: Scope | None = None,
    heads: Sequence[str] | None = None,
    arithmetic: str = "real",
    noise: float = 0.0,
    inputs: Inputs | None = None,
    seconds: float = 60.0,
    max_states: int = 200_000,
    max_depth: int = 10_000,
    max_k: int = MAX_K,
    **reading: Any,
) -> Found:
    """Prove a net right after every word of a scope, or find a word that refutes it.

    The word is a shortest one where its `shortest` is true.

    Args:
        net: A net, a shipped name, a file, a state dict or an `nn.Module`.
        fsm: The machine that says what is right, its name or its file; by default the one that the
            net carries. With counters, a proof is about words whose counters stay within a limit,
            or in real arithmetic about words of so many symbols, see docs/counting.md.
        scope: ``legal`` or ``all``; by default what the net claims.
        heads: What to prove right, of ``legal``, ``accept`` and ``label``; by default ``legal``,
            and in scope ``all`` also ``accept``, and ``label`` where machine and net have labels.
        arithmetic: What runs the net, see `reberlstm.certificates.arithmetic`.
        noise: A disturbance of each ``h`` and ``c`` after every step, at most, in their units.
        inputs: What stands for a symbol; by default its one-hot column.
        seconds: After about so much processor time nothing new is begun. It is the time of this
            process, so that the answer does not depend on what else the machine does.
        max_states: The most states of net and machine that the search for a wrong word visits.
        max_depth: The longest word that it tries; up to 64 only words breadth first.
        max_k: The most symbols that an invariant's nodes remember.
        reading: How the net is read, as in `reberlstm.load`: ``readout``, ``alphabet``, ``head`` …

    Raises:
        CertificateError: where net and machine do not fit together, nothing can be proved of such a
            net, no word of the scope asks anything, or an option is not what it should be; and in
            place of a proof where this computer's arithmetic is not what proofs rely on.

    Example:
        >>> import reberlstm as rl
        >>> cert = certify(rl.compile(rl.load_grammar("reber")))
        >>> cert.holds, round(cert.margin, 2), cert.nodes
        (True, 0.38, 8)
        >>> "".join(certify(rl.published()).counterexample)
        'BTSSSSSSXXV'
    """
    given = net
    net, fsm = as_asked(net, fsm, **reading)
    inputs = Inputs() if inputs is None else inputs
    if isinstance(fsm, CounterMachine):
        _check_options(noise, inputs, seconds)
        if noise or inputs != Inputs():
            raise CertificateError(
                f"{fsm} has counters, of which nothing is proved with noise or inputs that are not "
                "exact; leave these options out"
            )
        return certify_counters(
            net,
            given,
            fsm,
            scope=scope,
            heads=heads,
            arithmetic=arithmetic,
            seconds=seconds,
            max_states=max_states,
            examine=examine_counting,
            check=check,
        )
    _check_whole(net, arithmetic)
    _check_options(noise, inputs, seconds)
    claimed = claim(net, fsm, scope, heads)
    boxes = BoxNet(net, arithmetic_named(arithmetic), noise, inputs)
    large = not fits(net)
    execution = Execution(net, boxes.arithmetic, inputs.nominal)
    _check_asked(claimed, fsm)
    end = time.process_time() + seconds
    subject = {
        "net": net.name,
        "grammar": str(fsm),
        "scope": claimed.scope,
        "heads": claimed.heads,
        "readouts": {head: str(rule) for head, rule in claimed.rules.items()},
        "arithmetic": arithmetic,
        "noise": float(noise),
        "inputs": inputs,
        "cells": net.cells,
        "gain": net.gain,
        "long_symbols": fsm.has_long_symbols,
        "net_sha256": digest_of_net(net),
        "grammar_sha256": digest_of_grammar(fsm),
    }

    def left() -> float:
        return max(0.0, end - time.process_time())

    def prove(shapes: Sequence[Shape], share: float) -> Invariant | NotFound:
        if large:
            return reason
        few = [
            shape._replace(k=max_k) if 1 < max_k < shape.k == MAX_K else shape for shape in shapes
        ]
        possible = [shape for shape in few if shape.k <= max_k]
        return find_invariant(boxes, claimed, possible, time.process_time() + share * left())

    def is_confirmed(word: Word, wrong: WrongAnswer) -> bool:
        refutation = Refutation(word=word, wrong=wrong, **subject)
        return check(refutation.to_dict(), net, fsm).valid is True

    def search(budget: Budget) -> Exploration:
        least = (min(budget.states, max_states), min(budget.depth, max_depth))
        budget = Budget(*least, min(budget.seconds, left()))
        return explore(execution, claimed, budget, is_confirmed)

    def dive(thorough: bool) -> tuple[Suspect | None, Suspect | None]:
        if max_depth <= FIRST.depth:
            return None, None
        return search_deep(
            execution,
            claimed,
            is_confirmed,
            steps=STEPS_PER_STATE * max_states,
            longest=max_depth,
            deadline=time.process_time() + left() * (1.0 if thorough else GLANCE),
            thorough=thorough,
        )

    explored = search(FIRST) if claimed.missing else None
    if explored is not None and explored.wrong is None:
        raise CertificateError(
            f"net {net.name!r} has no {claimed.missing!r} head, which scope {claimed.scope!r} "
            "asks for; choose scope 'legal', or name the heads to certify"
        )
    reason = NotFound()
    if net.is_sparse:
        codes = find_codes(boxes, claimed)
        if isinstance(codes, CodeInvariant):
            return _proof_of_codes(net, claimed, codes, subject)
        reason = codes
        boxes = boxes if large else BoxNet(net.whole(), boxes.arithmetic, noise, inputs)
    # A hand-wired net is proved at once, and wrong words are mostly short: easy questions first.
    proof = prove(SHAPES[:2], 1.0)
    if isinstance(proof, Invariant):
        return _proof(net, claimed, proof, subject)
    explored = explored or search(FIRST)
    found, suspect = _found(explored), explored.suspect
    if found is None and suspect is not None:
        found = follow(execution, claimed, suspect[0], is_confirmed, end)
    if found is None and not explored.closed:
        found, further = dive(thorough=False)
        suspect = suspect or further
    if found is None:
        rest = prove(SHAPES[2:], PROOFS)
        if isinstance(rest, Invariant):
            return _proof(net, claimed, rest, subject)
        proof = rest if rest.reason else proof
        until = time.process_time() + PROOFS * left()
        pieces = reason if large else find_pieces(boxes, claimed, until, max_k)
        if isinstance(pieces, Invariant):
            return _proof(net, claimed, pieces, subject)
    if found is None and not explored.closed:
        found, further = dive(thorough=True)
        suspect = suspect or further
    if not explored.closed and (found is None or len(found[0]) > explored.depth + 1):
        # Is there a shorter one? With no time left this may not come as far as the first search.
        longest = max_depth if found is None else len(found[0]) - 1
        longer = search(Budget(max_states, longest, seconds))
        if longer.wrong is not None or longer.depth >= explored.depth:
            explored = longer
        found, suspect = _found(explored) or found, explored.suspect or suspect
    if found is not None:
        word, wrong = found
        least = min(len(word), explored.depth + 1)
        lines = replay(net, given, word, wrong)
        return Refutation(word=word, wrong=wrong, none_shorter_than=least, replay=lines, **subject)
    return Unknown(
        depth=explored.depth,
        states=explored.states,
        closed=explored.closed,
        reason=proof.reason,
        suspect=suspect,
        **subject,
    )


def question(
    net: Any,
    fsm: Any = None,
    *,
    scope: Scope | None = None,
    heads: Sequence[str] | None = None,
    arithmetic: str = "real",
    noise: float = 0.0,
    inputs: Inputs | None = None,
    **reading: Any,
) -> dict[str, Any]:
    """What `certify` would ask, as a certificate's file says it: the defaults filled in."""
    net, fsm = as_asked(net, fsm, **reading)
    finite = fsm.within(0) if isinstance(fsm, CounterMachine) else fsm
    claimed = claim(net, finite, scope, heads)
    return checked_question(
        net,
        fsm,
        scope=claimed.scope,
        heads=heads,
        arithmetic=arithmetic,
        noise=noise,
        inputs=tuple(vars(inputs or Inputs()).values()),
    )


def as_asked(net: Any, fsm: Any = None, **reading: Any) -> tuple[Net, Machine]:
    """A net and the machine that says what is right for it, whatever they are given as.

    Raises:
        CertificateError: where no machine is given and the net carries none.
    """
    machine = None if fsm is None else as_machine(fsm)
    net = net_for(net, machine, **reading)
    machine = machine or net.grammar or (net.counting and net.counting.machine)
    if machine is None:
        raise CertificateError(f"net {net.name!r} carries no grammar; say which one it is for")
    return net, machine


def _found(explored: Exploration) -> Suspect | None:
    return None if explored.wrong is None else (explored.word, explored.wrong)


def _asked(claimed: Claim) -> list[int]:
    """The machine states that words of the scope come to."""
    starts = [0] if claimed.includes_empty_word else [to for _, to in claimed.going_on[0]]
    return list(crawl(starts, claimed.going_on.__getitem__).found)


def _check_whole(net: Net, arithmetic: str) -> None:
    """Refuse a rounding that depends on weights, or steps, that the net does not have any more.

    Raises:
        CertificateError: naming what is missing.
    """
    origin = net.origin
    if origin is None:
        return
    if origin.before and arithmetic in ("float16", "bfloat16", "int8"):
        missing = "the state after prefix=... was computed with the weights as they are"
    elif arithmetic == "int8" and (net.embedding is not None or net.suffix is not None):
        missing = "int8 rounds by the largest weight of a whole embedding, padding and all"
    else:
        return
    raise CertificateError(
        f"net {net.name!r} cannot be judged in {arithmetic}: {missing}; choose real, float32 or "
        "float64"
    )


def _check_asked(claimed: Claim, fsm: FSM) -> None:
    """Refuse a claim about no word: it would hold of every net.

    Raises:
        CertificateError: naming scope and machine.
    """
    if not (claimed.includes_empty_word or claimed.going_on[0]):
        raise CertificateError(
            f"nothing is asked: {fsm} has no word of scope {claimed.scope!r}, that is, none that "
            "can go on after its first symbol; choose scope 'all', or another machine"
        )
    if claimed.scope == "all" or claimed.heads != ("accept",):
        return
    yes = claimed.right["accept"][:, -1] > 0
    if yes.any() and not yes[_asked(claimed)].any():
        raise CertificateError(
            f"after no word of scope {claimed.scope!r} the right answer is yes: what {fsm} accepts "
            "cannot go on, so a net that never accepts would do; choose scope 'all'"
        )


def _proof(net: Net, claimed: Claim, found: Invariant, subject: dict[str, Any]) -> Proof:
    """The certificate of an invariant."""
    margins = _claimed(found.margins)
    states = claimed.tables.names
    names = [found.nodes.names[owner] for owner in found.owners]
    # The first node is the empty word, whose box is a point that is known.
    boxes = tuple(
        Box(states[state], tuple(net.alphabet[column] for column in last), cells)
        for (state, last), cells in zip(names[1:], _cells(net, found), strict=True)
    )
    kinds: dict[tuple[int, int], list[str]] = {}
    for (state, column), said in (found.nodes.shared or {}).items():
        kinds.setdefault((state, said), []).append(net.alphabet[column])
    shared = tuple((states[q], tuple(last)) for (q, _), last in kinds.items() if len(last) > 1)
    size = {name: getattr(found.nodes, name) for name in ("k", "stride", "varies")}
    return Proof(margins=margins, boxes=boxes, shared=shared, **size, **subject)


def _claimed(margins: Mapping[str, float]) -> dict[str, float]:
    """The margins that a proof says, where this computer can be trusted."""
    fault = arithmetic_fault()
    if fault is not None:
        raise CertificateError(f"no proof can be trusted here: {fault}; use another computer")
    return {
        head: max(0.0, margin - MARGIN_SLACK * (1.0 + margin))
        for head, margin in margins.items()
        if margin < math.inf
    }


def _proof_of_codes(
    net: Net, claimed: Claim, found: CodeInvariant, subject: dict[str, Any]
) -> Proof:
    """The certificate of an invariant of codes: an ordinary one, with few different intervals."""
    active, inactive = (
        tuple(float(end) for part in ends for end in (part.lo, part.hi)) for ends in found.ends
    )
    names = claimed.tables.names
    boxes = tuple(
        Box(names[state], (), Mostly(net.size, inactive, dict.fromkeys(sorted(code), active)))
        for state, code in found.nodes
    )
    return Proof(margins=_claimed(found.margins), k=0, boxes=boxes, **subject)


def _cells(net: Net, found: Invariant) -> Iterator[tuple[tuple[float, ...], ...]]:
    """For each box but the first the ends for every cell, see `Box.cells`."""
    layers = []
    for layer, state in zip(net.layers, net.split(found.boxes[1:]), strict=True):
        parts = [layer.cell.hidden(state)]
        if "cell" in layer.cell.parts:
            parts.append(state[layer.cell.parts.index("cell")])
        ends = np.stack([end for part in parts for end in (part.lo, part.hi)], axis=-1)
        layers.append(ends.tolist())  # (N, H, 2 or 4)
    for box in zip(*layers, strict=True):
        yield tuple(tuple(ends) for layer in box for ends in layer)


def _check_options(noise: float, inputs: Inputs, seconds: float) -> None:
    for name, value in {"noise": noise, "input noise": inputs.noise, "seconds": seconds}.items():
        if not 0.0 <= value < math.inf:
            raise CertificateError(f"{name} is {value}; it must be finite and not negative")
    if not -math.inf < inputs.low <= inputs.high < math.inf:
        raise CertificateError(
            f"inputs from {inputs.low} to {inputs.high}; give a finite range, low end first"
        )


# How far a proof goes


def largest_noise(net: Any, fsm: Any = None, *, tolerance: float = 1e-3, **options: Any) -> Found:
    """The certificate for the largest disturbance after each step that is still proved.

    Args:
        net: As in `certify`.
        fsm: As in `certify`.
        tolerance: How far below a disturbance that is not proved, relatively.
        options: Those of `certify`.

    Returns:
        The certificate; its `noise`, a bound on what is added to each ``h`` and ``c``, is the
        answer. Where the net is not proved without noise, the certificate that says so.

    Example:
        >>> import reberlstm as rl
        >>> cert = largest_noise(rl.compile(rl.load_grammar("parity")), tolerance=0.01)
        >>> cert.holds, 0.1 < cert.noise < 0.4
        (True, True)
    """
    still = certify(net, fsm, **options)
    if not still.holds:
        return still
    k = still.k if isinstance(still, Proof) else 0
    only_proofs = {"max_k": max(FEW, k)} | options | {"max_depth": 0}
    return largest(lambda x: certify(net, fsm, noise=x, **only_proofs), still, 1.0, tolerance)[1]


def minimal_gain(
    compile: Callable[[float], Net], *, upper: float, tolerance: float = 1e-3, **options: Any
) -> Found:
    """The certificate of the smallest gain with which a compiled net is proved.

    Args:
        compile: Makes the net for a gain; a parameter, so that proofs do not depend on it.
        upper: A gain that is surely enough.
        tolerance: How far above a gain that is not proved, relatively.
        options: Those of `certify`.

    Returns:
        The certificate; its `gain` is the answer. Where `upper` is not proved, the one of `upper`.

    Raises:
        CertificateError: for a net that counts, in real arithmetic.
    """
    best = certify(compile(upper), **options)
    if isinstance(best, CountingProof) and best.length is not None:
        raise CertificateError(
            "in real arithmetic a net counts with every gain, for words of up to some length, so "
            "no gain is the smallest; ask with --arithmetic float32 (arithmetic=)"
        )
    if not best.holds:
        return best
    only_proofs = {"max_k": FEW} | options | {"max_depth": 0}
    _, found = _bisect(
        lambda gain: certify(compile(gain), **only_proofs), best, upper, 0.0, tolerance
    )
    return found


def largest(
    prove: Callable[[float], Found], proved: AnyProof, upper: float, tolerance: float
) -> tuple[float, AnyProof]:
    """The largest value in (0, upper] for which `prove` holds, and its certificate.

    Args:
        prove: Tries to prove something that gets harder as the value grows.
        proved: The certificate at 0.
        upper: The largest value to try.
        tolerance: Of the answer, relatively to it.
    """
    return _bisect(prove, proved, 0.0, upper, tolerance)


def _bisect(
    prove: Callable[[float], Found], best: AnyProof, good: float, bad: float, tolerance: float
) -> tuple[float, AnyProof]:
    """The value nearest to `bad` that is proved, from `good`, which is, and its certificate."""
    while abs(good - bad) > tolerance * max(good, bad) and max(good, bad) > 1e-12:
        middle = 0.5 * (good + bad)
        found = prove(middle)
        if found.holds:
            best, good = found, middle
        else:
            bad = middle
    return good, best
