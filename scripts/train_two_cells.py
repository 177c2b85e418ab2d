"""Train LSTMs of two cells on the Reber grammar, many at once, and prove as many as possible.

    python scripts/train_two_cells.py                     64 nets; the best one is shipped
    python scripts/train_two_cells.py --grammar embedded-reber --cells 6 --nets 32 --out FILE

Two is the least. A net of one cell reads every symbol from one number, so each symbol is offered on
one side of a threshold: of the three legal sets {T, V}, {P, V} and {P, T}, which the grammar has,
some symbol would be wanted at both ends of a row of three and not between them.

All nets are trained together (`reberlstm.training.cells`), with noise on the memory that starts
late and grows; each has words of its own. What is proved is proved by `certify` alone. Needs the
extra `torch`; takes a few minutes on one core.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

import reberlstm as rl
from reberlstm.certificates import Proof, check
from reberlstm.machine.fsm import FSM
from reberlstm.net.loading import FOLDER
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head
from reberlstm.training.cells import Parameters, parameters, read, run

OUT = FOLDER / "reber-2.safetensors"
STEPS = 2_500
WORDS = 24
LONGEST = 24
NOISE_FROM, NOISE_TO = 0.15, 0.55
"""The parts of the training between which the noise grows."""
PROOF_SECONDS = 20.0


def train(fsm: FSM, cells: int, nets: int, noise: float, steps: int, seed: int) -> Parameters:
    """Adam on the cross-entropy of every symbol's legality after every prefix that can go on."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    machine = fsm.tables()
    legal = torch.tensor(machine.legal, dtype=torch.float64)
    symbols = len(fsm.alphabet)
    shapes = {
        "weight_ih": (nets, symbols, 4 * cells),
        "weight_hh": (nets, cells, 4 * cells),
        "legal.weight": (nets, cells, symbols),
    }
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    arrays |= {"bias": np.zeros((nets, 1, 4 * cells)), "legal.bias": np.zeros((nets, 1, symbols))}
    net = parameters(arrays)
    optimiser = torch.optim.Adam(net.values(), lr=2e-2)
    for number in range(steps):
        if number == int(0.6 * steps):
            optimiser.param_groups[0]["lr"] = 5e-3
        words = machine.draw(rng, (nets, WORDS), LONGEST)
        grown = (number / steps - NOISE_FROM) / (NOISE_TO - NOISE_FROM)
        size = (*words.symbols.shape, cells)
        blur = torch.tensor(noise * min(1.0, max(0.0, grown)) * rng.standard_normal(size))
        h, _ = run("lstm", net, torch.as_tensor(words.symbols), blur)
        truth = legal[torch.as_tensor(words.states)]
        judged = torch.as_tensor(words.present & machine.goes_on[words.states])
        each = binary_cross_entropy_with_logits(read(net, "legal", h), truth, reduction="none")
        loss = (each.sum(dim=-1) * judged).sum(dim=(0, 2)) / judged.sum(dim=(0, 2))
        optimiser.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        for tensor in net.values():
            _clip(tensor)
        optimiser.step()
        if number % 250 == 249:
            print(f"step {number + 1:,}: median loss {loss.median().item():.3f}", flush=True)
    return net


def _clip(tensor: Tensor) -> None:
    """Gradients of each net are at most 1 long."""
    assert tensor.grad is not None
    length = tensor.grad.flatten(1).norm(dim=1).clamp(min=1.0)
    tensor.grad /= length[:, None, None]


def single(fsm: FSM, trained: Parameters, number: int) -> LSTMWeights:
    """One of the nets."""
    arrays = {name: tensor[number].detach().numpy() for name, tensor in trained.items()}
    cells = len(arrays["weight_hh"])
    return LSTMWeights(
        alphabet=fsm.alphabet,
        cells=tuple(f"c{number}" for number in range(cells)),
        weight_ih=arrays["weight_ih"].T.copy(),
        weight_hh=arrays["weight_hh"].T.copy(),
        bias_ih=arrays["bias"][0],
        bias_hh=np.zeros(4 * cells),
        heads={"legal": Head(arrays["legal.weight"].T.copy(), arrays["legal.bias"][0])},
        grammar=fsm,
        claims="legal",
        name=f"trained-{cells}",
        height=1.0,
    )


def main() -> None:
    """Train, prove, count, and save the net with the simplest invariant and the largest margin."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grammar", default="reber")
    parser.add_argument("--cells", type=int, default=2)
    parser.add_argument("--nets", type=int, default=64)
    parser.add_argument("--noise", type=float, default=0.2)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    fsm = rl.load_grammar(options.grammar)
    trained = train(fsm, options.cells, options.nets, options.noise, options.steps, options.seed)
    outcomes: Counter[str] = Counter()
    best: tuple[tuple[float, float], LSTMWeights] | None = None
    for number in range(options.nets):
        net = single(fsm, trained, number)
        certificate = rl.certify(net, fsm, seconds=PROOF_SECONDS)
        outcomes[certificate.outcome] += 1
        if isinstance(certificate, Proof):
            assert check(certificate.to_dict(), net, fsm).valid
            print(f"net {number}: margin {certificate.margin:.3f}, k = {certificate.k}", flush=True)
            merit = -float(certificate.nodes), certificate.margin
            if best is None or merit > best[0]:
                best = merit, net
    print(", ".join(f"{outcome}: {count}" for outcome, count in sorted(outcomes.items())))
    if best is not None:
        rl.save(best[1], options.out)
        print(f"written to {options.out}, margin {best[0][1]:.3f}")


if __name__ == "__main__":
    main()
