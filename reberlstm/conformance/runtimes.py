"""Runtimes that the suite can be run on: each is called with a net and a call.

What a runtime of others is given is in numbers of the type that is asked for, under the names that
PyTorch uses.
"""

from __future__ import annotations

import importlib.util
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reberlstm.conformance.suite import KINDS, STEPS, Call, weights_of
from reberlstm.errors import ConformanceError, one_line
from reberlstm.extras import require
from reberlstm.net.net import Net

Function = Callable[..., Any]
"""``function(kind, weights, x)``, which may also take ``initial`` and ``lengths``."""


class NotRunError(Exception):
    """A call that a runtime is not asked, and why; no fault of it."""


class Runtime(ABC):
    """Something that runs recurrent layers.

    Attributes:
        name: What to call it, with its version.
        kinds: The kinds of cell that it has.
        takes: What a call may have besides x: ``initial`` and ``lengths``.
        steps: How long the longest string is, unless another length is asked for.
    """

    name: str = ""
    kinds: tuple[str, ...] = KINDS
    takes: tuple[str, ...] = ("initial", "lengths")
    steps: int = STEPS

    @abstractmethod
    def run(self, net: Net, call: Call, dtype: str) -> Any:
        """The hidden states of the last layer, (B, T, H), in that type of numbers."""


class Torch(Runtime):
    """`torch.nn.LSTM`, ``GRU`` and ``RNN``; PyTorch has no GRU that resets before the matrix."""

    kinds = ("lstm", "gru", "rnn")

    def __init__(self) -> None:
        self.torch = require("torch", extra="torch", purpose="the runtime torch")
        self.name = f"torch {self.torch.__version__}"

    def run(self, net: Net, call: Call, dtype: str) -> Any:
        """See `Runtime.run`; words of unequal lengths are packed."""
        from reberlstm.net.files.torch import to_module

        torch = self.torch
        module = to_module(net, dtype=getattr(torch, dtype))
        layers = module.get_submodule(module.recurrent)
        x = torch.tensor(call.x.astype(dtype))
        parts = tuple(torch.tensor(part.astype(dtype)) for part in call.initial or ())
        state = parts if len(parts) > 1 else next(iter(parts), None)
        packing, about = torch.nn.utils.rnn, {"batch_first": True}
        if call.lengths is not None:
            lengths = torch.tensor(call.lengths)
            x = packing.pack_padded_sequence(x, lengths, enforce_sorted=False, **about)
        with torch.no_grad():
            hidden, _ = layers(x, state)
        if call.lengths is not None:
            hidden, _ = packing.pad_packed_sequence(hidden, total_length=call.x.shape[1], **about)
        return hidden.numpy()


TYPES = {
    "tensor(float16)": np.float16,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


class OnnxRuntime(Runtime):
    """The operators LSTM, GRU and RNN of ONNX, by ``onnxruntime`` on the CPU."""

    time_first = False

    def __init__(self) -> None:
        require("onnx", extra="onnx", purpose="the runtime onnxruntime")
        self.ort = require("onnxruntime", extra="onnx", purpose="the runtime onnxruntime")
        self.name = f"onnxruntime {self.ort.__version__}"
        self._sessions: dict[tuple[Net, bool, str], Any] = {}

    def run(self, net: Net, call: Call, dtype: str) -> Any:
        """See `Runtime.run`."""
        begins = call.initial is not None or call.lengths is not None
        session = self._session(net, begins, dtype)
        return session.run(["hidden"], self.feed(session, net, call))[0]

    def feed(self, session: Any, net: Net, call: Call) -> dict[str, Any]:
        """What a session is given: h0, c0 and lengths by these names, and x as what is left."""
        shape = (len(net.layers), len(call.x), net.layers[0].size)
        lengths = np.full(len(call.x), call.x.shape[1]) if call.lengths is None else call.lengths
        values: dict[str, Any] = dict(
            zip(("h0", "c0"), call.initial or 2 * [np.zeros(shape)], strict=False)
        )
        values["lengths"] = lengths
        given = {x.name: TYPES.get(x.type, np.float32) for x in session.get_inputs()}
        x = call.x.swapaxes(0, 1) if self.time_first else call.x
        return {name: values.get(name, x).astype(of) for name, of in given.items()}

    def _session(self, net: Net, begins: bool, dtype: str) -> Any:
        from reberlstm.net.files.onnx import to_model

        key = net, begins, dtype
        if key not in self._sessions:
            model = to_model(net, dtype=dtype, begins=begins)
            self._sessions[key] = self.session(model.SerializeToString())
        return self._sessions[key]

    def session(self, model: bytes | str) -> Any:
        """A session for a model, which tells its errors by raising them only."""
        options = self.ort.SessionOptions()
        options.log_severity_level = 4
        return self.ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxFolder(OnnxRuntime):
    """The suite's nets as ONNX models that another converter wrote, run by ``onnxruntime``.

    Args:
        folder: It has ``lstm-walk.onnx`` and so on, named after the nets. The input of rank 3 that
            is not called ``h0`` or ``c0`` is x; ``h0``, ``c0`` and ``lengths`` are given where the
            model has inputs of these names. The output is that named ``hidden``, or the first.
        time_first: Whether x and the output are (T, B, …).

    Raises:
        ConformanceError: where there is no ``.onnx`` file.
    """

    def __init__(self, folder: str, *, time_first: bool = False) -> None:
        super().__init__()
        self.folder, self.time_first = Path(folder), time_first
        if not any(self.folder.glob("*.onnx")):
            raise ConformanceError(
                f"{folder}: there is no .onnx file; `reberlstm conformance write DIR` writes the "
                "nets to convert"
            )
        self.name = f"{folder} ({self.name})"

    def run(self, net: Net, call: Call, dtype: str) -> Any:
        """See `Runtime.run`."""
        path = self.folder / f"{net.name}.onnx"
        if not path.is_file():
            raise NotRunError(f"there is no {path.name}")
        key = net, False, dtype
        if key not in self._sessions:
            self._sessions[key] = self.session(str(path))
        session = self._sessions[key]
        names = [x.name for x in session.get_inputs()]
        needs = [*zip(("h0", "c0"), call.initial or (), strict=False), ("lengths", call.lengths)]
        for name, value in needs:
            if value is not None and name not in names:
                raise NotRunError(f"{path.name} has no input {name}")
        feed = self.feed(session, net, call)
        outputs = [output.name for output in session.get_outputs()]
        hidden = session.run(["hidden" if "hidden" in outputs else outputs[0]], feed)[0]
        if hidden.ndim == 4:  # what the operators give themselves: (T, 1, B, H)
            hidden = hidden[:, 0]
        return hidden.swapaxes(0, 1) if self.time_first else hidden


class Keras(Runtime):
    """``keras.layers``, by the backend that Keras is set to; PyTorch's where nothing is set.

    Its loops over time are slow with some backends, so the longest string is shorter.
    """

    steps = 5_000

    def __init__(self) -> None:
        import os

        if importlib.util.find_spec("tensorflow") is None:
            os.environ.setdefault("KERAS_BACKEND", "torch")
        try:
            self.keras = importlib.import_module("keras")
        except ImportError as error:
            raise ConformanceError(
                f"the runtime keras needs keras and a backend, and {one_line(str(error))}; run: "
                "python -m pip install keras"
            ) from None
        self.name = f"keras {self.keras.__version__} ({self.keras.backend.backend()})"

    def run(self, net: Net, call: Call, dtype: str) -> Any:
        """See `Runtime.run`; words of unequal lengths are masked."""
        from reberlstm.net.files.keras import to_arrays

        steps = np.arange(call.x.shape[1])
        mask = None if call.lengths is None else steps < call.lengths[:, np.newaxis]
        classes, tensor = self.keras.layers, self.keras.ops.convert_to_tensor
        y = tensor(call.x, dtype=dtype)
        for number, layer in enumerate(net.layers):
            kind, more = {
                "lstm": (classes.LSTM, {}),
                "gru": (classes.GRU, {"reset_after": True}),
                "gru-before": (classes.GRU, {"reset_after": False}),
                "rnn": (classes.SimpleRNN, {}),
            }[layer.cell.name]
            made = kind(layer.size, return_sequences=True, dtype=dtype, **more)
            made.build(y.shape)
            alphabet = tuple(map(str, range(layer.weight_ih.shape[1])))
            arrays = to_arrays(Net(alphabet=alphabet, layers=(layer,), heads={}), dtype)
            made.set_weights([arrays[name] for name in ("kernel", "recurrent_kernel", "bias")])
            state = [tensor(part[number], dtype=dtype) for part in call.initial or ()] or None
            y = made(y, initial_state=state, mask=mask)
        return self.keras.ops.convert_to_numpy(y)


class OfFunction(Runtime):
    """A function ``function(kind, weights, x)`` that returns the hidden states (B, T, H).

    Args:
        function: It is given the kind of cell (``lstm``, ``gru``, ``gru-before`` or ``rnn``), the
            arrays ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0`` and ``bias_hh_l0``, of two
            layers also ``weight_ih_l1`` and so on, and x (B, T, A). If it takes ``initial``, it is
            given ``(h0,)`` or ``(h0, c0)``, (L, B, H) each, by that name where a call has an
            initial state; if it takes ``lengths``, the lengths (B,) where words have unequal ones.
        name: What to call it.
    """

    def __init__(self, function: Function, name: str = "") -> None:
        self.function = function
        self.name = name or getattr(function, "__name__", "function")
        try:
            parameters = tuple(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            parameters = ()  # of a function in C
        everything = any(x.kind == x.VAR_KEYWORD for x in parameters)
        names = {x.name for x in parameters}
        self.takes = tuple(x for x in ("initial", "lengths") if everything or x in names)

    def run(self, net: Net, call: Call, dtype: str) -> Any:
        """See `Runtime.run`."""
        given: dict[str, Any] = {}
        if call.initial is not None:
            given["initial"] = tuple(part.astype(dtype) for part in call.initial)
        if call.lengths is not None:
            given["lengths"] = call.lengths.copy()
        weights = {name: array.astype(dtype) for name, array in weights_of(net).items()}
        found = self.function(net.layers[0].cell.name, weights, call.x.astype(dtype), **given)
        if hasattr(found, "detach"):
            found = found.detach().cpu()
        return found


RUNTIMES: Mapping[str, Callable[[], Runtime]] = {
    "torch": Torch,
    "onnxruntime": OnnxRuntime,
    "keras": Keras,
}
"""The runtimes that have a name."""


def runtime_of(runtime: str | Runtime | Function) -> Runtime:
    """A runtime by its name, or made of a function; a runtime itself is taken as it is.

    Raises:
        ConformanceError: for another name, or what is no runtime.
        MissingExtraError: where it is not installed.
    """
    if isinstance(runtime, Runtime):
        return runtime
    if callable(runtime):
        return OfFunction(runtime)
    if runtime not in RUNTIMES:
        raise ConformanceError(f"no runtime {runtime!r}; there are {', '.join(RUNTIMES)}")
    return RUNTIMES[runtime]()
