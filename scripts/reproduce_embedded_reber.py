"""Embedded Reber as Hochreiter and Schmidhuber trained it in 1997, thirty nets at a time.

    python scripts/reproduce_embedded_reber.py                  all three parts
    python scripts/reproduce_embedded_reber.py --part protocol
    python scripts/reproduce_embedded_reber.py --preset tiny    seconds, for a look

*protocol*: experiment 1 of S. Hochreiter & J. Schmidhuber, Long short-term memory, Neural
Computation 9(8), 1997. 256 strings to learn from and 256 others to test on; three such pairs of
sets, ten trials each. Strings are presented one at a time, each followed by an update; only the
symbol that comes next is taught. A trial has succeeded when, after every symbol of all 512 strings,
just the legal symbols have a probability over 0.2; this is looked at every 100 strings. A net that
has not succeeded begins anew after every 3,000 strings, and the trial goes on counting, up to
15,000 strings.

*proved*: `certify` tries to prove each of the thirty nets for strings of all lengths. Then they
learn on, as `reberlstm train --noise 0.3` does it: from fresh strings, 32 a step, with legal sets
taught, noise on their memory and boxes around it, until they are proved.

*continual*: F. Gers, J. Schmidhuber & F. Cummins, Learning to forget, Neural Computation 12(10),
2000. Strings follow each other without a reset; nets with forget gates, and nets whose forget gates
are held open, as those of 1997 were. Measured on long streams: how often the net prefers the right
one of T and P where the outer symbol has to be repeated.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, one_hot

import reberlstm as rl
from reberlstm.machine.tables import Bools, Ints, Tables, Words
from reberlstm.net.cells.cell import Floats
from reberlstm.net.net import Net
from reberlstm.training.cells import Parameters, at_random, parameters, read, run, to_net

EMBEDDED = rl.load_grammar("embedded-reber")
CONTINUAL = rl.load_grammar("continual-embedded-reber")
SYMBOLS = len(EMBEDDED.alphabet)
OFFERED = float(np.log(0.2 / 0.8))
"""The logit of probability 0.2; it is subtracted from the bias of the legal head that is saved."""

MAX_STATES = 20_000
"""The most states in which a wrong word is looked for."""


@dataclass(frozen=True)
class Preset:
    """How much is done."""

    cells: int = 32
    rate: float = 0.02
    momentum: float = 0.9
    keeping: float = 4.0
    patience: int = 3_000
    pairs: int = 3
    trials: int = 10
    strings: int = 256
    most: int = 15_000
    every: int = 100
    noise: float = 0.3
    proof_steps: int = 4_000
    certify_seconds: float = 10.0
    streams: int = 5
    stream_steps: int = 3_000
    stream_length: int = 100
    validation_length: int = 1_000
    test_length: int = 5_000


PRESETS = {
    "full": Preset(),
    "tiny": Preset(
        pairs=1, trials=2, strings=8, most=300, every=100, proof_steps=4, certify_seconds=0.1,
        streams=1, stream_steps=3, stream_length=20, validation_length=60, test_length=60,
    ),
}  # fmt: skip


class Adam:
    """Adam (D. Kingma & J. Ba, 2015) for nets side by side, each of which can begin anew."""

    def __init__(self, parameters: Parameters, momentum: float = 0.9) -> None:
        self.parameters = parameters
        self.momentum = momentum
        self.means = {key: torch.zeros_like(tensor) for key, tensor in parameters.items()}
        self.squares = {key: torch.zeros_like(tensor) for key, tensor in parameters.items()}
        self.steps = torch.zeros(len(parameters["bias"]), 1, 1)

    def step(self, loss: Tensor, rate: float) -> None:
        """One update; nets share no parameters, so their losses may be added."""
        self.steps += 1
        gradients = torch.autograd.grad(loss, list(self.parameters.values()))
        with torch.no_grad():
            for (key, tensor), gradient in zip(self.parameters.items(), gradients, strict=True):
                mean = self.means[key].lerp_(gradient, 1.0 - self.momentum)
                square = self.squares[key].lerp_(gradient * gradient, 1e-3)
                mean = mean / (1.0 - self.momentum**self.steps)
                tensor -= rate * mean / ((square / (1.0 - 0.999**self.steps)).sqrt() + 1e-8)

    def begin_anew(self, nets: Bools, fresh: Parameters) -> None:
        """New weights for some of the nets."""
        chosen = torch.as_tensor(nets)
        with torch.no_grad():
            for key, tensor in self.parameters.items():
                tensor[chosen] = fresh[key][chosen]
                self.means[key][chosen] = 0.0
                self.squares[key][chosen] = 0.0
            self.steps[chosen] = 0.0


def beginning(rng: np.random.Generator, nets: int, preset: Preset) -> Parameters:
    """First weights. Half of the cells keep their memory, as all of those of 1997 did."""
    cells, half = preset.cells, preset.cells // 2
    arrays = at_random(
        rng, cell="lstm", nets=nets, symbols=SYMBOLS, cells=cells, heads={"legal": SYMBOLS}
    )
    arrays = {key: array.astype(np.float32) for key, array in arrays.items()}
    arrays["bias"][..., cells : cells + half] += preset.keeping
    arrays["bias"][..., cells + half : 2 * cells] += 1.0
    arrays["legal.bias"] -= 1.5  # most symbols are not the next one
    return parameters(arrays, torch.float32)


# The protocol of 1997


def learn(preset: Preset, seed: int = 0) -> tuple[Ints, dict[str, Floats]]:
    """All trials side by side.

    Returns:
        How many strings each had seen when it succeeded, 0 where it never did; and the nets at
        that time, or at the end.
    """
    machine = EMBEDDED.tables()
    sets = [EMBEDDED.sample(2 * preset.strings, seed=seed + pair) for pair in range(preset.pairs)]
    tables = [machine.given(words).for_nets() for words in sets]
    nets = preset.pairs * preset.trials
    rng = np.random.default_rng(seed)
    parameters = beginning(rng, nets, preset)
    adam = Adam(parameters, preset.momentum)
    orders: list[list[int]] = [[] for _ in range(nets)]
    seen = np.zeros(nets, dtype=np.intp)
    kept = {key: tensor.detach().double().numpy().copy() for key, tensor in parameters.items()}
    for number in range(1, preset.most + 1):
        for order in orders:
            if not order:
                order += [int(index) for index in rng.permutation(preset.strings)]
        chosen = [order.pop() for order in orders]
        symbols, present = _side_by_side(tables, chosen, preset.trials)
        adam.step(_surprise(parameters, symbols, present), preset.rate)
        if number % preset.every == 0:
            right = [_all_right(parameters, machine, table) for table in tables]
            trials = np.repeat(np.arange(preset.pairs), preset.trials)
            done = np.array([right[pair][net] for net, pair in enumerate(trials)]) & (seen == 0)
            seen[done] = number
            for key, tensor in parameters.items():
                kept[key][seen == 0] = tensor.detach().double().numpy()[seen == 0]
                kept[key][done] = tensor.detach().double().numpy()[done]
            if number % 500 == 0 or (seen > 0).all():
                print(f"{number:,} strings: {(seen > 0).sum()} trials", file=sys.stderr, flush=True)
            if (seen > 0).all():
                break
        if number % preset.patience == 0:
            adam.begin_anew(seen == 0, beginning(rng, nets, preset))
    return seen, kept


def _side_by_side(tables: list[Words], chosen: list[int], trials: int) -> tuple[Tensor, Tensor]:
    """One string for each net, (T, N, 1), and where it is present."""
    longest = max(int(tables[n // trials].lengths[0, i]) for n, i in enumerate(chosen))
    symbols = np.zeros((longest, len(chosen), 1), dtype=np.intp)
    present = np.zeros(symbols.shape, dtype=bool)
    for net, index in enumerate(chosen):
        table = tables[net // trials]
        length = int(table.lengths[0, index])
        symbols[:length, net, 0] = table.symbols[:length, 0, index]
        present[:length, net, 0] = True
    return torch.as_tensor(symbols), torch.as_tensor(present)


def _surprise(parameters: Parameters, symbols: Tensor, present: Tensor) -> Tensor:
    """How wrong the symbol that came next was foretold, each symbol on its own."""
    h, _ = run("lstm", parameters, symbols[:-1])
    came = one_hot(symbols[1:], SYMBOLS).to(h.dtype)
    each = binary_cross_entropy_with_logits(read(parameters, "legal", h), came, reduction="none")
    return (each.sum(dim=-1) * present[1:]).sum()


def _all_right(parameters: Parameters, machine: Tables, words: Words) -> Bools:
    """Which nets are right after every symbol of all words, (N,)."""
    nets = parameters["weight_hh"].shape[0]
    with torch.no_grad():
        symbols = torch.as_tensor(words.symbols).expand(-1, nets, -1)
        h, _ = run("lstm", parameters, symbols)
        offered = (read(parameters, "legal", h) > OFFERED).numpy()
    asked = words.present & machine.goes_on[words.states]
    right: Bools = ((offered == machine.legal[words.states]).all(axis=-1) | ~asked).all(axis=(0, 2))
    return right


# Proofs


def as_they_are(kept: dict[str, Floats]) -> list[Net]:
    """The nets, which offer a symbol where its probability is over 0.2."""
    nets = {**kept, "legal.bias": kept["legal.bias"] - OFFERED}
    return [
        to_net("lstm", nets, EMBEDDED, claims="legal", index=index)
        for index in range(len(nets["bias"]))
    ]


def trained_on(net: Net, preset: Preset, seed: int) -> rl.Training:
    """What `reberlstm train --noise` makes of a net: it learns on until it is proved."""
    settings = rl.Settings(
        fsm=EMBEDDED, start=net, noise=preset.noise, steps=preset.proof_steps, seed=seed, restarts=0
    )
    return rl.train(settings)


def outcomes(found: Sequence[rl.Certificate | None]) -> str:
    """Counted, with the margins of the proofs."""
    margins = [one.margin for one in found if one and one.holds and one.margin is not None]
    refuted = sum(one is not None and one.holds is False for one in found)
    text = f"{len(margins)} of {len(found)}, refuted {refuted}"
    return text + (f", margins {min(margins):.2f} to {max(margins):.2f}" if margins else "")


# Streams without a reset


def continual(preset: Preset, seed: int = 0) -> tuple[Floats, Floats]:
    """The share of outer symbols foretold right on long streams, (nets,) each.

    Both kinds learn from streams of their own, side by side and with the same settings. Of each net
    the weights are kept that did best on streams for validation.

    Returns:
        With forget gates, and with forget gates held open.
    """
    rng = np.random.default_rng([seed, 2])
    nets = 2 * preset.streams
    parameters = beginning(rng, nets, preset)
    held = torch.zeros(nets, 1, 1)
    held[preset.streams :] = 1.0
    adam = Adam(parameters, preset.momentum)
    validation = _streams(rng, 1, 4, preset.validation_length)
    best, kept = np.full(nets, -1.0), {key: t.detach().clone() for key, t in parameters.items()}
    for step in range(1, preset.stream_steps + 1):
        symbols = torch.as_tensor(_streams(rng, nets, 4, preset.stream_length))
        present = torch.ones_like(symbols, dtype=torch.bool)
        share = step / preset.stream_steps
        loss = _surprise(_open(parameters, held), symbols, present)
        adam.step(loss, 0.02 * (1.01 + float(np.cos(np.pi * share))) / 2)
        if step % preset.every == 0 or step == preset.stream_steps:
            shares = _shares_right(_open(parameters, held), validation)
            better = torch.as_tensor(shares >= best)
            best = np.maximum(best, shares)
            for key, tensor in parameters.items():
                kept[key][better] = tensor.detach()[better]
            print(f"{step:,} steps: {_percentages(best)}", file=sys.stderr, flush=True)
    shares = _shares_right(_open(kept, held), _streams(rng, 1, 4, preset.test_length))
    return shares[: preset.streams], shares[preset.streams :]


def _shares_right(parameters: Parameters, streams: Ints) -> Floats:
    """How often each net prefers the right one of T and P as outer symbol, (nets,)."""
    machine, nets = CONTINUAL.tables(), len(parameters["bias"])
    with torch.no_grad():
        h, _ = run("lstm", parameters, torch.as_tensor(streams).expand(-1, nets, -1))
        said = read(parameters, "legal", h).numpy()
    states = machine.follow(streams, np.ones(streams.shape, dtype=bool)).states[:, 0]
    t, p = (CONTINUAL.alphabet.index(symbol) for symbol in "TP")
    legal = machine.legal[states]  # (T, B, A)
    asked = legal[..., [t, p]].sum(axis=-1) == 1
    asked &= _end_follows(machine, states)
    right = (said[..., t] > said[..., p]) == legal[..., t][:, None]
    return np.asarray((right & asked[:, None]).sum(axis=(0, 2)) / max(1, asked.sum()))


def _percentages(shares: Floats) -> str:
    return ", ".join(f"{share:.1%}" for share in shares)


def _open(parameters: Parameters, held: Tensor) -> Parameters:
    """Forget gates at 1 where they are held open, whatever the weights are."""
    opened = dict(parameters)
    for key, value in (("weight_ih", 0.0), ("weight_hh", 0.0), ("bias", 40.0)):
        i, f, g, o = parameters[key].chunk(4, dim=-1)
        opened[key] = torch.cat([i, f * (1.0 - held) + value * held, g, o], dim=-1)
    return opened


def _streams(rng: np.random.Generator, nets: int, streams: int, length: int) -> Ints:
    """Strings one after another, (T, nets, streams)."""
    machine = EMBEDDED.tables()
    found = np.empty((length, nets, streams), dtype=np.intp)
    for net in range(nets):
        drawn = machine.draw(rng, (1, streams * (length // 9 + 1)), 200)
        strings = [drawn.symbols[:n, 0, i] for i, n in enumerate(drawn.lengths[0])]
        for stream in range(streams):
            found[:, net, stream] = np.concatenate(strings[stream::streams])[:length]
    return found


def _end_follows(machine: Tables, states: Ints) -> Bools:
    """Whether the only legal symbol leads to where only E is legal: the repeated outer symbol."""
    end = CONTINUAL.alphabet.index("E")
    only_end = (machine.legal.sum(axis=1) == 1) & machine.legal[:, end]
    after = np.where(machine.legal, machine.target, 0)
    leads = (machine.legal.sum(axis=1) == 1) & (only_end[after] & machine.legal).any(axis=1)
    frames = np.array([state is not None and _is_outer(state) for state in machine.names])
    return np.asarray((leads & frames)[states])


def _is_outer(state: str) -> bool:
    """Whether what follows is E and then the next string, not the end of an inner one."""
    for symbol in CONTINUAL.legal(state):
        last = CONTINUAL.transitions[state][symbol]
        if CONTINUAL.legal(last) == {"E"}:
            return CONTINUAL.transitions[last]["E"] in CONTINUAL.accepting
    return False


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, default="full")
    parser.add_argument("--part", choices=("protocol", "proved", "continual"), action="append")
    parser.add_argument("--most", type=int, help="strings after which a trial ends")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    preset = PRESETS[arguments.preset]
    if arguments.most is not None:
        preset = replace(preset, most=arguments.most)
    parts = arguments.part or ["protocol", "proved", "continual"]
    before = time.process_time()

    def took() -> str:
        return f"({time.process_time() - before:,.0f} s)"

    if "protocol" in parts or "proved" in parts:
        seen, kept = learn(preset)
        done = seen[seen > 0]
        print(f"protocol of 1997, one layer of {preset.cells} cells {took()}")
        print(f"  succeeded   {len(done)} of {len(seen)} trials")
        if len(done):
            print(
                f"  sequences   mean {done.mean():,.0f}, median {np.median(done):,.0f}, "
                f"from {done.min():,} to {done.max():,}",
                flush=True,
            )
    if "proved" in parts:
        nets = as_they_are(kept)
        found = [
            rl.certify(net, seconds=preset.certify_seconds, max_states=MAX_STATES) for net in nets
        ]
        print(f"proved for all lengths, as they are: {outcomes(found)} {took()}", flush=True)
        further = []
        for seed, net in enumerate(nets):
            further.append(trained_on(net, preset, seed))
            spent = f"{further[-1].words_presented:,} words"
            print(f"  trial {seed}, trained on: {spent}", file=sys.stderr, flush=True)
        proofs = [one.certificate for one in further]
        print(f"proved for all lengths, trained on: {outcomes(proofs)} {took()}")
        words = [one.words_presented for one in further if one.success]
        if words:
            print(
                f"  words until then: mean {np.mean(words):,.0f}, {min(words):,} to {max(words):,}"
            )
    if "continual" in parts:
        for name, shares in zip(
            ("with forget gates", "forget gates held open"), continual(preset), strict=True
        ):
            print(f"streams of {preset.test_length:,} symbols, {name} {took()}")
            print(f"  outer symbol right: {_percentages(shares)}")


if __name__ == "__main__":
    main()
