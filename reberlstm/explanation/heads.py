"""The heads: what each says at every vertex."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from reberlstm.explanation.model import Block, Cover, HeadExplanation, HeadLine, Names, names_of
from reberlstm.explanation.phrases import Wording, condition
from reberlstm.explanation.vertices import Vertices
from reberlstm.explanation.wording import amount, shown
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.net.readouts import Readout

MAX_SHOWN = 6
"""Of more symbols than these only the likeliest are named."""

NEGLIGIBLE = 1e-6
"""Symbols of a smaller probability are not named."""


def explain_heads(vertices: Vertices) -> Mapping[str, HeadExplanation]:
    """All heads of the net, in the order in which they are declared."""
    found = {}
    for name, head in vertices.net.heads.items():
        values: Floats = vertices.reading(head.weight) + head.bias[:, np.newaxis]  # (R, P)
        found[name] = (_next if name == "next" else _truths)(vertices, name, head, values)
    return found


def _truths(vertices: Vertices, name: str, head: Readout, values: Floats) -> HeadExplanation:
    """A head of which each row is true at some vertices, and false at the others."""
    net = vertices.net
    values = np.tanh(values) if head.rule.function == "tanh" else values
    true = values > head.threshold
    margin = f"at least {amount(float(np.abs(values - head.threshold).min()))} away from"
    rows, verb = net.alphabet, "offered"
    sentence = (
        f"which symbols may come next: those over {head.threshold:g}; every node is {margin} that"
    )
    if name == "accept":
        rows, verb = ("accept",), "the word may end"
        sentence = f"whether the word may end; every node is {margin} {head.threshold:g}"
    elif name == "label":
        rows, verb = net.labels, "largest"
        sentence = "the output: the label whose row is the largest"
        true = values.argmax(axis=0) == np.arange(len(rows))[:, np.newaxis]
    lines = []
    for row, what in enumerate(rows):
        where = names_of(true[row], vertices.names)
        cover = Cover((Block(where, Names((), negated=True)),))
        cover = (
            Cover((), negated=bool(true[row].all()))
            if true[row].all() or not true[row].any()
            else cover
        )
        text = f"{verb} {Wording(vertices, net.alphabet).where(where)}"
        if not true[row].any():
            text = "the word may end nowhere" if name == "accept" else f"never {verb}"
        left = "accept" if name == "accept" else f"{name}[{shown(what)}]"
        text += _threshold(net, head, row)
        lines.append(HeadLine(what, text, f"{left} = {condition(cover)}", where))
    return HeadExplanation(name, sentence, tuple(lines))


def _threshold(net: Net, head: Readout, row: int) -> str:
    """For a row of the published reader that weighs memories equally: what they must exceed."""
    weights = head.weight[row]
    read = np.flatnonzero(weights)
    equal = len(read) > 0 and len(set(weights[read].tolist())) == 1 and weights[read[0]] > 0.0
    if head.rule.function != "tanh" or not equal:
        return ""
    sum_ = " + ".join(f"memory {shown(net.cells[k])}" for k in read)
    turn = (math.atanh(head.threshold) - head.bias[row]) / weights[read[0]]
    return f" ({sum_} over {amount(float(turn))})"


def _next(vertices: Vertices, name: str, head: Readout, values: Floats) -> HeadExplanation:
    shares = np.exp(values - values.max(axis=0))
    shares /= shares.sum(axis=0)
    lines = [
        HeadLine(node, _distribution(vertices, place, shares[:, place]))
        for place, node in enumerate(vertices.names)
    ]
    sentence = "how likely each symbol comes next (softmax), if the word goes on"
    return HeadExplanation(name, sentence, tuple(lines))


def _distribution(vertices: Vertices, place: int, shares: Floats) -> str:
    grammar, state = vertices.grammar, vertices.all[place].state
    over = grammar is not None and (state is None or not grammar.legal(state))
    if over and np.ptp(shares) < NEGLIGIBLE:
        return "nothing may follow"
    order = sorted(np.flatnonzero(shares > NEGLIGIBLE).tolist(), key=lambda a: -shares[a])
    text = ", ".join(
        f"{shown(vertices.net.alphabet[a])} {shares[a]:.3g}" for a in order[:MAX_SHOWN]
    )
    return text + (f" and {len(order) - MAX_SHOWN} more" if len(order) > MAX_SHOWN else "")
