"""The questions, in the order of the table, each with its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from reberlstm.comparison import answers, loops, proofs, tolerance
from reberlstm.comparison.case import Case, Settings
from reberlstm.comparison.cycles import EXIT_LENGTH, simple_cycles
from reberlstm.comparison.result import Entry, not_applicable
from reberlstm.machine.tables import Tables
from reberlstm.net.net import Net


@dataclass(frozen=True)
class Measure:
    """One question.

    Attributes:
        key: A short name.
        title: What it is called in the table.
        meaning: Its definition; {words} and {fewer} are the numbers of words sampled.
        of: Measures it.
    """

    key: str
    title: str
    meaning: str
    of: Callable[[Case], Entry]


def cells(case: Case) -> Entry:
    """The number of cells, or the size of the state vector where no more is known."""
    known = case.net.size if isinstance(case.net, Net) else len(case.start(1)[0])
    return Entry(f"{known:,}", known)


def numbers(case: Case) -> Entry:
    """The numbers that the answers depend on."""
    if not isinstance(case.net, Net):
        return not_applicable("the net does not tell")
    head = case.net.readout(case.head)
    assert head is not None, "the rows are about a head that there is"
    arrays = [case.net.embedding] if case.net.embedding is not None else []
    arrays += [a for x in case.net.layers for a in (x.weight_ih, x.weight_hh, x.bias)]
    arrays += [array for layer in head.layers for array in (layer.weight, layer.bias)]
    count = sum(array.size for array in arrays)
    nonzero = sum(int(np.count_nonzero(array)) for array in arrays)
    return Entry(f"{count:,}, {nonzero:,} not zero", {"all": count, "not_zero": nonzero})


BEFORE_CYCLES = (
    Measure("cells", "cells", "numbers in h; for layers on top of each other, of all", cells),
    Measure(
        "weights",
        "weights",
        "numbers in embedding and gates, biases added up to one each, and in the head that is "
        "asked",
        numbers,
    ),
    Measure(
        "accuracy",
        "right answers on sampled strings",
        "share of right legal sets after all proper prefixes of {words} random walks of the "
        "grammar (of a net that only accepts, and where every symbol is always legal: of right "
        "verdicts on prefixes, every second walk with one symbol changed; or of right labels)",
        answers.accuracy,
    ),
    Measure(
        "meaning",
        "what cells stand for",
        "cells whose values on the sampled strings have a gap, of a tenth of their range, with "
        "whole nodes on either side: one node on one side, or several on both; those that only "
        "tell the last symbols so; and the others",
        answers.meanings,
    ),
)
OF_A_CYCLE = (
    Measure(
        "loop {cycle}",
        "rounds of {cycle} to the first error",
        "the least number of rounds of {cycle} with a wrong answer within it or in up "
        f"to {EXIT_LENGTH} symbols after it, by all ways in that use no transition twice",
        loops.limit,  # type: ignore[arg-type]
    ),
    Measure(
        "drift {cycle}",
        "drift over rounds of {cycle}",
        "what the state vector does by the shortest way in: the coordinate that is farthest from "
        "where it was after the first round",
        loops.drift,  # type: ignore[arg-type]
    ),
)
AFTER_CYCLES = (
    Measure(
        "wrong prefix",
        "shortest wrong prefix",
        "a shortest word, within the scope of the certificate, after which an answer is wrong",
        proofs.wrong_prefix,
    ),
    Measure(
        "certificate",
        "certificate",
        "what `reberlstm certify` says, in the scope that the net claims",
        proofs.certified,
    ),
    Measure(
        "invalid",
        "invalid symbols",
        "shares of all pairs of a state and a symbol not allowed there. Offers nothing: right "
        "after it. For good: also through words that follow. Starts over: a fresh word is "
        "followed rightly. Carries on: so is a word that goes on from the state before",
        answers.invalid,
    ),
    Measure(
        "unknown memory",
        "unknown initial memory",
        "share of strings all right, or right from somewhere on, from state vectors drawn "
        "uniformly from the box around all that sampled strings lead to; and of the words that "
        "follow without a reset",
        answers.unknown_memory,
    ),
    Measure(
        "other memory",
        "initial memory of another prefix",
        "the same from state vectors that random prefixes have left",
        answers.other_memory,
    ),
    Measure(
        "missing start",
        "start symbol missing",
        "right answers on the sampled strings without their first symbol",
        answers.without_start,
    ),
    Measure(
        "concatenated",
        "strings without reset",
        f"right answers from the second on of {answers.IN_A_ROW} strings in a row",
        answers.concatenated,
    ),
    Measure(
        "noise",
        "noise on the memory",
        "the largest disturbance of every number of the state vector after each step with which "
        "all is right: proved for any, and by bisection for uniform noise on {fewer} strings "
        "(those of them that are right without)",
        tolerance.noise,
    ),
    Measure(
        "soft inputs",
        "soft inputs",
        "proved: every coordinate of the input may be off by so much; on strings (those right "
        "without): the largest share of a random mixture of symbols in every input with which all "
        "is right",
        tolerance.soft_inputs,
    ),
    *(
        Measure(
            name,
            f"executed in {name}",
            "proved for arithmetic that rounds (for int8: weights in int8, executed in float32), "
            "or tried on {fewer} strings",
            partial(tolerance.precision, name=name),
        )
        for name in ("float16", "bfloat16", "int8")
    ),
    Measure(
        "snap 1",
        "snapped to vertices",
        "the same words and cycles with what the gates read rounded to the nearest vertex after "
        "each step",
        partial(tolerance.snapping, slots=1),
    ),
    Measure(
        "snap 2",
        "snapped, 2 slots a cell",
        "the same words and cycles with what the gates read rounded to the nearest multiple of "
        "1/2 of an active cell's height after each step",
        partial(tolerance.snapping, slots=2),
    ),
    Measure(
        "extracted",
        "extracted machine",
        "the machine that `reberlstm extract` finds in the memory, against the grammar",
        proofs.extracted,
    ),
    Measure(
        "perplexity",
        "perplexity",
        "two to the power of the mean surprise, in bits, at every symbol but the first of the "
        "sampled strings, and that of the grammar's own probabilities",
        answers.perplexity,
    ),
)


def measures(machine: Tables, settings: Settings) -> list[Measure]:
    """All questions about nets for this machine."""
    cycles, complete = simple_cycles(machine, settings.cycles)
    found = list(BEFORE_CYCLES)
    for one in OF_A_CYCLE:
        for cycle in cycles:
            texts = (
                text.replace("{cycle}", cycle.text) for text in (one.key, one.title, one.meaning)
            )
            found.append(Measure(*texts, partial(one.of, cycle=cycle)))
    if not complete:
        many = f"{len(cycles):,}"
        found.append(
            Measure(
                "other cycles",
                "other cycles",
                f"the grammar has more than the {many} shortest cycles, which are not tried",
                lambda case: not_applicable(f"over {many}"),
            )
        )
    sampled, fewer = f"{settings.words:,}", f"{max(1, settings.words // 5):,}"
    return [
        replace(one, meaning=one.meaning.replace("{words}", sampled).replace("{fewer}", fewer))
        for one in _with_unique_keys([*found, *AFTER_CYCLES])
    ]


def _with_unique_keys(found: list[Measure]) -> list[Measure]:
    """Number keys that come twice: cycles with the same symbols in different places."""
    seen: dict[str, int] = {}
    unique = []
    for one in found:
        seen[one.key] = times = seen.get(one.key, 0) + 1
        if times > 1:
            one = replace(one, key=f"{one.key} {times}", title=f"{one.title} ({times})")
        unique.append(one)
    return unique
