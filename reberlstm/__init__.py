"""Hand-wired, interpretable LSTMs from finite-state machines.

    import reberlstm as rl
    fsm = rl.load_grammar("reber")
    net = rl.compile(fsm)
    trace = rl.trace(net, "BTSSXXTVVE")

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reberlstm._version import __version__
from reberlstm.display import load_renderers_by

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate, certify
    from reberlstm.comparison import Comparison, compare
    from reberlstm.compiler import compile, published
    from reberlstm.errors import FormatWarning, ReberLSTMError
    from reberlstm.explanation import Explanation, explain
    from reberlstm.extraction import Extraction, extract
    from reberlstm.grammars import counter_machine_names, grammar_names, load_grammar, save_grammar
    from reberlstm.grammars.frames import embed
    from reberlstm.machine.counters import CounterMachine, CounterTransition
    from reberlstm.machine.fsm import FSM
    from reberlstm.net.files.safetensors import save
    from reberlstm.net.loading import Runs, load, run
    from reberlstm.net.net import LSTMWeights
    from reberlstm.render.machine import to_svg
    from reberlstm.simulator import Trace, trace
    from reberlstm.training import Settings, Training, train
    from reberlstm.training.dataset import WordDataset

_HOME = {
    "Certificate": "reberlstm.certificates",
    "certify": "reberlstm.certificates",
    "compare": "reberlstm.comparison",
    "Comparison": "reberlstm.comparison",
    "counter_machine_names": "reberlstm.grammars",
    "CounterMachine": "reberlstm.machine.counters",
    "CounterTransition": "reberlstm.machine.counters",
    "compile": "reberlstm.compiler",
    "embed": "reberlstm.grammars.frames",
    "explain": "reberlstm.explanation",
    "Explanation": "reberlstm.explanation",
    "extract": "reberlstm.extraction",
    "Extraction": "reberlstm.extraction",
    "FormatWarning": "reberlstm.errors",
    "FSM": "reberlstm.machine.fsm",
    "grammar_names": "reberlstm.grammars",
    "load": "reberlstm.net.loading",
    "load_grammar": "reberlstm.grammars",
    "LSTMWeights": "reberlstm.net.net",
    "published": "reberlstm.compiler",
    "run": "reberlstm.net.loading",
    "Runs": "reberlstm.net.loading",
    "ReberLSTMError": "reberlstm.errors",
    "save": "reberlstm.net.files.safetensors",
    "save_grammar": "reberlstm.grammars",
    "Settings": "reberlstm.training",
    "to_svg": "reberlstm.render.machine",
    "Trace": "reberlstm.simulator",
    "trace": "reberlstm.simulator",
    "train": "reberlstm.training",
    "Training": "reberlstm.training",
    "WordDataset": "reberlstm.training.dataset",
}

__all__ = [
    "FSM",
    "Certificate",
    "Comparison",
    "CounterMachine",
    "CounterTransition",
    "Explanation",
    "Extraction",
    "FormatWarning",
    "LSTMWeights",
    "ReberLSTMError",
    "Runs",
    "Settings",
    "Trace",
    "Training",
    "WordDataset",
    "__version__",
    "certify",
    "compare",
    "compile",
    "counter_machine_names",
    "embed",
    "explain",
    "extract",
    "grammar_names",
    "load",
    "load_grammar",
    "published",
    "run",
    "save",
    "save_grammar",
    "to_svg",
    "trace",
    "train",
]


load_renderers_by(lambda: import_module("reberlstm.render").load())


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
