"""Faults in runtimes that the package knows nothing of: each is caught, and named rightly."""

import functools
import itertools

import numpy as np
import pytest

from reberlstm.conformance import check_runtime, outputs_of, report_on
from reberlstm.conformance.runtimes import OfFunction
from reberlstm.conformance.suite import checks
from tests.conformance.runtimes import plain

FEW = ("step", "walk", "soft")


def report(function, kind="lstm", names=None):
    """The report on the short checks of a kind of cell, or on those of these names."""
    asked = [
        check
        for check in checks((kind,), 100)
        if (check.name in names if names else not check.endures)
    ]
    given = {check.id: outputs_of(OfFunction(function), check, "float32") for check in asked}
    return report_on("mine", asked, given, "float32", None, 0.0)


def with_weights(change):
    """A runtime that changes the arrays it is given, by ``change(name, array)``."""

    def run(kind, weights, x, initial=None, lengths=None):
        changed = {name: change(name, array) for name, array in weights.items()}
        return plain(kind, changed, x, initial, lengths)

    return run


def faulty(**faults):
    return functools.partial(plain, **faults)


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru-before", "rnn"])
def test_the_runtime_itself_is_right(kind):
    found = report(plain, kind)
    assert found.holds
    assert {check.outcome for check in found.checks} == {"right"}


def test_all_orders_of_gates_are_told_apart():
    for order in list(itertools.permutations("ifgo"))[1:]:
        (finding,) = report(faulty(order="".join(order)), names=FEW).findings
        assert finding.fault == "gate-order"
        assert finding.certain
        assert finding.says == (
            f"gates are read in the order {', '.join(order)}, and the weights have i, f, g, o"
        )


def hard_sigmoid(z):
    return np.minimum(np.maximum(0.2 * z + 0.5, 0.0), 1.0)


def hard_tanh(z):
    return np.where(z > 1, 1.0, np.where(z < -1, -1.0, z))


def transposed(name, array):
    if not name.startswith("weight_hh"):
        return array
    size = array.shape[1]
    blocks = array.reshape(-1, size, size)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1)).reshape(array.shape)


def backwards(kind, weights, x, initial=None, lengths=None):
    return plain(kind, weights, x[:, ::-1], initial)


def swapped(kind, weights, x, initial=None, lengths=None):
    weights = {
        name.replace("_ih_", "_?_").replace("_hh_", "_ih_").replace("_?_", "_hh_")
        if name.startswith("weight")
        else name: array
        for name, array in weights.items()
    }
    return plain(kind, weights, x, initial, lengths)


def no_lengths(kind, weights, x, initial=None, lengths=None):
    return plain(kind, weights, x, initial)


def repeated_ends(kind, weights, x, initial=None, lengths=None, short=0):
    """As Keras does it: after its end a word's last state is returned."""
    found = plain(kind, weights, x, initial)
    for word, length in zip(found, () if lengths is None else lengths, strict=False):
        word[length - short :] = word[length - short - 1]
    return found


def one_after_the_other(kind, weights, x, initial=None, lengths=None):
    """Words one by one, where the next begins in the state that the last ended in."""
    if kind != "rnn" or initial is not None:
        return plain(kind, weights, x, initial, lengths)
    found, layers = [], len(weights) // 4
    size = weights["weight_hh_l0"].shape[1]
    h = [np.zeros((layers, 1, size))]
    for word in x:
        hidden = plain(kind, weights, word[None], h)
        below = plain(kind, {k: v for k, v in weights.items() if "_l0" in k}, word[None], h)
        h = [np.stack([y[:, -1] for y in ([below, hidden] if layers == 2 else [hidden])])]
        found.append(hidden[0])
    found = np.stack(found)
    for word, length in zip(found, () if lengths is None else lengths, strict=False):
        word[length:] = 0.0
    return found


def keeps_its_state():
    """A runtime with a state that outlives the call."""
    kept = {}

    def run(kind, weights, x, initial=None, lengths=None):
        layers, size = len(weights) // 4, weights["weight_hh_l0"].shape[1]
        shape = (layers, len(x), size)
        start = initial
        if initial is None and kept.get("shape") == shape:
            start = kept["state"]
        hidden = plain(kind, weights, x, start)
        first = plain(kind, {k: v for k, v in weights.items() if "_l0" in k}, x, start)
        ends = np.full(len(x), x.shape[1]) if lengths is None else lengths
        both = [first, hidden] if layers == 2 else [hidden]
        last = np.stack([y[np.arange(len(x)), ends - 1] for y in both])
        kept.update(shape=shape, state=[last])
        for word, length in zip(hidden, () if lengths is None else lengths, strict=False):
            word[length:] = 0.0
        return hidden

    return run


def no_h(h, c, number):
    return 0 * h, c


def of_first_word(h, c, number):
    return np.repeat(h[:1], len(h), 0), np.repeat(c[:1], len(c), 0)


def late(kind, weights, x, initial=None, lengths=None):
    hidden = plain(kind, weights, x, initial, lengths)
    hidden[:, 1:] = hidden[:, :-1].copy()
    hidden[:, 0] = 0.0
    return hidden


def biases_summed(kind, weights, x, initial=None, lengths=None):
    weights = dict(weights)
    for layer in range(len(weights) // 4):
        first, second = weights[f"bias_ih_l{layer}"].copy(), weights[f"bias_hh_l{layer}"].copy()
        size = len(first) // 3
        first[2 * size :] += second[2 * size :]
        second[2 * size :] = 0.0
        weights |= {f"bias_ih_l{layer}": first, f"bias_hh_l{layer}": second}
    return plain(kind, weights, x, initial, lengths)


def int8(name, array):
    if name.startswith("bias"):
        return array
    scale = np.abs(array).max() / 127 or 1.0
    return np.clip(np.round(array / scale), -127, 127) * scale


def plus_one(name, array):
    size = len(array) // 4
    more = np.zeros_like(array)
    more[size : 2 * size] = 1.0
    return array + more if name.startswith("bias_ih") else array


def time_first(kind, weights, x, initial=None, lengths=None):
    return plain(kind, weights, x.transpose(1, 0, 2)).transpose(1, 0, 2)


FAULTS = [
    ("lstm", faulty(no_bias=["bias_hh"]), "bias-dropped", "bias_hh is left out"),
    ("gru", faulty(no_bias=["bias_ih"]), "bias-dropped", "bias_ih is left out"),
    ("lstm", swapped, "weights-swapped", "swapped"),
    ("gru", with_weights(transposed), "transposed", "the recurrent matrices are transposed"),
    ("gru", faulty(reset_of="gru-before"), "gru-reset", "multiplies before the matrix"),
    ("gru-before", faulty(reset_of="gru"), "gru-reset", "multiplies after the matrix"),
    ("gru", faulty(invert=True), "gru-update-inverted", "inverted"),
    ("gru", biases_summed, "gru-biases-summed", "the reset gate skips bias_hh"),
    ("gru", faulty(order="zrn"), "gate-order", "in the order z, r, n"),
    ("lstm", faulty(sig=hard_sigmoid), "hard-sigmoid", "x/5"),
    ("rnn", faulty(tanh=hard_tanh), "hard-tanh", "hard tanh"),
    ("lstm", faulty(couple=True), "gates-coupled", "f = 1 − i"),
    ("lstm", with_weights(plus_one), "forget-bias", "1 is added"),
    ("lstm", faulty(start=no_h), "initial-ignored", "the initial h is ignored"),
    ("gru", faulty(start=of_first_word), "initial-of-first", "first word"),
    ("rnn", one_after_the_other, "state-kept", "each word of a call begins in"),
    ("gru", keeps_its_state(), "state-kept", "each call begins in"),
    ("rnn", no_lengths, "lengths-ignored", "lengths are ignored"),
    ("rnn", functools.partial(repeated_ends, short=1), "lengths-off-by-one", "one step shorter"),
    ("lstm", faulty(feed="c"), "layer-fed-c", "fed c"),
    ("lstm", faulty(feed="x"), "layer-fed-input", "fed the input"),
    ("gru", faulty(same_layer=True), "layers-shared", "of the first layer"),
    ("rnn", late, "late", "the state before each step"),
    ("rnn", with_weights(int8), "int8", "one scale for each matrix"),
    ("lstm", faulty(sig=hard_sigmoid, tanh=hard_tanh), "hard-both", "x/5"),
]


@pytest.mark.parametrize(
    ("kind", "runtime", "name", "says"), FAULTS, ids=[f"{x[0]}-{x[2]}-{x[3]}" for x in FAULTS]
)
def test_a_fault_is_named(kind, runtime, name, says):
    found = report(runtime, kind)
    assert not found.holds
    assert [finding.fault for finding in found.findings] == [name], found.findings
    assert says in found.findings[0].says
    assert found.findings[0].certain


def test_a_reversed_word_is_named_among_its_other_faults():
    """It also forgets lengths."""
    found = report(backwards, "rnn")
    assert [x.fault for x in found.findings] == ["reversed", "lengths-ignored"]


def test_time_first_is_named():
    names = (*FEW, "square", "again")
    assert [x.fault for x in report(time_first, "rnn", names).findings] == ["time-first"]


@pytest.mark.parametrize("bound", [1, 2, 8, 32, 128])
def test_words_that_are_mixed_in_large_calls(bound):
    def run(kind, weights, x, initial=None, lengths=None):
        found = plain(kind, weights, x, initial, lengths)
        found[bound:] = found[: len(found) - bound].copy() if len(found) > bound else 0
        return found

    if bound == 1:
        run = lambda kind, w, x: np.repeat(plain(kind, w, x)[:1], len(x), 0)  # noqa: E731
    (finding,) = report(run, "rnn", ("walk", "batch", "again", "lengths")).findings
    assert finding.fault == "words-mixed"
    assert f"calls of up to {bound} words are right" in finding.says
    assert f"word {bound + 1} of {bound + 1} has the states of word 1" in finding.says


def round_to(dtype):
    return lambda z: z.astype(dtype).astype(float)


def test_float16_everywhere():
    torch = pytest.importorskip("torch")

    def run(kind, weights, x):
        layers = len(weights) // 4
        size = weights["weight_hh_l0"].shape[1]
        h = [torch.zeros(len(x), size, dtype=torch.float16) for _ in range(2)]
        w = {name: torch.tensor(array).half() for name, array in weights.items()}
        outputs = []
        for t in range(x.shape[1]):
            y = torch.tensor(x[:, t]).half()
            for n in range(layers):
                z = w[f"bias_ih_l{n}"] + w[f"bias_hh_l{n}"]
                for k in range(y.shape[1]):
                    z = z + y[:, k : k + 1] * w[f"weight_ih_l{n}"][:, k]
                for k in range(size):
                    z = z + h[n][:, k : k + 1] * w[f"weight_hh_l{n}"][:, k]
                y = h[n] = torch.tanh(z)
            outputs.append(y)
        return torch.stack(outputs, 1).float()

    found = report(run, "rnn", ("step", "walk", "sums"))
    (finding,) = found.findings
    assert "float16" in finding.says
    assert finding.fault == "float16"
    assert all("float16" in other for other in finding.others)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_layers_of_torch_in_other_formats(dtype):
    torch = pytest.importorskip("torch")

    def run(kind, weights, x):
        layers = len(weights) // 4
        sizes = weights["weight_ih_l0"].shape[1], weights["weight_hh_l0"].shape[1]
        module = torch.nn.GRU(*sizes, layers, batch_first=True)
        module.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
        kind_of = getattr(torch, dtype)
        with torch.no_grad():
            return module.to(kind_of)(torch.tensor(x).to(kind_of))[0].float()

    (finding,) = report(run, "gru", (*FEW, "square", "again", "sums")).findings
    assert finding.fault == dtype


def test_a_small_error_is_not_taken_for_rounding():
    def near_tanh(z):
        return np.tanh(z) + 1e-3 * np.sin(3 * z)

    (finding,) = report(faulty(tanh=near_tanh), "gru", FEW).findings
    assert finding.fault == "unknown"


def test_an_unknown_fault_is_not_given_a_name():
    found = report(lambda *args: 1.01 * plain(*args), "rnn", FEW)
    (finding,) = found.findings
    assert finding.fault == "unknown"
    assert not finding.certain
    assert "none of the" in finding.says
    assert "first in rnn-step (net rnn-walk): word 1, step 1, cell 0:" in finding.says


def test_two_faults_at_once():
    def run(kind, weights, x, initial=None):
        return plain(kind, weights, x, None, no_bias=["bias_ih"])

    found = report(run, "rnn", (*FEW, "square", "initial"))
    assert sorted(x.fault for x in found.findings) == ["bias-dropped", "initial-ignored"]


LATE = [
    (functools.partial(plain, reset_after=150), ("long",), "long", "right for 150 steps"),
    (functools.partial(plain, keep=round_to(np.float16)), ("count",), "float16", "has 11 bits"),
    (
        functools.partial(plain, sig=lambda z: np.minimum(1 / (1 + np.exp(-z)), 1 - 1e-5)),
        ("count",),
        "not-saturated",
        "not exact",
    ),
]


@pytest.mark.parametrize(("runtime", "names", "fault", "says"), LATE, ids=[x[2] for x in LATE])
def test_what_only_many_steps_show(runtime, names, fault, says):
    wanted = [x for x in checks(("lstm",), 400) if x.name in names]
    given = {x.id: [runtime("lstm", *_given(x, call)) for call in x.calls] for x in wanted}
    (finding,) = report_on("mine", wanted, given, "float32", None, 0.0).findings
    assert finding.fault == fault
    assert says in finding.says


def _given(check, call):
    from reberlstm.conformance.suite import weights_of

    return weights_of(check.net), call.x


def test_a_function_that_takes_no_initial_state_or_lengths_is_not_asked():
    found = check_runtime(lambda kind, w, x: plain(kind, w, x), kinds=("rnn",), steps=50)
    assert found.holds
    assert {x.check: x.note for x in found.checks if x.outcome == "not run"} == {
        "rnn-initial": "it takes no initial",
        "rnn-lengths": "it takes no lengths",
        "rnn-initial-layers": "it takes no initial",
    }


def test_a_call_that_raises_an_error():
    def run(kind, weights, x):
        if len(x) > 32:
            raise ValueError("at most 32 words")
        return plain(kind, weights, x)

    (finding,) = report(run, "rnn").findings
    assert finding.fault == "refused"
    assert "ValueError: at most 32 words" in finding.says


def test_float32_where_float64_was_asked_for():
    asked = [check for check in checks(("rnn",), 100, "float64") if not check.endures]

    def run(kind, weights, x, initial=None, lengths=None):
        hidden = plain(kind, weights, x, initial, lengths)
        return hidden if lengths is None else hidden.astype(np.float32)

    for function, wrong in ((plain, []), (run, ["float32"])):
        given = {check.id: outputs_of(OfFunction(function), check, "float64") for check in asked}
        found = report_on("mine", asked, given, "float64", None, 0.0)
        assert [finding.fault for finding in found.findings] == wrong


def test_words_that_are_mixed_hide_no_other_fault():
    def run(kind, weights, x, initial=None, lengths=None):
        found = plain(kind, weights, x, initial)
        return found[::-1] if len(found) > 16 else found

    found = report(run, "rnn")
    assert [x.fault for x in found.findings] == ["words-mixed", "lengths-ignored"]
    assert [x.checks for x in found.findings] == [("rnn-batch",), ("rnn-lengths",)]


def test_a_kind_of_cell_that_only_raises_errors_is_a_fault():
    def run(kind, weights, x, initial=None, lengths=None):
        if kind == "lstm":
            return 1 / 0
        return plain(kind, weights, x, initial, lengths)

    found = check_runtime(run, kinds=("lstm", "rnn"), steps=100)
    (finding,) = found.findings
    assert (found.holds, finding.kind, finding.fault) == (False, "lstm", "refused")


def test_errors_for_lengths_are_not_taken_for_a_fault_of_arithmetic():
    def run(kind, weights, x, initial=None, lengths=None):
        if lengths is not None:
            raise SystemExit(0)
        return plain(kind, weights, x, initial, lengths)

    (finding,) = report(run).findings
    assert finding.fault == "refused"
    assert "the runtime ends Python" in finding.says


def test_numbers_that_are_not_finite_are_told_first():
    def run(kind, weights, x, initial=None, lengths=None):
        hidden = plain(kind, weights, x, initial, lengths)
        hidden[0, -1, 0] = np.nan
        return hidden

    (finding,) = report(run).findings
    assert finding.fault == "not-finite"
