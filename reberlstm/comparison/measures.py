"""The questions, in the order of the table, each with its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from reberlstm.comparison import accuracy, loops, meaning, proofs, recovery, tolerance
from reberlstm.comparison.case import Case
from reberlstm.comparison.cycles import EXIT_LENGTH, Cycle, simple_cycles
from reberlstm.comparison.result import Entry, not_applicable
from reberlstm.machine.tables import Tables
from reberlstm.net.weights import LSTMWeights

ARITHMETICS = ("float16", "bfloat16", "int8")


@dataclass(frozen=True)
class Measure:
    """One question.

    Attributes:
        key: A short name.
        title: What it is called in the table.
        meaning: Its definition.
        of: Measures it.
    """

    key: str
    title: str
    meaning: str
    of: Callable[[Case], Entry]


def cells(case: Case) -> Entry:
    """H, or the size of the memory of a net that is not one LSTM layer."""
    if isinstance(case.net, LSTMWeights):
        return Entry(f"{case.net.size:,}", case.net.size)
    size = int(getattr(case.net, "cells", 0)) or len(case.subject.initial())
    return Entry(f"{size:,}", size)


def numbers(case: Case) -> Entry:
    """The numbers that the answers depend on."""
    net = case.net
    if isinstance(net, LSTMWeights):
        head = net.heads[case.head]
        arrays = [net.weight_ih, net.weight_hh, net.bias, head.weight, head.bias]
        count = sum(array.size for array in arrays)
        nonzero = sum(int(np.count_nonzero(array)) for array in arrays)
        return Entry(f"{count:,}, {nonzero:,} not zero", {"all": count, "not_zero": nonzero})
    known = getattr(net, "parameters", None)
    if not isinstance(known, int):
        return not_applicable("the net does not tell")
    return Entry(f"{known:,}", {"all": known})


def measures(machine: Tables, most_cycles: int, sampled: int) -> Iterator[Measure]:
    """All questions about nets for this machine.

    Args:
        machine: The machine.
        most_cycles: The most cycles with questions of their own.
        sampled: How many words are sampled.
    """
    cycles, complete = simple_cycles(machine, most_cycles)
    fewer = max(1, sampled // 5)
    yield Measure("cells", "cells", "numbers in h; for layers on top of each other, of all", cells)
    yield Measure(
        "weights",
        "weights",
        "numbers in the gates, biases added up to one each, and in the head that is judged",
        numbers,
    )
    yield Measure(
        "accuracy",
        "right answers on sampled strings",
        f"share of right legal sets after all proper prefixes of {sampled:,} random walks of the "
        "grammar (of a net that only accepts, and where every symbol is always legal: of right "
        "verdicts on prefixes, every second walk with one symbol changed; or of right labels)",
        accuracy.accuracy,
    )
    yield Measure(
        "meaning",
        "what cells stand for",
        "cells whose values on the sampled strings have a gap, of a tenth of their range, with "
        "whole nodes on either side: one node on one side, or several on both; those that only "
        "tell the last symbols so; and the others",
        meaning.meanings,
    )
    for cycle in cycles:
        yield Measure(
            f"loop {cycle.text}",
            f"rounds of {cycle.text} to the first error",
            f"the least number of rounds of {cycle.text} with a wrong answer within it or in up "
            f"to {EXIT_LENGTH} symbols after it, by all ways in that use no transition twice",
            partial(loops.limit, cycle=cycle),
        )
    for cycle in cycles:
        yield Measure(
            f"drift {cycle.text}",
            f"drift over rounds of {cycle.text}",
            "what the memory does by the shortest way in: the coordinate that is farthest from "
            "where it was after the first round",
            partial(loops.drift, cycle=cycle),
        )
    if not complete:
        yield Measure(
            "other cycles",
            "other cycles",
            f"the grammar has more than the {len(cycles):,} shortest cycles, which are not tried",
            lambda case: not_applicable(f"over {len(cycles):,}"),
        )
    yield Measure(
        "wrong prefix",
        "shortest wrong prefix",
        "a shortest word, within the scope of the certificate, after which an answer is wrong",
        proofs.wrong_prefix,
    )
    yield Measure(
        "certificate",
        "certificate",
        "what `reberlstm certify` says, in the scope that the net claims",
        proofs.certified,
    )
    yield Measure(
        "invalid",
        "invalid symbols",
        "shares of all pairs of a state and a symbol not allowed there. Offers nothing: right "
        "after it. For good: also through words that follow. Starts over: a fresh word is "
        "followed rightly. Carries on: so is a word that goes on from the state before",
        recovery.invalid,
    )
    yield Measure(
        "unknown memory",
        "unknown initial memory",
        "share of strings all right, or right from somewhere on, from memories drawn uniformly "
        "from the box around all that sampled strings lead to; and of the words that follow "
        "without a reset",
        recovery.unknown_memory,
    )
    yield Measure(
        "other memory",
        "initial memory of another prefix",
        "the same from memories that random prefixes have left",
        recovery.other_memory,
    )
    yield Measure(
        "missing start",
        "start symbol missing",
        "right answers on the sampled strings without their first symbol",
        accuracy.without_start,
    )
    yield Measure(
        "concatenated",
        "strings without reset",
        f"right answers from the second on of {accuracy.IN_A_ROW} strings in a row",
        accuracy.concatenated,
    )
    yield Measure(
        "noise",
        "noise on the memory",
        "the largest disturbance of every h and c after each step with which all is right: "
        f"proved for any, and by bisection for uniform noise on {fewer:,} strings (those of them "
        "that are right without)",
        tolerance.noise,
    )
    yield Measure(
        "soft inputs",
        "soft inputs",
        "proved: every coordinate of the input may be off by so much; on strings (those right "
        "without): the largest share of a random mixture of symbols in every input with which all "
        "is right",
        tolerance.soft_inputs,
    )
    for name in ARITHMETICS:
        yield Measure(
            name,
            f"executed in {name}",
            "proved for the rounding machine (for int8: weights in int8, executed in float32), "
            f"or tried on {fewer:,} strings",
            partial(tolerance.precision, name=name),
        )
    for slots in (1, 2):
        yield Measure(
            f"snap {slots}",
            "snapped to vertices" if slots == 1 else f"snapped, {slots} slots a cell",
            "the same words and cycles with what the gates read rounded to the nearest "
            + ("vertex" if slots == 1 else f"multiple of 1/{slots} of an active cell's height")
            + " after each step",
            partial(tolerance.snapping, slots=slots, cycles=cycles),
        )
    yield Measure(
        "extracted",
        "extracted machine",
        "the machine that `reberlstm extract` finds in the memory, against the grammar",
        proofs.extracted,
    )
    yield Measure(
        "perplexity",
        "perplexity",
        "two to the power of the mean surprise, in bits, at every symbol but the first of the "
        "sampled strings, and that of the grammar's own probabilities",
        accuracy.perplexity,
    )


def unique_keys(found: list[Measure]) -> None:
    """Number keys that stand twice: cycles with the same symbols in different places."""
    seen: dict[str, int] = {}
    for number, measure in enumerate(found):
        seen[measure.key] = seen.get(measure.key, 0) + 1
        if seen[measure.key] > 1:
            again = seen[measure.key]
            found[number] = Measure(
                f"{measure.key} {again}", f"{measure.title} ({again})", measure.meaning, measure.of
            )


def describe(cycle: Cycle, machine: Tables) -> str:
    """The states that a cycle goes through."""
    return " ".join(str(machine.names[state]) for state in cycle.states)
