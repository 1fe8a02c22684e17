"""What a bench run found, as JSON and as a table for people: pure functions, so that they can be tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Found = dict[str, Any]
Row = tuple[str, str, str]
"""What, how much, and what that is beside the plain design or the goal."""

CARRIERS = ("batch", "single")
CARRIER_NAMES = {"batch": "carrier of batches", "single": "carrier of single messages"}


def found_of(parts: Mapping[str, Any], versions: Mapping[str, Any], *, when: str, quick: bool) -> Found:
    """One JSON object of everything that was measured; a part that was not run has no keys.

    parts: "ours" and "plain" by carrier as `Measured.told` gives them (plain with its "concurrency" and "tried"),
    "raw", "l1", "rows", each as its measurement returns it.
    """
    found: Found = {"when": when, "quick": quick, "versions": dict(versions)}
    for whose, key in (("ours", "settled_per_s"), ("plain", "plain_settled_per_s")):
        runs: Mapping[str, Any] = parts.get(whose, {})
        if runs:
            found[key] = {carrier: round(runs[carrier]["speed"]["per_s"], 1) for carrier in CARRIERS if carrier in runs}
            found[f"{key.removesuffix('settled_per_s')}runs"] = dict(runs)
    found |= _ratios(parts.get("ours", {}), parts.get("plain", {}))
    if parts.get("ours"):
        peaks: dict[str, float] = {}
        for run in parts["ours"].values():
            for name, mib in run["largest_mib"].items():
                peaks[name] = max(peaks.get(name, 0.0), mib)
        found["rss_mib"] = peaks
    for part, key in (("l1", "publish_to_carrier_ms"), ("raw", "raw"), ("rows", "us_per_alert_by_rows")):
        if part in parts:
            found[key] = parts[part]
    if growth := parts.get("rows"):
        found["growth"] = growth_of(growth)
    return found


def _ratios(ours: Mapping[str, Any], plain: Mapping[str, Any]) -> Found:
    """By carrier: alerts settled in a second, and alerts settled for a second of CPU, beside the plain design."""
    both = [carrier for carrier in CARRIERS if carrier in ours and carrier in plain]
    if not both:
        return {}
    return {
        "ratio_to_plain": {
            carrier: ratio(ours[carrier]["speed"]["per_s"], plain[carrier]["speed"]["per_s"]) for carrier in both
        },
        "ratio_to_plain_by_cpu": {carrier: ratio(cpu_s(plain[carrier]), cpu_s(ours[carrier])) for carrier in both},
    }


def cpu_s(run: Mapping[str, Any]) -> float:
    """CPU seconds for 1,000 alerts of everything that a design runs, its database too; the shared broker left out."""
    return float(sum(seconds for name, seconds in run["cpu_s_per_1000"].items() if "shared" not in name))


def ratio(one: float, other: float) -> float:
    """one : other, two decimals; 0 where there is nothing to compare with."""
    return round(one / other, 2) if other else 0.0


def growth_of(by_rows: Mapping[str, Mapping[str, float]]) -> float:
    """The dearest alert over the cheapest, by the rows that were there: 1.0 is flat."""
    costs = [sum(cost.values()) for cost in by_rows.values()]
    return ratio(max(costs), min(costs)) if costs else 0.0


def table_of(found: Found) -> str:
    """Everything in one table, as text."""
    rows: list[Row] = [*_speeds(found), *_latencies(found), *_raw(found), *_growth(found), *_memory(found)]
    if not rows:
        return "nothing was measured"
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{what:<{widths[0]}}  {number:>{widths[1]}}  {beside}".rstrip() for what, number, beside in rows]
    return "\n".join([*lines, "", *_processes(found)]).rstrip()


def _speeds(found: Found) -> list[Row]:
    out = []
    for carrier in CARRIERS:
        told = found.get("settled_per_s", {}).get(carrier)
        if told is not None:
            beside = found.get("ratio_to_plain", {}).get(carrier)
            by_cpu = found.get("ratio_to_plain_by_cpu", {}).get(carrier)
            left = found["runs"][carrier]["speed"]["left"]
            note = f"{beside} × plain, {by_cpu} × by CPU" if beside else ""
            note += f"; {left} NOT settled" if left else ""
            out.append((f"settled, {CARRIER_NAMES[carrier]}", f"{told:,.0f}/s", note))
    for carrier in CARRIERS:
        told = found.get("plain_settled_per_s", {}).get(carrier)
        if told is not None:
            run = found["plain_runs"][carrier]
            note = f"best of {', '.join(map(str, run.get('tried', {})))} processes: {run.get('concurrency', '?')}"
            note += f"; {run['speed']['left']} NOT settled" if run["speed"]["left"] else ""
            name = {"batch": "plain Celery, news in arrays", "single": "plain Celery, news one by one"}[carrier]
            out.append((name, f"{told:,.0f}/s", note))
    return out


def _latencies(found: Found) -> list[Row]:
    names = {"idle": "L1 to the carrier, idle", "behind_l4": "L1 to the carrier, behind L4"}
    return [
        (f"{names[when]}, {share}", f"{told[share]:,.0f} ms", f"{told['measured']} alerts" + _behind(told))
        for when, told in found.get("publish_to_carrier_ms", {}).items()
        for share in ("p50", "p99")
    ]


def _behind(told: Mapping[str, float]) -> str:
    return f", behind {told['backlog']:,.0f} L4" if "backlog" in told else ""


def _raw(found: Found) -> list[Row]:
    names = {
        "consume_per_s": "raw: messages consumed",
        "insert_per_s": "raw: alerts inserted",
        "requests_per_s": "raw: HTTP requests",
        "letters_per_s": "raw: letters in hundreds",
    }
    return [(names[key], f"{rate:,.0f}/s", "") for key, rate in found.get("raw", {}).items()]


def _growth(found: Found) -> list[Row]:
    by_rows = found.get("us_per_alert_by_rows", {})
    out = [
        (f"CPU an alert, {int(rows):,} there", f"{sum(cost.values()):,.0f} µs", _split(cost))
        for rows, cost in by_rows.items()
    ]
    return [*out, ("dearest : cheapest", f"{found['growth']:.2f}", "1 is flat")] if out else []


def _split(cost: Mapping[str, float]) -> str:
    return ", ".join(f"{whose} {us:,.0f}" for whose, us in cost.items())


def _memory(found: Found) -> list[Row]:
    return [(f"memory, {name}", f"{mib:,.0f} MiB", "largest process") for name, mib in found.get("rss_mib", {}).items()]


def _processes(found: Found) -> list[str]:
    """CPU seconds for 1,000 alerts, a column for each run."""
    runs = {
        f"{title}{carrier}": found[key][carrier]["cpu_s_per_1000"]
        for key, title in (("runs", "ours, "), ("plain_runs", "plain, "))
        for carrier in CARRIERS
        if carrier in found.get(key, {})
    }
    if not runs:
        return []
    names = list(dict.fromkeys(name for used in runs.values() for name in used))
    wide = max(len(name) for name in names)
    head = " ".join(f"{title:>14}" for title in runs)
    lines = [f"{'CPU seconds for 1,000 alerts':<{max(wide, 28)}} {head}"]
    for name in names:
        cells = " ".join(f"{used[name]:>14.2f}" if name in used else f"{'–':>14}" for used in runs.values())
        lines.append(f"{name:<{max(wide, 28)}} {cells}")
    return lines
