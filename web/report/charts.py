"""Bars as SVG, drawn here: no script, nothing loaded, sharp on paper. The numbers stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDE, ROW, NAME, ROOM = 640, 24, 150, 92
"""Width of a drawing, height of a row, room for names and for numbers."""
TALL, FOOT, TOP = 150, 20, 16

ACROSS = Markup('<svg viewBox="0 0 {w} {h}" role="img" aria-label="{what}">')
BAR = Markup(
    '<text class="name" x="{names}" y="{y}" text-anchor="end">{label}</text>'
    '<rect x="{left}" y="{top}" width="{long:.1f}" height="15" rx="2"/>'
    '<text class="told" x="{end:.1f}" y="{y}">{told}</text>'
)
COLUMN = Markup(
    '<rect x="{left:.1f}" y="{top:.1f}" width="{broad:.1f}" height="{high:.1f}" rx="1">'
    "<title>{label}: {told}</title></rect>"
)
BELOW = Markup('<text class="name" x="{x:.1f}" y="{y}" text-anchor="middle">{label}</text>')
ABOVE = Markup('<text class="told" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{told}</text>')
FLOOR = Markup('<line x1="0" y1="{y}" x2="{w}" y2="{y}"/>')
END = Markup("</svg>")

FEW = 16
"""So many columns have their numbers above them."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What it stands for, how much (>= 0), and how that is told."""

    label: str
    amount: float
    told: str


def across(bars: Sequence[Bar], what: str) -> Markup:
    """Lying bars, one below the other, each with its name and number."""
    most = max((bar.amount for bar in bars), default=0) or 1
    parts = [ACROSS.format(w=WIDE, h=ROW * len(bars), what=what)]
    for number, bar in enumerate(bars):
        long = bar.amount / most * (WIDE - NAME - ROOM)
        y = number * ROW
        parts.append(
            BAR.format(
                names=NAME - 8, left=NAME, label=bar.label, told=bar.told, top=y + 4, y=y + 16, long=long,
                end=NAME + long + 6,
            )
        )  # fmt: skip
    return Markup("").join([*parts, END])


def columns(bars: Sequence[Bar], what: str) -> Markup:
    """Standing bars in the order of time; where there are many, every so-manyth has its name."""
    most = max((bar.amount for bar in bars), default=0) or 1
    step = WIDE / max(len(bars), 1)
    broad = min(step * 0.72, 44)
    every = max(1, -(-len(bars) // 8)) if len(bars) > FEW else 1
    parts = [ACROSS.format(w=WIDE, h=TOP + TALL + FOOT, what=what), FLOOR.format(w=WIDE, y=TOP + TALL)]
    for number, bar in enumerate(bars):
        middle, high = (number + 0.5) * step, bar.amount / most * TALL
        top = TOP + TALL - high
        parts.append(
            COLUMN.format(left=middle - broad / 2, broad=broad, top=top, high=high, label=bar.label, told=bar.told)
        )
        if number % every == 0:
            parts.append(BELOW.format(x=middle, y=TOP + TALL + 14, label=bar.label))
        if len(bars) <= FEW:
            parts.append(ABOVE.format(x=middle, y=top - 4, told=bar.told))
    return Markup("").join([*parts, END])
