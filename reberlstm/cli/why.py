"""``reberlstm lab why``: why an LSTM does not learn, by what one sees of it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from reberlstm.cli.options import (
    AT_LEAST_1,
    echo,
    echo_json,
    json_option,
    option,
    out_option,
    progress,
    terminal_width,
)

if TYPE_CHECKING:
    from reberlstm.lab.symptoms import Shown, Symptom


@click.command("why")
@click.argument("words", metavar="[SYMPTOM]", nargs=-1)
@option("--seed", type=click.IntRange(min=0), default=0, help="Seed of everything random.")
@option("--seeds", type=AT_LEAST_1, default=1, help="How many seeds to try, from --seed on.")
@out_option(False, "A picture of the nets at work, with the first seed: .svg, .png or .pdf.")
@json_option
def command(words: tuple[str, ...], seed: int, seeds: int, out: str | None, as_json: bool) -> int:
    """Show why an LSTM does not learn, on a small net, and what mends it.

    SYMPTOM is a name from the list, a loss, or what you would say: "predicts the mean". Without it,
    the symptoms are listed. A net that has the symptom and one that is mended are trained, in a few
    seconds.

    \b
    reberlstm lab why
    reberlstm lab why 0.693 -o why.svg
    reberlstm lab why "the output is constant" --seeds 5
    """
    from reberlstm.lab import symptoms

    if not words:
        if out is not None:
            raise click.UsageError(
                "-o needs a symptom, such as: reberlstm lab why 0.693 -o why.svg"
            )
        _list(as_json)
        return 0
    symptom = symptoms.find(" ".join(words))
    if out is not None:
        from reberlstm.figures import check_suffix

        check_suffix(out)
    from reberlstm.lab.runner import need_extras

    need_extras()
    if not as_json:
        _say(symptom)
    runs = []
    with progress(seeds) as tell:
        for number in range(seed, seed + seeds):
            runs.append(symptoms.show(symptom, number))
            tell(len(runs), f"seed {number}")
    if out is not None:
        from reberlstm import figures

        figures.save(runs[0].figure(), out)
    if as_json:
        echo_json({**_plain(runs), "figure": out})
    else:
        _show(runs, out)
    return 0


def _list(as_json: bool) -> None:
    from reberlstm.lab.symptoms import SYMPTOMS

    if as_json:
        echo_json([{"name": name, "said": list(s.said)} for name, s in SYMPTOMS.items()])
        return
    width = max(map(len, SYMPTOMS))
    for name, symptom in SYMPTOMS.items():
        echo(f"{click.style(name.ljust(width), bold=True)}  {symptom.said[0]}")
    echo()
    echo("reberlstm lab why SYMPTOM shows one, by its name or in your own words")


def _say(symptom: Symptom) -> None:
    """What is known before anything is trained: the mechanism and the fix."""
    echo(click.style(f"{symptom.name}: {symptom.said[0]}", bold=True))
    for title, text in (("Why", symptom.why), ("Fix", symptom.fix), ("Shown", symptom.task)):
        echo()
        _hanging(title, text, 7)


def _show(runs: list[Shown], out: str | None) -> None:
    """What was measured of each net."""
    from reberlstm.lab.symptoms import results

    symptom = runs[0].symptom
    (_, *nets), *rows = results(runs)
    for column, net in enumerate(nets, start=1):
        echo()
        echo(click.style(net, bold=True))
        for what, *values in rows:
            _hanging(f"  {values[column - 1]}  ", what, 28)
    if symptom.facts is not None:
        from reberlstm.render import table_lines

        head, facts = symptom.facts()
        echo()
        echo(symptom.facts_title)
        for line in table_lines([head, *facts], _width()):
            echo(f"  {line}")
    echo()
    first, last = runs[0].seed, runs[-1].seed
    echo(f"seed {first}" if first == last else f"seeds {first} to {last}; median (least to most)")
    if out is not None:
        echo(f"wrote {out}")


def _hanging(head: str, text: str, indent: int) -> None:
    """A paragraph whose lines begin after its head."""
    later = " " * indent
    echo(textwrap.fill(text, _width(), initial_indent=head.ljust(indent), subsequent_indent=later))


def _width() -> int:
    return max(60, min(terminal_width(), 100))


def _plain(runs: list[Shown]) -> dict[str, Any]:
    symptom = runs[0].symptom
    nets = {
        net: {
            "has_it": [run.has_it(net) for run in runs],
            "measured": {key: [run.rows[net][key] for run in runs] for key in symptom.measures},
        }
        for net in runs[0].nets
    }
    texts = {key: getattr(symptom, key) for key in ("name", "said", "task", "why", "fix", "sign")}
    seeds = [run.seed for run in runs]
    return {**texts, "measures": dict(symptom.measures), "seeds": seeds, "nets": nets}
