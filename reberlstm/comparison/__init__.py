"""Several nets, one machine, one table: what is the difference between hand-wired and trained?

1. A `Case` is one net against the machine, run on many words at once, against the clock.
2. `measures` are the questions, in order: small functions from a case to an entry.
3. `compare` asks every question of every net.

Every row says how it is measured; an entry says whether it is measured or proved, and what was not
answered within the budget says that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from reberlstm.comparison.case import Case, Net, Settings, tables_of
from reberlstm.comparison.measures import Measure, measures, unique_keys
from reberlstm.comparison.result import Comparison, Entry, Row, not_applicable, not_within
from reberlstm.errors import CertificateError, CompileError, GrammarError
from reberlstm.extraction.trajectories import BudgetEnd
from reberlstm.grammars import Grammar, as_machine
from reberlstm.machine.fsm import FSM

__all__ = ["Comparison", "Entry", "Row", "Settings", "compare", "keys"]

Report = Callable[[str, str], None]


def compare(
    fsm: Grammar,
    nets: Mapping[str, Net],
    *,
    rows: Sequence[str] | None = None,
    seed: int = 0,
    words: int = 1_000,
    rounds: int = 1_000,
    cycles: int = 12,
    seconds: float = 60.0,
    prove: bool = True,
    report: Report | None = None,
) -> Comparison:
    """Compare nets with a machine, and so with each other.

    Args:
        fsm: The machine that all are judged by.
        nets: The nets by name: `LSTMWeights`, or anything that can be extracted from.
        rows: The keys of the questions to ask, see `keys`; ``loop`` and ``drift`` stand for all
            cycles. By default all.
        seed: Of everything random.
        words: How many words are sampled; rows that repeat runs take a fifth of them.
        rounds: How often cycles are gone round.
        cycles: The most cycles with rows of their own, shortest first.
        seconds: The budget for each net; what is not answered within it says so.
        prove: Whether to try certificates; without them a comparison takes a third of the time,
            and what would be proved is only measured.
        report: Called with the name of the net and the title of the row before each question.

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
    fsm = as_machine(fsm)
    if not nets:
        raise GrammarError("nothing to compare: give at least one net")
    settings = Settings(seed, words, rounds, cycles, seconds, prove)
    questions = list(_questions(fsm, settings, rows))
    columns, took = [], []
    for name, net in nets.items():
        started = time.monotonic()
        case = Case(name, net, fsm, settings)
        columns.append([_answer(case, question, report) for question in questions])
        took.append(time.monotonic() - started)
    return Comparison(
        grammar=str(fsm),
        nets=tuple(nets),
        rows=tuple(
            Row(question.key, question.title, question.meaning, tuple(entries))
            for question, *entries in zip(questions, *columns, strict=True)
        ),
        seed=seed,
        seconds=seconds,
        took=tuple(took),
    )


def keys(fsm: Grammar, cycles: int = 12) -> tuple[str, ...]:
    """The keys of all rows for a machine."""
    settings = Settings(cycles=cycles)
    return tuple(question.key for question in _questions(as_machine(fsm), settings, None))


def _questions(fsm: FSM, settings: Settings, rows: Sequence[str] | None) -> list[Measure]:
    machine = tables_of(fsm)
    found = list(measures(machine, settings.cycles, settings.words))
    unique_keys(found)
    if rows is None:
        return found
    for row in rows:
        if not any(_is(question, row) for question in found):
            names = dict.fromkeys(question.key.split(" ")[0] if question.key.startswith(
                ("loop ", "drift ")) else question.key for question in found)  # fmt: skip
            raise GrammarError(f"no row {row!r}; the rows are {', '.join(names)}")
    return [question for question in found if any(_is(question, row) for row in rows)]


def _is(question: Measure, row: str) -> bool:
    return question.key == row or (row in ("loop", "drift") and question.key.startswith(f"{row} "))


def _answer(case: Case, question: Measure, report: Report | None) -> Entry:
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
