"""The questions, in the order of the table. A new row is a function with `measure`, listed here."""

from __future__ import annotations

from dataclasses import replace

from reberlstm.comparison import answers, loops, proofs, tolerance
from reberlstm.comparison.case import Case, Settings
from reberlstm.comparison.cycles import simple_cycles
from reberlstm.comparison.result import Entry, Measure, measure, not_applicable
from reberlstm.machine.tables import Tables

BEFORE_CYCLES = (answers.cells, answers.numbers, answers.accuracy, answers.meanings)
OF_A_CYCLE = (loops.limit, loops.drift)
AFTER_CYCLES = (
    proofs.wrong_prefix,
    proofs.certified,
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
    replace(tolerance.snapping.filled(slots="1").about(slots=1), title="snapped to vertices"),
    tolerance.snapping.filled(slots="2").about(slots=2),
    proofs.extracted,
    answers.perplexity,
)


@measure("other cycles", "other cycles")
def other_cycles(case: Case) -> Entry:
    """The grammar has more than the {cycles} shortest cycles, which are not tried."""
    return not_applicable(f"over {len(case.cycles):,}")


def measures(machine: Tables, settings: Settings) -> list[Measure]:
    """All questions about nets for this machine."""
    cycles, complete = simple_cycles(machine, settings.cycles)
    of_cycles = [
        one.filled(cycle=cycle.text).about(cycle=cycle) for one in OF_A_CYCLE for cycle in cycles
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
