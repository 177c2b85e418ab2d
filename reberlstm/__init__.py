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

if TYPE_CHECKING:
    from reberlstm.certificates import Certificate, certify
    from reberlstm.comparison import Comparison, compare
    from reberlstm.compiler import compile, published
    from reberlstm.errors import FormatWarning, ReberLSTMError
    from reberlstm.explanation import Explanation, explain
    from reberlstm.extraction import Extraction, extract
    from reberlstm.families import embed
    from reberlstm.fsm import FSM
    from reberlstm.grammar import grammar_names, load_grammar, save_grammar
    from reberlstm.interop.loading import load
    from reberlstm.interop.safetensors import save
    from reberlstm.nets.result import Training
    from reberlstm.nets.settings import Settings
    from reberlstm.nets.training import train
    from reberlstm.render.draw import to_svg
    from reberlstm.simulator import Trace, trace
    from reberlstm.weights import LSTMWeights

_HOME = {
    "Certificate": "reberlstm.certificates",
    "certify": "reberlstm.certificates",
    "compare": "reberlstm.comparison",
    "Comparison": "reberlstm.comparison",
    "compile": "reberlstm.compiler",
    "embed": "reberlstm.families",
    "explain": "reberlstm.explanation",
    "Explanation": "reberlstm.explanation",
    "extract": "reberlstm.extraction",
    "Extraction": "reberlstm.extraction",
    "FormatWarning": "reberlstm.errors",
    "FSM": "reberlstm.fsm",
    "grammar_names": "reberlstm.grammar",
    "load": "reberlstm.interop.loading",
    "load_grammar": "reberlstm.grammar",
    "LSTMWeights": "reberlstm.weights",
    "published": "reberlstm.compiler",
    "ReberLSTMError": "reberlstm.errors",
    "save": "reberlstm.interop.safetensors",
    "save_grammar": "reberlstm.grammar",
    "Settings": "reberlstm.nets.settings",
    "to_svg": "reberlstm.render.draw",
    "Trace": "reberlstm.simulator",
    "trace": "reberlstm.simulator",
    "train": "reberlstm.nets.training",
    "Training": "reberlstm.nets.result",
}

__all__ = [
    "FSM",
    "Certificate",
    "Comparison",
    "Explanation",
    "Extraction",
    "FormatWarning",
    "LSTMWeights",
    "ReberLSTMError",
    "Settings",
    "Trace",
    "Training",
    "__version__",
    "certify",
    "compare",
    "compile",
    "embed",
    "explain",
    "extract",
    "grammar_names",
    "load",
    "load_grammar",
    "published",
    "save",
    "save_grammar",
    "to_svg",
    "trace",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
