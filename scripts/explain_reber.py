"""Write docs/explained-reber.md: every weight of the compiled and of the published Reber net.

python scripts/explain_reber.py            # write the page
python scripts/explain_reber.py --check    # only say whether it is up to date
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import reberlstm as rl
from reberlstm.render.explanation import explanation_markdown

PAGE = Path(__file__).parent.parent / "docs" / "explained-reber.md"

PREFACE = """\
# Two nets for the Reber grammar, weight by weight

Written by `scripts/explain_reber.py`; `reberlstm explain reber` prints the same. The sentences are
computed from the weights: each gate is evaluated at every node on every symbol, and the shortest
description of where it is open is put into words. A filter's sentence covers the symbols on which
the writer rings, its pseudo-code all symbols. For each weight we state what changes if it is set to
zero.

Pseudo-code uses the words of [xrcyz's Toy LSTM](https://journal.social/posts/Toy-LSTM-in-p5js.html):
`eraser` is the forget gate, `writer` the candidate, `filter` the input gate. The writer *rings*
where it is not 0; a *unit* of weight is twice the gain K.
"""


def page() -> str:
    """The whole page."""
    nets = (rl.compile(rl.load_grammar("reber")), rl.published())
    return "\n".join([PREFACE, *(explanation_markdown(rl.explain(net), level=2) for net in nets)])


def main() -> int:
    """Write the page, or check it; exit status 1 where it is out of date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    if parser.parse_args().check:
        current = PAGE.is_file() and PAGE.read_text("utf-8") == page()
        print(f"{PAGE.name} is {'up to date' if current else 'out of date: run this script'}")
        return 0 if current else 1
    PAGE.write_text(page(), "utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
