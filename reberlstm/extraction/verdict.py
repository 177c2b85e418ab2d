"""What is known in the end: net, machine and reference compared two by two, with the evidence.

And where the states of the machine lie among the state vectors of the net.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.display import Displayed, rendered
from reberlstm.errors import count
from reberlstm.extraction.learner import Hypothesis, hypothesis_of
from reberlstm.extraction.nets import ProtocolNet
from reberlstm.extraction.oracles import Budget
from reberlstm.extraction.oracles.base import Evidence, Word, Words, together
from reberlstm.extraction.oracles.cycles import Cycles
from reberlstm.extraction.oracles.exhaustive import Exhaustive
from reberlstm.extraction.rates import Candidate, Rate, Sampled
from reberlstm.extraction.trajectories import OUTSIDE, BudgetEnd, Ids, Trajectories
from reberlstm.machine.crawl import crawl
from reberlstm.machine.fsm import FSM
from reberlstm.plain import Plain

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate


@dataclass(frozen=True)
class Comparison(Plain, omit=("searched",)):
    """Two of net, machine and reference.

    Attributes:
        left: ``net`` or ``machine``.
        right: ``machine`` or ``reference``.
        equal: True or False where that is proved, None where it only was not refuted.
        relation: ``equal: proved``, ``equal on all words up to length L``, ``equal on N sampled
            words`` or ``different``. Where only words of the reference are meant, it begins with
            ``equal within the reference`` in the place of ``equal``.
        word: The word that separates them, where they differ.
        shortest: Whether no shorter word separates them.
        wrong: Which of the two is wrong, where the reference tells.
        evidence: One sentence: how it is known.
        rates: The shares of words on which the two agree; never in place of a word on which they
            differ.
        searched: What was compared, where the relation rests on that.
    """

    left: str
    right: str
    equal: bool | None
    relation: str
    word: tuple[str, ...] | None = None
    shortest: bool = False
    wrong: str | None = None
    evidence: str = ""
    rates: tuple[Rate, ...] = ()
    searched: Evidence | None = None

    @property
    def closed(self) -> bool:
        """Whether words of every length lead only to state vectors that were visited."""
        return self.searched is not None and self.searched.closed


@dataclass(frozen=True)
class StateReport:
    """Where the state vectors of one state of the machine lie.

    Attributes:
        state: Its name.
        visits: How often the sampled words came to it.
        memories: How many different state vectors they came with.
        radius: The largest distance of one of them from their mean.
        nearest: The name of the state with the nearest mean, None for a machine of one state.
        distance: The distance of that mean.
        tolerance: The size of random noise on a state vector, in Euclidean norm, up to which every
            tried disturbance of every tried vector of the state still behaved as that state; None
            where the time did not last for it.
    """

    state: str
    visits: int
    memories: int
    radius: float
    nearest: str | None
    distance: float | None
    tolerance: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON, which has no word for what is not a finite number."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in vars(self).items()
        }


@dataclass(frozen=True, eq=False)
class Sample:
    """Some of the visited state vectors, as pictures show them.

    Attributes:
        points: The state vectors, shape (N, D).
        states: For each the index of its state in the machine's ``states``, shape (N,).
        parts: What to call the D numbers of a state vector.
    """

    points: NDArray[np.float64]
    states: NDArray[np.intp]
    parts: tuple[str, ...]

    def means(self) -> NDArray[np.float64]:
        """The mean state vector of every state, shape (S, D)."""
        count = int(self.states.max()) + 1
        return np.array([self.points[self.states == state].mean(axis=0) for state in range(count)])


@dataclass(frozen=True, repr=False)
class Extraction(Displayed, Plain, omit=("observed", "reference", "sample")):
    """A machine rebuilt from a net's state vectors, and what is known about it.

    Attributes:
        fsm: The machine, minimal among those with its behaviour.
        verdict: Net against machine, and with a reference also machine against reference and net
            against reference.
        states: One report per state.
        ended_by: The budget that ended the search (``states``, ``words``, ``memory``, ``steps`` or
            ``seconds``), or None when the search came to its own end.
        notes: What else is to be known: what was left out because state vectors are large and the
            memory is bounded, or that words begin with symbols that nobody has named.
        steps: Steps of the net that were run, those for rates and for the report on states
            included; a certificate's are not among them, since it does not run the net.
        search_steps: Those of the search.
        memories: Different state vectors that were visited.
        found_after: The steps after which the machine was what it is; the others are evidence.
        margin: How far the nearest of all visited state vectors was from another observation, in
            the numbers of the net's readout; None where the net does not tell.
        seconds: How long it took.
        observed: What was seen of the net: ``legal``, ``accept`` or ``label``, or several.
        reading: How the net's answers are read, such as ``legal: softmax > 0.1``; empty for an
            object that does not tell.
        reference: The machine that was compared with, if any.
        growth: How many states of the machine words of up to 0, 1, 2, … symbols lead to.
        candidates: The machines on the way, each with its states and the share of words on which it
            agrees with the net: those that no smaller one beats, the smallest first.
        sample: Some of the state vectors, for pictures.
    """

    fsm: FSM
    verdict: tuple[Comparison, ...]
    states: tuple[StateReport, ...]
    ended_by: str | None
    steps: int
    memories: int
    search_steps: int = 0
    found_after: int = 0
    margin: float | None = None
    seconds: float = 0.0
    observed: tuple[str, ...] = ()
    reading: str = ""
    notes: tuple[str, ...] = ()
    reference: FSM | None = None
    growth: tuple[int, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    sample: Sample | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON; the machine as TOML."""
        from reberlstm.formats import toml

        return {**super().to_dict(), "fsm": toml.write(self.fsm)}

    def __str__(self) -> str:
        """The report, as the command prints it."""
        return "\n".join(rendered(self, "text"))

    def __repr__(self) -> str:
        return f"<{'; '.join(self._plain().splitlines())}>"

    def _plain(self) -> str:
        """The verdicts, without what differs from run to run."""
        lines = [f"{self.fsm.name or 'machine'}: {count(len(self.fsm.states), 'state')}"]
        for comparison in self.verdict:
            word = "" if comparison.word is None else f", {self.fsm.text(comparison.word)!r}"
            lines.append(f"{comparison.left} and {comparison.right}: {comparison.relation}{word}")
        return "\n".join(lines)


def verdict_of(
    runs: Trajectories,
    machine: Hypothesis,
    fsm: FSM,
    reference: FSM | None,
    budget: Budget,
    *,
    searched: Evidence | None,
    proof: Certificate | None,
    refuted_by: Word | None,
    words: Sampled | None,
) -> tuple[Comparison, ...]:
    """Net and machine; with a reference also machine and reference, net and reference.

    `fsm` is the machine with names. What the oracles `searched` is None where a budget ended that;
    `refuted_by` is a word on which net and machine are known to differ. Shares are measured on the
    `words`.
    """
    if proof is not None:
        # Of what an object computes itself nothing can be proved.
        of = " of its weights" if isinstance(runs.net, ProtocolNet) else ""
        how = (
            f"certificate{of} in scope {proof.scope!r}, margin {proof.margin:.3g}, "
            f"in {runs.arithmetic} arithmetic, for answers decided on logits"
            + _too_near(proof, runs.arithmetic)
        )
        own = _proved(runs, "net", "machine", how)
    elif searched is not None:
        own = _undistinguished(runs, "machine", searched)
    else:
        own = _searched(runs, machine, "machine", budget.pairs, refuted_by)
    shown = {} if words is None else {"net": words.net, "machine": words.shown(machine)}
    own = _by_words(runs, own, machine, words, shown)
    if reference is None:
        return _with_rates(words, shown, own)
    expected = hypothesis_of(runs, reference)
    if words is not None:
        shown["reference"] = words.shown(expected)
    right = _machine_and_reference(runs, fsm, reference)
    net = _net_and_reference(runs, expected, own, right, searched, budget)
    net = _by_words(runs, net, expected, words, shown)
    if own.equal is False:  # where one of the two equals the reference, the other one is wrong
        own = replace(own, wrong="net" if right.equal else "machine" if net.equal else None)
    return _with_rates(words, shown, own, right, net)


def _by_words(
    runs: Trajectories,
    pair: Comparison,
    right: Hypothesis,
    words: Sampled | None,
    shown: Mapping[str, Ids],
) -> Comparison:
    """A pair that no search told apart; different, where one of the words for shares does."""
    if pair.equal is not None or words is None:
        return pair
    word = words.apart(shown["net"], shown[pair.right])
    try:
        word = None if word is None else Words(runs, [word]).find_counterexample(right)
    except BudgetEnd:
        return pair
    if word is None or not _is_told(runs, right, word):
        return pair
    least = 0 if pair.searched is None else pair.searched.all_up_to + 1
    return _longer(runs, pair.right, word, least)


def _with_rates(
    words: Sampled | None, shown: Mapping[str, Ids], *pairs: Comparison
) -> tuple[Comparison, ...]:
    """The pairs, with the shares of words on which they agree."""
    if words is None:
        return pairs
    return tuple(replace(x, rates=words.rates(shown[x.left], shown[x.right])) for x in pairs)


SURE = {"float32": 2.0**-20, "float64": 2.0**-49}
"""Over what a sigmoid or a softmax, rounded, can make of a logit or a probability."""


def _too_near(proof: Certificate, arithmetic: str) -> str:
    """What to beware of where a threshold is nearer than a probability can tell.

    With a logit of 1e-8, a sigmoid in float32 is ½ exactly, and not over ½.
    """
    if (proof.margin or 0.0) >= SURE.get(arithmetic, 0.0):
        return ""
    return "; so near that rounded probabilities may tell otherwise"


def _machine_and_reference(runs: Trajectories, fsm: FSM, reference: FSM) -> Comparison:
    scope = runs.scope
    how = f"breadth-first over the product, by {' and '.join(scope.observed)}"
    words: list[tuple[str, ...] | None]
    if scope.only_legal and (scope.first is not None or scope.within is not None):
        words = [_difference_while_going_on(fsm, reference)]
        how += ", after words that can go on in the reference"
    else:
        words = [fsm.difference(reference, by=kind) for kind in runs.net.observed]
    found = [word for word in words if word is not None]
    if not found:
        return _proved(runs, "machine", "reference", how)
    word = min(found, key=len)
    return Comparison("machine", "reference", False, "different", word, True, "machine", how)


def _difference_while_going_on(fsm: FSM, reference: FSM) -> tuple[str, ...] | None:
    """A shortest word after which legal sets differ, if it can go on in the reference."""

    def follow(pair: tuple[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
        left, right = fsm.transitions[pair[0]], reference.transitions[pair[1]]
        return ((a, (left[a], right[a])) for a in reference.alphabet if a in right)

    def differ(pair: tuple[str, str]) -> bool:
        legal = reference.legal(pair[1])
        return bool(legal) and fsm.legal(pair[0]) != legal

    found = crawl([(fsm.start, reference.start)], follow, goal=differ)
    return None if found.goal is None else found.word(found.goal)


def _net_and_reference(
    runs: Trajectories,
    expected: Hypothesis,
    own: Comparison,
    machine: Comparison,
    searched: Evidence | None,
    budget: Budget,
) -> Comparison:
    if own.equal and machine.equal:
        return _proved(runs, "net", "reference", "both are equal to the machine, proved")
    if searched is not None and machine.equal:
        return _undistinguished(runs, "reference", searched)
    # Long words on which the net may err: cycles of the reference, and what the machine shows.
    words = [*Cycles(runs, budget.rounds).words(expected)]
    if machine.word is not None:
        words.append(tuple(map(runs.net.alphabet.index, machine.word)))
    word: Word | None = None
    with suppress(BudgetEnd):
        word = Words(runs, words).find_counterexample(expected)
    # Of shorter words the machine says what the net says, and that is what the reference says.
    compared = math.inf if own.equal else -1 if searched is None else searched.all_up_to
    if word is not None and len(word) == len(machine.word or ()) <= compared:
        how = "no shorter word separates machine and reference, nor net and machine"
        return _different(runs, "reference", word, how, shortest=True)
    return _searched(runs, expected, "reference", budget.pairs, word)


def _searched(
    runs: Trajectories, machine: Hypothesis, right: str, pairs: int, word: Word | None
) -> Comparison:
    """What an exhaustive search finds, as far as it gets; else a longer word that is known."""
    oracle = Exhaustive(runs, min(pairs, 20_000))
    with suppress(BudgetEnd):
        found = oracle.find_counterexample(machine)
        word = word if found is None else found
        if word is not None and not _is_told(runs, machine, word):
            word = None
    if word is None:
        return _undistinguished(runs, right, oracle.evidence)
    return _longer(runs, right, word, oracle.evidence.all_up_to + 1)


def _longer(runs: Trajectories, right: str, word: Word, least: int) -> Comparison:
    """Different after a word, where no word of fewer than `least` symbols separates them."""
    if len(word) <= least:
        return _different(runs, right, word, "no shorter word separates them", shortest=True)
    how = f"a shorter one of {least} symbols or more may exist"
    return _different(runs, right, word, how, shortest=False)


def _is_told(runs: Trajectories, machine: Hypothesis, word: Word) -> bool:
    """Whether the answers after a word differ.

    Within a reference, the learner also tells states apart by what the reference says may follow.
    """
    state = 0
    for symbol in word:
        state = machine.table[state][symbol] if state >= 0 else -1
    seen = int(runs.follow(np.zeros(1, dtype=np.intp), word)[0])
    if seen == runs.number(OUTSIDE):
        return False
    if state < 0 or machine.observation[state] < 0:
        return True
    pair = runs.meaning(seen), runs.meaning(machine.observation[state])
    if pair[0] is None or pair[1] is None:
        return True
    return any(
        not np.array_equal(*(getattr(answers, kind) for answers in pair))
        for kind in runs.net.observed
    )


def _different(
    runs: Trajectories, right: str, word: Word, how: str, *, shortest: bool
) -> Comparison:
    text = tuple(runs.net.alphabet[symbol] for symbol in word)
    wrong = "net" if right == "reference" else None
    return Comparison("net", right, False, "different", text, shortest, wrong, how)


def _proved(runs: Trajectories, left: str, right: str, how: str) -> Comparison:
    return Comparison(left, right, True, f"{_equal(runs)}: proved", evidence=how)


def _undistinguished(runs: Trajectories, right: str, searched: Evidence) -> Comparison:
    """Net and machine that no compared word told apart: exactly as much as was compared."""
    more, longest = f"{searched.sampled:,}", f"up to {searched.longest:,} symbols"
    if searched.all_up_to <= 0 and not searched.closed and searched.sampled:
        relation, how = f"{_equal(runs)} on {more} sampled words", f"{runs.scope}, {longest}"
    else:
        relation = f"{_equal(runs)} on all words up to length {searched.all_up_to}"
        how = f"compared: {runs.scope}"
        if searched.closed:
            how += "; every state vector that any of them leads to was visited in this run, "
            how += "bit by bit"
        if searched.sampled and searched.longest > searched.all_up_to:
            how += f"; besides, {more} sampled words of {longest}"
    return Comparison("net", right, None, relation, evidence=how, searched=searched)


def _equal(runs: Trajectories) -> str:
    return "equal" if runs.scope.within is None else "equal within the reference"


TRIED, DIRECTIONS, NOISES = 16, 12, np.geomspace(2.0, 1e-3, 12)
"""So many state vectors of each state are disturbed in so many directions, by most first."""

MOST_POINTS, MOST = 1_500, 1e6
"""State vectors in a sample for pictures, and the largest number: there may be a growing ReLU."""


def describe(
    runs: Trajectories,
    machine: Hypothesis,
    words: Sequence[Word],
    names: Sequence[str],
    rng: np.random.Generator,
) -> tuple[tuple[StateReport, ...], Sample]:
    """One report per state, from the state vectors that the words come to, and some of these."""
    found: list[Counter[int]] = [Counter() for _ in names]
    with suppress(BudgetEnd):  # what was visited until then is what is described
        for _, ids, states, _ in together(runs, machine, words):
            for vector, state in zip(ids.tolist(), states.tolist(), strict=True):
                found[state][vector] += 1
    vectors = [
        np.array(sorted(ids) or [machine.access[state]], dtype=np.intp)
        for state, ids in enumerate(found)
    ]
    points = [runs.states(ids) for ids in vectors]
    means = np.array([block.mean(axis=0) for block in points])
    reports = []
    for state, name in enumerate(names):
        distances = np.linalg.norm(means - means[state], axis=1)
        distances[state] = np.inf
        nearest, several = int(distances.argmin()), len(names) > 1
        reports.append(
            StateReport(
                state=name,
                visits=found[state].total(),
                memories=len(found[state]),
                radius=float(np.linalg.norm(points[state] - means[state], axis=1).max()),
                nearest=names[nearest] if several else None,
                distance=float(distances[nearest]) if several else None,
                tolerance=_tolerance(runs, machine, state, vectors[state][:TRIED], rng),
            )
        )
    return tuple(reports), _sample(points, runs.net.parts)


def _sample(blocks: list[NDArray[Any]], parts: tuple[str, ...]) -> Sample:
    """Some of the state vectors of each state, evenly thinned out where they are many."""
    most = max(4, MOST_POINTS // max(1, len(blocks)))
    chosen = [
        block[np.linspace(0, len(block) - 1, min(most, len(block))).astype(int)] for block in blocks
    ]
    points = np.nan_to_num(np.concatenate(chosen).astype(np.float64))
    states = np.repeat(np.arange(len(chosen)), [len(block) for block in chosen])
    return Sample(np.clip(points, -MOST, MOST), states, parts)


def _tolerance(
    runs: Trajectories, machine: Hypothesis, state: int, ids: Ids, rng: np.random.Generator
) -> float | None:
    """The largest tried size of noise under which all tried state vectors behave as before.

    "Behave" means: what is seen now, and one and two symbols later. None where the time is over.
    """
    vectors, nodes = runs.states(ids), np.tile(runs.nodes(ids), DIRECTIONS)
    directions = rng.normal(size=(DIRECTIONS, len(vectors), vectors.shape[1]))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    for noise in NOISES:
        if runs.left == 0.0:
            return None
        disturbed = (vectors + noise * directions).reshape(-1, vectors.shape[1])
        if _behaves(runs, machine, state, disturbed.astype(vectors.dtype), nodes, depth=2):
            return float(noise)
    return 0.0


def _behaves(
    runs: Trajectories,
    machine: Hypothesis,
    state: int,
    vectors: NDArray[Any],
    nodes: Ids,
    depth: int,
) -> bool:
    if (runs.show(vectors, nodes) != machine.observation[state]).any():
        return False
    if depth == 0:
        return True
    for symbol, target in enumerate(machine.table[state]):
        if target >= 0:
            symbols = np.full(len(vectors), symbol)
            after, there = runs.step(vectors, symbols), runs.scope.target[nodes, symbols]
            if not _behaves(runs, machine, target, after, there, depth - 1):
                return False
    return True
