"""How long a step of the explorer page takes, drawing included, in the system's Chromium.

    python scripts/bench_explorer.py [--cells 60] [--symbols 200]

Two nets stand side by side: a compiled one and a dense one with random weights. Counted is the time
that the page's own thread is busy, as DevTools reports it (`Performance.getMetrics`), the smallest
of several runs. A frame takes 16.7 ms at 60 a second. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import reberlstm as rl
from reberlstm.machine.fsm import FSM
from reberlstm.net.net import LSTMWeights
from reberlstm.net.readouts import Head
from reberlstm.render.page import explorer_page

STEPS, RUNS = 30, 7
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WALK = """(steps) => {
  explorer.goTo(0);
  for (let k = 0; k < steps; k++) { explorer.forward(); document.body.offsetHeight; }
}"""


def ring(states: int) -> FSM:
    """A machine whose states follow each other, with some more transitions."""
    rng = random.Random(0)
    lines = {}
    for state in range(states):
        lines[str(state)] = {"a": str((state + 1) % states)} | {
            symbol: str(rng.randrange(states)) for symbol in "bcd" if rng.random() < 0.5
        }
    return FSM(
        alphabet=tuple("abcd"),
        start="0",
        accepting=frozenset({"0"}),
        transitions=lines,
        name="ring",
    )


def dense(fsm: FSM, cells: int) -> LSTMWeights:
    """A net without a zero among its weights."""
    normal = np.random.default_rng(0).normal
    symbols = len(fsm.alphabet)
    return LSTMWeights(
        alphabet=fsm.alphabet,
        cells=tuple(f"unit {cell}" for cell in range(cells)),
        weight_ih=normal(size=(4 * cells, symbols)),
        weight_hh=normal(size=(4 * cells, cells)) * 0.3,
        bias_ih=normal(size=4 * cells),
        bias_hh=np.zeros(4 * cells),
        heads={"legal": Head(normal(size=(symbols, cells)), np.zeros(symbols))},
        name="dense",
    )


def measure(page_file: Path) -> list[float]:
    """Milliseconds a step, one number a run."""
    from playwright.sync_api import sync_playwright

    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit(f"no browser on this machine (looked for {', '.join(BROWSERS)})")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=browser, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.goto(page_file.as_uri())
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def busy() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")

        times = []
        for _ in range(RUNS):
            begin = busy()
            page.evaluate(WALK, STEPS)
            times.append(1000.0 * (busy() - begin) / STEPS)
        chromium.close()
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cells", type=int, default=60)
    parser.add_argument("--symbols", type=int, default=200)
    options = parser.parse_args()
    fsm = ring(options.cells - 1)
    nets = [rl.compile(fsm), dense(fsm, options.cells)]
    word: list[str] = []
    rng, state = random.Random(0), fsm.start
    for _ in range(options.symbols):
        word.append(rng.choice(sorted(fsm.legal(state))))
        state = fsm.transitions[state][word[-1]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(explorer_page(fsm, nets, word, shown=2), "utf-8")
        found = measure(path)
    print(
        f"two nets of {options.cells} cells, {options.symbols} symbols: {min(found):.1f} ms a step "
        f"at best, {sorted(found)[len(found) // 2]:.1f} ms in the median of {RUNS} runs"
    )


if __name__ == "__main__":
    main()
