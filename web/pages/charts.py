"""Drawings made on the server as SVG: they need no script, can be printed, and have figures beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH = 1200
OPEN = Markup('<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{name}">')
BAR = Markup(
    '<g class="bar"><title>{told}</title><rect class="hit" x="{x:.1f}" y="0" width="{step:.1f}" height="{high}"/>'
    '<rect x="{left:.1f}" y="{top:.1f}" width="{broad:.1f}" height="{tall:.1f}" rx="1"/></g>'
)
LABEL = Markup('<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{label}</text>')
FLOOR = Markup('<line x1="0" y1="{y}" x2="{w}" y2="{y}"/><text class="most" x="0" y="10">{most:,.0f}</text></svg>')
LINE = Markup('<g class="line line-{number}"><title>{told}</title><polyline points="{points}"/></g>')
SHARE = Markup(
    '<svg class="share" viewBox="0 0 {w} 8" preserveAspectRatio="none" aria-hidden="true">'
    '<rect class="rest" width="{w}" height="8" rx="2"/><rect width="{filled:.1f}" height="8" rx="2"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it stands for, how much, and the sentence that is told of it."""

    label: str
    amount: float
    told: str


def columns(bars: Sequence[Bar], *, name: str, width: int = WIDTH, height: int = 120, every: int = 10) -> Markup:
    """Bars side by side over one line; each `every`th has its label below. `name` says what is drawn."""
    most = max((bar.amount for bar in bars), default=0) or 1
    step = width / max(len(bars), 1)
    gap = min(6.0, step * 0.2)
    parts = [OPEN.format(w=width, h=height + 18, name=name)]
    for number, bar in enumerate(bars):
        tall = max(bar.amount / most * (height - 14), 2) if bar.amount else 0
        x = number * step
        parts.append(
            BAR.format(
                told=bar.told,
                x=x,
                step=step,
                high=height,
                left=x + gap / 2,
                top=height - tall,
                broad=step - gap,
                tall=tall,
            )
        )
        if number % every == 0:
            parts.append(LABEL.format(x=x + step / 2, y=height + 14, anchor="middle", label=bar.label))
    parts.append(FLOOR.format(y=height, w=width, most=most))
    return Markup("").join(parts)


def share_bar(share: float | None, *, width: int = 120) -> Markup:
    """A share of one as a filled line beside its number; nothing is drawn of what is not known."""
    return SHARE.format(w=width, filled=0.0 if share is None else max(0.0, min(1.0, share)) * width)


def lines(series: Sequence[tuple[str, Sequence[float]]], labels: Sequence[str], *, name: str) -> Markup:
    """Lines over one another, the first the one that matters; `labels` stand below, as many as each line has points."""
    height = 180
    most = max((value for _, values in series for value in values), default=0) or 1
    many = max(len(labels), 2)
    parts = [OPEN.format(w=WIDTH, h=height + 20, name=name)]
    for number, (told, values) in reversed(list(enumerate(series))):
        points = " ".join(
            f"{at * WIDTH / (many - 1):.1f},{height - value / most * (height - 16):.1f}"
            for at, value in enumerate(values)
        )
        parts.append(LINE.format(number=number, told=told, points=points))
    for at, label in enumerate(labels):
        if label:
            anchor = "start" if at == 0 else "end" if at == len(labels) - 1 else "middle"
            parts.append(LABEL.format(x=at * WIDTH / (many - 1), y=height + 16, anchor=anchor, label=label))
    parts.append(FLOOR.format(y=height, w=WIDTH, most=most))
    return Markup("").join(parts)
