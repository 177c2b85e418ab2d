"""Time and memory of ``reberlstm check`` on ten million symbols, and two peers on the same strings.

    python scripts/bench_check.py
    python scripts/bench_check.py --symbols 1000000

Each measurement is a process of its own: what the command runs, on a file of short strings, on the
same from a pipe, compressed, and on one enormous line; then, on the short strings, Python's ``re``
with an equivalent regular expression and automata-lib's ``DFA.accepts_input``. The figures are CPU
time without that of starting Python and importing, and peak memory (on Linux).
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import table, versions

import reberlstm as rl

# What every process runs: its argument is a path; the last line that it prints is the result.
_MEASURE = """
import json, sys, time
path = sys.argv[1]
{setup}
began = time.process_time()
{work}
seconds = time.process_time() - began
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps([seconds, peak / 1024, accepted]))
"""

_CHECK = (
    "from reberlstm.simulator.checking import Checker, check_stream; import reberlstm as rl;"
    "checker = Checker(rl.load_grammar('reber'))",
    "with {stream} as stream: check_stream(checker, stream, path)\n"
    "accepted = checker.report.accepted",
)

# Reber's language as a regular expression, worked out from its graph: node 2, to which X and P
# lead, goes on with S to node 3, or with X to node 5 and from there with T*V to node 4.
_REBER = "B(?:TS*X(?:XT*VP)*(?:S|XT*VV)|PT*V(?:P(?:XT*VP)*(?:S|XT*VV)|V))E"

_LINES = "accepted = 0\nwith open(path) as file:\n  for line in file: accepted += bool({test})"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure `check` on many symbols.")
    parser.add_argument("--symbols", type=int, default=10_000_000)
    symbols = parser.parse_args().symbols
    with tempfile.TemporaryDirectory() as folder:
        short, packed, long = (Path(folder) / name for name in ("short", "packed", "long"))
        lines, count = _strings(symbols)
        short.write_text(lines, "utf-8")
        packed.write_bytes(gzip.compress(lines.encode(), 6))
        long.write_text(f"BT{'S' * symbols}XSE\n", "utf-8")
        setup, work = _CHECK
        opened = work.format(stream="open(path, 'rb')")
        rows = {
            "check, short strings": _run(setup, opened, short),
            "check, from a pipe": _run(
                setup, work.format(stream="sys.stdin.buffer"), short, pipe=True
            ),
            "check, gzip": _run(setup, opened, packed),
            "check, one line": _run(setup, opened, long),
            "re.fullmatch": _run(
                f"import re; match = re.compile({_REBER!r}).fullmatch",
                _LINES.format(test="match(line.rstrip())"),
                short,
            ),
            "automata-lib": _run(
                f"from automata.fa.dfa import DFA; from automata.fa.nfa import NFA;"
                f"dfa = DFA.from_nfa(NFA.from_regex({_REBER.replace('?:', '')!r}))",
                _LINES.format(test="dfa.accepts_input(line.rstrip())"),
                short,
            ),
        }
    for name, (_, _, accepted) in rows.items():
        expected = 1 if name == "check, one line" else count
        assert accepted == expected, f"{name} accepts {accepted:,} of {expected:,}"
    base = rows["check, short strings"][0]
    print(f"{count:,} strings, {len(lines) - count:,} symbols; {versions('automata-lib')}")
    measured = [
        (name, f"{seconds:.2f}", f"{seconds / base:.2f}", f"{peak:.0f}")
        for name, (seconds, peak, _) in rows.items()
    ]
    print("\n".join(table(("way", "CPU s", "× `check`", "peak MB"), measured)))


def _strings(symbols: int) -> tuple[str, int]:
    """At least so many symbols in Reber strings, one a line, and the number of strings."""
    words = ["".join(word) for word in rl.load_grammar("reber").sample(20_000, seed=1)]
    times = -(-symbols // sum(map(len, words)))
    return ("\n".join(words) + "\n") * times, len(words) * times


def _run(setup: str, work: str, path: Path, *, pipe: bool = False) -> tuple[float, float, int]:
    program = _MEASURE.format(setup=setup, work=work)
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            stdin=file if pipe else None,
            capture_output=True,
            check=True,
            text=True,
        )
    seconds, peak, accepted = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak, accepted


if __name__ == "__main__":
    main()
