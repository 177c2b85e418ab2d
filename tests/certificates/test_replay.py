"""The lines that a refutation prints are run in the user's own module, and say the same."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reberlstm as rl
from reberlstm.certificates import Refutation
from reberlstm.certificates.replay import _listed
from reberlstm.cli import run
from tests.cases import REBER, machine

torch = pytest.importorskip("torch")


class Model(torch.nn.Module):
    """A usual model: an embedding or one-hot vectors, a recurrent layer, a linear one."""

    def __init__(self, kind: str, rows: int, embeds: bool, layers: int, outputs: int) -> None:
        super().__init__()
        size = 5 if embeds else rows
        self.embed = torch.nn.Embedding(rows, size, padding_idx=0) if embeds else None
        cell = getattr(torch.nn, kind)
        self.rnn = cell(size, 6, num_layers=layers, batch_first=True)
        self.fc = torch.nn.Linear(6, outputs)

    def forward(self, x: Any) -> Any:
        h, _ = self.rnn(x if self.embed is None else self.embed(x))
        return self.fc(h)


def replayed(found: Refutation, module: Any) -> np.ndarray[Any, Any]:
    """The numbers that the lines print."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec("\n".join(found.replay), {"module": module, "net": module})
    return np.array(eval(printed.getvalue(), {"tensor": list}))


@pytest.mark.filterwarnings("ignore:.*a simple RNN of which the file does not tell")
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(("embeds", "layers"), [(False, 1), (True, 1), (True, 2)])
def test_in_the_module_of_others(kind: str, embeds: bool, layers: int, tmp_path: Path) -> None:
    torch.manual_seed(3)
    rows = len(REBER.alphabet) + embeds
    module = Model(kind, rows, embeds, layers, len(REBER.alphabet))
    path = str(tmp_path / "model.pt")
    torch.save(module.state_dict(), path)
    options: dict[str, Any] = {"padding": 0} if embeds else {}
    told = {"nonlinearity": "tanh"} if kind == "RNN" else {}
    for given, more in ((path, told), (module, {})):
        found = rl.certify(given, REBER, seconds=5.0, **options, **more)
        assert isinstance(found, Refutation)
        logits = replayed(found, module)
        odds = np.exp(logits - logits.max())
        says = {a for a, p in zip(REBER.alphabet, odds / odds.sum(), strict=True) if p > 0.1}
        assert says == set(found.offered) != set(found.allowed)


def test_with_symbols_around_the_word() -> None:
    parity = machine("01", "even", "even", {"even": "0even 1odd", "odd": "0odd 1even"})
    torch.manual_seed(0)
    module = Model("GRU", 5, True, 1, 2)
    found = rl.certify(
        module,
        parity,
        alphabet="^01$",
        padding=0,
        prefix="^",
        suffix="$",
        kind="accept",
        scope="all",
    )
    assert isinstance(found, Refutation)
    assert "rows = [1, " in "\n".join(found.replay)
    no, yes = replayed(found, module)
    assert (yes > no) == (found.offered == ("yes",))


def test_long_lists_are_folded() -> None:
    assert _listed([1] + [0] * 25) == "[1] + [0] * 25"
    assert _listed([1, 0, 0, 0, 0, 0]) == "[1, 0, 0, 0, 0, 0]"
    word = list("abcdefghijklm")
    assert eval(_listed(word)) == word


def test_in_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(3)
    module = Model("LSTM", 7, False, 1, 7)
    path = str(tmp_path / "model.pt")
    torch.save(module.state_dict(), path)
    assert run(["certify", "reber", "--net", path]) == 1
    out = capsys.readouterr().out
    lines = out.partition("  replay it in your own module:\n")[2].splitlines()
    found = rl.certify(path, REBER)
    assert isinstance(found, Refutation)
    assert tuple(line[4:] for line in lines) == found.replay
    # Nets of our own are run by the package; the lines are in --json alone.
    assert run(["certify", "reber", "--net", "published"]) == 1
    assert "replay" not in capsys.readouterr().out
    own = rl.certify(rl.published(), REBER)
    assert isinstance(own, Refutation)
    scope: dict[str, Any] = {"net": rl.published()}
    with redirect_stdout(io.StringIO()):
        exec("\n".join(own.replay), scope)
    assert scope["runs"].heads["legal"].shape == (1, 7)
