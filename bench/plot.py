"""The figures of a run as one SVG, drawn by hand: bars for speeds, a line for the cost of an alert, no library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

WIDE, BAR, GAP, LABEL = 760, 20, 8, 250
INK, OURS, PLAIN, RAW, FAINT = "#22313f", "#1f6f8b", "#c0603a", "#8a9aa6", "#e3e8ec"


def drawing(found: dict[str, Any]) -> str:
    """The whole picture as SVG text; parts that were not measured are left out."""
    parts: list[str] = []
    y = 36
    for title, bars in (("Alerts settled a second", _speeds(found)), ("L1: publish to carrier, ms", _latencies(found))):
        if bars:
            drawn, y = _bars(title, bars, y)
            parts += drawn
    if growth := found.get("us_per_alert_by_rows"):
        drawn, y = _line("CPU an alert (µs) by alerts already there", growth, y)
        parts += drawn
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{y}" viewBox="0 0 {WIDE} {y}" '
        f'font-family="sans-serif" font-size="13" fill="{INK}" role="img" aria-label="Figures of one bench run">'
    )
    return "\n".join([head, f'<rect width="{WIDE}" height="{y}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _speeds(found: dict[str, Any]) -> list[tuple[str, float, str]]:
    names = {"batch": "batches", "single": "single messages"}
    out = [(f"ours, {names[c]}", rate, OURS) for c, rate in found.get("settled_per_s", {}).items()]
    return out + [(f"plain, {names[c]}", rate, PLAIN) for c, rate in found.get("plain_settled_per_s", {}).items()]


def _latencies(found: dict[str, Any]) -> list[tuple[str, float, str]]:
    names = {"idle": "idle", "behind_l4": "behind L4"}
    return [
        (f"{names[when]}, {share}", told[share], OURS if share == "p50" else RAW)
        for when, told in found.get("publish_to_carrier_ms", {}).items()
        for share in ("p50", "p99")
    ]


def _bars(title: str, bars: Sequence[tuple[str, float, str]], y: int) -> tuple[list[str], int]:
    most = max(value for _, value, _ in bars) or 1.0
    out = [_text(16, y, title, bold=True)]
    y += 14
    for label, value, colour in bars:
        long = (WIDE - LABEL - 90) * value / most
        out.append(_text(LABEL - 10, y + 15, label, end=True))
        out.append(f'<rect x="{LABEL}" y="{y}" width="{max(long, 1):.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        out.append(_text(LABEL + long + 8, y + 15, f"{value:,.0f}"))
        y += BAR + GAP
    return out, y + 26


def _line(title: str, growth: dict[str, dict[str, float]], y: int) -> tuple[list[str], int]:
    """One column of two parts for each size: the database's share below, ours on top."""
    costs = [(f"{int(rows):,}", cost.get("postgres", 0.0), cost.get("ours", 0.0)) for rows, cost in growth.items()]
    most = max(theirs + ours for _, theirs, ours in costs) or 1.0
    tall, step = 120, (WIDE - 80) / len(costs)
    out = [_text(16, y, title, bold=True), _text(WIDE - 16, y, "blue: ours, grey: PostgreSQL's", end=True)]
    base = y + 24 + tall
    out.append(f'<line x1="40" y1="{base}" x2="{WIDE - 40}" y2="{base}" stroke="{FAINT}"/>')
    for number, (label, theirs, ours) in enumerate(costs):
        x = 40 + step * number + step / 4
        below, above = tall * theirs / most, tall * ours / most
        out.append(_block(x, base - below, step / 2, below, RAW))
        out.append(_block(x, base - below - above, step / 2, above, OURS))
        out.append(_text(x + step / 4, base - below - above - 6, f"{theirs + ours:,.0f}", middle=True))
        out.append(_text(x + step / 4, base + 18, label, middle=True))
    return out, base + 40


def _block(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, *, bold: bool = False, end: bool = False, middle: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{weight}>{escape(words)}</text>'
