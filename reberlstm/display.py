"""How results find what shows them: one registry, from a result's type and a medium to a renderer.

Machines, nets, runs and verdicts are `Displayed`. What they look like is the business of
`reberlstm.render`, on which nothing below it depends: its modules enter their functions here with
`renders`. The package's public face says with `load_renderers_by` how they are loaded, when a
value is first shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Renderer = TypeVar("Renderer", bound=Callable[..., Any])

RENDERERS: dict[tuple[type, str], Callable[..., Any]] = {}
"""What shows a type in a medium: ``text``, ``markdown``, ``svg``, ``html`` or a whole ``page``."""

_loaders: list[Callable[[], object]] = []


def renders(kind: type, medium: str) -> Callable[[Renderer], Renderer]:
    """Enter a function as what shows values of a type in a medium."""

    def enter(renderer: Renderer) -> Renderer:
        RENDERERS[kind, medium] = renderer
        return renderer

    return enter


def load_renderers_by(load: Callable[[], object]) -> None:
    """Say what enters all renderers; it is called once, when one is first missing."""
    _loaders.append(load)


def rendered(value: Any, medium: str, *arguments: Any, **options: Any) -> Any:
    """A value in a medium, by the renderer of its type or of the nearest base of it.

    Raises:
        TypeError: where there is none.
    """
    while True:
        for kind in type(value).__mro__:
            if (kind, medium) in RENDERERS:
                return RENDERERS[kind, medium](value, *arguments, **options)
        if not _loaders:
            raise TypeError(f"nothing shows a {type(value).__name__} as {medium}")
        _loaders.pop()()


class Displayed:
    """A value that a notebook shows as more than its `repr`.

    Jupyter's rules for these methods:
    https://ipython.readthedocs.io/en/stable/config/integrating.html
    """

    def _plain(self) -> str:
        """What is shown where there are no pictures."""
        return repr(self)

    def _repr_html_(self) -> str:
        html: str = rendered(self, "html")
        return html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": self._plain(), "text/html": self._repr_html_()}
        if include:
            bundle = {kind: text for kind, text in bundle.items() if kind in include}
        return {kind: text for kind, text in bundle.items() if kind not in (exclude or ())}
