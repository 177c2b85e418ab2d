"""The heads: what each says at every vertex."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from reberlstm.explanation.model import Block, Cover, HeadExplanation, HeadLine, Names, names_of
from reberlstm.explanation.phrases import Wording, condition
from reberlstm.explanation.vertices import Vertices
from reberlstm.explanation.wording import amount, shown
from reberlstm.net.cells.cell import Floats
from reberlstm.net.readouts import Readout

MAX_SHOWN = 6
"""Of more symbols than these only the likeliest are named."""

NEGLIGIBLE = 1e-6
"""Symbols of a smaller probability are not named."""


def explain_heads(vertices: Vertices) -> Mapping[str, HeadExplanation]:
    """All heads of the net, in the order in which they are declared."""
    explain = {"legal": _legal, "accept": _accept, "next": _next, "label": _label}
    return {
        name: explain[name](vertices, head, _values(vertices, head))
        for name, head in vertices.net.heads.items()
    }


def _values(vertices: Vertices, head: Readout) -> Floats:
    """A head's outputs at every vertex, shape (R, P); of a rule that is about tanh, their tanh."""
    sums: Floats = vertices.reading(head.weight) + head.bias[:, np.newaxis]
    return np.tanh(sums) if head.rule.function == "tanh" else sums


def _legal(vertices: Vertices, head: Readout, values: Floats) -> HeadExplanation:
    net = vertices.net
    true = values > head.threshold
    margin = float(np.abs(values - head.threshold).min())
    lines = [
        _line(vertices, f"legal[{shown(symbol)}]", symbol, "offered", true[row])
        for row, symbol in enumerate(net.alphabet)
    ]
    if head.rule.function == "tanh":
        lines = [
            HeadLine(line.name, line.sentence + text, line.code, line.where)
            for line, text in zip(lines, _thresholds(vertices, head), strict=True)
        ]
    return HeadExplanation(
        "legal",
        f"which symbols may come next: those over {head.threshold:g}; every node is at "
        f"least {amount(margin)} away from that",
        tuple(lines),
    )


def _thresholds(vertices: Vertices, head: Readout) -> Iterator[str]:
    """For rows of the published reader that weigh memories equally: what their sum must exceed."""
    net = vertices.net
    for row, bias in zip(head.weight, head.bias, strict=True):
        read = np.flatnonzero(row)
        if not len(read) or len(set(row[read].tolist())) > 1 or row[read[0]] <= 0.0:
            yield ""
            continue
        sum_ = " + ".join(f"memory {shown(net.cells[k])}" for k in read)
        turn = (math.atanh(head.threshold) - bias) / row[read[0]]
        yield f" ({sum_} over {amount(float(turn))})"


def _accept(vertices: Vertices, head: Readout, values: Floats) -> HeadExplanation:
    line = _line(vertices, "accept", "accept", "the word may end", values[0] > 0.0)
    margin = amount(float(np.abs(values).min()))
    return HeadExplanation(
        "accept",
        f"whether the word may end; every node is at least {margin} away from 0",
        (line,),
    )


def _label(vertices: Vertices, head: Readout, values: Floats) -> HeadExplanation:
    best = values.argmax(axis=0)
    lines = [
        _line(vertices, f"label[{shown(label)}]", label, "largest", best == row)
        for row, label in enumerate(vertices.net.labels)
    ]
    return HeadExplanation("label", "the output: the label whose row is the largest", tuple(lines))


def _next(vertices: Vertices, head: Readout, values: Floats) -> HeadExplanation:
    shares = np.exp(values - values.max(axis=0))
    shares /= shares.sum(axis=0)
    lines = [
        HeadLine(name, _distribution(vertices, place, shares[:, place]))
        for place, name in enumerate(vertices.names)
    ]
    return HeadExplanation(
        "next", "how likely each symbol comes next (softmax), if the word goes on", tuple(lines)
    )


def _distribution(vertices: Vertices, place: int, shares: Floats) -> str:
    grammar, state = vertices.grammar, vertices.all[place].state
    if grammar is not None:
        may_follow = grammar.legal(state) if state is not None else frozenset()
        if not may_follow and shares.max() - shares.min() < NEGLIGIBLE:
            return "nothing may follow"
    order = sorted(np.flatnonzero(shares > NEGLIGIBLE).tolist(), key=lambda a: -shares[a])
    text = ", ".join(
        f"{shown(vertices.net.alphabet[a])} {shares[a]:.3g}" for a in order[:MAX_SHOWN]
    )
    return text + (f" and {len(order) - MAX_SHOWN} more" if len(order) > MAX_SHOWN else "")


def _line(vertices: Vertices, left: str, name: str, verb: str, true: NDArray[np.bool_]) -> HeadLine:
    where = names_of(true, vertices.names)
    everything = Names((), negated=True)
    cover = Cover((Block(where, everything),)) if true.any() else Cover(())
    cover = Cover((), negated=True) if true.all() else cover
    words = Wording(vertices, vertices.net.alphabet)
    text = f"{verb} {words.where(where)}" if true.any() else _never(verb)
    return HeadLine(name, text, f"{left} = {condition(cover)}", where)


def _never(verb: str) -> str:
    return "the word may end nowhere" if verb.startswith("the word") else f"never {verb}"
