"""Modules of PyTorch: what their parts say, and a run of their own against our reading of them."""

from __future__ import annotations

import copy
import itertools
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import FormatError, FormatWarning
from reberlstm.extras import require
from reberlstm.net.files.containers import Tensors, arrays_of
from reberlstm.net.foreign import Description, Foreign, Structure, place
from reberlstm.net.net import Net
from reberlstm.net.numbers import sigmoid, softmax

LENGTHS = (1, 2, 3, 5, 8)
WORDS = 7
"""So many random words of each length are run."""


def read_module(module: Any, given: Description) -> Net:
    """A module with one recurrent layer and heads, as a net.

    Where it can be called with one-hot vectors (B, T, A) or indices (B, T), it is first run on
    random words in evaluation mode, as a copy; the module itself is not touched.

    Raises:
        FormatError: for a part without a place, or where its own outputs are others than ours, with
            the word.
    """
    module = _unwrapped(module)
    name = type(module).__name__
    structure = structure_of(module)
    arrays, types = arrays_of(module.state_dict())
    found = place(Tensors(name, arrays, {}, types), given, structure)
    try:
        why = compare(module, found)
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from None
    if why is not None:
        if found.doubt is not None:
            raise FormatError(f"{name}: {found.doubt}")
        warnings.warn(FormatWarning(f"{name}: it was not run for comparison: {why}"), stacklevel=4)
    for note in found.notes:
        warnings.warn(FormatWarning(f"{name}: {note}"), stacklevel=4)
    return found.net


def _unwrapped(module: Any) -> Any:
    """The module in what `torch.compile`, `nn.DataParallel` or `AveragedModel` make of it."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if type(module).__name__ in _WRAPPERS:
            inner = module.module
        if inner is None:
            return module
        module = inner


_WRAPPERS = ("DataParallel", "DistributedDataParallel", "AveragedModel")


def structure_of(module: Any) -> Structure:
    """What the parts of a module say about its tensors.

    Raises:
        FormatError: for an `nn.Sequential` whose activations are not read.
    """
    nn = require("torch", extra="torch", purpose="a PyTorch module").nn
    embeddings: dict[str, int | None] = {}
    linear: set[str] = set()
    cells: dict[str, str] = {}
    chains: dict[str, tuple[tuple[str, ...], str]] = {}
    within: set[str] = set()
    for name, part in module.named_modules():
        if isinstance(part, nn.Embedding):
            if part.max_norm is not None:
                raise FormatError(f"{name}: an embedding with max_norm, which is not read")
            embeddings[name] = part.padding_idx
        elif isinstance(part, nn.Linear):
            linear.add(name)
        elif getattr(part, "nonlinearity", "") == "relu" and isinstance(part, nn.RNN | nn.RNNCell):
            cells[f"{name}." if name else ""] = "rnn-relu"
        elif isinstance(part, nn.Sequential) and name not in within:
            inner = {other: x for other, x in part.named_modules(prefix=name) if other != name}
            chain = _chain(name, {x: y for x, y in inner.items() if type(y) is not nn.Sequential})
            if chain is not None:
                chains[name] = chain
                within |= set(inner)
    return Structure(embeddings, frozenset(linear), cells, chains, run=True)


_PASSED = ("Dropout", "Identity", "Flatten")
_LAST = ("Softmax", "LogSoftmax", "Sigmoid", "LogSigmoid")


def _chain(name: str, parts: Mapping[str, Any]) -> tuple[tuple[str, ...], str] | None:
    """The linear layers of a sequence and the activation between them; None if it is no head."""
    kinds = {part: type(x).__name__ for part, x in parts.items()}
    kinds = {part: kind for part, kind in kinds.items() if kind not in _PASSED}
    linear = tuple(part for part, kind in kinds.items() if kind == "Linear")
    simple = all(kind == "Linear" or not list(parts[x].parameters()) for x, kind in kinds.items())
    if not linear or not simple:
        return None
    order = list(kinds.values())
    while order and order[-1] in _LAST:
        order.pop()
    between = set(order[1::2])
    if order[::2] != ["Linear"] * len(linear) or between not in (set(), {"ReLU"}, {"Tanh"}):
        raise FormatError(
            f"{name or 'nn.Sequential'} is {', '.join(kinds.values())}; read are linear layers "
            "with ReLU, or with Tanh, between each two"
        )
    return linear, (between or {""}).pop().lower()


def compare(module: Any, found: Foreign) -> str | None:
    """Run a copy of a module on random words and compare its outputs with ours.

    Returns:
        None where they agree, else why it could not be run.

    Raises:
        FormatError: where an output differs, with the word and by how much.
    """
    torch = require("torch", extra="torch", purpose="a PyTorch module")
    worst: tuple[float, str] | None = None
    for double in (True, False):
        try:
            runner = copy.deepcopy(module).cpu().eval()
            runner = runner.double() if double else runner
        except Exception as error:  # a module can be anything
            first_line = f"{type(error).__name__}: {error}".partition("\n")[0]
            return f"it cannot be copied ({first_line})"
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for form in _FORMS:
                difference = _difference(torch, runner, found, form, double)
                if difference is None:
                    continue
                size, allowed, text = difference
                if size <= allowed * (1e-6 if double else 1e-3):
                    return None
                worst = min(worst or (size, text), (size, text))
    if worst is None:
        return "it has no forward that takes one-hot vectors (B, T, A) or indices (B, T)"
    raise FormatError(f"{worst[1]}; " + (found.doubt or "so it is another net than its parts say"))


_FORMS = ("indices", "one-hot", "indices, time first", "one-hot, time first",
          "indices, one word", "one-hot, one word")  # fmt: skip


def _difference(
    torch: Any, module: Any, found: Foreign, form: str, double: bool
) -> tuple[float, float, str] | None:
    """The largest difference, the size of our numbers, and a sentence about it.

    None if no output fits when the module is called in this form.
    """
    rng = np.random.default_rng(0)
    largest, scale, text = -1.0, 1.0, ""
    for length in LENGTHS:
        words = rng.integers(len(found.rows), size=(WORDS, length))
        edges = [np.tile(np.array(x, dtype=int), (WORDS, 1)) for x in (found.before, found.after)]
        rows = np.hstack([edges[0], np.array(found.rows)[words], edges[1]])
        try:
            columns = 1 + max((*found.rows, *found.before, *found.after))
            outputs = list(_called(torch, module, rows, columns, form, double))
        except Exception:  # it is not to be called so
            return None
        net = found.net.replace(dtype="float64") if double else found.net
        states = net.start(len(words))
        for symbols in words.T:
            states = net.step(states, symbols)
        h = net.hidden(states).astype(np.float64)
        for kind, unit in found.units.items():
            expected = unit.logits(h)
            size = expected.shape[1]
            fitting = [value for output in outputs for value in _last(output, rows.shape, size)]
            if not fitting:
                return None
            best = min((_distance(value, expected) for value in fitting), key=np.max)
            at = int(best.max(axis=1).argmax())
            scale = max(scale, float(np.abs(expected).max()))
            if best[at].max() > largest:
                largest = float(best[at].max())
                word = found.net.separator.join(found.net.alphabet[a] for a in words[at])
                text = f"after {word!r} its own {kind} outputs differ by {largest:.3g} from ours"
    return largest, scale, text


def _called(
    torch: Any, module: Any, rows: NDArray[Any], columns: int, form: str, double: bool
) -> Iterator[NDArray[Any]]:
    """All tensors that a module gives for words (B, T), as arrays."""
    x = torch.from_numpy(rows)
    if form.startswith("one-hot"):
        for part in module.modules():
            columns = getattr(part, "input_size", columns)
        x = torch.nn.functional.one_hot(x, columns).to(torch.float64 if double else torch.float32)
    if form.endswith("one word"):
        each = [list(_tensors(module(word))) for word in x]
        for outputs in zip(*each, strict=True):
            yield torch.stack(outputs).double().numpy()
        return
    if form.endswith("time first"):
        x = x.transpose(0, 1)
    for output in _tensors(module(x)):
        yield output.double().numpy()


def _tensors(value: Any) -> Iterator[Any]:
    if hasattr(value, "detach"):
        yield value
    elif isinstance(value, Mapping | tuple | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(inner)


def _last(output: NDArray[Any], shape: tuple[int, int], size: int) -> Iterator[NDArray[Any]]:
    """The outputs (B, R) after the last symbol, of a tensor that may hold those of every step.

    The axes may be in any order, so that several may fit.
    """
    words, length = shape
    for x in (output, output[..., np.newaxis]) if size == 1 else (output,):
        for axes in itertools.permutations(range(x.ndim)) if 1 < x.ndim < 5 else ():
            y = x.transpose(axes)
            between = y.shape[1:-1]
            ends = (y.shape[0], y.shape[-1]) == (words, size)
            if ends and set(between) <= {1, length}:
                yield y.reshape(words, -1, size)[:, -1]
    if output.shape == (words * length, size):
        yield output.reshape(words, length, size)[:, -1]
        yield output.reshape(length, words, size)[-1]


def _distance(value: NDArray[Any], z: NDArray[Any]) -> NDArray[Any]:
    """How far outputs (B, R) are from our logits, or from the probabilities of them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        forms = [z, softmax(z), np.log(softmax(z)), sigmoid(z), np.log(sigmoid(z))]
        each = [np.nan_to_num(np.abs(value - form), nan=np.inf) for form in forms]
    return min(each, key=np.max)
