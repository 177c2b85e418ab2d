"""What `mkdocs build` needs besides docs/: the landing page, the reference, links, and a check.

The landing page is the README. The reference lists the names of `reberlstm.__all__`, whose text
mkdocstrings takes from the docstrings. Links out of docs/, to code that the site does not have,
become plain text. No page may load anything from another host: such a build fails.
"""

# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

import reberlstm

ROOT = Path(__file__).parent.parent
OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\((?:\.\./)([^)\s]+)\)")
LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=\"?(https?:)?//[^>]*>")
FIRST_SIGHT = """\
[Open the page](explorer.html){ .md-button .md-button--primary }
[Derive a net yourself](explorer.html#mode=derive){ .md-button }
[Draw your own machine](explorer.html#mode=draw){ .md-button }

![The published net goes wrong, gate by gate](pictures/run-published.gif)"""
"""On the landing page, what can be tried at once in the place of the README's picture."""

PAGES = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")


def on_config(config: Any) -> Any:
    """Put pages that the menu of mkdocs.yml does not name at its end."""
    named = set(re.findall(r"'([\w-]+\.md)'", str(config["nav"])))
    others = sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name not in named)
    if others:
        config["nav"].append({"More": others})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from what lies elsewhere."""
    readme = (ROOT / "README.md").read_text("utf-8").replace("](docs/", "](")
    readme = re.sub(r"^!\[The state graph.*$", FIRST_SIGHT, readme, count=1, flags=re.M)
    made = {"index.md": readme, "reference.md": _reference()}
    made |= {name: (ROOT / name).read_text("utf-8").replace("](docs/", "](") for name in PAGES}
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def _reference() -> str:
    """A section for each public name."""
    parts = ["# Reference", "", "All of it is `import reberlstm as rl`, and `rl.` before the name."]
    for name in sorted(reberlstm.__all__, key=str.lower):
        if not name.startswith("_"):
            parts += ["", f"::: {reberlstm._HOME[name]}.{name}"]
    return "\n".join(parts)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Text in the place of links to what is not on the site."""

    def inside(found: re.Match[str]) -> str:
        text, target = found[1], found[2]
        name, _, anchor = target.partition("#")
        if name == "README.md":
            return f"[{text}](index.md#{anchor})" if anchor else f"[{text}](index.md)"
        return f"[{text}]({target})" if name in PAGES else text

    markdown = OUTSIDE.sub(inside, markdown)
    return re.sub(r"\[([^\]]+)\]\((?:LICENSE|CITATION\.cff)\)", r"\1", markdown)


def on_post_build(config: Any) -> None:
    """Fail where a page loads from another host."""
    for path in Path(config["site_dir"]).rglob("*.html"):
        found = LOADED.search(path.read_text("utf-8"))
        if found is not None and 'rel="canonical"' not in found[0]:
            raise PluginError(f"{path}: loads from another host: {found[0]}")
