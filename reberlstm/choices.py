"""What a user can choose by name, where the help of a command lists the names.

Help loads nothing else, so these names stand apart from what has them.
"""

ARITHMETICS = ("real", "float64", "float32", "float16", "bfloat16", "int8")
"""What a net can be run in where it is proved."""

PROVABLE_HEADS = ("legal", "accept", "label")
"""What a certificate can be about. Probabilities as such (``next``) are not proved right."""

ORACLES = (
    "given",
    "reference",
    "biased",
    "prefixes",
    "near",
    "diverse",
    "cycles",
    "walks",
    "w-method",
    "all",
)
"""The equivalence oracles of an extraction, in the order in which they are asked."""

TRAINED = ("lstm", "gru", "rnn", "fsm")
"""What can be trained."""

TASKS = ("next", "accept")
"""What it is trained to say."""

STARTS = ("random", "compiled")
"""What it begins from."""

BACKENDS = ("loky", "dask", "ray")
"""Where the trials of a study are done."""
