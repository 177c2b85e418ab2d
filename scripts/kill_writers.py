"""Kill every command that writes a file, at random times, and look at what is left.

    python scripts/kill_writers.py --kills 10 --seed 1
    python scripts/kill_writers.py compile lab

Each command is run once to its end, for the files it makes and the time it takes. Then it is
started again and again, with and without an older output in its place, and gets SIGKILL, SIGTERM
or SIGINT at a random time, half of them near the end. Afterwards an output has to be the old file
or a whole new one, and after one more run, of `compile` in the same folder, no temporary file may
be left. Prints for each command the kills that met it alive, and what was left that should not be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import reberlstm as rl
from reberlstm.comparison.study import Table
from reberlstm.files import TEMPORARY

WRITERS = {
    "compile": "compile parity -o OUT/net.safetensors",
    "train": "train parity --task accept --hidden 2 --steps 60 --restarts 0 -o OUT/net.safetensors",
    "train fsm": "train parity --cell fsm --task accept --steps 5 --restarts 0 -o OUT/machine.toml",
    "extract": "extract compiled --seconds 0.5 -o OUT/machine.dot --plot OUT/machines.svg",
    "certify": "certify reber -o OUT/certificate.json",
    "compare": "compare parity compiled --no-proofs --words 20 --rounds 5 -o OUT/table.html",
    "study": "study parity --task accept --hidden 2 --seeds 2 --steps 20 --jobs 1 --words 5 "
    "--rounds 3 --no-proofs --nets OUT/nets --csv OUT/study.csv -o OUT/study.jsonl",
    "explain": "explain reber -o OUT/explained.md",
    "explore": "explore parity -o OUT/page.html",
    "export": "export parity -o OUT/net.npz",
    "export torch": "export parity -o OUT/net.pt",
    "convert": "convert reber OUT/machine.jff",
    "fsm": "fsm minimise reber -o OUT/machine.json",
    "trace": "trace BTXSE --plot OUT/run.svg --gif OUT/run.gif",
    "diagram": "diagram reber -o OUT/reber.dot",
    "lab": "lab run alternating --set epochs=2 -o OUT/lab",
}
"""All commands that write; OUT is a folder. What `sample` prints is written by the shell."""

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

OLD = b"the old content"


def started(line: str, folder: Path) -> subprocess.Popen[bytes]:
    """A command with this folder for its output."""
    words = [word.replace("OUT", str(folder)) for word in line.split()]
    return subprocess.Popen(
        [sys.executable, "-m", "reberlstm", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def files_in(folder: Path) -> dict[str, bytes]:
    """All files by their path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def is_whole(path: Path) -> bool:
    """Whether a file is what its suffix says, and has an end."""
    content = path.read_bytes()
    suffix = path.suffix
    ends: dict[str, Callable[[], bool]] = {
        ".json": lambda: bool(json.loads(content)),
        ".html": lambda: content.rstrip().endswith(b"</html>"),
        ".svg": lambda: content.rstrip().endswith(b"</svg>"),
        ".gif": lambda: content.endswith(b";"),
        ".png": lambda: content.endswith(b"IEND\xaeB`\x82"),
        ".jff": lambda: content.rstrip().endswith(b"</structure>"),
        ".dot": lambda: content.rstrip().endswith(b"}"),
        ".toml": lambda: bool(rl.load_grammar(str(path)).states),
        ".npz": lambda: zipfile.ZipFile(path).testzip() is None,
        ".pt": lambda: zipfile.ZipFile(path).testzip() is None,
        ".safetensors": lambda: _safetensors_size(content) == len(content),
        ".checkpoint": lambda: _safetensors_size(content) == len(content),
        ".jsonl": lambda: Table(path).records is not None,
    }
    try:
        return ends.get(suffix, lambda: content.endswith(b"\n"))()
    except Exception:
        return False


def _safetensors_size(content: bytes) -> int:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    return 8 + length + max(int(about["data_offsets"][1]) for about in header.values())


def killed_once(
    line: str, made: list[str], seconds: float, rng: random.Random
) -> tuple[bool, list[str]]:
    """Whether the signal met the command alive, and what was left that should not be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        older = rng.random() < 0.5 and "study" not in line and " lab " not in f" {line} "
        for file in made if older else ():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(OLD)
        process = started(line, folder)
        time.sleep(seconds * rng.uniform(rng.choice([0.0, 0.8]), 1.1))
        alive = process.poll() is None
        number = rng.choice(SIGNALS)
        if alive:
            os.killpg(process.pid, number)
        process.wait()
        found = [
            f"{file} after {signal.Signals(number).name}: not whole, {len(content)} bytes"
            for file, content in files_in(folder).items()
            if not Path(file).name.startswith(TEMPORARY)
            and not (older and content == OLD)
            and not is_whole(folder / file)
        ]
        if older:
            found += [
                f"{file}: the old one is gone" for file in made if not (folder / file).exists()
            ]
        folders = {folder, *(path for path in folder.rglob("*") if path.is_dir())}
        if line.startswith(("lab", "study")):  # they have folders of their own
            again = started(line.replace("lab run", "lab run --overwrite"), folder)
            again.wait()
        else:
            started("compile parity -o OUT/next.safetensors", folder).wait()
        left = [x for path in folders for x in path.iterdir() if x.name.startswith(TEMPORARY)]
        return alive, found + [f"{x.relative_to(folder)} is left" for x in left]


def main() -> None:
    """Kill, and print a table."""
    parser = argparse.ArgumentParser(description="Kill all commands that write.")
    parser.add_argument("commands", nargs="*", help="by default all")
    parser.add_argument("--kills", type=int, default=10, help="for each command")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    total = kills = wrong = 0
    print(f"seed {asked.seed}")
    for name in asked.commands or WRITERS:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            started(WRITERS[name], Path(folder)).wait()
            seconds = time.monotonic() - began
            made = list(files_in(Path(folder)))
        problems: list[str] = []
        met = 0
        for _ in range(asked.kills):
            alive, found = killed_once(WRITERS[name], made, seconds, rng)
            met += alive
            problems += found
        print(f"{name:13} {asked.kills} runs of {seconds:4.1f} s, {met} killed, left: "
              f"{'; '.join(problems) or 'nothing'}", flush=True)  # fmt: skip
        total, kills, wrong = total + asked.kills, kills + met, wrong + len(problems)
    print(f"{total} runs, {kills} killed before their end, {wrong} things left")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
