"""Running nets: one word with everything recorded, and strings by the million."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from reberlstm.display import Displayed, rendered
from reberlstm.errors import GrammarError
from reberlstm.machine.complete import Walk, includes_empty_word
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.base import BaseNet, Step, check_alphabets
from reberlstm.net.cells.cell import Floats
from reberlstm.net.scalars import ScalarNet

if TYPE_CHECKING:
    import pandas

    from reberlstm.net.net import Net

__all__ = ["Trace", "TraceStep", "trace"]

Patch = Mapping[int, Mapping[str, Any]]
"""``{t: {"memory": values}}``: what to put in the place of the memory or h after symbol t."""


class TraceStep(NamedTuple):
    """What happened at one symbol. Arrays have one number for each cell of all layers.

    Attributes:
        t: The position of the symbol, from 1.
        symbol: The symbol read.
        source: The grammar's state before it, None after a violation or without a grammar.
        state: The grammar's state after it, None likewise.
        gates: The gates by name, in the order that the kind of cell has them; NaN for cells of a
            layer that has no such gate.
        memory: The cell state c after the step; h where the cell has no other memory.
        hidden: The hidden state h, which the gates read at the next step, and the heads at this.
        reader: The numbers that the net's answer is read from, by symbol; for a net without a
            ``legal`` head that of ``accept``, or of ``label``.
        legal: The symbols that the net offers next, in alphabet order; None where it does not tell.
        accept: Whether the net accepts the word up to here; None where it does not tell.
        judged: Whether the net's answer after this symbol lies in the scope that the net claims.
        right: Whether that answer is the grammar's; None where it is not judged, or not known.
        ok: Whether the symbol was one that the net had offered; None where that was not judged.
        label: The output that the net gives after this symbol; None where it does not tell.
        counts: The values of the grammar's counters after it, by name; none where it has no
            counters, or after a violation.
    """

    t: int
    symbol: str
    source: str | None
    state: str | None
    gates: Mapping[str, Floats]
    memory: Floats
    hidden: Floats
    reader: Mapping[str, float]
    legal: tuple[str, ...] | None
    accept: bool | None
    judged: bool
    right: bool | None
    ok: bool | None
    label: str | None = None
    counts: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, repr=False)
class Trace(Displayed):
    """A word run through a net.

    Attributes:
        net: The net.
        grammar: The machine that names the states, if one is known.
        word: The symbols.
        offered_first: The symbols that the net offers before the first one; None where it does not
            tell.
        first_judged: Whether that lies in the scope that the net claims.
        steps: One record per symbol.
        accepted: The net's verdict on the whole word: its accept head's; without one whether every
            symbol was offered and the grammar says that the word may end; None where neither is
            known.
        violation_at: The position, from 1, of the first symbol that the net had not offered.
    """

    net: Net
    grammar: Machine | None
    word: tuple[str, ...]
    offered_first: tuple[str, ...] | None
    first_judged: bool
    steps: tuple[TraceStep, ...]
    accepted: bool | None
    violation_at: int | None

    def __repr__(self) -> str:
        return (
            f"<Trace of {self.net.name!r} on {self.text!r}: "
            f"offers {' '.join(self.offered_last or ()) or 'nothing'}, accepted={self.accepted}, "
            f"violation_at={self.violation_at}>"
        )

    weights = property(lambda self: self.net)

    @property
    def text(self) -> str:
        """The word as one string, with spaces where symbols are long."""
        return self.net.separator.join(self.word)

    @property
    def offered_last(self) -> tuple[str, ...] | None:
        """The symbols that the net offers after the whole word."""
        return self.steps[-1].legal if self.steps else self.offered_first

    @property
    def first_wrong(self) -> TraceStep | None:
        """The first step after which the net's answer is wrong, where it is judged."""
        return next((step for step in self.steps if step.right is False), None)

    @cached_property
    def nodes(self) -> tuple[Any, ...]:
        """The grammar's nodes before the first symbol and after each, see `Walk`."""
        assert self.grammar is not None, "asked where there is one"
        walk: Walk = self.grammar.complete(self.net.on_violation)
        found = [walk.start]
        for symbol in self.word:
            found.append(walk.after(found[-1], walk.alphabet.index(symbol)))
        return tuple(found)

    def array(self, name: str) -> Floats:
        """A gate, ``memory`` or ``hidden`` at every symbol, (T, cells); ``reader`` is (T, symbols).

        Raises:
            GrammarError: listing the names, where there is no such gate.

        Example:
            >>> import reberlstm as rl
            >>> rl.trace(rl.compile("reber"), "BTX").array("forget").shape
            (3, 8)
        """
        import numpy as np

        gates = _gates(self.net)
        if name == "reader":
            rows: list[Any] = [list(step.reader.values()) for step in self.steps]
        elif name in ("memory", "hidden"):
            rows = [getattr(step, name) for step in self.steps]
        elif name in gates:
            rows = [step.gates[name] for step in self.steps]
        else:
            names = ", ".join((*gates, "memory", "hidden", "reader"))
            raise GrammarError(f"a trace has no array {name!r}; it has {names}")
        width = len(_reader(self.net, self.net.initial())) if name == "reader" else self.net.size
        return np.array(rows, dtype=float).reshape(len(rows), width)

    def to_pandas(self) -> pandas.DataFrame:
        """A table with a row for each symbol, cell and gate: t, symbol, cell, gate, value.

        Raises:
            MissingExtraError: where pandas is not installed.
        """
        from reberlstm.extras import require

        pandas = require("pandas", extra="plots", purpose="a table of pandas")
        rows = [
            (step.t, step.symbol, cell, gate, float(value))
            for step in self.steps
            for gate, values in {
                **step.gates, "memory": step.memory, "hidden": step.hidden
            }.items()
            for cell, value in zip(self.net.cells, values, strict=True)
        ]  # fmt: skip
        return pandas.DataFrame(rows, columns=["t", "symbol", "cell", "gate", "value"])

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that ``reberlstm trace --json`` prints."""
        return {
            "grammar": self.grammar.name if self.grammar is not None else None,
            "net": self.net.name,
            "readout": self.net.reading,
            "string": self.text,
            "accepted": self.accepted,
            "violation_at": self.violation_at,
            "cells": list(self.net.cells),
            "alphabet": list(self.net.alphabet),
            "steps": [self._step_dict(step) for step in self.steps],
        }

    def _step_dict(self, record: TraceStep) -> dict[str, Any]:
        net = self.net
        counts = isinstance(self.grammar, CounterMachine)
        counters = {"counters": dict(record.counts) or None} if counts else {}
        words = net.layers[0].cell.words
        # The source's words, and its order: eraser, writer, filter.
        order = {name: place for place, name in enumerate(words)}
        gates = sorted(record.gates, key=lambda gate: order.get(gate, len(order)))
        return {
            "t": record.t,
            "symbol": record.symbol,
            "state": record.state,
            **counters,
            **{words.get(gate, gate): _finite(record.gates[gate]) for gate in gates},
            "memory": record.memory.tolist(),
            "hidden": record.hidden.tolist(),
            "reader": dict(record.reader),
            "legal": None if record.legal is None else list(record.legal),
            "accept": record.accept,
            **({"label": record.label} if "label" in net.observed else {}),
            "judged": record.judged,
            "ok": record.ok,
        }

    def to_html(self) -> str:
        """A page for the browser in which this net runs, at the end of this string.

        It is one file that loads nothing from anywhere; ``reberlstm explore`` writes the same.
        As the last value of a notebook's cell it runs in the notebook.

        Raises:
            GrammarError: for a trace without a grammar, or of too long a string.
        """
        page: str = rendered(self, "page")
        return page


def _gates(net: BaseNet[Any]) -> list[str]:
    """The names of all gates of all layers."""
    return list(dict.fromkeys(gate for layer in net.layers for gate in layer.cell.gates))


def _joined(parts: list[Any]) -> Any:
    """The values of all layers side by side; of one layer as they are."""
    if len(parts) == 1:
        return parts[0]
    import numpy as np

    return np.concatenate(parts)


def _joined_gates(net: BaseNet[Any], steps: tuple[Step, ...]) -> dict[str, Any]:
    if len(steps) == 1:
        return dict(steps[0].gates)
    import numpy as np

    missing = [np.full(step.hidden.shape, np.nan) for step in steps]
    pairs = list(zip(steps, missing, strict=True))
    return {g: np.concatenate([step.gates.get(g, no) for step, no in pairs]) for g in _gates(net)}


def _finite(values: Floats) -> list[float | None]:
    """For JSON, which has no word for a gate that is not there."""
    return [None if math.isnan(value) else value for value in values.tolist()]


def trace(
    net: Any,
    word: str | Iterable[str],
    *,
    grammar: Any = None,
    snap: bool = False,
    slots: int = 1,
    patch: Patch | None = None,
    **options: Any,
) -> Trace:
    """Run a word through a net and record everything.

    Args:
        net: A net, or what `reberlstm.load` takes.
        word: A string, or the symbols one by one.
        grammar: The machine that names the states: an `FSM`, a name or a path; by default the one
            that the net carries.
        snap: Round h to the nearest vertex after each step.
        slots: Into how many steps snapping divides the way from rest to active; 2 keeps half
            evidence, as the published net needs.
        patch: What to change: ``{3: {"memory": values}}`` puts values in the place of the memory
            (or of ``hidden``) after the third symbol; values are an array with a number for each
            cell, or a mapping from names of cells. Where the memory of an LSTM is changed, h
            follows from it.
        options: How a net of others is read, see `reberlstm.load`.

    A net that claims the scope ``legal`` (published, trained, foreign) was never asked before the
    first symbol, nor after a violation of the grammar: there its answer is shown but not judged.

    Raises:
        GrammarError: for a symbol that the net or the grammar does not know, for a net without a
            head, or a patch of what is not there.

    Example:
        >>> import reberlstm as rl
        >>> rl.trace(rl.compile("reber"), "BTX").steps[-1].legal
        ('S', 'X')
    """
    from reberlstm.grammars import as_machine

    machine = None if grammar is None else as_machine(grammar)
    if not isinstance(net, ScalarNet):
        from reberlstm.net.loading import net_for

        net = net_for(net, machine, **options)
    machine = machine or net.machine
    if not net.observed:
        raise GrammarError(
            f"net {net.name!r} tells neither legal symbols nor acceptance nor labels; its heads "
            "are none"
        )
    if machine is not None:
        check_alphabets(machine, net)
    # Without a grammar a machine of one state splits the word as a grammar would.
    any_word = FSM(alphabet=net.alphabet, start="0", transitions={"0": {}}, name=net.name)
    symbols = (machine or any_word).word(word)
    return _Run(net, machine, snap, slots, patch or {}).trace(symbols)


class _Run:
    def __init__(
        self, net: Any, grammar: Machine | None, snap: bool, slots: int, patch: Patch
    ) -> None:
        self.net, self.grammar = net, grammar
        self.snap, self.slots, self.patch = snap, slots, patch
        self.machine: Walk | None = None
        if grammar is not None:
            self.machine = grammar.complete(net.on_violation)

    def trace(self, word: tuple[str, ...]) -> Trace:
        net = self.net
        for t in self.patch:
            if not 1 <= t <= len(word):
                raise GrammarError(f"patch at {t}; the word has the symbols 1 to {len(word)}")
        state = net.initial()
        offered, accepted, label = first = _answers(net, state)
        judged = includes_empty_word(net.claims)
        records: list[TraceStep] = []
        violation: int | None = None
        machine = self.machine
        node = None if machine is None else machine.start
        state_name: str | None = None if machine is None else machine.name(node)
        for t, symbol in enumerate(word, start=1):
            source = state_name
            ok = symbol in offered if judged and offered is not None else None
            if machine is not None:
                node = machine.after(node, machine.alphabet.index(symbol))
                state_name = machine.name(node)
            steps = self._changed(net.record(state, net.alphabet.index(symbol)), t)
            state = net.after(steps)
            offered, accepted, label = _answers(net, state)
            if ok is False and violation is None:
                violation = t
            # Without a grammar, only a symbol that the net did not offer can leave its scope.
            judged = violation is None or net.claims == "all"
            if machine is not None:
                judged = machine.is_asked(net.claims, node)
            records.append(
                TraceStep(
                    t=t,
                    symbol=symbol,
                    source=source,
                    state=state_name,
                    gates=_joined_gates(net, steps),
                    memory=_joined([step.state[-1] for step in steps]),
                    hidden=_joined([step.hidden for step in steps]),
                    reader=_reader(net, state),
                    legal=offered,
                    accept=accepted,
                    judged=judged,
                    right=self._right(node, offered, accepted, label) if judged else None,
                    ok=ok,
                    label=label,
                    counts={} if machine is None else machine.counts(node),
                )
            )
        if accepted is None and machine is not None and net.observed != ("label",):
            accepted = violation is None and machine.accepts_at(node)
        return Trace(
            net=net,
            grammar=self.grammar,
            word=word,
            offered_first=first[0],
            first_judged=includes_empty_word(net.claims),
            steps=tuple(records),
            accepted=accepted,
            violation_at=violation,
        )

    def _right(
        self,
        node: Hashable,
        offered: tuple[str, ...] | None,
        accepts: bool | None,
        label: str | None,
    ) -> bool | None:
        if self.machine is None:
            return None
        asked = self.net.asked(self.net.claims)
        output = self.machine.output_at(node)
        if asked == ("label",) and output is None:
            return None
        right = offered is None or set(offered) == set(self.machine.legal_at(node))
        if accepts is not None and "accept" in asked:
            right = right and accepts == self.machine.accepts_at(node)
        if output is not None and "label" in asked:
            right = right and label == output
        return right

    def _changed(self, steps: tuple[Step, ...], t: int) -> tuple[Step, ...]:
        """The steps with what is patched, and snapped."""
        if not self.patch and not self.snap:
            return steps
        changes, at, result = self.patch.get(t, {}), 0, []
        unknown = set(changes) - {"memory", "hidden"}
        if unknown:
            raise GrammarError(f"patch of {min(unknown)!r} at {t}; choose 'memory' or 'hidden'")
        for layer, step in zip(self.net.layers, steps, strict=True):
            cell, state = layer.cell, list(step.state)
            part = slice(at, at + layer.size)
            at += layer.size
            if "memory" in changes:
                state[-1] = self._patched(state[-1], changes["memory"], part, t)
                state[0] = cell.exposed(step.gates, state[-1])
            if "hidden" in changes:
                state[0] = self._patched(state[0], changes["hidden"], part, t)
            if self.snap:
                state[0] = snapped(state[0], self.net.height, self.slots)
            result.append(Step(step.gates, tuple(state), cell.hidden(tuple(state))))
        return tuple(result)

    def _patched(self, values: Floats, change: Any, part: slice, t: int) -> Floats:
        import numpy as np

        cells = self.net.cells
        whole = np.full(len(cells), np.nan)
        if isinstance(change, Mapping):
            for name, value in change.items():
                if name not in cells:
                    raise GrammarError(
                        f"patch of cell {name!r} at {t}; the cells are {' '.join(cells)}"
                    )
                whole[cells.index(name)] = value
        else:
            whole[:] = change
        own = whole[part]
        return np.where(np.isnan(own), values, own)


def snapped(h: Floats, height: float, slots: int = 1) -> Floats:
    """H rounded to the nearest vertex: a multiple −1, 0 or 1 of the active height.

    This is the remedy against drift that the author of the Toy LSTM considers. It does not suit the
    author's own net, which collects two halves of evidence for some nodes: half a node is rounded
    to a whole one. The second idea, to double the memory and round "one slot per breadcrumb", is
    ``slots=2``: multiples of half the height are kept.
    """
    import numpy as np

    unit = height / slots
    return np.asarray(unit * np.clip(np.round(h / unit), -slots, slots))


def _answers(
    net: BaseNet[Any], state: Any
) -> tuple[tuple[str, ...] | None, bool | None, str | None]:
    """What the net offers, whether it accepts, and its label; None where it does not tell."""
    answers = net.observe(state)
    offered = accepts = label = None
    if answers.legal is not None:
        offered = tuple(a for a, yes in zip(net.alphabet, answers.legal, strict=True) if yes)
    if answers.accept is not None:
        accepts = bool(answers.accept)
    if answers.label is not None:
        label = net.labels[int(answers.label)]
    return offered, accepts, label


def _reader(net: BaseNet[Any], state: Any) -> dict[str, float]:
    kind = net.observed[0]
    tells = {"legal": net.alphabet, "accept": ("reject", "accept"), "label": net.labels}
    names = tells[kind]
    values = net.values(kind, state).tolist()
    return dict(zip(names[-len(values):], values, strict=True))  # fmt: skip
