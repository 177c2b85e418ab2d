"""Studies: many nets trained and compared, over seeds, sizes, cells and noise.

1. A `Trial` is one training with what is then asked of the net; `grid` lists those of a study.
2. `run` has them done by joblib, here or on a cluster, one record each.
3. A `Table` is the file of the records: appended to, safe under kills, and read on resuming.
4. `summary` counts records by setting.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from reberlstm.comparison.study.table import Group, Table, summary
from reberlstm.comparison.study.trials import Done, Questions, Record, Trial, grid, perform
from reberlstm.errors import FormatError, MissingExtraError, ReberLSTMError
from reberlstm.extras import require
from reberlstm.files import make_folder, read_bytes, write_atomically
from reberlstm.net.files.safetensors import save
from reberlstm.net.loading import as_net
from reberlstm.plain import in_form

__all__ = ["Cluster", "Group", "Questions", "Table", "Trial", "grid", "run", "summary"]

Backend = Literal["loky", "dask", "ray"]
CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Cluster:
    """Where trials are done.

    Attributes:
        backend: ``loky``: processes here; ``dask`` or ``ray``: what joblib registers for them.
        scheduler: The address of dask's scheduler, or of ray's head; for ray it may be left out.
        jobs: How many at a time; −1 stands for all processors or workers. (For one at a time, and
            on a cluster with one thread in all, joblib uses this process.)
    """

    backend: Backend = "loky"
    scheduler: str | None = None
    jobs: int = -1


def run(
    trials: Sequence[Trial],
    table: Table,
    *,
    cluster: Cluster | None = None,
    nets: Path | None = None,
    report: Callable[[Record], None] | None = None,
) -> int:
    """Do the trials that the table does not have yet, and append their records as they come in.

    Args:
        trials: What is to be done.
        table: The file of the records.
        cluster: Where; by default in a process for each processor.
        nets: A folder in which trained nets are kept, and reused instead of training.
        report: Called with every record.

    Returns:
        How many trials were done.

    Raises:
        MissingExtraError: where joblib, dask or ray is not installed.
        FormatError: where a file cannot be written.
        ReberLSTMError: where the cluster cannot be reached.
    """
    cluster = cluster or Cluster()
    store = None if nets is None else Nets(nets)
    with table.writing():
        todo = [trial for trial in trials if trial.key not in table]
        by_key = {trial.key: trial for trial in todo}
        for record, done in _done(todo, cluster, store):
            if store is not None and done is not None:
                store.keep(by_key[record["key"]], done)
            table.append(record)
            if report is not None:
                report(record)
    return len(todo)


def _done(
    trials: Sequence[Trial], cluster: Cluster, store: Nets | None
) -> Iterator[tuple[Record, Done | None]]:
    """What workers send back, in the order in which it comes."""
    joblib = require("joblib", extra="torch", purpose="a study")
    if not trials:
        return
    tasks = [(trial, store.find(trial) if store else None) for trial in trials]
    delayed = [joblib.delayed(perform)(*task) for task in tasks]
    with _connected(cluster), joblib.parallel_config(cluster.backend, n_jobs=cluster.jobs):
        if cluster.backend == "ray":  # gives results of a call all at once: one for each worker
            many = joblib.effective_n_jobs(cluster.jobs)
            with joblib.Parallel(batch_size=1) as parallel:
                for first in range(0, len(delayed), many):
                    yield from parallel(delayed[first : first + many])
            return
        # A generator that is not exhausted, as after an interrupt, has its tasks cancelled.
        yield from joblib.Parallel(return_as="generator_unordered", batch_size=1)(delayed)


@contextmanager
def _connected(cluster: Cluster) -> Iterator[None]:
    """What joblib's backend needs for as long as it is used."""
    if cluster.backend == "loky":
        yield
    elif cluster.backend == "dask":
        distributed = require("distributed", extra="cluster", purpose="a study on dask")
        if cluster.scheduler is None:
            raise ReberLSTMError("dask needs the address of its scheduler, as tcp://host:8786")
        try:
            client = distributed.Client(cluster.scheduler, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise ReberLSTMError(
                f"no dask scheduler answers at {cluster.scheduler}: {error}"
            ) from None
        with client:
            # Threads of a worker that all import torch at once may wait for each other for ever.
            client.run(import_module, "reberlstm.training.run")
            yield
    else:
        try:
            ray, register = import_module("ray"), import_module("ray.util.joblib")
        except ImportError:
            raise MissingExtraError(
                "a study on ray needs ray, which is not installed: pip install ray"
            ) from None
        try:
            ray.init(address=cluster.scheduler, ignore_reinit_error=True)
        except (ConnectionError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise ReberLSTMError(f"no ray head answers at {cluster.scheduler}: {why}") from None
        register.register_ray()
        yield


FACTS = {
    "training": str,
    "hidden": (int, type(None)),
    "success": bool,
    "accuracy": float,
    "margin": (float, type(None)),
    **dict.fromkeys(("attempts", "steps", "words"), int),
}
"""The form of what is known of a trained net."""


class Nets:
    """A folder, made where it is not there: for each net a safetensors file and one with facts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)

    def keep(self, trial: Trial, done: Done) -> None:
        """Write a net and, when it is there, what is known of it."""
        save(done.net, self._file(trial, ".safetensors"))
        facts = {"training": trial.training_key} | done.facts
        write_atomically(self._file(trial, ".json"), json.dumps(facts).encode() + b"\n")

    def find(self, trial: Trial) -> Done | None:
        """The net of this training, if it is kept here."""
        file = self._file(trial, ".json")
        if not file.exists():
            return None
        try:
            facts = in_form(json.loads(read_bytes(file, limit=2**20)), FACTS)
        except (ValueError, RecursionError, FormatError):
            return None
        if facts.pop("training") != trial.training_key:
            return None
        net = as_net(self._file(trial, ".safetensors"), alphabet=trial.settings.fsm.alphabet)
        return Done(net, facts)

    def _file(self, trial: Trial, suffix: str) -> Path:
        return self.folder / f"{trial.name}{suffix}"
