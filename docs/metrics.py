"""Writes docs/reference/metrics.md from the list of metrics: `python docs/metrics.py`; `--check` compares."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from dispatcher import measures  # noqa: E402  # the repository has to be found first

PAGE = ROOT / "docs" / "reference" / "metrics.md"
HEAD = """# Metrics

Written by `docs/metrics.py` from `dispatcher/measures.py`. How to gather them is in
[monitoring](../how-to/monitoring.md). No label names a person; every label's values are a closed list, a carrier's
name, or the pattern of a door.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            HEAD,
            "## Standings\n",
            "Read from the tables by `/metrics` of the API; every web process tells the same.\n",
            *rows(measures.STANDINGS),
            "\n## Events\n",
            "Counted by each process where they happen, told by host. A histogram has `_bucket`, `_sum`, `_count`.\n",
            *rows(measures.EVENTS),
            "",
        )
    )


def rows(listed: Iterable[measures.Measure]) -> Iterable[str]:
    """One line a metric."""
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for one in listed:
        name = one.exposed[0] if one.kind is not measures.Kind.HISTOGRAM else one.name
        labels = ", ".join(f"`{label}`" for label in one.labels)
        says = one.says
        if one.buckets:
            says += " Buckets: " + ", ".join(f"{bound:g}" for bound in one.buckets) + "."
        yield f"| `{name}` | {one.kind.value} | {labels} | {says} |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text("utf-8") == page() else f"{PAGE.name} is out of date: run docs/metrics.py")
    PAGE.write_text(page(), "utf-8")
