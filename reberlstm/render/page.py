"""The explorer: one HTML file, which holds the nets and really runs them.

What it shows is data of the machine and the nets; what shows it is put together by
`reberlstm.render.bundle`. Nothing is loaded from anywhere: the page's own policy forbids it.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from reberlstm._version import __version__
from reberlstm.certificates import CountingProof, certify
from reberlstm.display import renders
from reberlstm.errors import GrammarError, ReberLSTMError
from reberlstm.explanation import GateExplanation, explain
from reberlstm.grammars import Grammar, as_machine, load_grammar
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import check_alphabets
from reberlstm.net.cells.cell import Floats
from reberlstm.net.counting import Way
from reberlstm.net.net import Net
from reberlstm.net.readouts import Head, Readout, Rule
from reberlstm.render import fill
from reberlstm.render.bundle import MODES, parts
from reberlstm.render.layout import lay_out
from reberlstm.render.net import kind_of
from reberlstm.render.sentences import about_machine, about_net
from reberlstm.simulator import Trace

TRAINED = "reber-4"
"""A net of four cells that was trained on Reber strings, not wired, and is proved all the same."""

MAX_SYMBOLS = 10_000
"""The page keeps every gate of every step, so a longer string would fill a browser's memory."""

MAX_WEIGHTS = 2_000_000
"""Nonzero weights in one page; above it a browser takes too long to read them."""

MAX_EXPLAINED = 64
"""Cells of a net whose weights are explained in words; above it the page shows numbers only."""


class Page(str):
    """The text of a page, which a notebook shows as the page itself, running in a frame."""

    __slots__ = ()

    HEIGHT = 760
    """Pixels of the frame."""

    def __repr__(self) -> str:
        return "<explorer page>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self)}" title="explorer" width="100%" '
            f'height="{self.HEIGHT}" style="border:0" '
            'sandbox="allow-scripts allow-downloads allow-modals"></iframe>'
        )


def explorer_page(
    fsm: Grammar,
    nets: Sequence[Net],
    word: str | Iterable[str] = (),
    *,
    step: int = 0,
    shown: int = 1,
    examples: Mapping[str, str] | None = None,
    modes: Sequence[str] = tuple(MODES),
) -> Page:
    """The page as text.

    Args:
        fsm: The grammar that the nets are judged by.
        nets: One or more nets over its alphabet, each of which tells which symbols may come next or
            whether a word may end.
        word: The string that is loaded at first.
        step: The position that is shown at first, 0 being before the first symbol.
        shown: How many of the nets are shown at first, side by side; the others are in a menu.
        examples: Strings to choose from, each with a few words about it. A net that these words
            name is shown with the string.
        modes: What the page can do: ``explore``, and besides ``derive`` and ``draw``.

    Raises:
        GrammarError: for a net over other symbols or that tells neither, a word with a symbol that
            is not in the alphabet, or one that is too long, and for a mode that there is not.
    """
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or "explore" not in modes:
        wrong = f"{unknown[0]!r}" if unknown else "without 'explore'"
        raise GrammarError(f"modes {wrong}; give 'explore', and others of {', '.join(MODES)}")
    fsm = as_machine(fsm)
    symbols = fsm.word(word)
    if len(symbols) > MAX_SYMBOLS:
        raise GrammarError(
            f"a string of {len(symbols):,} symbols is too long for the page (at most "
            f"{MAX_SYMBOLS:,}); `reberlstm check` takes strings of any length"
        )
    _check(fsm, nets)
    wide, tall = lay_out(fsm, "LR"), lay_out(fsm, "TB")
    given = [
        net_data(net, name, fsm.alphabet)
        | {"about": about_net(net, fsm)}
        | {"explained": _explained(net, fsm), "proved": _proved(net, fsm)}
        for net, name in zip(nets, _names(nets), strict=True)
    ]
    data = {
        "version": __version__,
        "machine": _machine_data(fsm),
        "about": about_machine(fsm),
        "layouts": None if wide is None or tall is None else [wide.to_dict(), tall.to_dict()],
        "nets": given,
        "string": fsm.text(symbols),
        "step": step,
        "shown": shown,
        "examples": [{"string": s, "note": n} for s, n in (examples or {}).items()],
    }
    if "derive" in modes:
        data |= _lesson_data(given)
    page = fill(
        "template.html",
        title=f"{fsm.title or fsm} · reberlstm explorer",
        data=_script_safe(json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
        **parts(tuple(modes)),
    )
    return Page(page)


def _lesson_data(given: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the last lessons are about, whatever the page is about.

    The published net is a number where it is among the page's own.
    """
    from reberlstm.compiler import published

    reber = load_grammar("reber")
    toy = net_data(published(), "published", reber.alphabet)
    same = (number for number, net in enumerate(given) if net | toy == net)
    return {"reber": _machine_data(reber), "published": next(same, toy)}


def _machine_data(machine: Machine) -> dict[str, Any]:
    common = {
        "name": machine.name,
        "title": machine.title,
        "alphabet": list(machine.alphabet),
        "states": list(machine.states),
        "start": machine.start,
    }
    if isinstance(machine, FSM):
        more = {
            "source": machine.source,
            "transitions": {state: dict(line) for state, line in machine.transitions.items()},
            "probabilities": {state: dict(line) for state, line in machine.probabilities.items()},
            "stop": dict(machine.stop),
            "outputs": dict(machine.outputs),
        }
        given = {key: value for key, value in more.items() if value}
        return common | {"accepting": list(machine.ends)} | given

    def signs(when: Iterable[Iterable[int]]) -> list[list[int]]:
        return [sorted(each) for each in when]

    arrows = [
        [arrow.source, arrow.symbol, arrow.target, signs(arrow.when), list(arrow.change)]
        for arrow in machine.transitions
    ]
    ends = [[state, signs(when)] for state, when in machine.accepting]
    return common | {"counters": list(machine.counters), "arrows": arrows, "accepting": ends}


def default_nets(fsm: Machine) -> list[Net]:
    """The compiled net, and for Reber's grammar also the published and the shipped trained one."""
    from reberlstm.compiler import compile, published
    from reberlstm.net.loading import shipped

    nets: list[Net] = [compile(fsm)]
    toy = published()
    if toy.grammar is not None and toy.grammar.transitions == fsm.transitions:
        nets += [toy, shipped(TRAINED)]
    return nets


def examples(fsm: Machine, nets: Sequence[Net]) -> dict[str, str]:
    """Strings to begin with, each with a few words about it."""
    found: dict[str, str] = {}
    if any(net.name == "published" for net in nets):
        found["BTSSXXTVVE"] = "accepted by the grammar"
        found["BTSSSSSSXXV"] = "where the published net first goes wrong"
        found["BTSSP"] = "a violation"
        found["BP" + "T" * 60 + "VV"] = "a long loop at node 5"
    if isinstance(fsm, CounterMachine) or fsm.start in fsm.distance_to_acceptance:
        sampled = fsm.sample(20, seed=1)
        telling = [word for word in sampled if 4 <= len(word) <= 16] or sampled
        for word in telling[:2]:
            found.setdefault(fsm.text(word[:60]), "sampled from the grammar")
    for word in itertools.islice(filter(None, fsm.enumerate(24)), 3):
        found.setdefault(fsm.text(word), "one of the shortest accepted words")
    return found


@renders(Trace, "page")
def trace_page(trace: Trace) -> Page:
    """The page of one run at its end, see `reberlstm.simulator.Trace.to_html`."""
    if trace.grammar is None:
        raise GrammarError(
            f"the net {trace.net.name!r} carries no grammar, and the page draws one; "
            "give it to trace as grammar=..."
        )
    return explorer_page(
        trace.grammar, [trace.net], trace.word, step=len(trace.word), modes=["explore"]
    )


def _script_safe(text: str) -> str:
    """JSON in which no ``<`` is left, so that nothing in a name can end the script element."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _check(fsm: Machine, nets: Sequence[Net]) -> None:
    if not nets:
        raise GrammarError("no net to explore; give at least one")
    for net in nets:
        check_alphabets(fsm, net)
        if not {"legal", "accept"} & set(net.observed):
            raise GrammarError(
                f"net {net.name!r} tells neither which symbols may come next nor whether a word "
                f"may end; its heads are {', '.join(net.heads) or 'none'}"
            )
    arrays = [a for net in nets for x in net.layers for a in (x.weight_ih, x.weight_hh)]
    arrays += [net.embedding for net in nets if net.embedding is not None]
    weights = sum(map(np.count_nonzero, arrays))
    if weights > MAX_WEIGHTS:
        raise GrammarError(
            f"{weights:,} weights are too many for one page (at most {MAX_WEIGHTS:,}); "
            "explore fewer or smaller nets, or use `reberlstm trace`"
        )


def _names(nets: Sequence[Net]) -> list[str]:
    """A name for every net, numbered where two have the same."""
    names: list[str] = []
    for net in nets:
        same = sum(other.name == net.name for other in nets[: len(names)])
        names.append((net.name or "net") + (f" {same + 1}" if same else ""))
    return names


def net_data(net: Net, name: str, alphabet: tuple[str, ...]) -> dict[str, Any]:
    """A net of any kind as JSON, its symbols in the order of the grammar's alphabet."""
    order = [net.alphabet.index(symbol) for symbol in alphabet]
    layers: list[dict[str, Any]] = [
        {"cell": layer.cell.name, "gates": list(layer.cell.gates)}
        | {name: _matrix(getattr(layer, name)) for name in ("weight_ih", "weight_hh")}
        | {name: getattr(layer, name).tolist() for name in ("bias_ih", "bias_hh")}
        for layer in net.layers
    ]
    if net.embedding is None:
        layers[0]["weight_ih"] = _matrix(net.layers[0].weight_ih[:, order])
    columns = order if net.embedding is None else slice(None)
    readouts = {kind: net.readout(kind) for kind in ("legal", "accept", "next", "label")}
    return {
        "name": name,
        "title": kind_of(net),
        "reading": net.reading,
        "claims": net.claims,
        "on_violation": net.on_violation,
        "gain": net.gain,
        "height": net.height,
        # The cells of compiled GRUs and simple nets are +1 or −1.
        "signed": net.gain is not None and "cell" not in net.layers[-1].cell.parts,
        "alphabet": list(alphabet),
        "cells": list(net.cells),
        # Which cell's memory is a counter of the grammar.
        "counting": {
            each.counter: each.cell
            for each in (() if net.counting is None else net.counting.cells)
            if each.way is not Way.LATE
        },
        "layers": layers,
        "vectors": None if net.embedding is None else _matrix(net.embedding[order]),
        "start": None if net.start_state is None else net.start_state.tolist(),
        "suffix": None if net.suffix is None else _matrix(net.suffix[:, columns]),
        "heads": {kind: _head_data(head, order) for kind, head in readouts.items() if head},
    }


def _head_data(head: Readout, order: Sequence[int]) -> dict[str, Any]:
    *below, last = head.layers
    rule = head.rule
    if head.kind in ("legal", "next"):
        order = [*order, *range(len(order), len(last.bias))]
        last = Head(last.weight[order], last.bias[order])
    elif head.kind == "accept" and rule.function == "argmax":
        # The second of two outputs is the larger where their difference is over 0.
        last, rule = Head(np.diff(last.weight, axis=0), np.diff(last.bias)), Rule("logit", 0.0)
    return {
        "layers": [{"weight": _matrix(x.weight), "bias": x.bias.tolist()} for x in (*below, last)],
        "activation": head.activation,
        "function": rule.function,
        "threshold": rule.threshold,
        "extra": head.extra,
    }


def _proved(net: Net, fsm: Machine) -> dict[str, Any] | None:
    """What a certificate says, where one is found at once; a page is no place to wait for one."""
    if net.size > MAX_EXPLAINED:
        return None
    with suppress(ReberLSTMError):
        # A counter is exact up to a size that the page's numbers decide.
        arithmetic = "real" if isinstance(fsm, FSM) else "float64"
        proof = certify(net, fsm, arithmetic=arithmetic, seconds=2.0, max_states=2_000, max_k=1)
        limit = {"limit": proof.limit} if isinstance(proof, CountingProof) else {}
        found = {"scope": proof.scope, "margin": proof.margin, "by": "reberlstm certify"}
        return found | limit if proof.holds else None
    return None


def _explained(net: Net, fsm: Machine) -> dict[str, Any] | None:
    """The sentences about a net's weights, by cell and gate, and by head and symbol."""
    if net.size > MAX_EXPLAINED:
        return None
    try:
        explanation = explain(net, fsm)
    except GrammarError:
        if isinstance(fsm, FSM):
            raise
        return None  # without a finite machine there may be no sentences
    return {
        "kind": explanation.kind,
        "summary": list(explanation.summary),
        "cells": [
            {
                "role": cell.role,
                "sentence": cell.sentence,
                "notes": list(cell.notes),
                "gates": {
                    name: {"sentence": gate.sentence, "reasons": _reasons(gate)}
                    for name, gate in cell.gates.items()
                },
            }
            for cell in explanation.cells
        ],
        "heads": {
            name: {line.name: line.sentence for line in head.lines}
            for name, head in explanation.heads.items()
            if name in ("legal", "accept")
        },
    }


def _reasons(gate: GateExplanation) -> dict[str, str]:
    """What each weight of a gate is there for, by ``kind name``."""
    return {
        f"{weight.kind} {name}".strip(): weight.reason
        for weight in gate.weights
        for name in (weight.names or ("",))
    }


def _matrix(array: Floats) -> dict[str, Any]:
    """Sparse rows ``[index, value, …]`` that can be read, or where most are nonzero base64."""
    shape = list(array.shape)
    if np.count_nonzero(array) * 3 > array.size:
        content = np.ascontiguousarray(array, dtype="<f8").tobytes()
        return {"shape": shape, "float64": base64.b64encode(content).decode("ascii")}
    rows: list[list[float]] = [[] for _ in array]
    for row, column in np.argwhere(array).tolist():
        value = float(array[row, column])
        rows[row] += [column, int(value) if value.is_integer() else value]  # no ``.0`` of integers
    return {"shape": shape, "rows": rows}
