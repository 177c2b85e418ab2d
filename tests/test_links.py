"""What the pages refer to is there: files, pictures, headings."""

import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OTHERS = [page for page in sorted(ROOT.glob("*.md")) if page.name != "README.md"]
CODE = re.compile(r"```.*?```|`[^`\n]*`|^    [^\n]*$", flags=re.S | re.M)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")


def headings(page: Path) -> set[str]:
    """The anchors that a page's headings get on GitHub."""
    lines = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = CODE.sub("", page.read_text("utf-8"))
    links = [link for link in LINK.findall(text) if "://" not in link]
    missing = []
    for link in links:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (
            anchor and target.suffix == ".md" and anchor not in headings(target)
        ):
            missing.append(link)
    assert not missing, f"{page.name} refers to {', '.join(missing)}"


def test_every_page_can_be_found_from_the_readme():
    linked = set(LINK.findall((ROOT / "README.md").read_text("utf-8")))
    pages = {f"docs/{page.name}" for page in PAGES[1:]} | {page.name for page in OTHERS}
    assert pages <= {link.partition("#")[0] for link in linked}


PATH = re.compile(r"`(?:python )?((?:reberlstm|scripts|tests|docs|grammars)/[\w/.-]+?\.\w+)[ `]")
NAME = re.compile(r"`(reberlstm(?:\.\w+)+)\b")


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    missing = [name for name in PATH.findall(page.read_text("utf-8")) if not (ROOT / name).exists()]
    assert not missing, f"{page.name} names {', '.join(missing)}"


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.name)
def test_names_of_the_package_that_a_page_names_exist(page):
    for name in set(NAME.findall(page.read_text("utf-8"))):
        assert pkgutil.resolve_name(name) is not None
