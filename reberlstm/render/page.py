"""The explorer: one HTML file, with the nets inside, in which the LSTM really runs.

The page is put together from the files in the folder ``explorer``: a template, a style sheet and
JavaScript modules, which are written one after the other into one script. Nothing is loaded from
anywhere, and the page's own security policy forbids it.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reberlstm._version import __version__
from reberlstm.certificates import certify
from reberlstm.display import renders
from reberlstm.errors import GrammarError
from reberlstm.explanation import GateExplanation, explain
from reberlstm.machine.fsm import FSM
from reberlstm.net.weights import Floats, LSTMWeights
from reberlstm.render.layout import lay_out
from reberlstm.simulator import Trace

FOLDER = Path(__file__).parent / "explorer"

MODULES = (
    "machine",
    "lstm",
    "judge",
    "search",
    "worker",
    "reasons",
    "dom",
    "tape",
    "graph",
    "bars",
    "links",
    "cells",
    "timeline",
    "inspector",
    "picture",
    "edits",
    "link",
    "keys",
    "undo",
    "player",
    "writing",
    "controls",
    "app",
)
"""The modules of the page's script, each after those that it imports from."""

TRAINED = "reber-4"
"""A net of four cells that was trained on Reber strings, not wired, and is proved all the same."""

MAX_SYMBOLS = 10_000
"""The page keeps every gate of every step, so a longer string would fill a browser's memory."""

MAX_WEIGHTS = 2_000_000
"""Nonzero weights in one page; above it a browser takes too long to read them."""

MAX_EXPLAINED = 64
"""Cells of a net whose weights are explained in words; above it the page shows numbers only."""

PROOF_SECONDS = 2.0

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|function|class) (\w+))", re.MULTILINE)


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
    fsm: FSM,
    nets: Sequence[LSTMWeights],
    word: str | Iterable[str] = (),
    *,
    step: int | None = None,
    examples: Mapping[str, str] | None = None,
) -> Page:
    """The page as text.

    Args:
        fsm: The grammar that the nets are judged by.
        nets: One or more nets over its alphabet, each with a ``legal`` head; shown side by side.
        word: The string that is loaded at first.
        step: The position that is shown at first; by default the end of `word`.
        examples: Strings to choose from, each with a few words about it.

    Raises:
        GrammarError: for a net over other symbols or without a ``legal`` head, a word with a symbol
            that is not in the alphabet, or one that is too long.
    """
    symbols = fsm.word(word)
    if len(symbols) > MAX_SYMBOLS:
        raise GrammarError(
            f"a string of {len(symbols):,} symbols is too long for the page (at most "
            f"{MAX_SYMBOLS:,}); `reberlstm check` takes strings of any length"
        )
    _check(fsm, nets)
    wide, tall = lay_out(fsm, "LR"), lay_out(fsm, "TB")
    data = {
        "version": __version__,
        "machine": {
            "name": fsm.name,
            "title": fsm.title,
            "alphabet": list(fsm.alphabet),
            "states": list(fsm.states),
            "start": fsm.start,
            "accepting": [state for state in fsm.states if state in fsm.accepting],
            "transitions": {state: dict(line) for state, line in fsm.transitions.items()},
        },
        "layouts": None if wide is None or tall is None else [wide.to_dict(), tall.to_dict()],
        "nets": [
            _net(net, name, fsm.alphabet)
            | {"explained": _explained(net, fsm), "proved": _proved(net, fsm)}
            for net, name in zip(nets, _names(nets), strict=True)
        ],
        "string": fsm.text(symbols),
        "step": len(symbols) if step is None else step,
        "examples": [{"string": s, "note": n} for s, n in (examples or {}).items()],
    }
    return _fill(
        title=html.escape(f"{fsm.title or fsm} · reberlstm explorer"),
        style=_read("style.css"),
        data=_script_safe(json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
        program=program(),
    )


def default_nets(fsm: FSM) -> list[LSTMWeights]:
    """The compiled net, and for Reber's grammar also the published and the shipped trained one."""
    from reberlstm.compiler import compile, published
    from reberlstm.net.shipped import shipped

    nets = [compile(fsm)]
    toy = published()
    if toy.grammar is not None and toy.grammar.transitions == fsm.transitions:
        nets += [toy, shipped(TRAINED)]
    return nets


def examples(fsm: FSM, nets: Sequence[LSTMWeights]) -> dict[str, str]:
    """Strings to begin with, each with a few words about it."""
    found: dict[str, str] = {}
    if any(net.cell == "published" for net in nets):
        found["BTSSSSSSXXV"] = "where the published net first goes wrong"
        found["BTSSXXTVVE"] = "accepted by the grammar"
        found["BTSSP"] = "a violation"
        found["BP" + "T" * 60 + "VV"] = "a long loop at node 5"
    if fsm.start in fsm.distance_to_acceptance:
        sampled = fsm.sample(20, seed=1)
        telling = [word for word in sampled if 4 <= len(word) <= 16] or sampled
        for word in telling[:2]:
            found.setdefault(fsm.text(word[:60]), "sampled from the grammar")
    for word in itertools.islice(filter(None, fsm.enumerate(24)), 3):
        found.setdefault(fsm.text(word), "one of the shortest accepted words")
    return found


@renders(Trace, "page")
def trace_page(trace: Trace) -> Page:
    """The page of one run, see `reberlstm.simulator.Trace.to_html`."""
    if trace.grammar is None:
        raise GrammarError(
            f"the net {trace.weights.name!r} carries no grammar, and the page draws one; "
            "give it to trace as grammar=..."
        )
    return explorer_page(trace.grammar, [trace.weights], trace.word)


def program() -> str:
    """The page's script, which is also what its worker runs: every module a function of its own.

    What a module imports it takes from the modules before it, and what it exports it returns.
    """
    modules = []
    for name in MODULES:
        text = _IMPORT.sub(r"const {\1} = $\2;\n", _read(f"{name}.js"))
        exports = ", ".join(_EXPORT.findall(text))
        body = _EXPORT.sub("", text)
        modules.append(f"const ${name} = (() => {{\n{body}return {{ {exports} }};\n}})();\n")
    return f'"use strict";\n(() => {{\n{"".join(modules)}}})();\n'


def _read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def _fill(**parts: str) -> Page:
    """The template with every ``{{name}}`` replaced, in one pass: no part is looked into."""
    return Page(re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _read("template.html")))


def _script_safe(text: str) -> str:
    """JSON in which no ``<`` is left, so that nothing in a name can end the script element."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _check(fsm: FSM, nets: Sequence[LSTMWeights]) -> None:
    if not nets:
        raise GrammarError("no net to explore; give at least one")
    for net in nets:
        if set(net.alphabet) != set(fsm.alphabet):
            raise GrammarError(
                f"the alphabet of {fsm} is {' '.join(fsm.alphabet)}, but that of the net "
                f"{net.name!r} is {' '.join(net.alphabet)}; give the grammar that it is for"
            )
        if "legal" not in net.heads:
            raise GrammarError(
                f"net {net.name!r} has no 'legal' head, so nothing says which symbols it offers; "
                f"its heads are {', '.join(net.heads) or 'none'}"
            )
    count = sum(_nonzero(net) for net in nets)
    if count > MAX_WEIGHTS:
        raise GrammarError(
            f"{count:,} weights are too many for one page (at most {MAX_WEIGHTS:,}); "
            "explore fewer or smaller nets, or use `reberlstm trace`"
        )


def _nonzero(net: LSTMWeights) -> int:
    return int(np.count_nonzero(net.weight_ih) + np.count_nonzero(net.weight_hh))


def _names(nets: Sequence[LSTMWeights]) -> list[str]:
    """A name for every net, numbered where two have the same."""
    names: list[str] = []
    for net in nets:
        name = net.name or "net"
        same = sum(other.name == net.name for other in nets[: len(names)])
        names.append(f"{name} {same + 1}" if same else name)
    return names


def _net(net: LSTMWeights, name: str, alphabet: tuple[str, ...]) -> dict[str, Any]:
    """A net with its columns and readers in the order of the grammar's alphabet."""
    order = [net.alphabet.index(symbol) for symbol in alphabet]
    heads = {}
    for head, layer in net.heads.items():
        rows = order if head in ("legal", "next") else slice(None)
        heads[head] = {"weight": _matrix(layer.weight[rows]), "bias": layer.bias[rows].tolist()}
    return {
        "name": name,
        "cell": net.cell,
        "claims": net.claims,
        "on_violation": net.on_violation,
        "gain": net.gain,
        "height": net.height,
        "threshold": net.reader_threshold,
        "alphabet": list(alphabet),
        "cells": list(net.cells),
        "weight_ih": _matrix(net.weight_ih[:, order]),
        "weight_hh": _matrix(net.weight_hh),
        "bias": net.bias.tolist(),
        "heads": heads,
    }


def _proved(net: LSTMWeights, fsm: FSM) -> dict[str, Any] | None:
    """What a certificate says, where one is found at once; a page is no place to wait for one."""
    if net.size > MAX_EXPLAINED:
        return None
    certificate = certify(net, fsm, seconds=PROOF_SECONDS, max_states=2_000, max_k=1)
    if not certificate.holds:
        return None
    return {"scope": certificate.scope, "margin": certificate.margin}


def _explained(net: LSTMWeights, fsm: FSM) -> dict[str, Any] | None:
    """The sentences about a net's weights, by cell and gate, and by head and symbol."""
    if net.size > MAX_EXPLAINED:
        return None
    explanation = explain(net, fsm)
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
    rows = [
        [number for index in np.flatnonzero(row) for number in (int(index), _short(row[index]))]
        for row in array
    ]
    return {"shape": shape, "rows": rows}


def _short(value: float) -> float | int:
    """A whole number without its ``.0``."""
    number = float(value)
    return int(number) if number.is_integer() else number
