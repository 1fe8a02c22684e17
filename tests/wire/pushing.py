"""Alerts of made-up people, pushed through the door."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from deployment import Home

MOST = 500


def alert(source_ref: str, risk: str, phone: str) -> dict[str, Any]:
    """One right alert, pushed half a minute ago."""
    return {
        "source": "bank",
        "source_ref": source_ref,
        "risk": risk,
        "fraud_type": "fake_police",
        "pushed_at": (datetime.now(UTC) - timedelta(seconds=30)).isoformat(),
        "region": "140105",
        "victim": {"phone": phone},
    }


def push(home: Home, alerts: Sequence[dict[str, Any]]) -> None:
    """Through the door of a running deployment; every one of them is accepted."""
    key = (home.home / "first-key").read_text().strip()
    url = f"http://127.0.0.1:{home.env['QUANZU_PORT']}/v1/alerts"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for start in range(0, len(alerts), MOST):
        body = json.dumps(alerts[start : start + MOST])
        answer = httpx.post(url, content=body, headers=headers, timeout=120)
        assert answer.status_code == 202, answer.text[:500]
        assert {one["status"] for one in answer.json()["results"]} == {"accepted"}


def is_open(home: Home) -> bool:
    """True once the doors answer."""
    try:
        return httpx.get(f"http://127.0.0.1:{home.env['QUANZU_PORT']}/healthz", timeout=5).is_success
    except httpx.HTTPError:
        return False


def texts_only(policy: str, path: Path) -> str:
    """This policy without robots at L4, and with cases that do not close themselves meanwhile; where it is."""
    above, level, l4 = Path(policy).read_text("utf-8").partition("[levels.L4]")
    lines = [line for line in l4.splitlines() if not line.startswith("robot")]
    path.write_text(above + level + "\n".join(lines).replace("closes_itself_s = 12", "closes_itself_s = 900"), "utf-8")
    return str(path)
