"""A runtime in plain loops, written independently of the package, with faults that can be set."""

import numpy as np


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


ORDERS = {"lstm": "ifgo", "gru": "rzn", "gru-before": "rzn", "rnn": "n"}


def plain(
    kind,
    weights,
    x,
    initial=None,
    lengths=None,
    *,
    order=None,
    sig=sigmoid,
    tanh=np.tanh,
    no_bias=(),
    start=lambda h, c, number: (h, c),
    invert=False,
    reset_of=None,
    feed="h",
    couple=False,
    cast=lambda z: z,
    keep=lambda z: z,
    reset_after=0,
    same_layer=False,
):
    """Hidden states (B, T, H); every keyword after the first five is a fault."""
    kind_of_reset = reset_of or kind
    words, steps, _ = x.shape
    layers = len(weights) // 4
    y = x.astype(float)
    for number in range(layers):
        own = 0 if same_layer else number
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        w_all, u_all, b, d = (weights[f"{name}_l{own}"].astype(float) for name in names)
        b, d = b * ("bias_ih" not in no_bias), d * ("bias_hh" not in no_bias)
        size = u_all.shape[1]
        gates = order or ORDERS[kind]
        w, u, bi, bh = (
            {gate: array[k * size : (k + 1) * size] for k, gate in enumerate(gates)}
            for array in (w_all, u_all, b, d)
        )
        h = np.zeros((words, size)) if initial is None else np.array(initial[0][number], float)
        c = np.zeros((words, size))
        if initial is not None and kind == "lstm":
            c = np.array(initial[1][number], float)
        h, c = start(h, c, number)
        hs, cs = [], []
        for t in range(steps):
            if reset_after and t and t % reset_after == 0:
                h, c = 0 * h, 0 * c
            z = {g: cast(cast(y[:, t] @ w[g].T) + bi[g]) for g in gates if g != "n"}
            z = {g: cast(z[g] + cast(h @ u[g].T) + bh[g]) for g in z}
            if kind == "lstm":
                i, f, o = (sig(z[g]) for g in "ifo")
                f = 1 - i if couple else f
                c = keep(f * c + i * tanh(z["g"]))
                h = keep(o * tanh(c))
            elif kind == "rnn":
                h = keep(tanh(cast(y[:, t] @ w["n"].T + bi["n"] + h @ u["n"].T + bh["n"])))
            else:
                r, s = sig(z["r"]), sig(z["z"])
                if kind_of_reset == "gru":
                    inner = r * (h @ u["n"].T + bh["n"])
                else:
                    inner = (r * h) @ u["n"].T + bh["n"]
                n = tanh(cast(y[:, t] @ w["n"].T + bi["n"] + inner))
                s = 1 - s if invert else s
                h = keep(s * h + (1 - s) * n)
            hs.append(h)
            cs.append(c)
        below = y
        y = np.stack(hs, axis=1)
        if number + 1 < layers:
            y = {"h": y, "c": np.stack(cs, axis=1), "x": below}[feed]
    if lengths is not None:
        for word, length in zip(y, lengths, strict=True):
            word[length:] = 0.0
    return y
