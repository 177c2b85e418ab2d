"""Nets for the extraction scripts: compiled, perturbed and trained ones, each with its machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import reberlstm as rl
from reberlstm.extraction.nets import Kind
from reberlstm.machine.fsm import FSM
from reberlstm.net.loading import as_net
from reberlstm.net.net import LSTMWeights, Net


class Seen:
    """One head of a net behind the protocol, its memory moved by an invertible map.

    Args:
        net: The net.
        kind: The head.
        forth: What becomes of memories, rows of (B, D).
        back: Its inverse.
        claims: ``legal`` where the head is asked nothing before the first symbol.
        weights: The net, where a certificate may be made of it.
    """

    def __init__(
        self,
        net: Net,
        kind: Kind,
        forth: Callable[[NDArray[Any]], NDArray[Any]] = np.copy,
        back: Callable[[NDArray[Any]], NDArray[Any]] = np.copy,
        claims: str = "all",
        weights: Net | None = None,
    ) -> None:
        self._net = net.replace(heads={kind: net.heads[kind]})
        self._forth, self._back = forth, back
        self.alphabet, self.kind, self.claims = net.alphabet, kind, claims
        self.name, self.weights = net.name, weights

    def initial(self) -> NDArray[Any]:
        """The moved initial memory."""
        return np.asarray(self._forth(self._net.start())[0])

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """Back, one step, forth."""
        return self._forth(self._net.step(self._back(states), symbols))

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """What the head says."""
        seen = getattr(self._net.observe(self._back(states)), self.kind)
        return np.asarray(seen)


class Begun:
    """A net that tells legal symbols, after a first symbol: before it, it was taught nothing."""

    def __init__(self, net: Any, first: str) -> None:
        self._net = net
        self._first = np.array([net.alphabet.index(first)])
        self.alphabet, self.kind, self.name = net.alphabet, "legal", net.name

    def initial(self) -> NDArray[Any]:
        """The memory after the first symbol."""
        return np.asarray(self._net.step(self._net.initial()[np.newaxis], self._first)[0])

    def step(self, states: NDArray[Any], symbols: NDArray[np.intp]) -> NDArray[Any]:
        """That of the net."""
        return np.asarray(self._net.step(states, symbols))

    def observe(self, states: NDArray[Any]) -> NDArray[Any]:
        """That of the net."""
        return np.asarray(self._net.observe(states).legal)


PERTURBATIONS = ("rotated", "permuted", "rescaled", "weight noise 1 %", "weight noise 5 %")


def perturbed(net: LSTMWeights, how: str, kind: Kind, seed: int) -> Seen:
    """A compiled net whose memory or weights were changed."""
    rng = np.random.default_rng(seed)
    size = 2 * net.size
    if how.startswith("weight noise"):
        share = float(how.split()[2]) / 100

        def noisy(array: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(array * (1 + share * rng.normal(size=array.shape)))

        changed = net.replace(
            weight_ih=noisy(net.weight_ih),
            weight_hh=noisy(net.weight_hh),
            bias_ih=noisy(net.bias_ih),
            bias_hh=noisy(net.bias_hh),
        )
        return Seen(changed, kind)
    if how == "rotated":
        matrix = np.linalg.qr(rng.normal(size=(size, size)))[0]
        return Seen(net, kind, lambda m: np.asarray(m @ matrix), lambda m: np.asarray(m @ matrix.T))
    if how == "permuted":
        order = rng.permutation(size)
        inverse = np.argsort(order)
        return Seen(net, kind, lambda m: m[:, order], lambda m: m[:, inverse])
    if how == "rescaled":
        scale = np.exp(rng.normal(size=size))
        return Seen(net, kind, lambda m: m * scale, lambda m: m / scale)
    raise ValueError(how)


def trained(fsm: FSM, cell: str, kind: Kind, *, cells: int, steps: int, seed: int) -> Any:
    """A small net trained with PyTorch on words of a machine: acceptance, or legal sets."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    size = len(fsm.alphabet)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = getattr(nn, cell)(size, cells, batch_first=True)
            self.out = nn.Linear(cells, 1 if kind == "accept" else size)

    model = Model()
    words, targets, mask = _training_set(fsm, kind, rng)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        rows = rng.integers(len(words), size=64)
        outputs = model.out(model.rnn(torch.tensor(np.eye(size, dtype=np.float32)[words[rows]]))[0])
        losses = nn.functional.binary_cross_entropy_with_logits(
            outputs, torch.tensor(targets[rows]), reduction="none"
        )
        loss = (losses * torch.tensor(mask[rows])[..., None]).mean()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    net = as_net(model, alphabet=fsm.alphabet, kind=kind, readout="logit>0")
    return Seen(net, kind, claims=net.claims)


def _training_set(
    fsm: FSM, kind: Kind, rng: np.random.Generator, count: int = 2_000, length: int = 20
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Words as indices (N, T), what is right after each symbol (N, T, R), and where it counts."""
    size = len(fsm.alphabet)
    words = np.zeros((count, length), dtype=np.intp)
    targets = np.zeros((count, length, 1 if kind == "accept" else size), dtype=np.float32)
    mask = np.zeros((count, length), dtype=np.float32)
    for row in range(count):
        state: str | None = fsm.start
        for position in range(length):
            if kind == "legal":
                offered = sorted(fsm.legal(state)) if state is not None else []
                if not offered:
                    break
                symbol = fsm.alphabet.index(offered[rng.integers(len(offered))])
            else:
                symbol = int(rng.integers(size))
            words[row, position] = symbol
            state = None if state is None else fsm.next_state(state, fsm.alphabet[symbol])
            mask[row, position] = 1.0
            if kind == "accept":
                targets[row, position, 0] = state in fsm.accepting
            elif state is not None:
                targets[row, position] = [a in fsm.legal(state) for a in fsm.alphabet]
    return words, targets, mask


def small_grammars(most: int = 1_000) -> list[FSM]:
    """The grammars known by name with at most so many states."""
    machines = [rl.load_grammar(name) for name in rl.grammar_names()]
    return [fsm for fsm in machines if len(fsm.states) <= most]
