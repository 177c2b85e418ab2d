"""``reberlstm study``: done once, in any order, wherever the workers are, and after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

import reberlstm as rl
from reberlstm.cli import run
from reberlstm.comparison.study import Cluster, Questions, Table, grid
from reberlstm.comparison.study import run as run_study
from reberlstm.comparison.study.trials import Trial, perform
from reberlstm.errors import ReberLSTMError

pytest.importorskip("torch")
joblib = pytest.importorskip("joblib")

PARITY = ["parity", "--task", "accept", "--cell", "rnn", "--hidden", "3", "--steps", "100"]
ASKED = ["--row", "accuracy", "--row", "cells", "--words", "40", "--jobs", "1"]


def keys(path: Path) -> list[str]:
    return [json.loads(line)["key"] for line in path.read_text().splitlines()]


def test_the_grid_has_every_combination_once_seed_by_seed() -> None:
    fsm = rl.load_grammar("parity")
    trials = grid([fsm], cells=["lstm", "gru"], hidden=[2, 4], noises=[0.0, 1.0], seeds=[0, 1, 0])
    assert len(trials) == 16
    assert len({trial.key for trial in trials}) == 16
    assert [trial.settings.seed for trial in trials] == [0] * 8 + [1] * 8
    assert trials[0].name == "parity-lstm-2-noise0-seed0"
    other = grid([fsm], cells=["lstm"], hidden=[2], seeds=[0], questions=Questions(words=5))
    assert other[0].key != trials[0].key, "other questions are another trial"
    assert other[0].training_key == trials[0].training_key, "of the same net"


def test_settings_are_not_run_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, nets = tmp_path / "study.jsonl", tmp_path / "nets"
    arguments = ["study", *PARITY, *ASKED, "-o", str(out), "--nets", str(nets)]
    assert run([*arguments, "--seeds", "1"]) == 0
    first = out.read_bytes()
    assert "1 nets done" in capsys.readouterr().out
    drawing, table = tmp_path / "s.svg", tmp_path / "s.csv"
    more = [*arguments, "--seeds", "2", "--plot", str(drawing), "--csv", str(table), "--json"]
    assert run(more) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["done"], answer["known"]) == (1, 1)
    assert out.read_bytes().startswith(first)
    assert len(set(keys(out))) == 2
    assert answer["groups"][0]["nets"] == 2
    assert "parity accept, rnn 3 (2)" in drawing.read_text()
    assert table.read_text().count("\n") == 3
    assert sorted(path.name for path in nets.iterdir()) == [
        f"parity-accept-rnn-3-noise0-seed{seed}{suffix}"
        for seed in (0, 1)
        for suffix in (".json", ".safetensors")
    ]
    # The nets that are kept answer other questions without being trained again.
    record, steps = json.loads(first), json.loads((nets / _facts(0)).read_text())["steps"]
    (nets / _facts(0)).write_text(
        (nets / _facts(0)).read_text().replace(f'"steps": {steps}', '"steps": 77')
    )
    other = tmp_path / "other.jsonl"
    asked = ["--row", "accuracy", "--words", "30", "--jobs", "1", "--seeds", "1"]
    assert run(["study", *PARITY, *asked, "-o", str(other), "--nets", str(nets)]) == 0
    again = json.loads(other.read_text())
    assert again["steps"] == 77, "taken from the folder"
    assert again["rows"].keys() == {"accuracy"}
    assert again["accuracy"] == record["accuracy"]


def _facts(seed: int) -> str:
    return f"parity-accept-rnn-3-noise0-seed{seed}.json"


def test_a_record_is_what_training_and_comparing_say() -> None:
    parity = rl.load_grammar("parity")
    (trial,) = grid(
        [parity],
        hidden=[3],
        seeds=[5],
        questions=Questions(("accuracy", "certificate"), words=50),
        task="accept",
        steps=100,
        restarts=0,
    )
    record, done = perform(trial, None)
    training = rl.train(trial.settings)
    assert record["success"] == training.success
    assert record["steps"] == training.steps
    assert done is not None
    assert isinstance(done.net, rl.LSTMWeights)
    assert (done.net.weight_hh == training.net.weight_hh).all()  # type: ignore[union-attr]
    table = rl.compare(
        parity, {"net": training.net}, rows=["accuracy", "certificate"], words=50  # type: ignore[dict-item]
    )  # fmt: skip
    assert record["rows"]["accuracy"] == table["accuracy", "net"].to_dict()
    assert record["rows"]["certificate"]["status"] == table["certificate", "net"].status


def test_what_cannot_be_trained_is_a_record_too(tmp_path: Path) -> None:
    silent = rl.FSM(alphabet=("a",), start="0", transitions={"0": {}})
    (trial,) = grid([silent], hidden=[2], seeds=[0])
    record, done = perform(trial, None)
    assert done is None
    assert "no word of one symbol or more" in record["error"]


def test_a_killed_study_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "study.jsonl"
    arguments = ["study", *PARITY, *ASKED, "-o", str(out), "--seeds", "4"]
    process = subprocess.Popen([sys.executable, "-m", "reberlstm", *arguments])
    deadline = time.monotonic() + 120
    while not (out.exists() and out.read_bytes().count(b"\n") >= 1):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    content = out.read_bytes()
    done = content.count(b"\n")
    out.write_bytes(content + b'{"key": "torn')
    assert run(arguments) == 0
    assert out.read_bytes().startswith(content[: content.rfind(b"\n") + 1])
    assert len(keys(out)) == len(set(keys(out))) == 4
    assert 1 <= done <= 4


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_on_loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    out = tmp_path / "study.jsonl"
    # A worker of its own process, as on another machine; it shares nothing but the network.
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        local_directory=str(tmp_path),
    ) as cluster:
        arguments = [*PARITY, "--row", "accuracy", "--words", "40", "--seeds", "2", "-o", str(out)]
        address = cluster.scheduler_address
        assert address.startswith("tcp://127.0.0.1:")
        with monkeypatch.context() as here:
            here.setattr("reberlstm.comparison.study.trials._train", _never)
            assert run(["study", *arguments, "--backend", "dask", "--scheduler", address]) == 0
    assert len(set(keys(out))) == 2
    local = tmp_path / "local.jsonl"
    assert run(["study", *arguments[:-1], str(local), "--jobs", "1"]) == 0
    assert sorted(map(json.dumps, _records(out))) == sorted(map(json.dumps, _records(local)))


def test_a_backend_that_gives_its_results_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ray registers is joblib's pool of processes, with its workers elsewhere."""
    from joblib._parallel_backends import MultiprocessingBackend

    begun: list[str | None] = []

    def begin(address: str | None, **_: object) -> None:
        if address == "nowhere:1":
            raise ConnectionError("Could not find any running ray instance.\nDid you start it?")
        begun.append(address)

    ray, backend = ModuleType("ray"), ModuleType("ray.util.joblib")
    vars(ray)["init"] = begin
    vars(backend)["register_ray"] = lambda: joblib.register_parallel_backend(
        "ray", MultiprocessingBackend
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.util.joblib", backend)
    trials = grid([rl.load_grammar("parity")], cells=["rnn"], hidden=[2], seeds=[0, 1])
    monkeypatch.setattr("reberlstm.comparison.study.perform", lambda trial, _: _record_of(trial))
    table = Table(tmp_path / "study.jsonl")
    assert run_study(trials, table, cluster=Cluster("ray", jobs=1)) == 2
    assert begun == [None]
    assert sorted(keys(tmp_path / "study.jsonl")) == sorted(trial.key for trial in trials)
    with pytest.raises(ReberLSTMError, match=r"^no ray head answers at nowhere:1: Could not .*e.$"):
        run_study(trials, Table(tmp_path / "t.jsonl"), cluster=Cluster("ray", "nowhere:1"))


def _record_of(trial: Trial) -> tuple[dict[str, str], None]:
    return {"key": trial.key}, None


def _never(*_: object) -> None:
    raise AssertionError("this is for the workers to do")


def _records(path: Path) -> list[object]:
    return Table(path).records


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["parity", "-o", "t.csv"], "t.csv: a study is a .jsonl file; use that suffix"),
        (["parity", "-o", "t.jsonl", "--scheduler", "x"], "--scheduler is for --backend dask"),
        (["parity", "-o", "t.jsonl", "--backend", "dask"], "dask needs the address of its"),
        (["parity", "-o", "t.jsonl", "--jobs", "0"], "--jobs 0: give a number of processes"),
        (["parity", "-o", "t.jsonl", "--hidden", "2,x"], "'x' is not a valid integer"),
        (["parity", "-o", "t.jsonl", "--cell", "lstm,cnn"], "'cnn' is not one of"),
        (["parity", "-o", "t.jsonl", "--row", "size"], "no row 'size'"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["study", *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (
            "joblib",
            [],
            "a study needs joblib, which is not installed; in your clone of reberlstm, run: ",
        ),
        (
            "torch",
            [],
            'run: python -m pip install -e ".[torch]"',
        ),
        ("ray", ["--backend", "ray"], "a study on ray needs ray, which is not installed"),
    ],
)
def test_what_is_missing_is_named(
    module: str,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # type: ignore[arg-type]
    out = str(tmp_path / "t.jsonl")
    assert run(["study", "parity", "--seeds", "1", "-o", out, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_no_scheduler_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("reberlstm.comparison.study.CONNECT_SECONDS", 0.5)
    out = str(tmp_path / "t.jsonl")
    cluster = ["--backend", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    assert run(["study", "parity", "--seeds", "1", "-o", out, *cluster]) == 2
    error = capsys.readouterr().err
    assert "error: no dask scheduler answers at tcp://127.0.0.1:9" in error
    assert "Traceback" not in error
