"""The runner with a tiny experiment: what it writes, that it repeats itself, what it says."""

import json
import math
import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from reberlstm.errors import FormatError, LabError
from reberlstm.lab import Claim, Data, Job, Picture, Recipe, run
from reberlstm.lab import training as training_module
from reberlstm.lab.verdicts import judge
from tests.lab.conftest import draw

FILES = {"nothing.png", "metrics.json", "REPORT.md"}


def weights(result, name="one"):
    return [value.tolist() for value in result.run.nets[name].state_dict().values()]


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_everything_is_written_directly_into_the_folder(make, tmp_path):
    result = run(make(), tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert contents(folder) == FILES == {path.name for path in result.files}
    assert (folder / "nothing.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_pictures_are_of_the_kinds_asked_for_and_several_frames_move(make, tmp_path):
    def frames(run):
        return [draw(run), draw(run)]

    pictures = (Picture("still", "A panel.", draw), Picture("moves", lambda r: r.preset, frames))
    run(make(pictures=pictures), tmp_path, formats=("svg",))
    assert contents(tmp_path) == {"still.svg", "moves.gif", "metrics.json", "REPORT.md"}
    assert (tmp_path / "moves.gif").read_bytes()[:6] == b"GIF89a"
    report = (tmp_path / "REPORT.md").read_text("utf-8")
    assert "![A panel.](still.svg)" in report
    assert "![quick](moves.gif)" in report


def test_the_metrics_are_strict_json(make, tmp_path):
    measured = {"error": {"one": math.nan}, "list": np.arange(3), "number": np.float64(2.5)}
    run(make(measure=lambda run: measured, claims=()), tmp_path, seed=4)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    metrics = json.loads((tmp_path / "metrics.json").read_text("utf-8"), parse_constant=refuse)
    assert metrics["experiment"] == "doubling"
    assert (metrics["preset"], metrics["seed"]) == ("quick", 4)
    assert metrics["settings"] == {"epochs": 6, "rate": 0.1, "nets": "one two"}
    assert metrics["measured"] == {"error": {"one": None}, "list": [0, 1, 2], "number": 2.5}
    assert metrics["claims"] == []
    one = metrics["nets"]["one"]
    assert (one["parameters"], one["examples"], one["optimiser"]) == (2, 40, "adam")
    assert one["curve"]["epoch"] == [1, 2, 3, 4, 5, 6]
    assert one["loss_at_end"] == one["curve"]["loss"][-1]


def test_the_report_has_the_table_of_claims(make, tmp_path):
    run(make(), tmp_path, changes={"epochs": "100"})
    lines = (tmp_path / "REPORT.md").read_text("utf-8").splitlines()
    assert lines[0] == "# doubling: Double a number"
    row = next(line for line in lines if line.startswith("| It learns"))
    assert re.fullmatch(
        r"\| It learns \\\| to double. \| error of one: .* \| \*\*holds\*\* \|", row
    )
    assert "| It is beautiful. *(nobody can tell)* |  | **not decided** |" in lines
    assert not any("Six epochs are few." in line for line in lines)
    assert "![An empty panel.](nothing.png)" in lines
    again = "reberlstm lab run doubling --preset quick --seed 0 -o DIR --set epochs=100`"
    assert any(line.endswith(again) for line in lines)


def test_a_report_says_why_a_claim_does_not_hold(make, tmp_path):
    run(make(), tmp_path, changes={"epochs": 1})
    report = (tmp_path / "REPORT.md").read_text("utf-8")
    assert "*It learns | to double.* Why not: Six epochs are few." in report


@pytest.mark.parametrize(
    ("fails", "held", "reason"),
    [
        (False, (True, True), ""),
        (False, (True, False), "*It does.* Why not: So it is."),
        (True, (False, False), ""),
        (True, (False, True), "*It does.* Why: So it is."),
    ],
)
def test_a_reason_is_told_where_a_net_failed(fails, held, reason):
    claim = Claim("c", "It does.", {"is": ""}, lambda m: m["is"], why="So it is.", fails=fails)
    assert judge(claim, {seed: {"is": holds} for seed, holds in enumerate(held)}).reason == reason


def test_a_description_needs_no_source_and_no_second_preset(make, tmp_path):
    run(make(presets={"quick": {"epochs": 1, "rate": 0.1, "nets": "one"}}, source=""), tmp_path)
    assert "Source" not in (tmp_path / "REPORT.md").read_text("utf-8")


def test_the_preset_of_the_source_has_its_own_settings(make, tmp_path):
    assert run(make(), tmp_path, preset="source").run.settings.epochs == 60


# The same again


def test_a_seed_decides_everything(make, tmp_path):
    first, again, other = (
        run(make(), tmp_path, seed=seed, overwrite=True, formats=()) for seed in (3, 3, 4)
    )
    assert weights(first) == weights(again)
    assert first.run.measured == again.run.measured
    assert weights(first) != weights(other)
    assert weights(first, "one") != weights(first, "two")


def test_another_net_changes_nothing_for_the_first(make, tmp_path):
    both = run(make(), tmp_path)
    alone = run(make(), tmp_path / "alone", changes={"nets": "one"}, formats=())
    assert weights(both) == weights(alone)


def test_the_callers_random_state_and_threads_are_left_alone(make, tmp_path):
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    run(make(), tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


def test_several_seeds_are_judged_together(make, tmp_path):
    claims = (
        Claim("even", "Even.", {"seed": "the seed"}, lambda m: m["seed"] % 2 == 0),
        Claim("any", "Any.", {"seed": "it"}, lambda m: True, by_hand=True),
    )
    experiment = make(claims=claims, measure=lambda run: {"seed": run.seed})
    even, always = run(experiment, tmp_path, seed=4, seeds=3).verdicts
    assert (even.word, even.share, even.found) == (
        "depends",
        "2 of 3 seeds",
        "the seed: 5 (4 to 6)",
    )
    assert (always.word, always.share) == ("holds", "")
    metrics = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert set(metrics["of_seeds"]) == {"4", "5", "6"}
    alone = run(make(), tmp_path / "alone", seed=5, formats=())
    assert metrics["of_seeds"]["5"]["test_losses"]["one"] == alone.run.fits["one"].test_loss
    with pytest.raises(
        LabError, match=r"another run \(doubling, quick, 3 seeds from 4 on, and not"
    ):
        run(experiment, tmp_path, seed=4)


def trained(monkeypatch):
    """The names of the nets that are trained from now on, an entry for every epoch."""
    passes = []
    once = training_module.JobTraining._pass
    monkeypatch.setattr(
        training_module.JobTraining,
        "_pass",
        lambda self: passes.append(self.job.name) or once(self),
    )
    return passes


def test_an_interrupted_run_that_is_long_goes_on_with_the_nets_it_finished(
    make, tmp_path, monkeypatch
):
    whole = run(make(), tmp_path / "whole", formats=())

    def interrupt(progress):
        if progress.name == "two":
            signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        run(make(), folder, progress=interrupt, keep_after=0.0)
    assert contents(folder) == {"nets/one.0.safetensors"}
    passes = trained(monkeypatch)
    resumed = run(make(), folder, resume=True)
    assert passes == ["two"] * 6
    for name in ("one", "two"):
        assert weights(resumed, name) == weights(whole, name)
        assert resumed.run.fits[name].losses == whole.run.fits[name].losses
        assert resumed.run.fits[name].test_losses == whole.run.fits[name].test_losses


def test_without_resume_nets_that_were_kept_are_not_used(make, tmp_path, monkeypatch):
    run(make(), tmp_path, keep_after=0.0, formats=())
    passes = trained(monkeypatch)
    run(make(), tmp_path, formats=())
    assert len(passes) == 12


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({"seed": 1}, "doubling, quick, seed 1"),
        ({"preset": "source"}, "doubling, source, seed 0, epochs 60"),
        ({"changes": {"rate": 0.2}}, "doubling, quick, seed 0, rate 0.2"),
    ],
)
def test_the_results_of_another_run_are_not_overwritten(make, tmp_path, changes, now):
    run(make(), tmp_path, formats=())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    message = rf"has the results of another run \(doubling, quick, .*, and not {now}\): write into"
    with pytest.raises(LabError, match=message):
        run(make(), tmp_path, **changes)
    assert {path: path.read_bytes() for path in before} == before
    run(make(), tmp_path, overwrite=True, formats=(), keep_after=0.0)
    if "seed" not in changes:  # the nets of another seed have other names
        with pytest.raises(LabError, match=r"one\.0\.safetensors: the net of another run"):
            run(make(), tmp_path, resume=True, overwrite=True, **changes)


def test_a_damaged_net_is_one_line(make, tmp_path):
    run(make(), tmp_path, keep_after=0.0, formats=())
    path = tmp_path / "nets" / "one.0.safetensors"
    content = path.read_bytes()
    for damaged in (b"", b"no", content[:-3], content[:8] + b"[" + content[9:]):
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="damaged, or no checkpoint") as caught:
            run(make(), tmp_path, resume=True)
        assert "\n" not in str(caught.value)
    path.write_bytes(content)

    def jobs(settings, rng):
        return [
            replace(job, net=lambda: torch.nn.Linear(1, 1, bias=False))
            for job in make().jobs(settings, rng)
        ]

    with pytest.raises(FormatError, match=r"0\.safetensors: does not fit this net: ") as caught:
        run(make(jobs=jobs), tmp_path, resume=True)
    assert "\n" not in str(caught.value)


# Training


def one_job(job):
    return {
        "jobs": lambda settings, rng: [job],
        "measure": lambda run: {},
        "claims": (),
        "pictures": (),
    }


def test_without_an_optimiser_nothing_is_learned(make, tmp_path):
    job = make().jobs(make().settings("quick"), np.random.default_rng(0))[0]
    still = replace(job, recipe=replace(job.recipe, optimiser="none"))
    fit = run(make(**one_job(still)), tmp_path).run.fits["one"]
    assert len(set(fit.test_losses)) == 1


def test_the_likelihood_of_labels_is_learned(make, tmp_path):
    x = np.random.default_rng(0).uniform(-1, 1, (20, 5, 1))
    y = (x[:, :, 0] > 0).astype(int)
    recipe = Recipe(epochs=80, batch=20, learning_rate=0.1, loss="nll")
    job = Job("labels", lambda: torch.nn.Linear(1, 2), Data(x, y, x[:5], y[:5]), recipe)
    finished = run(make(**one_job(job)), tmp_path).run
    assert finished.fits["labels"].test_losses[0] > 0.4
    assert finished.fits["labels"].test_loss < 0.25
    found = finished.predict("labels", x).argmax(-1)
    assert (found == y).mean() > 0.95


def test_a_divergence_ends_the_training_and_is_reported(make, tmp_path):
    x = np.full((4, 1), 1e3)
    recipe = Recipe(epochs=500, batch=4, learning_rate=1e6, optimiser="sgd")
    job = Job("wild", lambda: torch.nn.Linear(1, 1), Data(x, x), recipe)
    finished = run(make(**one_job(job)), tmp_path).run
    assert finished.fits["wild"].diverged_at is not None
    assert finished.fits["wild"].diverged_at < 20
    assert finished.fits["wild"].test_loss == math.inf
    assert "diverged in epoch" in (tmp_path / "REPORT.md").read_text("utf-8")
    metrics = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert metrics["nets"]["wild"]["test_loss_at_end"] is None


def test_progress_tells_net_and_epoch(make, tmp_path):
    seen = []
    run(make(), tmp_path, changes={"epochs": 2}, progress=seen.append)
    told = [(p.name, p.seed, p.epoch, p.epochs) for p in seen]
    assert told == [("one", 0, 1, 4), ("one", 0, 2, 4), ("two", 0, 3, 4), ("two", 0, 4, 4)]


def test_long_trainings_are_tested_a_hundred_times_and_at_the_end(make, tmp_path):
    fit = run(make(), tmp_path, changes={"epochs": 250, "nets": "one"}).run.fits["one"]
    assert fit.epochs == list(range(2, 251, 2))
    changes = {"epochs": 251, "nets": "one"}
    fit = run(make(), tmp_path, changes=changes, overwrite=True, formats=()).run.fits["one"]
    assert fit.epochs[-1] == 251


# What is wrong with a description


def refused(make, tmp_path, **changes):
    with pytest.raises(LabError) as caught:
        run(make(**changes), tmp_path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def broken(*_):
    raise ZeroDivisionError("this\nfails")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"jobs": broken}, "jobs"),
        ({"measure": broken}, "measure"),
        ({"pictures": (Picture("p", "", broken),)}, "picture 'p'"),
    ],
)
def test_an_error_in_a_function_names_part_and_line(make, tmp_path, changes, part):
    message = refused(make, tmp_path, **changes)
    assert message.startswith(f"experiment doubling, {part} (")
    assert "(test_mechanism.py, line " in message
    assert message.endswith("ZeroDivisionError: this fails")


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "was not measured"), ("list", "is no number, truth or word")]
)
def test_a_claim_about_what_was_not_measured(make, tmp_path, name, reason):
    claims = (Claim("c", "It does.", {name: "a"}, lambda m: True),)
    message = refused(make, tmp_path, claims=claims, measure=lambda run: {"list": [1, 2]})
    assert message == f"experiment doubling, claims: claim 'c': {name!r} {reason}"


def test_targets_that_do_not_fit_the_net(make, tmp_path):
    recipe = Recipe(epochs=1, batch=4, learning_rate=0.1)
    data = Data(np.zeros((4, 1)), np.zeros((4, 2)))
    job = Job("odd", lambda: torch.nn.Linear(1, 1), data, recipe)
    assert refused(make, tmp_path, **one_job(job)) == (
        "experiment doubling, net 'odd': net 'odd' gives (4, 1) for targets (4, 2): the loss mse "
        "needs targets of the same shape"
    )


def test_two_nets_of_one_name(make, tmp_path):
    with pytest.raises(LabError, match="two nets are called 'ONE'"):
        run(make(), tmp_path, changes={"nets": "one ONE"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Not This"}, "its name must be lower-case words-with-dashes"),
        ({"presets": {"source": {}}}, "its presets are source; give quick, and source if you like"),
        (
            {"presets": {"quick": {"a": 1}, "source": {"b": 1}}},
            "only one of its presets says a, b",
        ),
        (
            {"pictures": (Picture("p", "", broken), Picture("p", "", broken))},
            "two pictures have the same name",
        ),
        (
            {"claims": (Claim("c", "", {}, len), Claim("c", "", {}, len))},
            "two claims have the same",
        ),
    ],
)
def test_a_wrong_description_is_refused(make, changes, message):
    with pytest.raises(LabError, match=message):
        make(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"no": "1"}, "has no setting 'no'; it has epochs, rate, nets"),
        ({"epochs": "many"}, r"setting epochs = many: give a value like 6 \(int\)"),
        ({"epochs": "0"}, "0 epochs of batches of 8"),
    ],
)
def test_wrong_settings(make, tmp_path, changes, message):
    with pytest.raises(LabError, match=message):
        run(make(), tmp_path, changes=changes)


def test_wrong_arguments(make, tmp_path, monkeypatch):
    with pytest.raises(LabError, match="has no preset 'slow'; choose one of quick, source"):
        run(make(), tmp_path, preset="slow")
    with pytest.raises(LabError, match="seed -1: give one that is not negative"):
        run(make(), tmp_path, seed=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="file: cannot be made: "):
        run(make(), tmp_path / "file")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(FormatError, match="nothing can be written there: choose another"):
        run(make(), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimiser": "lion"}, "optimiser 'lion': choose one of adam, rmsprop, sgd, none"),
        ({"loss": "mae"}, "loss 'mae': choose one of mse, nll"),
        ({"batch": 0}, "all must be positive"),
        ({"learning_rate": math.nan}, "all must be positive"),
    ],
)
def test_wrong_recipes(arguments, message):
    with pytest.raises(LabError, match=message):
        Recipe(**({"epochs": 1, "batch": 1, "learning_rate": 0.1} | arguments))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((3, 4), "Data of 3 inputs and 4 targets"),
        ((0, 0), "Data of 0 inputs and 0 targets"),
        ((3, 3, 2), "test_x or test_y without the other"),
        ((3, 3, 2, 1), "for testing 2 and 1"),
    ],
)
def test_wrong_data(counts, message):
    with pytest.raises(LabError, match=message):
        Data(*(np.zeros((count, 1)) for count in counts))


# Numbers taken of a net while it trains


def watching(make, taken):
    def watch(net):
        taken.append(net)
        return {"weight": net.weight.item()}

    def jobs(settings, rng):
        return [replace(job, watch=watch) for job in make().jobs(settings, rng)]

    return make(jobs=jobs)


def test_what_is_watched_is_taken_at_every_test(make, tmp_path):
    taken = []
    result = run(watching(make, taken), tmp_path)
    fit = result.run.fits["one"]
    assert len(fit.watched["weight"]) == len(fit.epochs) == 6
    assert fit.watched["weight"][-1] == result.run.nets["one"].weight.item()
    assert len(taken) == 12
    metrics = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert metrics["nets"]["one"]["curve"]["weight"] == list(fit.watched["weight"])


def test_arrays_are_watched_too_and_kept_with_the_net(make, tmp_path):
    def jobs(settings, rng):
        return [
            replace(job, watch=lambda net: {"weights": net.weight.numpy()})
            for job in make().jobs(settings, rng)
        ]

    whole = run(make(jobs=jobs), tmp_path, keep_after=0.0, formats=())
    again = run(make(jobs=jobs), tmp_path, resume=True, formats=())
    assert np.shape(whole.run.fits["one"].watched["weights"]) == (6, 1, 1)
    assert again.run.fits["one"].watched == whole.run.fits["one"].watched
    assert "weights" not in whole.metrics["nets"]["one"]["curve"]
