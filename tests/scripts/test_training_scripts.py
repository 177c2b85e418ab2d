"""The scripts behind docs/training.md, at sizes that take seconds."""

from __future__ import annotations

from dataclasses import replace

import check_training
import numpy as np
import pytest
import reproduce_embedded_reber as embedded
import torch

import reberlstm as rl


def test_a_row_of_the_table_counts_what_it_trains() -> None:
    row = check_training.Row("…", grammar="tomita-1", settings={"cell": "fsm", "task": "accept"})
    line = check_training.measured(row, seeds=1)
    trained = rl.train(rl.Settings(fsm=rl.load_grammar("tomita-1"), cell="fsm", task="accept"))
    words = trained.words_presented
    assert line.startswith(
        f"| `train tomita-1 …` | 1 of 1 | – | {words:,} to {words:,}, mean {words:,} | 0 | "
    )


def test_nets_that_know_the_grammar_are_found_right_and_others_are_not() -> None:
    """The compiled net under the threshold of the protocol, beside one of chance."""
    fsm = embedded.EMBEDDED
    compiled = rl.compile(fsm)
    preset = replace(embedded.PRESETS["tiny"], cells=compiled.size)
    parameters = embedded.beginning(np.random.default_rng(0), 2, preset)
    with torch.no_grad():
        parameters["weight_ih"][0] = torch.tensor(compiled.weight_ih.T)
        parameters["weight_hh"][0] = torch.tensor(compiled.weight_hh.T)
        parameters["bias"][0, 0] = torch.tensor(compiled.bias)
        head = compiled.heads["legal"]
        parameters["legal.weight"][0] = torch.tensor(head.weight.T)
        parameters["legal.bias"][0, 0] = torch.tensor(head.bias) + embedded.OFFERED
    machine = fsm.tables()
    words = machine.given(fsm.sample(30, seed=1)).for_nets()
    assert embedded._all_right(parameters, machine, words).tolist() == [True, False]
    arrays = {key: tensor.detach().double().numpy() for key, tensor in parameters.items()}
    proofs = [rl.certify(net, seconds=10.0) for net in embedded.as_they_are(arrays)]
    assert [proof.holds for proof in proofs] == [True, False]
    assert embedded.outcomes(proofs).startswith("1 of 2, refuted 1, margins ")


def test_outer_symbols_are_those_that_repeat_what_came_first() -> None:
    fsm = embedded.CONTINUAL
    machine = fsm.tables()
    word = tuple("BTBTXSETEBPBPVVEPE")
    columns = np.array([fsm.alphabet.index(symbol) for symbol in word])[:, None]
    states = machine.follow(columns, np.ones(columns.shape, dtype=bool)).states
    asked = embedded._end_follows(machine, states)
    # What is asked after a symbol is which one comes next: the T and the P before the last E.
    assert [t + 1 for t in range(len(word)) if asked[t, 0]] == [7, 16]


def test_streams_are_words_of_the_grammar_one_after_another() -> None:
    streams = embedded._streams(np.random.default_rng(0), 2, 3, 50)
    assert streams.shape == (50, 2, 3)
    fsm = embedded.CONTINUAL
    tables = fsm.tables()
    for net in range(2):
        for stream in range(3):
            state = 0
            for column in streams[:, net, stream]:
                assert fsm.alphabet[column] in tables.symbols[state]
                state = tables.table[state][column]


def test_gates_that_are_held_open_forget_nothing() -> None:
    preset = embedded.PRESETS["tiny"]
    parameters = embedded.beginning(np.random.default_rng(0), 2, preset)
    held = torch.tensor([0.0, 1.0])[:, None, None]
    opened = embedded._open(parameters, held)
    forget = slice(preset.cells, 2 * preset.cells)
    for key in ("weight_ih", "weight_hh", "bias"):
        assert torch.equal(opened[key][0], parameters[key][0])
        assert (opened[key][1][..., forget] == (40.0 if key == "bias" else 0.0)).all()
        rest = torch.ones(opened[key].shape[-1], dtype=torch.bool)
        rest[forget] = False
        assert torch.equal(opened[key][1][..., rest], parameters[key][1][..., rest])


def test_nets_that_begin_anew_leave_the_others_alone() -> None:
    preset = embedded.PRESETS["tiny"]
    parameters = embedded.beginning(np.random.default_rng(0), 2, preset)
    adam = embedded.Adam(parameters)
    before = {key: tensor.detach().clone() for key, tensor in parameters.items()}
    adam.step(sum((tensor**2).sum() for tensor in parameters.values()), 0.01)  # type: ignore[arg-type]
    for key, tensor in parameters.items():
        moved = (tensor - before[key]).abs()
        assert torch.allclose(moved[before[key] != 0], torch.tensor(0.01), rtol=1e-3)
    after = {key: tensor.detach().clone() for key, tensor in parameters.items()}
    fresh = embedded.beginning(np.random.default_rng(1), 2, preset)
    adam.begin_anew(np.array([True, False]), fresh)
    for key, tensor in parameters.items():
        assert torch.equal(tensor[0], fresh[key][0])
        assert torch.equal(tensor[1], after[key][1])
    assert adam.steps.flatten().tolist() == [0.0, 1.0]


@pytest.mark.slow
def test_all_parts_print_their_figures(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["reproduce_embedded_reber.py", "--preset", "tiny"])
    embedded.main()
    said = capsys.readouterr().out
    assert "succeeded   0 of 2 trials" in said
    assert "proved for all lengths, trained on: 0 of 2," in said
    assert "streams of 60 symbols, forget gates held open" in said
