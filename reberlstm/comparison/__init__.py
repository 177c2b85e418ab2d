"""Several nets, one machine, one table: what is the difference between hand-wired and trained?

1. A `Case` is one net against the machine, run on many words at once, against the clock.
2. `measures` are the questions, in order: functions with `measure`, from a case to an entry.
3. `compare` asks every question of every net.

Every row says how it is measured; an entry says whether it is measured or proved, and what was not
answered within the budget says that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reberlstm.comparison import answers, loops, proofs, tolerance
from reberlstm.comparison.case import Case, Settings, tables_of
from reberlstm.comparison.counting import CountingCase, counting_measures
from reberlstm.comparison.cycles import simple_cycles
from reberlstm.comparison.result import (
    Comparison,
    Entry,
    Measure,
    Row,
    measure,
    not_applicable,
    not_within,
)
from reberlstm.errors import CertificateError, CompileError, GrammarError
from reberlstm.extraction.nets import RecurrentNet, Subject, subject_of
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.grammars import Grammar, as_machine
from reberlstm.machine.counters import CounterMachine, Machine
from reberlstm.machine.tables import Tables
from reberlstm.net.loading import net_for
from reberlstm.net.net import Net

__all__ = ["Comparison", "Entry", "Row", "Settings", "compare", "keys"]

Report = Callable[[str, str], None]


LONG = ("wrong prefix", "certificate", "noise", "soft inputs", "float16", "bfloat16", "int8",
        "extracted")  # fmt: skip
"""The questions that search for proofs, or until the time is over."""


def compare(
    fsm: Grammar,
    nets: Mapping[str, Any],
    *,
    rows: Sequence[str] | None = None,
    seed: int = 0,
    words: int = 1_000,
    rounds: int = 1_000,
    cycles: int = 12,
    seconds: float = 60.0,
    prove: bool = True,
    report: Report | None = None,
    **reading: Any,
) -> Comparison:
    """Compare nets with a machine, and so with each other.

    Args:
        fsm: The machine that says what is right; or its name, or a path.
        nets: The nets by name: nets, names of shipped ones, paths, state dicts, modules of
            PyTorch, or objects with the protocol of `extract`.
        rows: The keys of the questions to ask, see `keys`; ``loop`` and ``drift`` stand for all
            cycles. By default all.
        seed: Of everything random.
        words: How many words are sampled; rows that repeat runs take a fifth of them.
        rounds: How often each cycle is repeated.
        cycles: The most cycles with rows of their own, shortest first.
        seconds: The processor time for each net; what is not answered within it says so.
        prove: Whether to try certificates; without them a comparison takes a third of the time,
            and what would be proved is only measured.
        report: Called with the name of the net and the title of the row before each question.
        reading: How nets of others among them are read, see `reberlstm.load`.

    Raises:
        GrammarError: for a machine without words, a net over other symbols, an unknown row, or a
            number that is not what it should be.
        ExtractionError: for a net that lacks a part of the protocol.

    Example:
        >>> import reberlstm as rl
        >>> reber = rl.load_grammar("reber")
        >>> nets = {"compiled": rl.compile(reber), "published": rl.published()}
        >>> table = compare(reber, nets, rows=["loop", "wrong prefix"], rounds=50)
        >>> print(table["loop S", "published"].text)
        round 6: BT S×6 XXV; within the cycle in round 13
        >>> print(table["loop S", "compiled"].text)
        for ever, proved
    """
    if not isinstance(nets, Mapping):
        raise GrammarError(
            f"nets is a {type(nets).__name__}; give a mapping of names to nets, such as "
            '{"mine": net}'
        )
    if not nets:
        raise GrammarError("nothing to compare: give at least one net")
    machine = as_machine(fsm)
    settings = Settings(seed, words, rounds, cycles, seconds, prove)
    questions = _questions(machine, settings)
    if rows is not None:
        check_rows([one.key for one in questions], rows)
        questions = [one for one in questions if set(names(one.key)) & set(rows)]
    subjects = {name: _opened(net, machine, reading) for name, net in nets.items()}
    columns, took = [], []
    for name, net in subjects.items():
        started = time.monotonic()
        case = _case(name, net, machine, settings)
        # What may take all the time that is left is asked last.
        in_turn = sorted(questions, key=lambda question: question.key in LONG)
        answers = {one.key: _answer(case, one, report) for one in in_turn}
        columns.append([answers[question.key] for question in questions])
        took.append(time.monotonic() - started)
    return Comparison(
        grammar=str(machine),
        nets=tuple(nets),
        readings=tuple(net.reading or "what it says itself" for net in subjects.values()),
        rows=tuple(
            Row(question.key, question.title, question.meaning, tuple(entries))
            for question, *entries in zip(questions, *columns, strict=True)
        ),
        seed=seed,
        seconds=seconds,
        took=tuple(took),
        proved="for the words that the entry names"
        if isinstance(machine, CounterMachine)
        else Comparison.proved,
    )


def _questions(machine: Machine, settings: Settings) -> list[Measure]:
    if isinstance(machine, CounterMachine):
        return counting_measures(settings)
    return measures(tables_of(machine), settings)


def _case(name: str, net: Subject, machine: Machine, settings: Settings) -> Case | CountingCase:
    if isinstance(machine, CounterMachine):
        return CountingCase(name, net, machine, settings)
    return Case(name, net, machine, settings)


def _opened(net: Any, fsm: Machine, reading: Mapping[str, Any]) -> Subject:
    if isinstance(net, Net | RecurrentNet):
        return subject_of(net)
    return subject_of(net_for(net, fsm, **reading))


def keys(fsm: Machine, cycles: int = 12) -> tuple[str, ...]:
    """The keys of all rows for a machine."""
    return tuple(question.key for question in _questions(fsm, Settings(cycles=cycles)))


USUAL = ("cells", "weights", "accuracy", "wrong prefix", "certificate", "meaning", "loop",
         "invalid", "noise", "extracted")  # fmt: skip
USUAL_CYCLES = 3


def usual_rows(fsm: Machine, cycles: int = 12) -> tuple[str, ...]:
    """The keys of the rows that answer most: what `reberlstm compare` asks by default."""
    if isinstance(fsm, CounterMachine):
        return keys(fsm)
    found = [key for key in keys(fsm, cycles) if names(key)[-1] in USUAL]
    loops = [key for key in found if names(key)[-1] == "loop"]
    return tuple(key for key in found if key not in loops[USUAL_CYCLES:])


def check_rows(found: Sequence[str], rows: Sequence[str]) -> None:
    """Refuse rows that are not among those of these keys.

    Raises:
        GrammarError: listing the rows.
    """
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        raise GrammarError(f"rows is a {type(rows).__name__}; give a list of rows")
    known = {name for key in found for name in names(key)}
    for row in rows:
        if row not in known:
            shown = dict.fromkeys(names(key)[-1] for key in found)
            raise GrammarError(f"no row {row!r}; the rows are {', '.join(shown)}")


def names(key: str) -> tuple[str, ...]:
    """What a row may be asked for by: its key, and what stands for those of all cycles."""
    kind = key.partition(" ")[0]
    return (key, kind) if kind in ("loop", "drift") else (key,)


def _answer(case: Case | CountingCase, question: Measure, report: Report | None) -> Entry:
    if report is not None:
        report(case.name, question.title)
    if not case.left:
        return not_within()
    try:
        return question.of(case)
    except BudgetEnd:
        return not_within()
    except (CertificateError, CompileError) as error:
        return not_applicable(str(error))


BEFORE_CYCLES = (
    answers.cells,
    answers.numbers,
    answers.accuracy,
    proofs.wrong_prefix,
    proofs.certified,
    answers.meanings,
)

AFTER_CYCLES = (
    answers.invalid,
    answers.unknown_memory,
    answers.other_memory,
    answers.without_start,
    answers.concatenated,
    tolerance.noise,
    tolerance.soft_inputs,
    *(
        tolerance.precision.filled(arithmetic=name).about(arithmetic=name)
        for name in ("float16", "bfloat16", "int8")
    ),
    replace(
        tolerance.snapping.filled(slots="1").about(slots=1), title="Right if memory is rounded?"
    ),
    tolerance.snapping.filled(slots="2").about(slots=2),
    proofs.extracted,
    answers.perplexity,
)


@measure("other cycles", "Right in other cycles?")
def other_cycles(case: Case) -> Entry:
    """The grammar has more than the {cycles} shortest cycles; others are not tried."""
    return not_applicable(f"over {len(case.cycles):,}")


def measures(machine: Tables, settings: Settings) -> list[Measure]:
    """All questions about nets for this machine."""
    cycles, complete = simple_cycles(machine, settings.cycles)
    of_cycles = [
        one.filled(cycle=cycle.text).about(cycle=cycle)
        for one in (loops.limit, loops.drift)
        for cycle in cycles
    ]
    rest = () if complete else (other_cycles.filled(cycles=f"{len(cycles):,}"),)
    sizes = {"words": f"{settings.words:,}", "fewer": f"{max(1, settings.words // 5):,}"}
    seen: dict[str, int] = {}
    unique = []
    for one in (*BEFORE_CYCLES, *of_cycles, *rest, *AFTER_CYCLES):
        # Cycles with the same symbols in different places are numbered.
        seen[one.key] = times = seen.get(one.key, 0) + 1
        if times > 1:
            one = replace(one, key=f"{one.key} {times}", title=f"{one.title} ({times})")
        unique.append(one.filled(**sizes))
    return unique
