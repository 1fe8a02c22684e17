"""The docs say what the code says: generated parts, links, and the tests that they name."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?P<to>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def links() -> Iterator[tuple[Path, str]]:
    """Every relative link of every page."""
    for page in PAGES:
        for found in LINK.finditer(FENCED.sub("", page.read_text("utf-8"))):
            if not re.match(r"[a-z]+:", found["to"]):
                yield page, found["to"]


def anchors(page: Path) -> set[str]:
    """A page's headings, as a reader's browser calls them."""
    text = FENCED.sub("", page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", found["title"].lower()).replace(" ", "-") for found in HEADING.finditer(text)}


def test_generated_pages_are_those_of_the_code() -> None:
    """A reader of commands, settings, tables, codes, figures or moves reads what the program does today."""
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run docs/generate.py; out of date:\n{done.stdout}{done.stderr}"


def test_every_link_leads_somewhere() -> None:
    """A reader who follows a link finds the page, and the heading on it."""
    lost = []
    for page, to in links():
        path, _, anchor = to.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(f"{page.relative_to(ROOT)}: {to}")
    assert lost == []


def test_every_page_can_be_found() -> None:
    """A reader who begins at the index reaches every page of the docs."""
    seen, waiting = set(), [ROOT / "docs" / "index.md"]
    everything = list(links())
    while waiting:
        here = waiting.pop()
        if here in seen or here.suffix != ".md":
            continue
        seen.add(here)
        waiting += [(page.parent / to.partition("#")[0]).resolve() for page, to in everything if page == here]
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - seen == set()


def test_the_tests_that_watch_a_promise_are_there() -> None:
    """A reader of the nine promises finds each test by its name."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "explanation" / "nine-promises.md").read_text("utf-8")))
    there = set(re.findall(r"def (test_\w+)", "".join(path.read_text("utf-8") for path in ROOT.glob("tests/**/*.py"))))
    assert len(named) > 10
    assert named - there == set()


def test_the_files_that_keep_a_promise_are_there() -> None:
    """A reader who opens a file or folder that the docs name finds it."""
    rooms = r"(?:config|dispatcher|workers|web|cli|simulator|tests|migrations|docs)"
    lost = set()
    for page in PAGES:
        for path in re.findall(rf"`({rooms}/[\w./-]*)`", page.read_text("utf-8")):
            if not (ROOT / path).exists():
                lost.add(f"{page.relative_to(ROOT)}: {path}")
    assert lost == set()


@pytest.mark.parametrize("picture", ["flow.svg", "screen.svg"])
def test_a_picture_is_whole_and_asks_nobody_else(picture: str) -> None:
    """A reader's browser can draw it, and fetches nothing from elsewhere for it."""
    text = (ROOT / "docs" / "images" / picture).read_text("utf-8")
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  # our own picture
    assert not re.search(r"url\(\s*['\"]?http|href=['\"]http|@import", text)
