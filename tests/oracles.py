"""What should be true after a word, and stock layers of PyTorch: no code shared with the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from reberlstm.machine.fsm import FSM, Word
from reberlstm.net.files.safetensors import to_bytes
from reberlstm.net.net import Net


@dataclass(frozen=True)
class Expected:
    """What is true after a word.

    Attributes:
        state: The machine's state, None after a violation.
        legal: The symbols that may follow.
        accepted: Whether the word may end here.
        probabilities: Of every symbol, given that the word goes on; all 0 where nothing may follow.
        label: The state's output, if there is one.
    """

    state: str | None
    legal: frozenset[str]
    accepted: bool
    probabilities: tuple[float, ...]
    label: str | None


def expected(fsm: FSM, word: Word, on_violation: str = "absorb") -> list[Expected]:
    """What is true before the first symbol and after every one, straight from the tables."""
    state: str | None = fsm.start
    found = [_at(fsm, state, on_violation)]
    for symbol in word:
        line = {} if state is None else fsm.transitions[state]
        if symbol in line:
            state = line[symbol]
        elif on_violation == "resync":
            state = fsm.transitions[fsm.start].get(symbol)
        else:
            state = None
        found.append(_at(fsm, state, on_violation))
    return found


def _at(fsm: FSM, state: str | None, on_violation: str) -> Expected:
    # After a violation, one that waits for a beginning offers what may begin a word.
    speaks = fsm.start if state is None and on_violation == "resync" else state
    line = {} if speaks is None else fsm.transitions[speaks]
    given = fsm.probabilities.get(speaks) if speaks is not None else None
    uniform = {symbol: 1 / len(line) for symbol in line}
    return Expected(
        state=state,
        legal=frozenset(line),
        accepted=state in fsm.accepting,
        probabilities=tuple((given or uniform).get(symbol, 0.0) for symbol in fsm.alphabet),
        label=fsm.outputs.get(state) if state is not None else None,
    )


class Module(nn.Module):
    """A user's own module, as the documentation describes it."""

    def __init__(self, symbols: int, cells: int, heads: dict[str, int], kind: str = "lstm") -> None:
        super().__init__()
        layer = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind]
        setattr(self, kind, layer(symbols, cells, batch_first=True))
        for name, rows in heads.items():
            setattr(self, name, nn.Linear(cells, rows))


def torch_module(net: Net, dtype: torch.dtype = torch.float64) -> Module:
    """The net's file, loaded by `load_state_dict` into a module that knows nothing of ours."""
    from safetensors.torch import load

    tensors = load(to_bytes(net))
    heads = {
        key.removesuffix(".bias"): len(bias)
        for key, bias in tensors.items()
        if key.endswith(".bias")
    }
    (kind,) = {key.partition(".")[0] for key in tensors} - heads.keys()
    module = Module(len(net.alphabet), net.size, heads, kind).double()
    module.load_state_dict(tensors)
    return module.to(dtype)


@dataclass(frozen=True)
class Outputs:
    """What a module says before the first symbol and after every one; the first axis is time."""

    h: torch.Tensor
    c: torch.Tensor
    heads: dict[str, torch.Tensor]


@torch.no_grad()
def run_torch(module: Module, indices: Sequence[int]) -> Outputs:
    """Run one word from the zero state, as stock layers do when none is passed; c of an LSTM."""
    layers = dict(module.named_children())
    (layer,) = (layers.pop(kind) for kind in ("lstm", "gru", "rnn") if kind in layers)
    dtype = layer.weight_ih_l0.dtype
    hs, cs = (
        [torch.zeros(layer.hidden_size, dtype=dtype)],
        [torch.zeros(layer.hidden_size, dtype=dtype)],
    )
    state = None
    for index in indices:
        x = nn.functional.one_hot(torch.tensor([[index]]), layer.input_size).to(dtype)
        _, state = layer(x, state)
        h, c = state if isinstance(state, tuple) else (state, state)
        hs.append(h.flatten())
        cs.append(c.flatten())
    h = torch.stack(hs)
    heads = {name: head(h) for name, head in layers.items()}
    return Outputs(h, torch.stack(cs), heads)
