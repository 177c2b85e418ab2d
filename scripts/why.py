"""Show every symptom over several seeds, and write docs/why-does-my-lstm-not-learn.md of it.

python scripts/why.py                      # print the sections, for seeds 0 to 4
python scripts/why.py --write              # and write them, with their figures, into docs
python scripts/why.py --only loss-0.693    # one of them
python scripts/why.py --text --write       # only the text, around the tables that are there
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from in_docs import DOCS, put
from smaller_svg import smaller

from reberlstm import figures
from reberlstm.files import write_atomically
from reberlstm.lab.runner import markdown_table
from reberlstm.lab.symptoms import SYMPTOMS, Shown, Symptom, first_column, results, show

PAGE = "why-does-my-lstm-not-learn.md"
PICTURES = "pictures/why"


def section(symptom: Symptom, table: list[list[str]]) -> list[str]:
    """What the page says of a symptom, around a table of `results`."""
    first, *others = symptom.said
    put_so = "; ".join(f"“{words}”" for words in others)
    lines = [
        f"## {first}",
        f"Also: {put_so}.",
        f"    reberlstm lab why {symptom.name}",
        f"**Why.** {symptom.why}",
        f"**Fix.** {symptom.fix}",
        f"**Shown.** {symptom.task}",
        _table(table),
        f"![{symptom.caption}]({PICTURES}/{picture(symptom)})",
        symptom.caption,
    ]
    if symptom.facts is not None:
        head, rows = symptom.facts()
        lines += [f"{symptom.facts_title}:", _table([list(head), *rows])]
    return "\n\n".join(lines).split("\n")


def picture(symptom: Symptom) -> str:
    """The name of the figure's file."""
    return f"{symptom.name}.svg"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *others = rows
    return markdown_table(" | ".join(head), others)


def measured(name: str) -> list[list[str]]:
    """The table of a symptom as it is on the page, by what is measured now."""
    text = (DOCS / PAGE).read_text("utf-8")
    part = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    lines = part[part.index("\n| ") :].strip().split("\n\n")[0].split("\n")
    head, *rows = (line[2:-2].split(" | ") for line in lines if not line.startswith("|---"))
    labels = first_column(SYMPTOMS[name])
    return [["", *head[1:]], *([label, *row[1:]] for label, row in zip(labels, rows, strict=True))]


def contents() -> list[str]:
    """A table of what one may see, with links."""
    rows = [
        [f"[{s.said[0]}](#{_anchor(s.said[0])})", f"`reberlstm lab why {s.name}`"]
        for s in SYMPTOMS.values()
    ]
    return [markdown_table("what you see | what shows it", rows)]


def _anchor(heading: str) -> str:
    kept = [c for c in heading.lower() if c.isalnum() or c in "_- "]
    return "".join(kept).replace(" ", "-")


def draw(shown: Shown) -> None:
    """Write the figure of one seed into docs."""
    svg = figures.to_bytes(shown.figure(), "svg").decode()
    write_atomically(DOCS / PICTURES / picture(shown.symptom), smaller(svg).encode())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write into docs")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 on")
    parser.add_argument("--text", action="store_true", help="train nothing, keep the numbers")
    parser.add_argument("--only", choices=list(SYMPTOMS), help="one symptom")
    options = parser.parse_args()
    put("symptoms", contents(), options.write, PAGE)
    for name, symptom in SYMPTOMS.items():
        if options.only not in (None, name):
            continue
        if options.text:
            put(name, section(symptom, measured(name)), options.write, PAGE)
        else:
            runs = [show(symptom, seed) for seed in range(options.seeds)]
            put(name, section(symptom, results(runs)), options.write, PAGE)
            if options.write:
                draw(runs[0])


if __name__ == "__main__":
    main()
