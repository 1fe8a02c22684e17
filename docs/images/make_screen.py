"""Draws docs/images/screen.svg: what `quanzu stats` and `quanzu audit` say of the run that QUANZU_HOME holds.

    make demo && .venv/bin/python docs/images/make_screen.py

The audit's lines on single figures are left out, for room; nothing else is changed.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Rich's picture would fetch its fonts from the network: a reader's own will do."""


def said(verb: str) -> str:
    """What a verb prints."""
    done = subprocess.run([sys.executable, "-m", "cli", verb], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  # our own command
    lines = done.stdout.splitlines() or done.stderr.splitlines()
    shown = [line.rstrip() for line in lines if not re.match(r"│ (kpi|   )", line)]
    return "\n".join(shown).strip("\n")


def draw() -> str:
    """The picture: whatever the run came to, agreement or not."""
    paper = Console(record=True, width=120, file=io.StringIO(), highlight=False)
    for verb in ("stats", "audit"):
        paper.print(Text(f"$ quanzu {verb}", style="bold"))
        paper.print(Text(said(verb)), soft_wrap=True)
        paper.print()
    return FONT.sub("", paper.export_svg(title="quanzu"))


if __name__ == "__main__":
    Path(__file__).with_name("screen.svg").write_text(draw(), "utf-8")
