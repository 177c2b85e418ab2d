"""Make SVG files of matplotlib several times smaller, without a difference that can be seen.

    python scripts/smaller_svg.py FILE.svg...      # in place

Curves lose the points that lie on the line between their neighbours, within 0.07 of a point
(1/1000 inch), and go from point to point by differences; numbers are rounded to a hundredth of a
point; what no reader sees goes: groups, names, metadata, and the list of fonts at every text.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reberlstm.files import write_atomically

TOLERANCE = 0.07
FONTS = "'DejaVu Sans', Verdana, sans-serif"

Points = npt.NDArray[np.float64]


def smaller(svg: str) -> str:
    """The same picture in fewer characters."""
    svg = re.sub(
        r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.S
    )
    svg = re.sub(r' d="([^"]*)"', _path, svg)
    svg = re.sub(r"<[^>]*>", _rounded, svg)
    svg = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", svg)
    svg = re.sub(r"font-family: [^;]*sans-serif; ", "", svg)
    svg = svg.replace("<svg ", f'<svg font-family="{FONTS}" ', 1)
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><").strip()
    svg = re.sub(r' style="([^"]*)"', _style, svg)
    svg = _without_groups(re.sub(r'<g id="[^"]*">', "<g>", svg))
    return svg.replace("><", ">\n<") + "\n"


def _path(found: re.Match[str]) -> str:
    """The shape of a path, with the points that it needs; curves are left as they are."""
    if re.search(r"[^ML\s\d.-]", found[1]):
        return found[0]
    shape = ""
    for piece in found[1].split("M")[1:]:
        numbers = [float(number) for number in re.findall(r"[\d.-]+", piece)]
        points = _needed(np.array(numbers).reshape(-1, 2)).round(2)
        shape += "M{} {}".format(*map(_short, points[0]))
        for x, y in np.diff(points, axis=0):
            shape += f"l{_short(x)} {_short(y)}"
    return f' d="{shape}"'


def _needed(points: Points) -> Points:
    """The points of a line without those that lie between their neighbours (Douglas-Peucker)."""
    if len(points) < 3:
        return points
    start, end = points[0], points[-1]
    along = end - start
    length = float(np.hypot(*along))
    away = points - start
    across = np.abs(away[:, 0] * along[1] - away[:, 1] * along[0])
    distance = across / length if length else np.hypot(*away.T)
    farthest = int(distance.argmax())
    if distance[farthest] <= TOLERANCE:
        return points[[0, -1]]
    before, after = _needed(points[: farthest + 1]), _needed(points[farthest:])
    return np.concatenate([before[:-1], after])


def _rounded(tag: re.Match[str]) -> str:
    """A tag with its numbers rounded; a text between tags stays as it is."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: _short(float(number[0])), tag[0])


def _short(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else re.sub(r"^(-?)0\.", r"\1.", text)


def _style(found: re.Match[str]) -> str:
    return ' style="' + found[1].replace(": ", ":").replace("; ", ";") + '"'


def _without_groups(svg: str) -> str:
    """Groups that say nothing of what is in them, undone from the inside."""
    before: Any = None
    while before != svg:
        before, svg = svg, re.sub(r"<g>((?:(?!<g[ >]|</g>).)*)</g>", r"\1", svg)
    return svg


def main() -> int:
    """Rewrite the files that are named."""
    for path in map(Path, sys.argv[1:]):
        write_atomically(path, smaller(path.read_text("utf-8")).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
