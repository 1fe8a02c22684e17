"""`make bench`: ours and the plainest Celery design from end to end, the raw limits, the wait of an L1, growth.

Everything runs on this machine, on PostgreSQL and RabbitMQ (BENCH_POSTGRES, BENCH_RABBITMQ), in a database and a
virtual host of each run's own. Ratios within one run are what counts; docs/explanation/performance.md tells how each
figure is got. Saves bench/last.json and draws docs/images/bench.svg (a full run only).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.embedded import measure_embedded
from bench.growth import measure_growth
from bench.plot import drawing
from bench.raw import measure_raw
from bench.report import found_of, table_of
from bench.run import Measured, measure_ours, measure_plain
from bench.servers import versions
from bench.soak import soak
from bench.urgent import measure_l1
from cli.say import out

HERE = Path(__file__).parent
LAST = HERE / "last.json"
PICTURE = HERE.parent / "docs" / "images" / "bench.svg"
PARTS = ("ours-batch", "ours-single", "plain", "raw", "l1", "rows")
NEWS = {"batch": 100, "single": 1}
"""Pieces of news in one callback: a carrier that reports in arrays, and one that reports one by one."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything is measured."""

    ours: int
    plain: int
    warm_up: int
    rounds: int
    concurrencies: tuple[int, ...]
    raw: int
    l1_s: float
    backlog: int
    rows: tuple[int, ...]
    rows_alerts: int


FULL = Sizes(20_000, 4_000, 500, 3, (4, 8, 16), 40_000, 90.0, 100_000, (10_000, 100_000, 500_000, 2_000_000), 3_000)
QUICK = Sizes(3_000, 600, 200, 1, (8,), 10_000, 20.0, 5_000, (10_000, 100_000), 1_000)


def main() -> None:
    """Run what was asked for."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = asked.add_argument
    add("--quick", action="store_true", help="a few minutes: small sizes, one round, one concurrency")
    add("--only", default=",".join(PARTS), help="some of %(default)s")
    add("--rounds", type=int, help="how often ours is measured; the middle one counts")
    add("--embedded", action="store_true", help="the embedded engine instead: SQLite and files")
    add("--soak", type=float, metavar="MINUTES", help="half load for so long instead, and what memory does")
    add("--rate", type=float, help="alerts a second of --soak; half of the last run's single rate if not given")
    told = asked.parse_args()
    if told.embedded:
        measure_embedded(HERE / "last-embedded.json")
    elif told.soak:
        found = soak(told.soak, told.rate or _half_load())
        (HERE / "last-soak.json").write_text(json.dumps(found, indent=1) + "\n")
        out.print_json(json.dumps(found))
    else:
        wished = tuple(told.only.split(","))
        if unknown := [part for part in wished if part not in PARTS]:
            asked.error(f"--only: {', '.join(unknown)}: must be some of {', '.join(PARTS)}")
        _measure(wished, QUICK if told.quick else FULL, told.rounds, quick=told.quick)


def _measure(wished: tuple[str, ...], sizes: Sizes, rounds: int | None, *, quick: bool) -> None:
    """A part that fails is told at the end, and the others are measured all the same."""
    parts: dict[str, Any] = {}
    failed: list[str] = []
    for part in PARTS:
        if part in wished:
            out.print(f"[dim]measuring {part} …[/dim]")
            try:
                _part(part, sizes, rounds or sizes.rounds, parts)
            except Exception as fault:
                failed.append(f"{part} was not measured: {type(fault).__name__}: {fault}")
            found = found_of(parts, versions(), when=datetime.now(UTC).isoformat(timespec="seconds"), quick=quick)
            LAST.write_text(json.dumps(found, indent=1) + "\n")
    out.print(table_of(found), markup=False, highlight=False, soft_wrap=True)
    if failed:
        raise SystemExit("\n".join(failed))
    if not quick and set(wished) == set(PARTS):
        PICTURE.write_text(drawing(found))


def _part(part: str, sizes: Sizes, rounds: int, parts: dict[str, Any]) -> None:
    if part.startswith("ours-"):
        carrier = part.removeprefix("ours-")
        batch = {"batch": 100, "single": 1}[carrier]
        runs = [
            measure_ours(sizes.ours, sizes.warm_up, batch=batch, news_most=NEWS[carrier]).told() for _ in range(rounds)
        ]
        parts.setdefault("ours", {})[carrier] = _middle(runs)
    elif part == "plain":
        parts["plain"] = {carrier: _best_plain(sizes, NEWS[carrier]) for carrier in NEWS}
    else:
        measure: dict[str, Callable[[], Any]] = {
            "raw": lambda: measure_raw(sizes.raw),
            "l1": lambda: measure_l1(sizes.l1_s, sizes.backlog),
            "rows": lambda: measure_growth(sizes.rows, sizes.rows_alerts),
        }
        parts[part] = measure[part]()


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(runs, key=lambda run: float(run["speed"]["per_s"]))
    return {**ordered[len(ordered) // 2], "all_per_s": [round(run["speed"]["per_s"], 1) for run in ordered]}


def _best_plain(sizes: Sizes, news_most: int) -> dict[str, Any]:
    """The best of the concurrencies, each measured once."""
    tried: dict[int, Measured] = {}
    for concurrency in sizes.concurrencies:
        tried[concurrency] = measure_plain(sizes.plain, sizes.warm_up, concurrency=concurrency, news_most=news_most)
    best = max(tried, key=lambda concurrency: tried[concurrency].speed.per_s)
    return {
        **tried[best].told(),
        "concurrency": best,
        "tried": {str(concurrency): round(run.speed.per_s, 1) for concurrency, run in tried.items()},
    }


def _half_load() -> float:
    """Raises: SystemExit: no run has told yet how fast it is."""
    last = json.loads(LAST.read_text()) if LAST.exists() else {}
    if rate := last.get("settled_per_s", {}).get("single"):
        return float(rate) / 2
    raise SystemExit("--soak needs --rate, or an earlier run of `python -m bench --only ours-single`")


if __name__ == "__main__":
    main()
