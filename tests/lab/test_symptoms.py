"""``reberlstm lab why``: found by the words that people use, and true on nets of any seed."""

import json
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

from reberlstm.cli import run as reberlstm
from reberlstm.errors import LabError
from reberlstm.lab.drawing import COLOURS
from reberlstm.lab.symptoms import SYMPTOMS, find, results, show
from reberlstm.lab.symptoms.figures import colours
from reberlstm.lab.symptoms.labels import constant_answers
from tests.lab.test_docs import DOCS, scripts

ASKED = {
    "loss-0.693": "my loss is stuck at 0.693|0.693|loss: 0.6932 - acc: 0.5000|stagnates at 0.69|1.386"
    "|accuracy stuck at 50%|no better than guessing|loss doesn't decrease, ln 2",
    "loss-0.75": "0.75|loss 0.7534 acc 0.4992|loss not changing when training"
    "|loss exactly the same every epoch|weights are not updated",
    "softmax-one-unit": "softmax|Dense(1, activation='softmax')|softmax with a single output neuron"
    "|always predicts the same class",
    "constant-output": "constant output|LSTM is always predicting constant|flat line"
    "|same output for every input|predictions converge to a constant value|inputs not normalised",
    "predicts-the-mean": "predicts the mean|always predicts the average|Mean",
    "lags-by-one-step": "lag|predictions lag one step behind|prediction is shifted|time delay"
    "|lagging behind true values|echoing instead of predicting|just repeats the last value",
    "zero-after-some-time": "output is zero after some time|output goes to zero|vanishing gradient"
    "|forgets the first input|forget gate bias|decays to zero",
    "straight-line": "a straight line is out of reach|cannot learn a linear trend|trend flattens",
    "outside-the-range": "extrapolation|values larger than in training|does not generalise"
    "|right inside the training range and wrong outside|truncated to the highest value",
    "saturates-at-1": "saturates at ±1|never above 1|output between -1 and 1|peaks are cut off|tanh",
}
"""What people ask, by what they mean."""


@pytest.mark.parametrize("name", SYMPTOMS)
def test_a_symptom_is_found_by_the_words_of_people(name):
    symptom = SYMPTOMS[name]
    for words in (name, name.upper(), *symptom.said, *ASKED[name].split("|")):
        assert find(words) is symptom, words


NOT_HERE = " (a loss that grows or becomes NaN, overfitting and slow training are not among them)"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        *(
            (words, f"no symptom is known by {words!r}; `reberlstm lab why` lists them{NOT_HERE}")
            for words in ("dropout", "", "loss goes up", "loss nan", "training is unstable")
        ),
        (
            "my loss is stuck",
            "'my loss is stuck' may be loss-0.693, loss-0.75, saturates-at-1; name one of them, or "
            "say more",
        ),
    ],
)
def test_words_that_tell_of_none_or_of_several(words, message):
    with pytest.raises(LabError, match=f"^{re.escape(message)}$"):
        find(words)


def seen(name, seed):
    shown = show(SYMPTOMS[name], seed)
    first, *_, last = (shown.has_it(net) for net in shown.nets)
    assert (first, last) == (True, False), (seed, shown.rows)
    return shown


@pytest.mark.parametrize("name", ["loss-0.75", "constant-output"])
def test_the_first_net_has_the_symptom_and_the_last_has_not(name):
    before = torch.get_rng_state()
    seen(name, 17)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.slow
@pytest.mark.parametrize("name", SYMPTOMS)
def test_so_it_is_from_other_seeds(name):
    for seed in range(100, 105):
        seen(name, seed)


def test_what_a_constant_answer_costs():
    """Against the formulas: entropy, and variance around the answer."""
    found = {tuple(row[:2]): row[2:] for row in constant_answers()[1]}
    cases = {
        ("two, half of them 1", "½"): (np.log(2), 0.25),
        ("two, half of them 1", "⅔, or ⅓"): (np.log(4.5) / 2, 1 / 4 + 1 / 36),
        ("two, a quarter of them 1", "1, as a softmax over one unit"): (75, 0.75),
        ("4, equally frequent", "1/4 each"): (np.log(4), 0.75),
        ("10, equally frequent", "1/10 each"): (np.log(10), 0.9),
    }
    for case, costs in cases.items():
        assert tuple(found[case]) == tuple(f"{cost:.3g}" for cost in costs)


def answer(capsys, *arguments):
    status = reberlstm(["lab", "why", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_list(capsys):
    status, out, _ = answer(capsys)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[: len(SYMPTOMS)]] == list(SYMPTOMS)
    rows = json.loads(answer(capsys, "--json")[1])
    assert [row["name"] for row in rows] == list(SYMPTOMS)


def test_the_command(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    picture = tmp_path / "why.svg"
    arguments = ("softmax", "over", "one", "unit", "--seed", 4)
    status, out, err = answer(capsys, *arguments, "--seeds", 2, "-o", picture)
    assert (status, err) == (0, "")
    assert out.startswith("softmax-one-unit: A softmax over one unit\n\nWhy    A softmax divides")
    assert "\nsoftmax over one unit\n  2 of 2  " in out
    assert out.endswith(f"\nseeds 4 to 5; median (least to most)\nwrote {picture}\n")
    assert max(map(len, out.removesuffix(f"wrote {picture}\n").splitlines())) <= 80
    assert picture.read_text("utf-8").startswith("<?xml")

    told = json.loads(answer(capsys, *arguments, "--json")[1])
    assert (told["name"], told["seeds"], told["figure"]) == ("softmax-one-unit", [4], None)
    shown = seen("softmax-one-unit", 4)
    for name, net in told["nets"].items():
        assert net["has_it"] == [shown.has_it(name)]
        assert net["measured"] == {key: [value] for key, value in shown.rows[name].items()}
    (_, *names), often, *_ = results([shown])
    assert (names, often[1:]) == (list(shown.nets), ["1 of 1", "0 of 1"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dropout"], "no symptom is known by 'dropout'"),
        (["softmax", "-o", "x.jpg"], "x.jpg: pictures are .svg, .png, .pdf files"),
        (["softmax", "--seeds", "0"], "invalid value for '--seeds'"),
        (["softmax", "--seed", "-1"], "invalid value for '--seed'"),
        (["-o", "x.svg"], "-o needs a symptom"),
    ],
)
def test_bad_input_is_told_in_one_line(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = answer(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_list_and_wrong_words_load_neither_torch_nor_matplotlib():
    code = (
        "import sys; from reberlstm.cli import run; run(['lab', 'why']); "
        "run(['lab', 'why', 'dropout']); print({'torch', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")


def test_without_an_extra_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    status, out, err = answer(capsys, "0.693")
    assert (status, out) == (2, "")
    assert err.startswith("error: the sequence lab needs torch, which is not installed")


@pytest.mark.parametrize("name", SYMPTOMS)
def test_the_page_says_what_the_command_says(name):
    symptom = SYMPTOMS[name]
    with scripts():
        import why
    page = (DOCS / why.PAGE).read_text("utf-8")
    table = why.measured(name)
    assert "\n".join(why.section(symptom, table)) in page
    assert [row[0] for row in table[2:]] == list(symptom.measures.values())
    often = [cell.partition(" of ") for cell in table[1][1:]]
    assert int(often[0][2]) >= 5
    assert (often[0][0], often[-1][0]) == (often[0][2], "0"), "the symptom depends on the seed"
    assert (DOCS / why.PICTURES / why.picture(symptom)).stat().st_size < 100_000


def test_every_symptom_has_a_mechanism_in_two_sentences():
    for symptom in SYMPTOMS.values():
        sentences = re.split(r"(?<=[.:?]) (?=[A-Z])", symptom.why.removesuffix("."))
        assert len(sentences) == 2, symptom.name
    titles = [symptom.said[0] for symptom in SYMPTOMS.values()]
    assert all(one != other for one, other in pairwise(sorted(titles)))


def test_a_net_with_the_symptom_has_the_same_colour_everywhere():
    nets = dict.fromkeys(("bad", "middle", "good"))
    assert colours(nets) == {"bad": COLOURS[1], "middle": COLOURS[2], "good": COLOURS[0]}
