"""Make docs/gallery.md: every grammar's diagram and a run, pictures of runs, and the explorer page.

    python scripts/draw_gallery.py            # writes the page, its pictures and docs/explorer.html
    python scripts/draw_gallery.py --all DIR  # writes an explorer page for every grammar into DIR

The diagrams are those of scripts/draw_grammars.py. Pictures of the explorer itself are taken with
Chromium through Playwright, and left as they are where there is none.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

import reberlstm as rl
from reberlstm.machine.fsm import FSM, Word
from reberlstm.render import plots
from reberlstm.render.animation import save_animation
from reberlstm.render.page import default_nets, examples, explorer_page

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = DOCS / "pictures"
PAGE = DOCS / "gallery.md"
EXPLORER = DOCS / "explorer.html"

WRONG = "BTSSSSSSXXV"
RIGHT = "BTSSXXTVVE"
LOOP = "BTXX" + "T" * 100 + "VV"
SEED = 4
LONGEST = 24
INSTEAD = {"modular-arithmetic": "modular-arithmetic-2"}
"""The smaller member of a family whose diagram scripts/draw_grammars.py draws."""

SCREENS = {
    "explorer-light": ("light", 1280, 800, f"string={RIGHT}&step=4"),
    "explorer-three": ("light", 1280, 900, f"string={WRONG}&step=11&nets=0,1,2"),
    "explorer-dark-phone": ("dark", 390, 844, f"string={RIGHT}&step=4"),
}

HEAD = """# Gallery

`scripts/draw_gallery.py` makes this page. The command next to a picture draws it for your own net
and string, too.

## The explorer

[`explorer.html`](explorer.html) is one file that needs no network: download it and open it in a
browser. The nets run in it. `reberlstm explore reber -o page.html` writes it, also with other
grammars, nets and strings; [explorer.md](explorer.md) explains what you see.

![One net: the word, the graph, and the gates](pictures/explorer-light.png)
![Three nets side by side](pictures/explorer-three.png)

## Pictures of a run

The published Toy LSTM on the shortest string that it gets wrong,
`reberlstm trace {wrong} --net published --gif run.gif`:

![Animation: the active node and every gate, symbol by symbol](pictures/run-published.gif)

The same run as a heat map, `reberlstm trace {wrong} --net published --plot heat.svg`. The
filter (input gate) of cell 3 is not quite shut at node 1. So a little of every S leaks into the
memory of cell 3. Then a V lifts it over the threshold, and E is offered:

![Heat map of gates and memory](pictures/heat-published.svg)

The compiled net on `{right}`, `reberlstm trace {right} --plot heat.svg`:

![Heat map of gates and memory](pictures/heat-compiled.svg)

A loop of 100 T at node 5: the published net's memory of the node fades until its filters open. The
compiled net rewrites it at every step (`reberlstm.render.plots.timeline`):

![Memory and input gate of cell 5 over the steps, in both nets](pictures/loop-of-t.svg)

Where the state goes on 60 sampled strings (`reberlstm trace STRING... --plot t.svg --picture
trajectory`): eight points for the compiled net, trails for the published one, clouds for the
trained one.

![Trajectory of the compiled net](pictures/trajectory-compiled.svg)
![Trajectory of the published net](pictures/trajectory-published.svg)
![Trajectory of the trained net](pictures/trajectory-reber-4.svg)

## Every grammar

Each with its diagram, and with the output of its compiled net's cells over one of its words.
"""


def main() -> int:
    """Write the page and its pictures, or a folder of explorer pages."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--all", metavar="DIR", help="write an explorer page for every grammar")
    folder = parser.parse_args().all
    if folder is not None:
        return write_explorers(Path(folder))
    PICTURES.mkdir(exist_ok=True)
    EXPLORER.write_text(explorer(rl.load_grammar("reber")), "utf-8")
    draw_runs()
    sections = [section(name) for name in rl.grammar_names()]
    PAGE.write_text(HEAD.format(wrong=WRONG, right=RIGHT) + "\n" + "\n".join(sections), "utf-8")
    shots = take_screens()
    print(f"{PAGE}, {len(sections)} grammars, {shots} pictures of the explorer")
    return 0


def explorer(fsm: FSM) -> str:
    """The page of a grammar with its usual nets."""
    nets = default_nets(fsm)
    choice = examples(fsm, nets)
    return explorer_page(fsm, nets, fsm.word(next(iter(choice), "")), examples=choice)


def write_explorers(folder: Path) -> int:
    """A page for every grammar."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in rl.grammar_names():
        page = explorer(rl.load_grammar(name))
        (folder / f"{name}.html").write_text(page, "utf-8")
        print(f"{folder / name}.html: {len(page.encode()) / 1000:.0f} kB")
    return 0


def draw_runs() -> None:
    """The pictures of runs of the Reber nets."""
    fsm = rl.load_grammar("reber")
    nets = {net.name: net for net in default_nets(fsm)}
    wrong = rl.trace(nets["published"], WRONG)
    save_animation(wrong, PICTURES / "run-published.gif")
    plots.save(plots.heat_map(wrong), PICTURES / "heat-published.svg")
    plots.save(plots.heat_map(rl.trace(nets["compiled"], RIGHT)), PICTURES / "heat-compiled.svg")
    runs = {name: rl.trace(nets[name], LOOP) for name in ("compiled", "published")}
    plots.save(plots.timeline(runs, "5"), PICTURES / "loop-of-t.svg")
    words = fsm.sample(60, seed=SEED)
    for name, net in nets.items():
        figure = plots.trajectory([rl.trace(net, word) for word in words])
        plots.save(figure, PICTURES / f"trajectory-{name}.svg")


def section(name: str) -> str:
    """Diagram and run of one grammar."""
    fsm = rl.load_grammar(INSTEAD.get(name, name))
    net = rl.compile(fsm)
    word = a_word(fsm)
    figure = plots.heat_map(rl.trace(net, word), quantities=("hidden",))
    plots.save(figure, PICTURES / f"cells-{name}.svg")
    shown = re.sub(r"([\[\]\\])", r"\\\1", fsm.text(word))  # brackets would end a description
    return f"""### {name}

{fsm.title}. `reberlstm explore {INSTEAD.get(name, name)} -o page.html`

![State graph](pictures/{name}.svg)
![Cells of the compiled net on {shown}](pictures/cells-{name}.svg)
"""


def a_word(fsm: FSM) -> Word:
    """A sampled word, neither very short nor too long for a picture."""
    words = fsm.sample(60, seed=SEED)
    fitting = [word for word in words if len(word) <= LONGEST]
    return max(fitting, key=len) if fitting else words[0][:LONGEST]


def take_screens() -> int:
    """Photograph the explorer page; returns of how many pictures."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        return 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for name, (scheme, width, height, link) in SCREENS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page.goto(f"{EXPLORER.resolve().as_uri()}#{link}")
            page.locator(".result.closed").first.wait_for()
            page.screenshot(path=PICTURES / f"{name}.png")
        browser.close()
    return len(SCREENS)


if __name__ == "__main__":
    sys.exit(main())
