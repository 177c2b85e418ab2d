"""``reberlstm lab``: the list, a run, an experiment of one's own, and what goes wrong."""

import json
import subprocess
import sys

import pytest

from reberlstm.cli import run as reberlstm
from reberlstm.errors import LabError, MissingExtraError
from reberlstm.lab import EXPERIMENTS, find
from tests.lab.test_experiments import draw_only

OWN = """
from reberlstm.lab import Data, Experiment, Job, Recipe
from reberlstm.lab.nets import Perceptron

def jobs(settings, rng):
    x = rng.uniform(-1, 1, (10, 1))
    recipe = Recipe(epochs=settings.epochs, batch=10, learning_rate=0.1)
    return [Job("net", lambda: Perceptron(1, [3], 1), Data(x, x), recipe)]

EXPERIMENT = Experiment(
    name="mine", title="Mine", task="The same again.", presets={"quick": {"epochs": 2}},
    jobs=jobs, measure=lambda run: {},
)
"""


def answer(capsys, *arguments):
    status = reberlstm(["lab", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def complaint(capsys, *arguments):
    status, out, err = answer(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err.removeprefix("error: ").rstrip("\n")


def test_the_list(capsys):
    status, out, _ = answer(capsys, "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(EXPERIMENTS)
    _, out, _ = answer(capsys, "list", "--json")
    assert {row["name"]: row["title"] for row in json.loads(out)} == EXPERIMENTS


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_table_says_what_the_experiments_say(name):
    experiment = find(name)
    assert (experiment.name, experiment.title) == (name, EXPERIMENTS[name])


def test_an_experiment_by_name(capsys, tmp_path):
    arguments = ("run", "line", "--seed", 3, "--set", "epochs=2", "-o", tmp_path)
    status, out, err = answer(capsys, *arguments)
    assert (status, err) == (0, "")
    assert out.startswith("line: Sequence to sequence: copy a line\npreset quick, seed 3, 4 nets\n")
    assert "does not hold: One layer" in out
    assert out.endswith(f"files in {tmp_path}; begin with REPORT.md\n")
    message = complaint(capsys, "run", "line", "--seed", 4, "--set", "epochs=2", "-o", tmp_path)
    assert message == (
        f"{tmp_path}: has the results of another run (line, quick, seed 3, and not line, quick, "
        "seed 4): write into another folder, or pass --overwrite to replace them"
    )


def test_an_experiment_of_ones_own(capsys, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(OWN, "utf-8")
    status, out, _ = answer(capsys, "run", file, "-o", tmp_path / "out")
    assert status == 0
    assert out.startswith("mine: Mine\n")
    assert (tmp_path / "out" / "REPORT.md").exists()
    status, out, _ = answer(capsys, "run", file, "-o", tmp_path / "out", "--json")
    shown = json.loads(out)
    written = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert sorted(shown.pop("files")) == sorted(
        str(path) for path in (tmp_path / "out").iterdir() if path.is_file()
    )
    assert shown == written


def test_a_name_never_leads_to_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("mine", "mine.py"):
        (tmp_path / file).write_text("raise SystemExit('executed')", "utf-8")
    message = complaint(capsys, "run", "mine", "-o", "out")
    assert message.startswith("no experiment 'mine'; there are wavy-inverse, line, hill")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "mine.py: no such file"),
        ("x = (", "mine.py, line 1: SyntaxError: "),
        ("\nimport not_there", "mine.py, line 2: ModuleNotFoundError: No module named 'not_there'"),
        ("a = 1", "mine.py: has no EXPERIMENT = Experiment(...)"),
        (OWN.replace('"mine"', '"My Own"'), "mine.py: experiment 'My Own': its name must be"),
        (
            OWN.replace("rng.uniform", "rng.uniforme"),
            "experiment mine, jobs (mine.py, line 6): AttributeError: ",
        ),
        (OWN.replace("jobs=jobs, ", ""), "mine.py, line 10: TypeError: "),
        ("raise SystemExit(3)", "mine.py: ends the program while it is read"),
    ],
)
def test_what_is_wrong_with_a_file_of_ones_own(capsys, tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "mine.py").write_text(content, "utf-8")
    assert complaint(capsys, "run", "mine.py", "-o", "out").startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "epochs"], "--set epochs: give SETTING=VALUE, such as --set epochs=10"),
        (["--set", "depth=3"], "experiment line has no setting 'depth'; it has epochs, rate,"),
        (["--set", "epochs=x"], "setting epochs = x: give a value like 300 (int)"),
        (["--preset", "slow"], "invalid value for '--preset'"),
        (["--seed", "-1"], "invalid value for '--seed'"),
    ],
)
def test_wrong_options(capsys, tmp_path, arguments, message):
    assert complaint(capsys, "run", "line", "-o", tmp_path, *arguments).startswith(message)


@pytest.mark.parametrize("missing", ["torch", "matplotlib"])
def test_without_an_extra_it_says_what_to_install(capsys, tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    assert complaint(capsys, "run", "line", "-o", tmp_path) == (
        f"the sequence lab needs {missing}, which is not installed; "
        'in your clone of reberlstm, run: python -m pip install -e ".[torch,plots]"'
    )
    with pytest.raises(LabError, match="no experiment 'lin'"):
        find("lin")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_from_python_too_it_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="the sequence lab needs torch"):
        find(name)


def test_the_list_and_a_wrong_name_load_neither_torch_nor_matplotlib():
    code = (
        "import sys; from reberlstm.cli import run; run(['lab', 'list']); "
        "run(['lab', 'run', 'no', '-o', 'out']); "
        "print({'torch', 'matplotlib'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.endswith("set()\n")
    assert result.stderr.startswith("error: no experiment 'no'")


def test_several_seeds_and_pictures_as_asked(capsys, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(OWN, "utf-8")
    options = ("--seeds", 2, "--format", "svg", "--format", "png")
    status, out, _ = answer(capsys, "run", file, "-o", tmp_path / "out", *options)
    assert status == 0
    assert out.startswith("mine: Mine\npreset quick, seeds 0 to 1, 2 nets\n")
    again = "reberlstm lab run mine --preset quick --seed 0 -o DIR --seeds 2"
    assert again in (tmp_path / "out" / "REPORT.md").read_text("utf-8")


def test_without_a_terminal_a_line_tells_now_and_then_how_far_it_is(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("reberlstm.cli.options.SECONDS", 0.0)
    draw_only(monkeypatch)
    status, _, err = answer(capsys, "run", "line", "--set", "epochs=2", "-o", tmp_path)
    assert status == 0
    assert err.splitlines()[-1].startswith("8 of 8: epochs; two layers, from y, seed 0, loss 0.")


def test_an_interrupted_run_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    from reberlstm.lab import training

    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.JobTraining, "_pass", interrupt)
    status, out, err = answer(capsys, "run", "line", "-o", tmp_path)
    assert (status, out, err) == (130, "", "error: interrupted\n")
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "one.0.safetensors").touch()
    _, _, err = answer(capsys, "run", "line", "-o", tmp_path)
    assert err.startswith("--resume takes the nets that were finished\n")
