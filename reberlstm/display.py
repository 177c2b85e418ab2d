"""What a notebook shows of a value: pictures and tables, drawn when they are asked for.

Machines, nets, runs and verdicts are `Displayed`. How they look is the business of
`reberlstm.render`, on which nothing below it depends: it is found by name when a notebook, or a
caller of `drawn`, asks. Jupyter's rules for these methods:
https://ipython.readthedocs.io/en/stable/config/integrating.html
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def drawn(module: str, function: str, *arguments: Any, **options: Any) -> Any:
    """Call a function of a module of `reberlstm.render`."""
    return getattr(import_module(f"reberlstm.render.{module}"), function)(*arguments, **options)


class Displayed:
    """A value that a notebook shows as more than its `repr`."""

    def _plain(self) -> str:
        """What is shown where there are no pictures."""
        return repr(self)

    def _repr_html_(self) -> str:
        html: str = drawn("notebook", "to_html", self)
        return html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": self._plain(), "text/html": self._repr_html_()}
        if include:
            bundle = {kind: text for kind, text in bundle.items() if kind in include}
        return {kind: text for kind, text in bundle.items() if kind not in (exclude or ())}
