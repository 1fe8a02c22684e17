"""Writes dashboard.json beside it: `python deploy/grafana/make.py`. A test compares the two."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "${source}"}
ids = count(1)


def panel(kind: str, title: str, says: str, unit: str, place: tuple[int, int, int, int], *asked: str) -> dict[str, Any]:
    """One panel; each of `asked` is an expression, a tab, and how its lines are called."""
    x, y, wide, high = place
    return {
        "id": next(ids),
        "type": kind,
        "title": title,
        "description": says,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": wide, "h": high},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + number), "datasource": SOURCE, "expr": expr, "legendFormat": name}
            for number, (expr, _, name) in enumerate(one.partition("\t") for one in asked)
        ],
    }


def quantile(share: float, name: str, by: str) -> str:
    """A histogram's quantile over five minutes."""
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({name}_bucket[5m])))"


HANDED = "quanzu_alert_to_handed_over_seconds"
PANELS = [
    panel("stat", "L1 waits", "Since the oldest L1 was planned that was never handed over.", "s", (0, 0, 4, 4),
          'max(quanzu_unsent_oldest_seconds{level="L1", held="no"}) or vector(0)\t'),
    panel("stat", "Clock lag", "Since any worker last took the clock's turn.", "s", (4, 0, 4, 4),
          "max(quanzu_clock_lag_seconds)\t"),
    panel("stat", "Database", "1: it answers.", "none", (8, 0, 4, 4), "max(quanzu_database_up)\t"),
    panel("stat", "Workers", "Processes seen within 15 s.", "none", (12, 0, 6, 4),
          "max by (lane) (quanzu_workers_alive)\t{{lane}}"),
    panel("stat", "Open cases", "Counting stops at 200,000.", "none", (18, 0, 3, 4), "max(quanzu_cases_open)\t"),
    panel("stat", "Held back", "By an operator.", "none", (21, 0, 3, 4), "max(quanzu_held)\t"),
    panel("timeseries", "Alerts a second", "By door and answer.", "cps", (0, 4, 12, 8),
          "sum by (door, status) (rate(quanzu_alerts_total[1m]))\t{{door}} {{status}}"),
    panel("timeseries", "Answers a second", "By channel and answer.", "cps", (12, 4, 12, 8),
          "sum by (channel, answer) (rate(quanzu_dispatches_total[1m]))\t{{channel}} {{answer}}"),
    panel("timeseries", "How long the oldest has been due", "By lane and level.", "s", (0, 12, 12, 8),
          "max by (lane, level) (quanzu_oldest_due_seconds)\t{{lane}} {{level}}"),
    panel("timeseries", "Waiting, in hand, handed over", "", "none", (12, 12, 12, 8),
          "max by (lane) (quanzu_lane_waiting)\twaiting, {{lane}}",
          "sum(max by (channel) (quanzu_underway))\tin hand",
          "max by (channel) (quanzu_handed_over)\thanded over, {{channel}}"),
    panel("timeseries", "Alert to carrier, p50 and p99", "By level, retries and all.", "s", (0, 20, 12, 8),
          quantile(0.5, HANDED, "level") + "\tp50 {{level}}", quantile(0.99, HANDED, "level") + "\tp99 {{level}}"),
    panel("timeseries", "Carriers' requests, p99", "", "s", (12, 20, 12, 8),
          quantile(0.99, "quanzu_carrier_request_seconds", "carrier, channel") + "\t{{carrier}} {{channel}}"),
    panel("timeseries", "Unsure, void, leases expired", "A second.", "cps", (0, 28, 8, 8),
          'sum by (carrier) (rate(quanzu_dispatches_total{answer="unsure"}[5m]))\tunsure, {{carrier}}',
          "sum(rate(quanzu_answers_void_total[5m]))\tvoid",
          "sum(rate(quanzu_leases_expired_total[5m]))\tleases expired"),
    panel("timeseries", "News", "Kept, placed, early; waiting.", "none", (8, 28, 8, 8),
          "sum by (fate) (rate(quanzu_receipts_total[1m]))\t{{fate}} a second",
          "sum by (carrier, reason) (rate(quanzu_callbacks_refused_total[5m]))\trefused, {{carrier}} {{reason}}",
          "max(quanzu_receipts_waiting)\twaiting", "max(quanzu_unsure_open)\tunsure, to be asked"),
    panel("timeseries", "Promises missed and owed", "Of the last day, by kind.", "none", (16, 28, 8, 8),
          "max by (kind) (quanzu_deadlines_missed)\t{{kind}}",
          "max by (state) (quanzu_stop_payments_open)\tstops of payments, {{state}}"),
    panel("timeseries", "Refused alerts", "", "none", (0, 36, 8, 8),
          'sum(increase(quanzu_alerts_total{status="refused"}[10m]))\twithin 10 minutes',
          "max(quanzu_dead_letters_kept)\tof the last day, not mended"),
    panel("timeseries", "Upstreams still to be told", "", "none", (8, 36, 8, 8),
          "max(quanzu_outcomes_waiting)\toutcomes", "max(quanzu_webhook_letters_waiting)\tto addresses",
          "max(quanzu_webhooks_failing)\taddresses that fail"),
    panel("timeseries", "Bells and connections", "A second.", "cps", (16, 36, 8, 8),
          "sum by (lane, result) (rate(quanzu_bells_total[1m]))\t{{lane}} {{result}}",
          "sum by (to) (rate(quanzu_reconnections_total[5m]))\treconnections to the {{to}}"),
    panel("timeseries", "Intake, p99 of a batch", "Until committed.", "s", (0, 44, 8, 8),
          quantile(0.99, "quanzu_intake_seconds", "door") + "\t{{door}}"),
    panel("timeseries", "The clock's turns", "", "s", (8, 44, 8, 8),
          quantile(0.99, "quanzu_sweep_seconds", "job") + "\tp99",
          'sum(rate(quanzu_sweeps_total{result="failed"}[5m]))\tfailing a second'),
    panel("timeseries", "Doors, p99", "", "s", (16, 44, 8, 8),
          quantile(0.99, "quanzu_http_request_seconds", "door") + "\t{{door}}",
          'sum by (status) (rate(quanzu_http_requests_total{status=~"5.."}[5m]))\t{{status}} a second'),
]  # fmt: skip


def dashboard() -> dict[str, Any]:
    """The whole of it."""
    return {
        "uid": "quanzu",
        "title": "Quanzu 劝阻",
        "tags": ["quanzu"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}]},
        "panels": PANELS,
    }


if __name__ == "__main__":
    (HERE / "dashboard.json").write_text(json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n", "utf-8")
