"""Methods of others for `score_zoo.py`: extractors, probes, and attributions of recurrent nets.

Each takes what `reberlstm zoo score` hands it, so `--probe zoo_methods:by_least_squares` and so on
work on the command line, too, from this folder.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from aalpy.learning_algs import run_KV, run_Lstar
from aalpy.oracles import RandomWMethodEqOracle
from aalpy_side import Frozen, Limit, NetSUL, Remembering, frozen, limited
from agreement import OVER, Word
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from weiss_side import Unrolling

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import Net
from reberlstm.zoo.scores import Asked, Samples

MOST_STEPS = 300_000
"""Symbols that AALpy's learners may let a net read."""

MOST_WORDS = 5_000

Directions = dict[str, NDArray[Any]]

# Extraction


def ours(net: Asked, seconds: float) -> Any:
    """This package's own."""
    return rl.extract(net, seconds=seconds)


def by_aalpy(net: Asked, seconds: float) -> FSM:
    """AALpy's KV with random words from each state (the W-method at random)."""
    letters = list(range(len(net.alphabet)))
    sul = NetSUL(net, MOST_STEPS)
    oracle = RandomWMethodEqOracle(letters, sul, walks_per_state=25, walk_len=12)
    return _learned(net, sul, oracle, run_KV, seconds)


def by_weiss(net: Asked, seconds: float) -> FSM:
    """AALpy's L* with clusters of state vectors as oracle: our reading of Weiss and others."""
    sul = NetSUL(net, MOST_STEPS)
    oracle = Unrolling(sul, _one_of_each(net))
    return _learned(net, sul, oracle, partial(run_Lstar, cex_processing=None), seconds)


def _one_of_each(net: Asked) -> list[Word]:
    """The first word that is accepted and the first that is not: its users give it such."""
    found: dict[bool, Word] = {}
    words: list[Word] = [()]
    states = net.initial()[np.newaxis]
    while len(words) < MOST_WORDS and len(found) < 2:
        for word, yes in zip(words, net.observe(states).tolist(), strict=True):
            found.setdefault(yes, word)
        letters = len(net.alphabet)
        words = [(*word, a) for word in words for a in range(letters)]
        states = net.step(np.repeat(states, letters, axis=0), np.arange(len(words)) % letters)
    return list(found.values())


def _learned(net: Asked, sul: Any, oracle: Any, run: Callable[..., Any], seconds: float) -> FSM:
    """The machine that AALpy returns, or its last hypothesis when the time is over."""
    random.seed(0)
    asked, kind = Remembering(oracle), "dfa" if net.kind == "accept" else "moore"
    letters = list(range(len(net.alphabet)))
    try:
        with limited(seconds):
            found = frozen(run(letters, sul, asked, automaton_type=kind, print_level=0))
    except Limit:
        if asked.last is None:
            raise
        found = asked.last
    return _machine(net, found)


def _machine(net: Asked, found: Frozen) -> FSM:
    """An automaton of AALpy's as an `FSM`."""
    start, lines = found
    kept = {key: str(n) for n, key in enumerate(k for k, line in lines.items() if line[0] != OVER)}
    transitions = {
        kept[key]: {
            net.alphabet[a]: kept[target]
            for a, target in lines[key][1].items()
            if target in kept and (net.kind == "accept" or lines[key][0][a])
        }
        for key in kept
    }
    yes = {kept[key] for key in kept if net.kind == "accept" and lines[key][0]}
    return FSM(
        alphabet=net.alphabet, start=kept[start], transitions=transitions, accepting=frozenset(yes)
    )


CLUSTERS = (2, 4, 8, 16, 32, 64)


def by_clusters(net: Asked, seconds: float) -> FSM:
    """k-means on state vectors, the commonest transitions; k doubles until 99 % of them fit."""
    rng = np.random.default_rng(0)
    state = np.tile(net.initial(), (60, 1))
    befores, symbols, afters = [], [], []
    for _ in range(20):
        seen = net.observe(state) if net.kind == "legal" else np.ones((60, len(net.alphabet)))
        chance = rng.random(seen.shape) * (seen > 0)
        symbol = chance.argmax(axis=1)
        going_on = (seen > 0).sum(axis=1) > 0
        after = net.step(state, symbol)
        befores.append(state[going_on])
        symbols.append(symbol[going_on])
        afters.append(after[going_on])
        state = np.where(going_on.reshape(-1, 1), after, net.initial())
    before, symbol, after = map(np.concatenate, (befores, symbols, afters))
    points = np.concatenate([net.initial()[None], after])
    for k in CLUSTERS:
        centres = _clusters(points, k)
        place = nearest(centres)
        counts = np.zeros((len(centres), len(net.alphabet), len(centres)))
        np.add.at(counts, (place(before), symbol, place(after)), 1)
        if counts.max(axis=2).sum() >= 0.99 * len(symbol):
            break
    seen = net.observe(points)
    at = place(points)
    none = np.zeros_like(seen[:1])
    means = [(seen[at == q] if q in at else none).mean(axis=0) for q in range(len(centres))]
    yes = np.array(means).reshape(len(centres), -1) > 0.5
    start = int(place(net.initial()[None])[0])
    transitions = {
        str(q): {
            a: str(int(counts[q, n].argmax()))
            for n, a in enumerate(net.alphabet)
            if counts[q, n].any() and (net.kind == "accept" or yes[q, n])
        }
        for q in range(len(centres))
    }
    accepting = {str(q) for q in range(len(centres)) if net.kind == "accept" and yes[q, 0]}
    return FSM(
        alphabet=net.alphabet,
        start=str(start),
        transitions=transitions,
        accepting=frozenset(accepting),
    )


def _clusters(points: NDArray[Any], k: int) -> NDArray[Any]:
    """The centres of at most k clusters; some may be of no point."""
    different = len(np.unique(points.round(6), axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return np.asarray(kmeans2(points, min(k, different), seed=1, minit="++")[0])


def nearest(centres: NDArray[Any]) -> Callable[[NDArray[Any]], NDArray[np.intp]]:
    """Which centre each point is nearest to."""

    def place(points: NDArray[Any]) -> NDArray[np.intp]:
        far = ((points[:, None, :] - centres[None]) ** 2).sum(axis=-1)
        return np.asarray(far.argmin(axis=1))

    return place


EXTRACTORS = {
    "rl.extract": ours,
    "AALpy KV": by_aalpy,
    "L* and clusters (Weiss)": by_weiss,
    "k-means": by_clusters,
}

# Probes


def by_least_squares(net: Net, samples: Samples) -> Directions:
    """A linear probe: the weights of ridge regression on the hidden state."""
    h = samples.hidden - samples.hidden.mean(axis=0)
    inverse = np.linalg.inv(h.T @ h + 1e-3 * len(h) * np.eye(h.shape[1]))
    return _kept({name: inverse @ (h.T @ (v - v.mean())) for name, v in samples.values.items()})


def by_means(net: Net, samples: Samples) -> Directions:
    """The mean hidden state where the variable is 1, less that elsewhere."""
    found = {}
    for name, values in samples.values.items():
        one = values > 0
        if one.any() and not one.all():
            found[name] = samples.hidden[one].mean(axis=0) - samples.hidden[~one].mean(axis=0)
    return _kept(found)


def by_components(net: Net, samples: Samples) -> Directions:
    """Principal components: for each variable the one of twenty that goes with it most."""
    h = samples.hidden - samples.hidden.mean(axis=0)
    components = np.linalg.svd(h, full_matrices=False)[2][:20]
    along = h @ components.T
    found = {}
    for name, values in samples.values.items():
        own = np.abs((values - values.mean()) @ along) / (along.std(axis=0) + 1e-9)
        found[name] = components[int(own.argmax())]
    return _kept(found)


def by_centroids(net: Net, samples: Samples) -> Directions:
    """k-means: the centre of the cluster with the largest share of the variable, less the mean."""
    h, mean = samples.hidden, samples.hidden.mean(axis=0)
    centres = _clusters(h, 2 * len(samples.values))
    at = nearest(centres)(h)
    found = {}
    for name, values in samples.values.items():
        share = [
            (values[at == q] > 0).mean() if (at == q).any() else 0.0 for q in range(len(centres))
        ]
        found[name] = centres[int(np.argmax(share))] - mean
    return _kept(found)


def at_random(net: Net, samples: Samples) -> Directions:
    """Directions that know nothing."""
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=net.size) for name in samples.values}


def _kept(found: Directions) -> Directions:
    """The directions that are not zero; a variable that no sample has gets none."""
    return {name: value for name, value in found.items() if np.abs(value).max(initial=0.0) > 1e-12}


PROBES = {
    "linear probe": by_least_squares,
    "difference of means": by_means,
    "PCA": by_components,
    "k-means": by_centroids,
    "random": at_random,
}

# Attribution


@cache
def _module(net: Net) -> Any:
    """The net in PyTorch, from one-hot vectors (B, T, A) to the logits after the last, (B, R)."""
    import torch

    torch.set_num_threads(1)
    (layer,) = net.layers
    kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
    own = kinds[layer.cell.name](len(net.alphabet), layer.size, batch_first=True).double()
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(own, f"{name}_l0").copy_(torch.tensor(getattr(layer, name)))
    weight = torch.tensor(np.concatenate([head.weight for head in net.heads.values()]))
    bias = torch.tensor(np.concatenate([head.bias for head in net.heads.values()]))
    return lambda x: own(x)[0][:, -1] @ weight.T + bias


def _one_hot(net: Net, word: Sequence[str]) -> Any:
    import torch

    return torch.eye(len(net.alphabet), dtype=torch.float64)[[net.alphabet.index(a) for a in word]]


def _gradient(net: Net, points: Any, signs: Any) -> Any:
    """The gradient (B, T, A) of how sure the net is of its answers."""
    points = points.clone().requires_grad_()
    total = (_module(net)(points) * signs).sum()
    total.backward()
    return points.grad


def _signs(net: Net, x: Any) -> Any:
    return _module(net)(x[None])[0].detach().sign()


STEPS = 32


def by_integrated_gradients(net: Net, word: Sequence[str]) -> NDArray[Any]:
    """From the mean of all symbols on: Sundararajan and others, 2017, arxiv.org/abs/1703.01365."""
    import torch

    x = _one_hot(net, word)
    base = torch.full_like(x, 1.0 / x.shape[1])
    share = (torch.arange(STEPS, dtype=torch.float64) + 0.5)[:, None, None] / STEPS
    gradient = _gradient(net, base + share * (x - base), _signs(net, x)).mean(dim=0)
    return np.asarray(((x - base) * gradient).sum(dim=1))


def by_gradient(net: Net, word: Sequence[str]) -> NDArray[Any]:
    """Gradient times input."""
    x = _one_hot(net, word)
    return np.asarray((x * _gradient(net, x[None], _signs(net, x))[0]).sum(dim=1))


def by_occlusion(net: Net, word: Sequence[str]) -> NDArray[Any]:
    """How much the logits change where a symbol's vector is zero."""
    x = _one_hot(net, word)
    changed = x[None].repeat(len(word), 1, 1)
    for position in range(len(word)):
        changed[position, position] = 0.0
    before, after = _module(net)(x[None]).detach(), _module(net)(changed).detach()
    return np.asarray((after - before).abs().sum(dim=1))


def by_last_symbol(net: Net, word: Sequence[str]) -> NDArray[Any]:
    """The last symbol did it."""
    return np.arange(len(word)) / len(word)


ATTRIBUTIONS = {
    "integrated gradients": by_integrated_gradients,
    "gradient × input": by_gradient,
    "occlusion": by_occlusion,
    "later is likelier": by_last_symbol,
}
