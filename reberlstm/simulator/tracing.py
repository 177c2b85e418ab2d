"""One word, step by step, with every gate recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reberlstm.display import Displayed, rendered
from reberlstm.errors import GrammarError
from reberlstm.machine.fsm import FSM
from reberlstm.machine.monitor import Monitor
from reberlstm.net.weights import Floats, LSTMWeights
from reberlstm.simulator.step import State, Step, initial, one_hot, read, snap_to_vertex, step


@dataclass(frozen=True)
class TraceStep:
    """What happened at one symbol.

    Attributes:
        t: The position of the symbol, from 1.
        symbol: The symbol read.
        source: The grammar's state before it, None after a violation or without a grammar.
        state: The grammar's state after it, None likewise.
        gates: ``input``, ``forget``, ``candidate`` and ``output`` (which the published net has
            not), each of shape (H,).
        memory: The memory ``c`` after the step, shape (H,).
        hidden: What the gates read at the next step, ``h``, shape (H,).
        reader: For every symbol the value of the legal head after the step.
        legal: The symbols that the net offers next, in alphabet order.
        ok: Whether the symbol was one that the net had offered.
    """

    t: int
    symbol: str
    source: str | None
    state: str | None
    gates: Mapping[str, Floats]
    memory: Floats
    hidden: Floats
    reader: Mapping[str, float]
    legal: tuple[str, ...]
    ok: bool


@dataclass(frozen=True, repr=False)
class Trace(Displayed):
    """A word run through a net.

    Attributes:
        weights: The net.
        grammar: The machine that names the nodes, if one is known.
        word: The symbols.
        offered_first: The symbols that the net offers before the first one.
        steps: One record per symbol.
        accepted: The net's verdict on the whole word: its accept head's, or without one whether
            every symbol was offered and the grammar's node accepts; None where neither is known.
        violation_at: The position, from 1, of the first symbol that the net had not offered.
    """

    weights: LSTMWeights
    grammar: FSM | None
    word: tuple[str, ...]
    offered_first: tuple[str, ...]
    steps: tuple[TraceStep, ...]
    accepted: bool | None
    violation_at: int | None

    def __repr__(self) -> str:
        separator = " " if any(len(symbol) != 1 for symbol in self.weights.alphabet) else ""
        return (
            f"<Trace of {self.weights.name!r} on {separator.join(self.word)!r}: "
            f"offers {' '.join(self.offered_last) or 'nothing'}, accepted={self.accepted}, "
            f"violation_at={self.violation_at}>"
        )

    @property
    def offered_last(self) -> tuple[str, ...]:
        """The symbols that the net offers after the whole word."""
        return self.steps[-1].legal if self.steps else self.offered_first

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that ``reberlstm trace --json`` prints."""
        separator = " " if any(len(symbol) != 1 for symbol in self.weights.alphabet) else ""
        return {
            "grammar": self.grammar.name if self.grammar is not None else None,
            "net": self.weights.name,
            "string": separator.join(self.word),
            "accepted": self.accepted,
            "violation_at": self.violation_at,
            "cells": list(self.weights.cells),
            "alphabet": list(self.weights.alphabet),
            "steps": [_step_dict(step) for step in self.steps],
        }

    def to_html(self) -> str:
        """A page for the browser in which this net runs, with this string loaded.

        It is one file that loads nothing from anywhere; ``reberlstm explore`` writes the same.
        As the last value of a notebook's cell it runs in the notebook.

        Raises:
            GrammarError: for a trace without a grammar, or of too long a string.
        """
        page: str = rendered(self, "page")
        return page


def _step_dict(record: TraceStep) -> dict[str, Any]:
    gates = {name: values.tolist() for name, values in record.gates.items()}
    result: dict[str, Any] = {
        "t": record.t,
        "symbol": record.symbol,
        "state": record.state,
        "eraser": gates["forget"],
        "writer": gates["candidate"],
        "filter": gates["input"],
    }
    if "output" in gates:
        result["output"] = gates["output"]
    return result | {
        "memory": record.memory.tolist(),
        "reader": dict(record.reader),
        "legal": list(record.legal),
        "ok": record.ok,
    }


def trace(
    weights: LSTMWeights,
    word: str | Iterable[str],
    *,
    grammar: FSM | None = None,
    snap: bool = False,
    slots: int = 1,
) -> Trace:
    """Run a word through a net and record everything.

    Args:
        weights: A net with a ``legal`` head.
        word: A string, or the symbols one by one.
        grammar: The machine that names the nodes; by default the one that the net carries.
        snap: Round what the gates read to the nearest vertex after each step.
        slots: Into how many steps snapping divides the way from rest to active; 2 keeps half
            evidence, as the published net needs.

    A net that claims the scope ``legal`` (published, trained, foreign) says nothing before the
    first symbol; it is taken to offer what the grammar does there, or everything without one.

    Raises:
        GrammarError: for a symbol that the net or the grammar does not know, or a net without a
            ``legal`` head.

    Example:
        >>> from reberlstm import compile, load_grammar
        >>> trace(compile(load_grammar("reber")), "BTX").steps[-1].legal
        ('S', 'X')
    """
    grammar = weights.grammar if grammar is None else grammar
    if "legal" not in weights.heads:
        raise GrammarError(
            f"net {weights.name!r} has no 'legal' head, so nothing says which symbols it offers; "
            f"its heads are {', '.join(weights.heads) or 'none'}"
        )
    if grammar is not None and set(grammar.alphabet) != set(weights.alphabet):
        raise GrammarError(
            f"the alphabet of {grammar} is {' '.join(grammar.alphabet)}, but that of the net "
            f"{weights.name!r} is {' '.join(weights.alphabet)}; give the grammar that it is for"
        )
    monitor = grammar.monitor(weights.on_violation) if grammar is not None else None
    symbols = _symbols(weights, grammar, word)

    state = initial(weights)
    if weights.claims == "all":
        offered_first = _offered(weights, _reader(weights, state))
    else:
        first = grammar.legal(grammar.start) if grammar is not None else weights.alphabet
        offered_first = tuple(symbol for symbol in weights.alphabet if symbol in first)
    offered = offered_first
    node = 0
    records: list[TraceStep] = []
    for t, symbol in enumerate(symbols, start=1):
        source = _node(monitor, node)
        if monitor is not None:
            node = monitor.table[node][monitor.fsm.alphabet.index(symbol)]
        result = step(weights, one_hot(weights, symbol), state)
        state = snap_to_vertex(weights, result.state, slots) if snap else result.state
        record = _record(weights, t, symbol, source, _node(monitor, node), result, state, offered)
        records.append(record)
        offered = record.legal
    violation = next((record.t for record in records if not record.ok), None)
    accepted = _accepted(weights, grammar, _node(monitor, node), state, violation)
    return Trace(weights, grammar, symbols, offered_first, tuple(records), accepted, violation)


def _symbols(
    weights: LSTMWeights, grammar: FSM | None, word: str | Iterable[str]
) -> tuple[str, ...]:
    if grammar is not None:
        return grammar.word(word)
    # A one-state machine over the net's alphabet splits the word just as a grammar would.
    stand_in = FSM(alphabet=weights.alphabet, start="0", transitions={"0": {}}, name=weights.name)
    return stand_in.word(word)


def _node(monitor: Monitor | None, node: int) -> str | None:
    return monitor.states[node] if monitor is not None else None


def _reader(weights: LSTMWeights, state: State) -> dict[str, float]:
    values = read(weights, "legal", state)
    return {symbol: float(value) for symbol, value in zip(weights.alphabet, values, strict=True)}


def _offered(weights: LSTMWeights, reader: Mapping[str, float]) -> tuple[str, ...]:
    threshold = weights.reader_threshold
    return tuple(symbol for symbol, value in reader.items() if value > threshold)


def _record(
    weights: LSTMWeights,
    t: int,
    symbol: str,
    source: str | None,
    node: str | None,
    result: Step,
    state: State,
    offered: tuple[str, ...],
) -> TraceStep:
    reader = _reader(weights, state)
    return TraceStep(
        t=t,
        symbol=symbol,
        source=source,
        state=node,
        gates=result.gates,
        memory=state.c,
        hidden=state.h,
        reader=reader,
        legal=_offered(weights, reader),
        ok=symbol in offered,
    )


def _accepted(
    weights: LSTMWeights,
    grammar: FSM | None,
    node: str | None,
    state: State,
    violation: int | None,
) -> bool | None:
    if "accept" in weights.heads:
        return bool(read(weights, "accept", state)[0] > 0.0)
    if grammar is None:
        return None
    return violation is None and node in grammar.accepting
