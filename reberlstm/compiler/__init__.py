"""From a finite-state machine to the weights of a standard LSTM: the whole story on one screen.

1. `FSM.complete` completes the machine: what a violation leads to.
2. `encode` says which state the zero vector is, and which states get a cell.
3. `wire` finds for each state which symbols ring its cell and which filters keep the others out.
   `latched` does so for bits that cells of their own remember, `kept` for loops that are held.
4. `lay_out` turns these into `Rows` of gates and heads; `signs` does so for GRUs and simple nets,
   and `counted` for machines with counters.
5. `reberlstm.compiler.arrays` makes arrays of them. Nothing before that needs numpy.

The theory is in docs/theory.md. The names ``compile`` and ``published`` are the public ones.
"""

from __future__ import annotations

import warnings
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from reberlstm._version import __version__
from reberlstm.compiler.encoding import encode
from reberlstm.compiler.layout import default_gain, lay_out, wire
from reberlstm.compiler.rows import Rows
from reberlstm.errors import CompileError, CompileWarning, count, shown
from reberlstm.grammars import Grammar, as_machine, load_grammar
from reberlstm.machine.complete import CompleteMachine, OnViolation
from reberlstm.machine.counters import CounterMachine
from reberlstm.machine.fsm import FSM

if TYPE_CHECKING:
    from reberlstm.net.net import LSTMWeights, Net
    from reberlstm.net.scalars import ScalarNet

__all__ = ["compile", "compiled_as", "compiled_rows", "default_gain", "in_scalars", "published"]

MAX_CELLS = 100_000
"""About as many as can be compiled in a few minutes, and proved."""

MAX_LABELS = 10**8
"""The most weights of the head of labels: it has one for each label and cell."""

MAX_GAIN = 300.0

Memory = Literal["rewrite", "latch", "keep"]
"""What becomes of memory from step to step; see `compile`."""

MEMORIES: tuple[Memory, ...] = get_args(Memory)

CELLS = ("lstm", "gru", "gru-before", "rnn")
"""The kinds of cell that machines are compiled into."""


@overload
def compile(
    fsm: Grammar,
    *,
    gain: float | None = None,
    on_violation: OnViolation = "absorb",
    cell: Literal["lstm"] = "lstm",
    memory: Memory = "rewrite",
) -> LSTMWeights: ...


@overload
def compile(
    fsm: Grammar,
    *,
    gain: float | None = None,
    on_violation: OnViolation = "absorb",
    cell: str,
    memory: Memory = "rewrite",
) -> Net: ...


def compile(
    fsm: Grammar,
    *,
    gain: float | None = None,
    on_violation: OnViolation = "absorb",
    cell: str = "lstm",
    memory: Memory = "rewrite",
) -> Net:
    """Compile a machine into a recurrent net that follows it from a zero initial state.

    The net's heads say after every word which symbols may come next (``legal``), whether the word
    may end (``accept``), with which probability each symbol follows (``next``; at the default gain
    exact to 1e-6, with `memory` other than ``rewrite`` to 2e-4) and, for a machine with outputs,
    the state's output (``label``).

    Args:
        fsm: Any machine, its name, or a path. States that no word leads to get no cell. A machine
            with counters gets a cell for each of them, which adds 1 or takes 1 away, and the heads
            ``legal`` and ``accept``; the net's `counting` says which cell is which counter, and how
            it is wired. See docs/counting.md.
        gain: The size ``K`` that the pre-activation of every gate has at least; see `default_gain`.
            With counters the default is 80, so that nothing that leaks lasts in any format; below
            20 a `CompileWarning` says up to about which length the net is right.
        on_violation: ``absorb`` never forgets a violation; ``resync`` starts over as soon as a
            symbol comes that a word may begin with.
        memory: For LSTMs, what becomes of memory from step to step. ``rewrite``: each step erases
            it and writes it anew. ``latch``: what has to be remembered for long is found and held
            in cells of its own, by an open forget gate if one gate can tell when, which may save
            many cells; where it saves none, memory is rewritten, and a `CompileWarning` says so.
            ``keep``: the forget gate holds the loops of states, as in the Toy LSTM, and they ring
            again at each round; there is no ``next`` head then where the probabilities in such a
            state are unequal.
        cell: The kind of cell: ``lstm``, ``gru``, ``gru-before`` (the reset gate before the matrix)
            or ``rnn`` (with tanh). A GRU needs about as many cells as an LSTM; the last two need
            more where states and symbols are tangled, see docs/cells.md.

    Returns:
        The net, an `LSTMWeights` where its cell is an LSTM.

    Raises:
        CompileError: for a gain that is not positive, another kind of cell or memory, a machine
            over `MAX_CELLS`, or a machine with counters and an option other than `gain`.

    Example:
        >>> net = compile("reber")
        >>> net.cells
        ('0', '1', '5', '2', '4', '3', 'end', 'started')
        >>> compile("reber", cell="rnn").size
        13
        >>> compile("dyck-2-5").size, compile("dyck-2-5", memory="latch").size
        (64, 16)
        >>> compile("anbn").cells
        ('as', 'bs', 'started', 'n')
    """
    from reberlstm.compiler.arrays import arrays_of
    from reberlstm.net.net import Net

    fsm = as_machine(fsm)
    if isinstance(fsm, CounterMachine):
        usual = {"cell": "lstm", "memory": "rewrite", "on_violation": "absorb"}
        for name, value in (("cell", cell), ("memory", memory), ("on_violation", on_violation)):
            if value != usual[name]:
                raise _uncounted(fsm, value, f"leave out {name}={value!r}")
        return _with_counters(fsm, gain)
    rows, gain = compiled_rows(fsm, gain, on_violation, cell, memory)
    return Net.of(
        **arrays_of(rows, cell, len(fsm.alphabet)),
        **_about_compiled(fsm, rows.memory if cell == "lstm" else cell),
        gain=gain,
        on_violation=on_violation,
        version=__version__,
    )


def compiled_as(name: str, fsm: Grammar, gain: float | None = None) -> Net:
    """What a name such as ``compiled:latch`` means: ``compiled``, or with a memory or cell.

    Args:
        name: The name.
        fsm: As in `compile`.
        gain: As in `compile`.

    Raises:
        CompileError: listing the names.

    Example:
        >>> compiled_as("compiled:gru", "reber").layers[0].cell.name
        'gru'
    """
    kind = name.partition(":")[2]
    if name == "compiled":
        return compile(fsm, gain=gain)
    fsm = as_machine(fsm)
    if isinstance(fsm, CounterMachine) and kind in {*CELLS, *MEMORIES} - {"lstm", "rewrite"}:
        raise _uncounted(fsm, kind, "use net 'compiled', an LSTM")
    if kind in CELLS:
        return compile(fsm, gain=gain, cell=kind)
    for memory in MEMORIES:
        if kind == memory:
            return compile(fsm, gain=gain, memory=memory)
    raise CompileError(f"no net {name!r}; there are {', '.join(compiled_names())}")


def _uncounted(machine: CounterMachine, kind: str, remedy: str) -> CompileError:
    """Why a machine with counters is not compiled into another cell, memory or answer."""
    why = "its one way of wiring is an LSTM that keeps the counter and never forgets a violation"
    if kind in CELLS:
        why = f"a {'simple RNN' if kind == 'rnn' else 'GRU'} cannot count"
    return CompileError(f"{machine} has a counter, and {why} (docs/counting.md); {remedy}")


def compiled_names() -> tuple[str, ...]:
    """All names of compiled nets: ``compiled``, ``compiled:latch`` and so on."""
    return ("compiled", *(f"compiled:{each}" for each in (*MEMORIES, *CELLS)))


def compiled_rows(
    fsm: FSM,
    gain: float | None = None,
    on_violation: OnViolation = "absorb",
    cell: str = "lstm",
    memory: Memory = "rewrite",
) -> tuple[Rows, float]:
    """What `compile` makes arrays of, and the gain; the arguments and errors are the same."""
    if cell not in CELLS:
        raise CompileError(f"cell {cell!r}; choose one of {', '.join(CELLS)}")
    if memory not in MEMORIES:
        raise CompileError(f"memory {memory!r}; choose one of {', '.join(MEMORIES)}")
    if memory != "rewrite" and cell != "lstm":
        raise CompileError(f"memory {memory!r} is for LSTMs; leave it out, or cell {cell!r}")
    machine = fsm.complete(on_violation)
    if len(machine) > MAX_CELLS:
        raise CompileError(
            f"{fsm} has {len(machine):,} reachable states; at most {MAX_CELLS:,} can be "
            "compiled, one cell each; minimise it first"
        )
    if len(_labels(fsm)) * len(machine) > MAX_LABELS:
        raise CompileError(
            f"{fsm} has {len(_labels(fsm)):,} labels; their head would have a weight for each of "
            f"them and each of {len(machine):,} states, and {MAX_LABELS:,} may; give states fewer "
            "labels"
        )
    _check_gain(gain)
    if memory != "rewrite":
        return _with_memory(fsm, machine, gain, memory)
    if cell == "lstm":
        return lay_out(encode(machine), gain, _labels(fsm))
    from reberlstm.compiler import signs

    rows, gain = signs.lay_out(encode(machine, signs=True), gain, _labels(fsm), cell)
    if len(rows.cells) > 2 * MAX_CELLS:
        raise CompileError(
            f"{fsm} needs {len(rows.cells):,} cells of kind {cell!r}; at most {2 * MAX_CELLS:,} "
            "can be compiled; choose 'gru' or 'lstm', which need fewer"
        )
    return rows, gain


def _check_gain(gain: float | None) -> None:
    if gain is not None and not (isinstance(gain, Real) and 0.0 < gain <= MAX_GAIN):
        raise CompileError(f"gain {shown(gain)} is not in (0, {MAX_GAIN:g}]")


def _with_counters(machine: CounterMachine, gain: float | None) -> Net:
    """The net of a machine with counters."""
    from reberlstm.compiler.arrays import arrays_of
    from reberlstm.compiler.counted import EXACT, lay_out_counters, length_at
    from reberlstm.net.counting import Counting, CountingCell
    from reberlstm.net.net import Net

    _check_gain(gain)
    found = lay_out_counters(machine, gain)
    if found.gain < EXACT:
        length = length_at(found.gain)
        text = (
            f"{machine}: with gain {found.gain:g} counters fade, so the net is right up to about "
            f"{count(length, 'symbol')}, such as a count to {length // 2} and back; a gain of 20 "
            "is enough for float32, of 40 for float64, and the default is 80"
        )
        warnings.warn(CompileWarning(text), stacklevel=3)
    cells = found.rows.cells[-len(found.ways) :]
    counting = map(CountingCell, cells, machine.counters, found.ways)
    return Net.of(
        **arrays_of(found.rows, "lstm", len(machine.alphabet)),
        alphabet=machine.alphabet,
        counting=Counting(machine, tuple(counting)),
        claims="all",
        name="compiled",
        gain=found.gain,
        version=__version__,
    )


def _with_memory(
    fsm: FSM, machine: CompleteMachine, gain: float | None, memory: Memory
) -> tuple[Rows, float]:
    """The rows of a net that keeps memory, or of the usual one where there is nothing to keep."""
    labels, encoding = _labels(fsm), encode(machine)
    if memory == "latch":
        from reberlstm.compiler.latched import with_latches
        from reberlstm.machine.latches import MAX_STATES

        found = with_latches(machine)
        if found is not None:
            return lay_out(found.encoding, gain, labels, found.wirings, found.latches)
        why = "no bit was found that saves a cell when it is remembered"
        if len(machine) > MAX_STATES:
            why = f"bits to remember are only looked for in up to {MAX_STATES} states"
    else:
        from reberlstm.compiler.kept import held_loops, next_is_exact

        wirings = list(wire(encoding))
        held = held_loops(encoding, wirings)
        if held:
            rows, gain = lay_out(encoding, gain, labels, wirings, held=held)
            if not next_is_exact(encoding, held):
                rows = rows._replace(heads={k: v for k, v in rows.heads.items() if k != "next"})
            return rows, gain
        why = "no state has a loop that can be held"
    warnings.warn(
        CompileWarning(f"{fsm}: {why}; its memory is rewritten at each step"), stacklevel=4
    )
    return lay_out(encoding, gain, labels)


def _about_compiled(fsm: FSM, wiring: str = "rewrite") -> dict[str, Any]:
    """What there is to say of a compiled net, besides its numbers."""
    return {
        "alphabet": fsm.alphabet,
        "labels": _labels(fsm),
        "grammar": fsm,
        "claims": "all",
        "name": "compiled" if wiring == "rewrite" else f"compiled:{wiring}",
    }


def _labels(fsm: FSM) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fsm.outputs[state] for state in fsm.states if fsm.outputs))


def published() -> LSTMWeights:
    """The source's own net, six cells named after the nodes 0 to 5.

    It is right on most words and wrong on some: ``BTSSSSSSXXV`` is a shortest one.

    Example:
        >>> published().cells
        ('0', '1', '2', '3', '4', '5')
    """
    from reberlstm.compiler.arrays import arrays_of
    from reberlstm.compiler.published_net import published_rows
    from reberlstm.net.net import LSTMWeights

    about = _about_published()
    parts = arrays_of(published_rows(about["alphabet"]), "toy", len(about["alphabet"]))
    net = LSTMWeights.of(**parts, **about, version=__version__)
    assert isinstance(net, LSTMWeights), "one layer of this cell"
    return net


def _about_published() -> dict[str, Any]:
    grammar = load_grammar("reber")
    return {
        "alphabet": grammar.alphabet,
        "grammar": grammar,
        "claims": "legal",
        "name": "published",
    }


def in_scalars(fsm: FSM | None) -> ScalarNet:
    """The compiled net, or without a machine the published one, in Python's own numbers.

    Raises:
        CompileError: as `compile`.

    Example:
        >>> in_scalars(load_grammar("reber")).cells == compile("reber").cells
        True
    """
    from reberlstm.compiler.scalars import scalars_of
    from reberlstm.net.scalars import ScalarNet

    if fsm is not None:
        rows, cell, about = compiled_rows(fsm)[0], "lstm", _about_compiled(fsm)
    else:
        from reberlstm.compiler.published_net import published_rows

        about, cell = _about_published(), "toy"
        rows = published_rows(about["alphabet"])
    return ScalarNet(**scalars_of(rows, cell, len(about["alphabet"])), **about)
