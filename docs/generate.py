"""The parts of the docs that code knows better: written between two marks in a page, compared by a test.

    .venv/bin/python docs/generate.py            writes them anew, and the page of metrics
    .venv/bin/python docs/generate.py --check    exit code 1 and the pages' names if one is out of date

A page asks for a part by a pair of marks on lines of their own: `<!-- generated: NAME -->`, `<!-- end -->`.
The parts are in `docs/parts/`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for place in (ROOT, ROOT / "docs"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

import metrics  # noqa: E402  # the repository has to be found first, here and below
from parts import PARTS  # noqa: E402

MARKS = re.compile(r"<!-- generated: (?P<name>[a-z-]+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)


def filled(page: str) -> str:
    """The page with its generated parts as the code has them now. Raises: KeyError: a part nobody knows."""
    return MARKS.sub(
        lambda found: f"<!-- generated: {found['name']} -->\n\n{PARTS[found['name']]()}\n<!-- end -->", page
    )


def wanted() -> dict[Path, str]:
    """What each page that is written, whole or in part, should say."""
    pages = sorted(path for path in (ROOT / "docs").rglob("*.md") if MARKS.search(path.read_text("utf-8")))
    return {**{path: filled(path.read_text("utf-8")) for path in pages}, metrics.PAGE: metrics.page()}


def main(arguments: Sequence[str]) -> int:
    """Write or check all pages."""
    old = {path: text for path, text in wanted().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in old.items():
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
    return 1 if old and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
