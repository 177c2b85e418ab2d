"""Nets of any origin (a shipped name, a file, a state dict, a module), and words through them."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reberlstm.errors import FormatError, FormatWarning, GrammarError, ReberLSTMError, shown
from reberlstm.machine.counters import Machine
from reberlstm.machine.fsm import FSM
from reberlstm.net.engine import Ends, final_states, going_on
from reberlstm.net.net import Net
from reberlstm.net.readouts import Rule

if TYPE_CHECKING:
    from reberlstm.net.files.containers import Tensors
    from reberlstm.net.foreign import Description

FOLDER = Path(__file__).parent / "zoo"
"""The nets that come with the package: trained or built ones, each proved in the tests, and in the
folder ``learned`` nets of all kinds, right and wrong, to extract from."""


def as_net(
    net: Any,
    *,
    alphabet: Sequence[str] | None = None,
    layer: str | None = None,
    head: str | None = None,
    heads: Mapping[str, str] | None = None,
    kind: str | None = None,
    labels: Sequence[str] = (),
    readout: str | Rule | None = None,
    threshold: float | None = None,
    embedding: str | None = None,
    input_layer: str | None = None,
    initial: str | None = None,
    padding: int | None = None,
    prefix: Sequence[str] = (),
    suffix: Sequence[str] = (),
    nonlinearity: str | None = None,
    head_activation: str | None = None,
    name: str | None = None,
) -> Net:
    """A net, from whatever holds one; `reberlstm.load` is this function.

    Files that `save` or ``reberlstm export`` wrote as safetensors or npz say all about themselves:
    their alphabet may be given, and is checked, and `kind` and `readout` choose a head and how it
    is read. All else is for nets of others: one recurrent layer or stack (`torch.nn.LSTM`, `GRU`,
    `RNN`, their cells, or Keras' layers), one-hot inputs or an embedding, and linear heads. What
    has no place is refused.

    Args:
        net: A `Net`; the name of a shipped net; the path of a safetensors, npz or PyTorch file, of
            which nothing is executed; a state dict; or an `nn.Module`, which is run on random words
            first and refused where its outputs are others than ours.
        alphabet: The symbols, in the order of the input's columns or the embedding's rows.
        layer: The name of the recurrent layer, where there are several; several names with commas
            between them are layers that read each other, in that order.
        head: The linear layer to read. By default each is a head: by its name ``legal``,
            ``accept``, ``next`` or ``label``, else by its size: as many outputs as symbols are
            ``legal``, one or two ``accept``, as many as `labels` ``label``. For several layers that
            read each other, all names with commas between them.
        heads: Several heads by kind, as in ``{"accept": "decoder.fc"}``.
        kind: What is read: ``legal``, ``accept``, ``label`` or ``next``.
        labels: What the outputs of a ``label`` head stand for.
        readout: How a head is read, as in ``"logit>0"``, ``"softmax>0.1"``, ``"argmax"``. By
            default by the usual rule of its kind; a layer that is not named ``legal``, with as many
            outputs as symbols, by ``softmax>0.1``.
        threshold: The same as ``readout="logit>THRESHOLD"``.
        embedding: The name of the embedding, where a matrix could also be something else.
        input_layer: The name of a linear layer between a symbol, embedded or one-hot, and the
            recurrent layer; several with commas between them, in order. Where relu or tanh follows
            one, ``"NAME:relu"``. It is read as a part of the embedding.
        initial: The names of the tensors of a learned initial state: of h, or of h and c, as in
            ``"h0,c0"``.
        padding: A row of the embedding that is no symbol.
        prefix: Symbols that are fed before every word; they are no symbols of words themselves.
        suffix: Symbols that are fed after every word before an ``accept`` or ``label`` head is
            read. A head that tells which symbols may come next is read before them.
        nonlinearity: ``relu`` for a simple RNN that has that in place of tanh.
        head_activation: ``relu`` or ``tanh``: what stands between linear layers of one head.
        name: What to call the net.

    Raises:
        FormatError: for a file that cannot be read, or that holds no such net.
        MissingExtraError: for a PyTorch file where PyTorch is not installed.

    Example:
        >>> as_net("reber-4").name
        'reber-4'
        >>> import numpy as np
        >>> H, A = 5, 2
        >>> state = {"rnn.weight_ih_l0": np.zeros((3 * H, A)), "fc.bias": np.zeros(1),
        ...          "rnn.weight_hh_l0": np.zeros((3 * H, H)), "fc.weight": np.zeros((1, H))}
        >>> as_net(state, alphabet="01").reading
        'accept: logit > 0'
    """
    asked = {
        key: value for key, value in locals().items() if key != "net" and value not in (None, ())
    }
    if isinstance(net, Net) and not asked:
        return net
    # What reads files and places tensors is loaded for those alone.
    from reberlstm.net.foreign import Description

    if threshold is not None and readout is None:
        readout = Rule("logit", threshold)
    if nonlinearity not in (None, "tanh", "relu"):
        raise FormatError(f"nonlinearity={nonlinearity!r}; choose 'tanh' or 'relu'")
    if head_activation not in (None, "relu", "tanh"):
        raise FormatError(f"head_activation={head_activation!r}; choose 'relu' or 'tanh'")
    for key in {"alphabet", "labels", "prefix", "suffix"} & set(asked):
        if not isinstance(asked[key], Iterable):
            raise FormatError(f"{key} is {shown(asked[key])}; give a string or a list of strings")
        asked[key] = tuple(asked[key])
    told = {key: value for key, value in asked.items() if key not in ("threshold", "name")}
    rule = Rule.parse(readout) if isinstance(readout, str) else readout
    given = Description(**told | {"readout": rule})
    found = _net(net, given)
    return found if name is None else found.replace(name=name)


load = as_net
"""`as_net` under its public name."""


def net_for(net: Any, machine: Machine | None, **reading: Any) -> Net:
    """`as_net`; the alphabet is by default that of the machine that the net is for."""
    if machine is not None and not isinstance(net, Net) and reading.get("alphabet") is None:
        reading["alphabet"] = machine.alphabet
    known: dict[str, Any] = getattr(as_net, "__kwdefaults__", {})
    for name in reading:
        if name not in known:
            raise GrammarError(
                f"no option {name!r}; how a net is read is said by {', '.join(known)}"
            )
    return as_net(net, **reading)


def _net(net: Any, given: Description) -> Net:
    if isinstance(net, Net):
        return _asked(net, given, repr(net.name))
    from reberlstm.net.files.containers import Tensors, arrays_of, metadata_of, read_tensors

    if isinstance(net, str) and net in shipped_names():
        path = FOLDER / f"{net}.safetensors"
        return _in_tensors(read_tensors(path), given).replace(name=net)
    if isinstance(net, str | os.PathLike):
        return _in_tensors(read_tensors(net), given)
    if isinstance(net, Mapping):
        arrays, types = arrays_of(net)
        return _in_tensors(Tensors("state dict", arrays, metadata_of(net), types), given)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(net, torch.nn.Module):
        from reberlstm.net.modules import read_module

        return read_module(net, given).replace(name=type(net).__name__)
    raise FormatError(
        f"{type(net).__name__} is no net; taken are a net, the name of a shipped one, a path, a "
        "state dict (names and tensors) or a torch.nn.Module"
    )


def _in_tensors(tensors: Tensors, given: Description) -> Net:
    """The net in the tensors of a file or a state dict, ours or that of others."""
    from reberlstm.net.files import keras
    from reberlstm.net.files.containers import STATE_DICT
    from reberlstm.net.files.safetensors import from_parts, is_ours
    from reberlstm.net.foreign import place

    where, structure = tensors.where, None
    if keras.is_keras(tensors.arrays):
        tensors, structure = keras.from_keras(tensors)
    by_names = tensors.metadata.get("container") == STATE_DICT and given.foreign()
    if is_ours(tensors.metadata) and not by_names:
        try:
            net = from_parts(tensors.arrays, tensors.metadata)
        except ReberLSTMError as error:
            raise FormatError(f"{where}: {error}") from None
        return _asked(net, given, where)
    found = place(tensors, given, structure)
    if found.doubt is not None:
        raise FormatError(f"{where}: {found.doubt}")
    for note in found.notes:
        warnings.warn(FormatWarning(f"{where}: {note}"), stacklevel=4)
    return found.net.replace(name=Path(where).name)


def _asked(net: Net, given: Description, where: str) -> Net:
    """A net that says all about itself, with only the head that is asked for, read as asked."""
    foreign = given.foreign()
    if foreign:
        raise FormatError(
            f"{where}: {foreign[0]}=... is for nets of others; this one says all about itself"
        )
    if given.alphabet is not None and set(given.alphabet) != set(net.alphabet):
        raise FormatError(
            f"{where}: its alphabet is {' '.join(net.alphabet)}, not {' '.join(given.alphabet)}; "
            "give the grammar or alphabet that it is for"
        )
    try:
        for asked in dict.fromkeys((given.head, given.kind)):
            if asked is None:
                continue
            named = (x for x in net.heads.values() if x.source == asked)
            head = net.readout(asked) or next(named, None)
            if head is None:
                raise FormatError(f"no {asked!r} head; it has {', '.join(net.heads) or 'none'}")
            net = net.replace(heads={head.kind: head})
        if given.readout is not None:
            # Every head that can be is read by the rule, and one has to be.
            rule, heads = given.readout, net.heads
            kinds = [kind for kind, head in heads.items() if head.allows(rule)] or list(heads)
            if not kinds:
                raise FormatError("it has no head to be read by a rule")
            net = net.replace(heads={**heads, **{k: heads[k].with_rule(rule) for k in kinds}})
    except ReberLSTMError as error:
        raise FormatError(f"{where}: {error}") from None
    return net


def shipped_names() -> list[str]:
    """The names of the shipped nets, sorted: ``reber-4``, ``smallest/reber``, and so on."""
    paths = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.safetensors"))
    return [path.with_suffix("").as_posix() for path in paths]


def shipped(name: str) -> Net:
    """The shipped net of that name.

    Raises:
        FormatError: where there is none; the message lists what there is.

    Example:
        >>> shipped("reber-4").size
        4
    """
    if name not in shipped_names():
        raise FormatError(
            f"no net named {name!r} comes with reberlstm; there are {', '.join(shipped_names())}"
        )
    return as_net(name)


Words = Sequence[str] | Sequence[Sequence[str]] | NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Runs:
    """What a net comes to after each of B words.

    Words that end in the same state vector share it: `of_word`, (B,), numbers those in `distinct`,
    (S, D).
    """

    net: Net
    distinct: NDArray[Any]
    of_word: NDArray[np.intp]

    @cached_property
    def states(self) -> NDArray[Any]:
        """The state vectors, (B, D)."""
        return self.distinct.take(self.of_word, axis=0)

    @cached_property
    def hidden(self) -> NDArray[Any]:
        """What the heads read, (B, H)."""
        return self._hidden.take(self.of_word, axis=0)

    @cached_property
    def heads(self) -> Mapping[str, NDArray[Any]]:
        """The logits of each head by name, (B, R)."""
        heads = {kind: head.cast(self.net.dtype) for kind, head in self.net.heads.items()}
        return {
            kind: head.logits(self._hidden)[:, : head.rows].take(self.of_word, axis=0)
            for kind, head in heads.items()
        }

    @cached_property
    def _hidden(self) -> NDArray[Any]:
        return np.ascontiguousarray(self.net.hidden(self.distinct))


def run(net: Any, words: Words, **options: Any) -> Runs:
    """Run many words, of any lengths, through a net.

    Args:
        net: A net, or what `reberlstm.load` takes.
        words: Strings or lists of symbols, or indices into the alphabet, shape (B, T).
        options: How a net of others is read, see `reberlstm.load`.

    Raises:
        GrammarError: for a symbol that the net does not know.

    Example:
        >>> import reberlstm as rl
        >>> runs = run(rl.compile("parity"), ["1", "", "11"])
        >>> (runs.heads["accept"][:, 0] > 0).tolist()
        [False, True, True]
    """
    net = net_for(net, None, **options)
    symbols, lengths = _symbols(net, words)
    order: Any = slice(None)
    if (lengths[1:] > lengths[:-1]).any():
        order = np.argsort(-lengths, kind="stable")
    symbols, in_order = symbols[:, order], lengths[order]
    if net.kernel is None:
        states = net.start(len(lengths))
        for column, count in zip(symbols, going_on(in_order).tolist(), strict=True):
            states[:count] = net.step(states[:count], column[:count])
        ends = Ends(states.T, np.arange(len(lengths)))
    else:
        ends = final_states(net.kernel, net.initial(), symbols, in_order)
    of_word = np.empty_like(ends.of_word)
    of_word[order] = ends.of_word
    return Runs(net, np.ascontiguousarray(ends.states.T), of_word)


def _symbols(net: Net, words: Words) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Words as numbers of symbols, (T, B), padded by zeros, and their lengths, (B,)."""
    if isinstance(words, str) or not hasattr(words, "__len__"):
        raise GrammarError(f"{words!r} is one word; give several, in a list")
    if isinstance(words, np.ndarray) and words.ndim == 2 and words.dtype.kind in "iu":
        # Once through the memory: without its sign, a negative number is a large one.
        if words.size and words.view(f"u{words.itemsize}").max() >= len(net.alphabet):
            for symbol in (int(words.min()), int(words.max())):
                _check_number(net, symbol)
        return words.T, np.full(len(words), words.shape[1], dtype=np.intp)
    indices = indices_of(net, words)
    lengths = np.array([len(word) for word in indices], dtype=np.intp)
    symbols = np.zeros((int(lengths.max(initial=0)), len(indices)), dtype=np.intp)
    for number, word in enumerate(indices):
        symbols[: len(word), number] = word
    return symbols, lengths


def _check_number(net: Any, symbol: int) -> None:
    if not 0 <= symbol < len(net.alphabet):
        raise GrammarError(
            f"there is no symbol {symbol} in an alphabet of {len(net.alphabet)} symbols"
        )


def indices_of(net: Any, words: Any) -> list[NDArray[np.intp]]:
    """The indices of the symbols of each word, (T,), for an object with an alphabet and a name.

    Raises:
        GrammarError: naming the first symbol that is unknown, and its position in its word.
    """
    each = list(words)
    listed = [np.atleast_1d(word) for word in each if not isinstance(word, str)]
    symbols = [symbol for word in listed for symbol in word]
    if any(isinstance(symbol, str) for symbol in symbols) or not symbols:
        number = {symbol: index for index, symbol in enumerate(net.alphabet)}
        machine = FSM(alphabet=net.alphabet, start="0", transitions={"0": {}}, name=net.name)
        return [np.array([number[x] for x in machine.word(w)], dtype=np.intp) for w in each]
    array = [np.asarray(word) for word in each]
    if any(word.ndim != 1 or (word.size and word.dtype.kind not in "iu") for word in array):
        raise GrammarError("words are strings, lists of symbols, or indices of symbols, (B, T)")
    for symbol in symbols:
        _check_number(net, symbol)
    return [word.astype(np.intp) for word in array]
