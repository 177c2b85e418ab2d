"""Nets of others through every path: the same net as PyTorch runs, or a refusal that says why."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

import reberlstm as rl
from reberlstm.errors import FormatError, FormatWarning, ReberLSTMError
from reberlstm.net.files.safetensors import to_bytes
from reberlstm.net.net import Net

SYMBOLS = "abcdef"


@dataclass(frozen=True)
class Plan:
    """What a module is made of."""

    cell: str
    symbols: int
    cells: int
    depth: int = 1
    relu: bool = False
    bias: bool = True
    batch_first: bool = True
    embed: int | None = None
    padding: int | None = None
    linear_input: bool = False
    into: int | None = None
    into_relu: bool = False
    learned: bool = False
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    sequential: bool = True
    outputs: int = 1
    other: int | None = None
    double: bool = True
    last_only: bool = False


class Module(nn.Module):
    """A recurrent net as people write it."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        rows = plan.symbols + (plan.padding is not None)
        inputs = plan.embed or rows
        if plan.embed and plan.linear_input:
            self.embed = nn.Linear(rows, plan.embed, bias=False)
        elif plan.embed:
            self.embed = nn.Embedding(rows, plan.embed, padding_idx=plan.padding)
        if plan.into:
            self.into, inputs = nn.Linear(inputs, plan.into), plan.into
        for name in ("h0", "c0")[: plan.learned * (2 if plan.cell == "LSTM" else 1)]:
            self.register_parameter(name, nn.Parameter(torch.randn(plan.depth, 1, plan.cells)))
        kinds: dict[str, Any] = {"num_layers": plan.depth, "bias": plan.bias}
        if plan.cell == "RNN":
            kinds["nonlinearity"] = "relu" if plan.relu else "tanh"
        self.core = getattr(nn, plan.cell)(
            inputs, plan.cells, batch_first=plan.batch_first, **kinds
        )
        sizes = (plan.cells, *plan.hidden, plan.outputs)
        layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        between = {"relu": nn.ReLU, "tanh": nn.Tanh}[plan.activation]
        if plan.sequential and plan.hidden:
            parts: list[nn.Module] = [nn.Dropout(0.5), layers[0]]
            for layer in layers[1:]:
                parts += [between(), layer]
            self.out = nn.Sequential(*parts)
        else:
            for number, layer in enumerate(layers):
                self.add_module(f"fc{number}", layer)
        if plan.other:
            self.second = nn.Linear(plan.cells, plan.other)
        self.to(torch.float64 if plan.double else torch.float32)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(1.5)

    def forward(self, words: torch.Tensor) -> Any:
        plan = self.plan
        x = words
        if not plan.embed or plan.linear_input:
            rows = plan.symbols + (plan.padding is not None)
            x = nn.functional.one_hot(words, rows).to(self.core.weight_ih_l0.dtype)
        if plan.embed:
            x = self.embed(x)
        if plan.into:
            x = torch.relu(self.into(x)) if plan.into_relu else self.into(x)
        x = x if plan.batch_first else x.transpose(0, 1)
        start = None
        if plan.learned:
            parts = [self.h0, self.c0] if plan.cell == "LSTM" else [self.h0]
            parts = [part.expand(-1, len(words), -1).contiguous() for part in parts]
            start = parts[0] if len(parts) == 1 else tuple(parts)
        h = self.core(x, start)[0]
        h = h if plan.batch_first else h.transpose(0, 1)
        if plan.last_only:
            h = h[:, -1]
        second = self.second(h) if plan.other else None
        if plan.sequential and plan.hidden:
            h = self.out(h)
        else:
            for number in range(len(plan.hidden) + 1):
                if number:
                    h = torch.relu(h) if plan.activation == "relu" else torch.tanh(h)
                h = getattr(self, f"fc{number}")(h)
        return h if second is None else (h, second)

    @property
    def rows(self) -> np.ndarray:
        """The row of each symbol."""
        every = range(self.plan.symbols + (self.plan.padding is not None))
        return np.array([row for row in every if row != self.plan.padding])


def logits(module: Module, words: np.ndarray) -> np.ndarray:
    """What PyTorch gives after words (B, T) of symbols."""
    module.eval()
    with torch.no_grad():
        outputs = module(torch.from_numpy(module.rows[words]))
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    return (outputs if outputs.ndim == 2 else outputs[:, -1]).double().numpy()


def check_same(net: Net, module: Module) -> None:
    """The net gives what the module gives, in the module's numbers."""
    assert net.dtype == ("float64" if module.plan.double else "float32")
    rng = np.random.default_rng(1)
    kind = next(kind for kind, head in net.heads.items() if head.source != "second")
    for length in (1, 4, 7):
        words = rng.integers(module.plan.symbols, size=(5, length))
        expected = logits(module, words)
        found = rl.run(net, words).heads[kind]
        tolerance = 1e-9 if module.plan.double else 2e-4
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@st.composite
def plans(draw: st.DrawFn, *, least: int = 1, most: int = 4, honest: bool = True) -> Plan:
    symbols = draw(st.integers(max(least, 2), most))
    sizes = st.integers(least, most)
    embed = draw(st.none() | sizes)
    padded = embed is not None and draw(st.booleans())
    hidden = tuple(draw(st.lists(sizes, max_size=2)))
    into = draw(st.none() | sizes)
    return Plan(
        cell=draw(st.sampled_from(["LSTM", "GRU", "RNN"])),
        symbols=symbols,
        cells=draw(sizes),
        depth=draw(st.integers(1, 3)),
        relu=draw(st.booleans()),
        bias=draw(st.booleans()),
        batch_first=draw(st.booleans()),
        embed=embed,
        padding=draw(st.integers(0, symbols)) if padded else None,
        linear_input=not honest and not padded and draw(st.booleans()),
        into=into,
        into_relu=into is not None and draw(st.booleans()),
        learned=draw(st.booleans()),
        hidden=hidden,
        activation=draw(st.sampled_from(["relu", "tanh"])),
        sequential=honest or draw(st.booleans()),
        outputs=draw(st.sampled_from([1, 2, symbols])),
        other=None if honest else draw(st.none() | sizes),
        double=draw(st.booleans()),
        last_only=draw(st.booleans()),
    )


def kind_of(plan: Plan) -> str:
    return "legal" if plan.outputs == plan.symbols else "accept"


@settings(max_examples=60, deadline=None)
@given(plan=plans(), seed=st.integers(0, 99))
def test_every_path_gives_the_net_that_pytorch_runs(plan: Plan, seed: int) -> None:
    torch.manual_seed(seed)
    module = Module(plan)
    told: dict[str, Any] = {"alphabet": SYMBOLS[: plan.symbols], "kind": kind_of(plan)}
    if plan.learned:
        told["initial"] = "h0,c0" if plan.cell == "LSTM" else "h0"
    if plan.into:
        told["input_layer"] = "into:relu" if plan.into_relu else "into"
    with warnings.catch_warnings():
        warnings.simplefilter("error", FormatWarning)  # it has been run
        net = rl.load(module, **told)
    check_same(net, module)
    # Files do not tell what the module does: whether it is an embedding, what is between layers.
    more = {
        "nonlinearity": "relu" if plan.relu else "tanh",
        "embedding": "embed" if plan.embed else None,
        "padding": plan.padding,
        "head_activation": plan.activation if plan.hidden else None,
    }
    prefixed = {
        f"_orig_mod.module.inner.{key}": value.contiguous()
        for key, value in module.state_dict().items()
    }
    deeper = more | {"embedding": "inner.embed" if plan.embed else None}
    with tempfile.TemporaryDirectory() as folder:
        torch.save({"epoch": 1, "model": module.state_dict()}, f"{folder}/net.pt")
        save_file(prefixed, f"{folder}/net.safetensors")
        np.savez(f"{folder}/net.npz", **{k: v.numpy() for k, v in module.state_dict().items()})
        others = [
            rl.load(module.state_dict(), **told, **more),
            rl.load(f"{folder}/net.pt", **told, **more),
            rl.load(f"{folder}/net.npz", **told, **more),
            rl.load(Path(folder) / "net.safetensors", **told, **deeper),
        ]
        rl.save(net, f"{folder}/ours.safetensors")
        assert to_bytes(rl.load(f"{folder}/ours.safetensors")) == to_bytes(net)
    for other in others:
        assert other.reading == net.reading
        plain = {kind: head.layers for kind, head in other.heads.items()}
        assert list(plain) == list(net.heads)
        check_same(other, module)


@settings(max_examples=150, deadline=None)
@given(
    plan=plans(most=3, honest=False),
    seed=st.integers(0, 99),
    as_file=st.booleans(),
    told=st.sampled_from([{}, {"kind": "told"}, {"head": "fc0"}, {"head": "fc1"}]),
)
def test_what_is_taken_is_never_another_net(
    plan: Plan, seed: int, as_file: bool, told: dict[str, str]
) -> None:
    """Whatever sizes are equal: the net is that of PyTorch, or it is refused in one line."""
    torch.manual_seed(seed)
    module = Module(plan)
    if told.get("kind"):
        told = {"kind": kind_of(plan)}
    if plan.cell == "RNN":
        told = told | {"nonlinearity": "relu" if plan.relu else "tanh"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FormatWarning)
            net = rl.load(
                module.state_dict() if as_file else module,
                alphabet=SYMBOLS[: plan.symbols],
                **told,
            )
    except ReberLSTMError:
        return
    if net.heads and all(head.source != "second" for head in net.heads.values()):
        check_same(net, module)


class Own(nn.Module):
    """One recurrent layer over 3 symbols, and what a test adds."""

    def __init__(self, cells: int = 4) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.rnn = nn.LSTM(3, cells, batch_first=True)
        self.fc = nn.Linear(cells, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.fc(self.rnn(x)[0])


def test_a_module_that_does_something_else_is_refused_with_the_word() -> None:
    class Doubled(Own):
        def forward(self, x: torch.Tensor) -> Any:
            return self.fc(2 * self.rnn(x)[0])

    with pytest.raises(
        FormatError, match=r"^Doubled: after '[abc]+' its own legal outputs differ b"
    ):
        rl.load(Doubled(), alphabet="abc")

    class Started(Own):
        def forward(self, x: torch.Tensor) -> Any:
            h = torch.full((1, len(x), 4), 0.5, dtype=x.dtype)
            return self.fc(self.rnn(x, (h, h))[0])

    with pytest.raises(FormatError, match=r"^Started: after .* differ by 0\.\d+ from ours"):
        rl.load(Started(), alphabet="abc")


@pytest.mark.parametrize(
    "give",
    [
        lambda z: z[:, -1],
        lambda z: (None, {"logits": z}),
        lambda z: z.transpose(1, 2),
        lambda z: torch.softmax(z, dim=-1),
        lambda z: torch.log_softmax(z, dim=-1)[:, -1],
        lambda z: torch.sigmoid(z),
        lambda z: z.reshape(-1, 3),
    ],
)
def test_outputs_are_found_in_whatever_shape_they_are_given(give: Any) -> None:
    class Giving(Own):
        def forward(self, x: torch.Tensor) -> Any:
            return give(super().forward(x))

    with warnings.catch_warnings():
        warnings.simplefilter("error", FormatWarning)
        assert rl.load(Giving(), alphabet="abc").size == 4


def test_a_module_is_not_changed_by_being_read() -> None:
    class Stateful(Own):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.norm, self.calls = nn.Dropout(0.5), nn.Identity(), 0

        def forward(self, x: torch.Tensor) -> Any:
            self.calls += 1
            return super().forward(self.drop(x))

    module = Stateful().train()
    module.norm.eval()
    before, seed = module.state_dict(), torch.random.get_rng_state()
    assert rl.load(module, alphabet="abc").name == "Stateful"
    assert (module.calls, module.training, module.drop.training) == (0, True, True)
    assert not module.norm.training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert torch.equal(seed, torch.random.get_rng_state())
    assert {p.dtype for p in module.parameters()} == {torch.float32}


def test_a_module_that_cannot_be_run_is_read_with_a_note() -> None:
    with pytest.warns(FormatWarning, match=r"ModuleDict: it was not run for comparison: it has no"):
        net = rl.load(nn.ModuleDict({"rnn": nn.GRU(3, 4), "out": nn.Linear(4, 1)}), alphabet="abc")
    assert net.reading == "accept: logit > 0"
    unclear = nn.ModuleDict({"rnn": nn.GRU(3, 4), "a": nn.Linear(4, 4), "b": nn.Linear(4, 1)})
    with pytest.raises(FormatError, match="may read h, or the 4 numbers"):
        rl.load(unclear, alphabet="abc", kind="accept")


def test_heads_in_parallel_are_told_by_the_run() -> None:
    class Two(Own):
        def __init__(self) -> None:
            super().__init__(cells=3)
            self.other = nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> Any:
            h = self.rnn(x)[0]
            return {"next": self.fc(h), "end": self.other(h)}

    net = rl.load(Two(), alphabet="abc")
    assert net.reading == "legal: softmax > 0.1; accept: logit > 0"
    with pytest.raises(FormatError, match="may read h, or the 3 numbers"):
        rl.load(Two().state_dict(), alphabet="abc")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 3)], "head is Linear, GELU, Linear; read are"),
        ([nn.ReLU(), nn.Linear(4, 3)], "head is ReLU, Linear; read are linear layers with ReLU"),
        ([nn.Linear(4, 4), nn.Linear(4, 3)], "head is Linear, Linear; read are linear layers"),
        ([nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 3)], r"tensor 'head.1.(weight|bias)'"),
    ],
)
def test_sequences_that_are_not_read(parts: list[nn.Module], message: str) -> None:
    module = Own()
    del module.fc
    module.head = nn.Sequential(*parts)
    with pytest.raises(FormatError, match=message):
        rl.load(module, alphabet="abc")


def test_several_layers_of_a_head_are_named_in_order() -> None:
    torch.manual_seed(3)
    plan = Plan("GRU", symbols=3, cells=3, hidden=(3, 3), outputs=3, sequential=False)
    module, state = Module(plan), Module(plan).state_dict()
    with pytest.raises(FormatError, match="name them in order, as in head='fc0,fc1,fc2'"):
        rl.load(state, alphabet="abc", head_activation="relu")
    told = {"alphabet": "abc", "head": "fc0,fc1,fc2", "head_activation": "relu"}
    check_same(rl.load(module.state_dict(), **told), module)
    with pytest.raises(FormatError, match="differ by"):
        rl.load(module, **told | {"head": "fc1,fc0,fc2"})


def test_symbols_around_every_word() -> None:
    """Rows: padding 0, begin 1, end 2, and three symbols; the outputs have a row for each.

    What may come next is told before the end symbol: after it nothing comes.
    """

    class Translated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.embedding = nn.Embedding(6, 4, padding_idx=0)
            self.rnn = nn.GRU(4, 5, batch_first=True)
            self.out = nn.Linear(5, 6)

        def forward(self, words: torch.Tensor) -> torch.Tensor:
            return self.out(self.rnn(self.embedding(words))[0])  # type: ignore[no-any-return]

    module = Translated()
    net = rl.load(
        module, alphabet=["<s>", "</s>", "a", "b", "c"], padding=0, prefix=["<s>"], suffix=["</s>"]
    )
    assert net.alphabet == ("a", "b", "c")
    words = np.random.default_rng(0).integers(3, size=(4, 6))
    raw = np.hstack([np.full((4, 1), 1), words + 3])
    with torch.no_grad():
        probabilities = module(torch.from_numpy(raw))[:, -1].softmax(dim=-1).numpy()[:, 3:]
    states = rl.run(net, words).states
    np.testing.assert_allclose(net.values("legal", states), probabilities, atol=1e-6)
    assert (net.observe(states).legal == (probabilities > 0.1)).all()
    with tempfile.TemporaryDirectory() as folder:
        rl.save(net, f"{folder}/net.npz")
        again = rl.load(f"{folder}/net.npz")
        assert (again.observe(states).legal == (probabilities > 0.1)).all()
        assert np.array_equal(rl.run(again, words).states, states)


@pytest.mark.parametrize("thing", [3, None, b"net", object(), rl.load_grammar("reber")])
def test_what_is_no_net_is_an_error_that_says_what_is_taken(thing: Any) -> None:
    with pytest.raises(ReberLSTMError, match=r"is no net; taken are a net, the name of a shipped"):
        rl.load(thing)


def test_a_shipped_net_has_one_name() -> None:
    for name in ("reber-4", "smallest/reber", "learned/tomita-3-gru"):
        assert rl.load(name).name == name


def test_a_layer_before_the_recurrent_one_is_settled_by_the_run() -> None:
    """A module that runs is read at once; of one that does not run it has to be said."""

    class Projected(Own):
        def __init__(self) -> None:
            super().__init__()
            self.into = nn.Linear(2, 3)

        def forward(self, x: torch.Tensor) -> Any:
            return super().forward(self.into(nn.functional.one_hot(x, 2).float()))

    module = Projected()
    module.fc = nn.Linear(4, 1)
    assert rl.load(module, alphabet="ab").vectors.shape == (2, 3)
    parts = nn.ModuleDict(dict(module.named_children()))
    with pytest.raises(FormatError, match=r"'into.weight' \(3, 2\) may be a linear layer before"):
        rl.load(parts, alphabet="ab")
    with pytest.warns(FormatWarning, match="it was not run for comparison"):
        assert rl.load(parts, alphabet="ab", input_layer="into").vectors.shape == (2, 3)
