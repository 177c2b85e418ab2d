"""``reberlstm grammars``: the grammars that have names."""

from __future__ import annotations

from typing import Any

import click

from reberlstm.cli.options import echo_json, json_option
from reberlstm.grammars import grammar_names, load_grammar
from reberlstm.grammars.builders import FAMILIES
from reberlstm.machine.fsm import FSM


@click.command("grammars")
@json_option
def command(as_json: bool) -> None:
    """List the grammars that are known by name, with their sizes.

    A family has a machine for every choice of the capitals in its name.
    """
    machines = {name: load_grammar(name) for name in grammar_names()}
    if as_json:
        families = [
            {"pattern": family.pattern, "example": family.example, "title": family.title}
            for family in FAMILIES
        ]
        described = [_described(name, machine) for name, machine in machines.items()]
        echo_json({"grammars": described, "families": families})
        return
    width = max(len(name) for name in (*machines, *(family.pattern for family in FAMILIES)))
    click.echo(f"{'name':{width}}  states  symbols  title")
    for name, machine in machines.items():
        sizes = f"{len(machine.states):6}  {len(machine.alphabet):7}"
        click.echo(f"{name:{width}}  {sizes}  {machine.title}")
    click.echo("\nfamilies")
    for family in FAMILIES:
        click.echo(f"{family.pattern:{width}}  {family.title}, as in {family.example}")


def _described(name: str, machine: FSM) -> dict[str, Any]:
    return {
        "name": name,
        "title": machine.title,
        "source": machine.source,
        "states": len(machine.states),
        "symbols": len(machine.alphabet),
        "alphabet": list(machine.alphabet),
        "complete": machine.is_complete,
        "outputs": list(dict.fromkeys(machine.outputs.values())),
    }
