"""Machines of nets that the project has never seen, ours and others', at the same processor time.

    python scripts/bench_unseen.py --folder build/unseen [--seconds 30] [--only NAME] [--write]

The nets are LSTMs and GRUs of two layers of 50 units, on Tomita's languages, trained for a short
while in PyTorch, and a GRU of 2 × 32 on a random sparse language. They and the results are kept in
the folder, and what is there is not made again. AALpy runs KV with each of three oracles, so it has
three times the time; the best of the three counts, for each kind of words. L* with the clusters of
Weiss, Goldberg and Yahav (`weiss_side.py`) runs once. A share is one of 4,000
words: of up to 200 symbols, equally likely or biased, and short words repeated up to 200 symbols.
``--write`` puts the table into docs/extraction.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from aalpy_side import by_aalpy, by_weiss
from extraction_nets import Seen
from in_docs import put
from torch import nn

import reberlstm as rl
from reberlstm.extraction import extract
from reberlstm.extraction.learner import hypothesis_of
from reberlstm.extraction.nets import subject_of
from reberlstm.extraction.oracles.walks import walks
from reberlstm.extraction.rates import Sampled
from reberlstm.extraction.scope import scope_of
from reberlstm.extraction.trajectories import Trajectories
from reberlstm.machine.fsm import FSM
from reberlstm.net.loading import as_net

KINDS = ("uniform", "biased", "repeated")
WORDS, LENGTH = 4_000, 200
ORACLES, WEISS = ("prefixes", "W-method", "words"), "Weiss"
NEAR = 0.01
STEPS, BATCH, LONGEST = 400, 64, 30
HEADINGS = ("net", "ours", "ended", *KINDS, "AALpy", *KINDS, "Weiss", *KINDS)


def sparse_language(seed: int) -> FSM:
    """A random acceptor over four symbols in which most words are soon lost."""
    rng = np.random.default_rng(seed)
    states, symbols = [f"q{number}" for number in range(8)], "abcd"
    lines: dict[str, dict[str, str]] = {}
    for number, state in enumerate(states):
        kept = rng.choice(4, size=2, replace=False)
        lines[state] = {symbols[a]: states[int(rng.integers(8))] for a in kept}
        lines[state][symbols[kept[0]]] = states[(number + 1) % 8]
    return FSM(
        alphabet=tuple(symbols),
        start="q0",
        accepting=frozenset({"q3", "q6"}),
        transitions=lines,
        name="sparse",
    )


def cases() -> Iterator[tuple[str, FSM, str, int]]:
    """Name, machine, kind of cell, and units of each of two layers."""
    for number in range(1, 8):
        for cell in ("lstm", "gru"):
            yield f"tomita-{number}-{cell}", rl.load_grammar(f"tomita-{number}"), cell, 50
    yield "sparse-gru", sparse_language(1), "gru", 32


class Acceptor(nn.Module):
    """Two layers over one-hot symbols, and one output."""

    def __init__(self, cell: str, symbols: int, units: int) -> None:
        super().__init__()
        self.rnn = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](symbols, units, 2, batch_first=True)
        self.accept = nn.Linear(units, 1)

    def forward(self, x: Any) -> Any:
        """The logit after every symbol, (B, T)."""
        return self.accept(self.rnn(x)[0])[..., 0]


def trained(fsm: FSM, cell: str, units: int, seed: int) -> Any:
    """The state dict of a net after a short training on words, half of them near accepted ones."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tables, symbols = fsm.tables(), len(fsm.alphabet)
    module = Acceptor(cell, symbols, units)
    optimiser = torch.optim.Adam(module.parameters(), lr=3e-3)
    columns = [tables.alphabet.index(symbol) for symbol in fsm.alphabet]
    for step in range(STEPS):
        words = rng.integers(symbols, size=(BATCH, LONGEST))
        states = np.zeros(BATCH, dtype=np.intp)
        answers = np.zeros((BATCH, LONGEST), dtype=np.float32)
        for t in range(LONGEST):
            # Half of the words try to stay where they may still be accepted.
            for row in range(0, BATCH, 2):
                good = [a for a in range(symbols) if tables.legal[states[row], columns[a]]]
                if good and rng.random() < 0.95:
                    words[row, t] = good[int(rng.integers(len(good)))]
            states = tables.target[states, np.array(columns)[words[:, t]]]
            answers[:, t] = tables.accepting[states]
        x = nn.functional.one_hot(torch.as_tensor(words), symbols).float()
        loss = nn.functional.binary_cross_entropy_with_logits(module(x), torch.as_tensor(answers))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step > 50 and float(loss.detach()) < 2e-3:
            break
    return module.state_dict()


def repeated(symbols: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Short words after short words, again and again."""
    found = []
    for _ in range(WORDS):
        way, cycle = (
            tuple(rng.integers(symbols, size=int(n)).tolist()) for n in rng.integers(1, 8, 2)
        )
        rounds = int(rng.integers(1, LENGTH // len(cycle)))
        found.append((way + cycle * rounds)[:LENGTH])
    return found


def test_words(net: Any, seed: int) -> Sampled:
    """Words of all kinds, and the net's answers."""
    subject = subject_of(net)
    runs = Trajectories(subject, scope_of(subject), 10**8, float("inf"))
    runs.fitting = 10**7
    rng = np.random.default_rng(seed)
    words: dict[str, Sequence[tuple[int, ...]]] = {
        kind: walks(runs, WORDS, LENGTH, rng, biased=kind == "biased") for kind in KINDS[:2]
    }
    words["repeated"] = repeated(len(net.alphabet), rng)
    sampled = Sampled(runs, words)
    sampled.runs, sampled.words = runs, words  # type: ignore[attr-defined]
    return sampled


def shares(tested: Any, fsm: FSM) -> dict[str, float]:
    """The shares of the words on which a machine agrees with the net."""
    shown = tested.shown(hypothesis_of(tested.runs, fsm))
    rates = [rate for rate in tested.rates(tested.net, shown) if rate.lengths is None]
    return {rate.kind: rate.share for rate in rates}


def peer_shares(tested: Any, run: Any) -> dict[str, float]:
    """The same for a machine of AALpy's."""
    found, at = {}, 0
    for kind, words in tested.words.items():
        right = 0
        for word in words:
            meaning = tested.runs.meaning(int(tested.net[at]))
            right += bool(run.machine(word)) == bool(meaning.accept[0])
            at += 1
        found[kind] = right / len(words)
    return found


def by_us(tested: Any, net: Any, seconds: float) -> dict[str, Any]:
    """The result of this package."""
    begin = time.process_time()
    found = extract(net, seconds=seconds)
    return {
        "states": len(found.fsm.states),
        "ended": found.ended_by or "by itself",
        "relation": found.verdict[0].relation,
        "seconds": time.process_time() - begin,
        **shares(tested, found.fsm),
    }


def by_peers(tested: Any, net: Any, seconds: float) -> dict[str, Any]:
    """The results of the others, by their names."""
    seen, found = Seen(net, "accept"), {}
    for peer in (*ORACLES, WEISS):
        begin = time.process_time()
        if peer == WEISS:
            run = by_weiss(seen, shortest(seen), seconds, 10**9)
        else:
            run = by_aalpy(seen, "KV", peer, seconds, 10**9, 0, kept=False)
        spent = time.process_time() - begin
        found[peer] = {"states": run.states, "seconds": spent, **peer_shares(tested, run)}
    return found


def shortest(seen: Seen, most: int = 100_000) -> list[tuple[int, ...]]:
    """A shortest word that a net accepts, and one that it rejects, as users of Weiss' give."""
    found: dict[bool, tuple[int, ...]] = {}
    words: list[tuple[int, ...]] = [()]
    states = seen.initial()[np.newaxis]
    while len(found) < 2 and len(words) < most:
        for word, accepted in zip(words, seen.observe(states).tolist(), strict=True):
            found.setdefault(bool(accepted), word)
        words = [(*word, symbol) for word in words for symbol in range(len(seen.alphabet))]
        symbols = np.array([word[-1] for word in words])
        states = seen.step(np.repeat(states, len(seen.alphabet), axis=0), symbols)
    return list(found.values())


def kept(file: Path, make: Callable[[], Any]) -> Any:
    """What a file has, made where it is not there."""
    if not file.exists():
        file.write_text(json.dumps(make()))
    return json.loads(file.read_text())


def line(name: str, ours: dict[str, Any], peers: dict[str, Any]) -> tuple[str, float, float]:
    """A row of the table; how far we are behind the best of the others at worst, and before it."""
    aalpy = [peers[oracle] for oracle in ORACLES]
    best = {kind: max(peer[kind] for peer in aalpy) for kind in KINDS}
    ahead = [ours[kind] - max(best[kind], peers[WEISS][kind]) for kind in KINDS]
    cells = [name, ours["states"], ours["ended"], *(f"{ours[kind]:.4f}" for kind in KINDS)]
    cells += ["/".join(str(peer["states"]) for peer in aalpy)]
    cells += [f"{best[kind]:.4f}" for kind in KINDS]
    cells += [peers[WEISS]["states"], *(f"{peers[WEISS][kind]:.4f}" for kind in KINDS)]
    return f"| {' | '.join(map(str, cells))} |", min(ahead), max(ahead)


def main() -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", help="a part of the nets' names")
    parser.add_argument("--write", action="store_true", help="into docs/extraction.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rows, worst, most = [], [], []
    for name, fsm, cell, units in cases():
        if arguments.only and arguments.only not in name:
            continue
        file = arguments.folder / f"{name}.pt"
        if not file.exists():
            torch.save(trained(fsm, cell, units, seed=0), file)
        net = as_net(file, alphabet=fsm.alphabet, kind="accept", head="accept")
        tested = cache(partial(test_words, net, seed=99))

        def made(by: Callable[..., Any], tested: Any = tested, net: Any = net) -> Any:
            return by(tested(), net, arguments.seconds)

        end = f"-{arguments.seconds:g}.json"
        ours = kept(file.with_name(f"{name}-ours{end}"), partial(made, by_us))
        peers = kept(file.with_name(f"{name}-peers{end}"), partial(made, by_peers))
        row, behind, ahead = line(name, ours, peers)
        rows.append(row)
        worst.append(behind)
        most.append(ahead)
        print(row, flush=True)
    heads = [f"| {' | '.join(HEADINGS)} |", "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    put("unseen", [*heads, *rows], arguments.write)
    told = (
        f"Of {len(rows)} nets, `extract` is at most {NEAR} behind the best other machine on every "
        f"kind of words for {sum(gap >= -NEAR for gap in worst)}. It is further behind on some "
        f"kind for {sum(gap < -NEAR for gap in worst)}, and more than {NEAR} ahead of all others "
        f"on some kind for {sum(gap > NEAR for gap in most)}."
    )
    put("unseen-counted", [told], arguments.write)


if __name__ == "__main__":
    main()
