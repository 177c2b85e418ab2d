"""Words as tensors: what PyTorch's own loader makes of them, and a net that learns from them."""

from __future__ import annotations

import pytest

import reberlstm as rl

torch = pytest.importorskip("torch")


def test_batches_hold_the_words() -> None:
    data = rl.WordDataset("reber", count=50, seed=3)
    reber = rl.load_grammar("reber")
    assert [list(word) for word in data.words] == [list(w) for w in reber.sample(50, seed=3)]
    loader = torch.utils.data.DataLoader(data, batch_size=7, collate_fn=data.collate)
    seen = []
    for symbols, targets, lengths in loader:
        assert symbols.dtype == targets.dtype == torch.int64
        for row, target, length in zip(symbols, targets, lengths.tolist(), strict=True):
            assert (target[length:] == -100).all()
            assert (row[1:length] == target[: length - 1]).all()
            whole = [*row[:length].tolist(), int(target[length - 1])]
            seen.append(tuple(data.alphabet[number] for number in whole))
    assert seen == data.words


def test_a_net_of_torch_learns_from_it_and_is_read() -> None:
    data = rl.WordDataset("reber", count=300, seed=0)
    torch.manual_seed(0)
    symbols = len(data.alphabet)

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(symbols, 8, batch_first=True)
            self.next = torch.nn.Linear(8, symbols)

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.next(self.lstm(x)[0])

    model = Model()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    loader = torch.utils.data.DataLoader(data, batch_size=100, collate_fn=data.collate)
    for _ in range(40):
        for x, targets, _lengths in loader:
            logits = model(torch.nn.functional.one_hot(x, symbols).float())
            loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    assert rl.trace(model, "BTX", grammar="reber").offered_last == ("S", "X")


def test_what_has_no_next_symbol_is_refused() -> None:
    with pytest.raises(rl.ReberLSTMError, match=r"parity has words of fewer than two symbols"):
        rl.WordDataset("parity", count=20)
    with pytest.raises(rl.ReberLSTMError, match="count is 0; give the number of words"):
        rl.WordDataset("reber", count=0)


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "RNN"])
def test_the_activations_of_a_stack_of_ones_own_are_those_of_torch(kind: str) -> None:
    torch.manual_seed(0)

    class Stack(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = getattr(torch.nn, kind)(7, 5, num_layers=2, batch_first=True)
            self.out = torch.nn.Linear(5, 7)

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.out(self.rnn(x)[0])

    stack = Stack()
    trace = rl.trace(stack, "BTXSE", grammar="reber")
    columns = torch.tensor([trace.net.alphabet.index(symbol) for symbol in "BTXSE"])
    hidden = stack.rnn(torch.nn.functional.one_hot(columns, 7).float()[None])[0][0]
    table = trace.to_pandas()
    top = table[(table.gate == "hidden") & table.cell.str.startswith("2.")]
    for found in (trace.array("hidden")[:, 5:], top.value.to_numpy().reshape(5, 5)):
        torch.testing.assert_close(torch.tensor(found).float(), hidden, rtol=0, atol=1e-6)
