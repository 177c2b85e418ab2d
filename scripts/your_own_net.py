"""Five nets as people have them, trained in PyTorch, and what every command says of their files.

    python scripts/your_own_net.py                 all five, about two minutes
    python scripts/your_own_net.py tagger          one of them
    python scripts/your_own_net.py --write         also into docs/your-own-net.md

Each section trains a net in seconds, saves it as people do, runs the commands of the page, and runs
a word in the module itself: the one on which `certify` refutes it, if it does. Needs the extra
``torch``.
"""

# mypy: disable-error-code="no-any-return, no-untyped-call, attr-defined"

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import os
import shlex
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from in_docs import put
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

import reberlstm as rl
from reberlstm.cli import run

PAGE = "your-own-net.md"


class NextSymbol(nn.Module):
    """An LSTM and a linear layer over one-hot symbols."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(7, 12, batch_first=True)
        self.decoder = nn.Linear(12, 7)

    def forward(self, x: Tensor) -> Tensor:
        """The logits of the next symbol (B, T, 7) for one-hot symbols (B, T, 7)."""
        return self.decoder(self.lstm(x)[0])


def next_symbol() -> NextSymbol:
    """Trained on words of the Reber grammar, by cross-entropy."""
    torch.manual_seed(0)
    model = NextSymbol()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    words = ["".join(word) for word in rl.load_grammar("reber").sample(2_000, seed=0)]
    rows = {symbol: row for row, symbol in enumerate("BTSXPVE")}
    for step in range(400):
        batch = [torch.tensor([rows[x] for x in word]) for word in words[step % 40 :: 40]]
        symbols = pad_sequence(batch, batch_first=True, padding_value=-1)
        logits = model(one_hot(symbols[:, :-1].clamp(min=0), 7).float())
        loss = cross_entropy(logits.flatten(0, 1), symbols[:, 1:].flatten(), ignore_index=-1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save(model.state_dict(), "next.pt")
    return model


class Acceptor(nn.Module):
    """A GRU over an embedding whose row 0 is padding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(3, 4, padding_idx=0)  # padding, 0, 1
        self.gru = nn.GRU(4, 8, batch_first=True)
        self.fc = nn.Linear(8, 1)

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """A logit for each word (B,), for rows of the embedding (B, T)."""
        packed = pack_padded_sequence(
            self.embedding(rows), lengths, batch_first=True, enforce_sorted=False
        )
        return self.fc(self.gru(packed)[1][-1])[:, 0]


def acceptor() -> Acceptor:
    """Words of 0 and 1 without 000."""
    torch.manual_seed(1)
    model = Acceptor()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(600):
        lengths = torch.randint(1, 30, (64,))
        words = [torch.randint(2, (n,)) for n in lengths]
        right = torch.tensor(["000" not in "".join(map(str, w.tolist())) for w in words])
        rows = pad_sequence([word + 1 for word in words], batch_first=True)
        loss = binary_cross_entropy_with_logits(model(rows, lengths), right.float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save({"epoch": 600, "model_state_dict": model.state_dict()}, "acceptor.pt")
    return model


class Classifier(nn.Module):
    """Two layers of an LSTM, whose forward gives probabilities."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(2, 3)
        self.lstm = nn.LSTM(3, 8, num_layers=2, dropout=0.1, batch_first=True)
        self.out = nn.Linear(8, 1)

    def forward(self, rows: Tensor) -> Tensor:
        """A probability for each word (B,), for rows (B, T)."""
        return torch.sigmoid(self.out(self.lstm(self.embed(rows))[0][:, -1]))[:, 0]


def classifier() -> Classifier:
    """Words of a and b that contain abba."""
    torch.manual_seed(0)
    model = Classifier()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(800):
        words = torch.randint(2, (64, int(torch.randint(1, 20, ()))))
        right = ["abba" in "".join("ab"[x] for x in word) for word in words]
        loss = nn.functional.binary_cross_entropy(model(words), torch.tensor(right).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    compiled = torch.compile(nn.DataParallel(model))  # names begin with _orig_mod.module.
    torch.save(compiled.state_dict(), "classifier.pt")
    return model.eval()


LIFT = """\
name = "lift"
alphabet = ["U", "D"]
start = "ground"

[transitions]
ground = { U = "first", D = "ground" }
first = { U = "second", D = "ground" }
second = { U = "second", D = "first" }

[outputs]
ground = "0"
first = "1"
second = "2"
"""
"""Three floors, up and down."""


class Tagger(nn.Module):
    """A GRU that gives an output after every symbol."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(2, 4)
        self.gru = nn.GRU(4, 8, batch_first=True)
        self.hidden2tag = nn.Linear(8, 3)

    def forward(self, rows: Tensor) -> Tensor:
        """The logits of the floors (B, T, 3), for rows (B, T)."""
        return self.hidden2tag(self.gru(self.embedding(rows))[0])


def tagger() -> Tagger:
    """The floor of a lift, after every button: 0 is U and goes up, 1 is D and goes down."""
    torch.manual_seed(0)
    model = Tagger()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        rows = torch.randint(2, (64, 25))
        floors: list[Tensor] = []
        floor = torch.zeros(64, dtype=torch.int64)
        for row in rows.T:
            floor = (floor + 1 - 2 * row).clamp(0, 2)
            floors.append(floor)
        loss = cross_entropy(model(rows).flatten(0, 1), torch.stack(floors, 1).flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save(model.half().state_dict(), "tagger.pt")
    return model.float()


class Sentence(nn.Module):
    """An LSTM and an MLP over words between a begin and an end symbol."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(4, 4)  # ^ 0 1 $
        self.rnn = nn.LSTM(4, 10, batch_first=True)
        self.head = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, rows: Tensor) -> Tensor:
        """A logit for each word (B,), for rows (B, T) from ^ to $."""
        return self.head(self.rnn(self.embed(rows))[0][:, -1])[:, 0]


def sentence() -> Sentence:
    """Words of 0 and 1 that end as they began."""
    torch.manual_seed(0)
    model = Sentence()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(600):
        words = torch.randint(1, 3, (64, int(torch.randint(1, 20, ()))))
        rows = nn.functional.pad(words, (1, 0), value=0)
        rows = nn.functional.pad(rows, (0, 1), value=3)
        right = words[:, 0] == words[:, -1]
        loss = binary_cross_entropy_with_logits(model(rows), right.float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save(model.state_dict(), "sentence.pt")
    return model


@dataclass(frozen=True)
class Section:
    """A module, its training, the commands, and how a word is run in the module itself."""

    model: type[nn.Module]
    train: Callable[[], nn.Module]
    commands: tuple[str, ...]
    replay: str
    word: str


AROUND = "--alphabet '^01$' --prefix ^ --suffix $ --embedding embed --head-activation relu"

SECTIONS = {
    "next": Section(
        NextSymbol,
        next_symbol,
        (
            "certify reber --net next.pt",
            "extract next.pt --reference reber --seconds 10",
            "trace BTX --grammar reber --net next.pt --cells c0,c1,c2",
        ),
        'model(one_hot(torch.tensor([["BTSXPVE".index(x) for x in word]]), 7).float())[0, -1]'
        ".softmax(0)",
        "BTX",
    ),
    "acceptor": Section(
        Acceptor,
        acceptor,
        (
            "certify tomita-4 --net acceptor.pt --padding 0",
            "extract acceptor.pt --reference tomita-4 --padding 0 --seconds 10",
        ),
        'model(torch.tensor([[1 + "01".index(x) for x in word]]), [len(word)])[0] > 0',
        "0100010",
    ),
    "classifier": Section(
        Classifier,
        classifier,
        (
            "certify contains-abba --net classifier.pt",
            "compare contains-abba classifier.pt --row accuracy --row certificate",
        ),
        'model(torch.tensor([["ab".index(x) for x in word]]))[0]',
        "abba",
    ),
    "tagger": Section(
        Tagger,
        tagger,
        (
            "certify lift.toml --net tagger.pt --labels '0 1 2'",
            "extract tagger.pt --reference lift.toml --labels '0 1 2'",
        ),
        'model(torch.tensor([["UD".index(x) for x in word]]))[0].argmax(1)',
        "UUUDD",
    ),
    "sentence": Section(
        Sentence,
        sentence,
        (
            f"certify even-pairs --net sentence.pt {AROUND}",
            f"check words.txt --grammar even-pairs --net sentence.pt {AROUND}",
        ),
        'model(torch.tensor([["^01$".index(x) for x in f"^{word}$"]]))[0] > 0',
        "0110",
    ),
}


def source(*parts: object) -> list[str]:
    """The source text of classes and functions, as a block of the page."""
    texts = [inspect.getsource(part).rstrip() for part in parts]  # type: ignore[arg-type]
    return ["```python", *"\n\n\n".join(texts).split("\n"), "```"]


def shown(commands: Iterable[str]) -> tuple[list[str], list[str]]:
    """Commands and what they print, as a block of the page; and words that refute the net."""
    lines, words = ["```text"], []
    for command in commands:
        out, notes = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(notes):
            run(shlex.split(command))
        said = [*notes.getvalue().splitlines(), *out.getvalue().splitlines()]
        ends = [at for at, line in enumerate(said) if line.startswith("nearest observation")]
        said = said[: ends[0] + 1] if ends else said  # of `extract` what is known, no table
        lines += [f"$ reberlstm {command}", *map(str.rstrip, said), ""]
        words += [line.split()[1] for line in said if line.startswith("  shortest ")]
    return [*lines[:-1], "```"], words


def section(name: str, write: bool) -> None:
    """Train a net, run its commands, and run a word in the module: one that refutes it, if any."""
    part = SECTIONS[name]
    put(f"{name}: training", source(part.model, part.train), write, PAGE)
    model = part.train().eval()
    lines, words = shown(part.commands)
    put(f"{name}: commands", lines, write, PAGE)
    word = (words or [part.word])[0]
    with torch.no_grad():
        found = eval(part.replay, globals() | {"model": model, "word": word})
    numbers = [round(float(x), 4) for x in found] if found.ndim else round(found.item(), 4)
    said = found.tolist() if found.dtype in (torch.bool, torch.int64) else numbers
    put(
        f"{name}: replay",
        ["```python", f'word = "{word}"', part.replay, f"# {said}", "```"],
        write,
        PAGE,
    )


def main() -> None:
    """Run the sections that are asked for, in an empty folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--write", action="store_true", help=f"write into docs/{PAGE}")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("lift.toml").write_text(LIFT)
        Path("words.txt").write_text("0110\n01\n1\n")
        for name in asked.sections or SECTIONS:
            section(name, asked.write)
        os.chdir(home)


if __name__ == "__main__":
    main()
