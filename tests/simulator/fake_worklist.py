"""A small worklist as the web would serve it: tasks wait until reported, a redial is a new reference."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp


def now() -> datetime:
    """The present UTC instant."""
    return datetime.now(UTC)


@dataclass
class FakeWorklist:
    """Lists `call` tasks to the key `caller` and `visit` tasks to the key `officer`.

    `stumbles`: how many of the next requests are answered 503. `refuse`: status by (task, step).
    """

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    sign_ins: list[tuple[str, str]] = field(default_factory=list)
    refuse: dict[tuple[str, str], int] = field(default_factory=dict)
    stumbles: int = 0
    looks: int = 0

    def add(self, task: str, phone: str, channel: str = "call", attempt: int = 1, **more: Any) -> None:
        """Assign a task now, to be signed in within 0.3 s unless said otherwise."""
        self.phones[task] = phone
        before = self.tasks.get(task, {})
        self.tasks[task] = {
            "task": task,
            "reference": f"{task}r{attempt}",
            "try": attempt,
            "channel": channel,
            "target": "self",
            "case": "case",
            "risk": "L1",
            "fraud_type": "fake_police",
            "region": "140105",
            "unit": "u",
            "phone_masked": f"{phone[3:6]}****{phone[-4:]}",
            "assigned_at": now().isoformat(),
            "sign_in_by": (now() + timedelta(seconds=0.3)).isoformat(),
            "contact_by": None,
            "met_by": None,
            "feedback_by": None,
            "signed_in_at": before.get("signed_in_at"),
            **more,
        }

    def reported(self, task: str) -> dict[str, Any] | None:
        """The last report on a task."""
        return next((one for one in reversed(self.reports) if one["task"] == task), None)

    def app(self) -> ASGIApp:
        """The worklist as an application."""
        return Starlette(
            routes=[
                Route("/v1/worklist", self._list, methods=["GET"]),
                Route("/v1/worklist/{task}/sign-in", self._sign_in, methods=["POST"]),
                Route("/v1/worklist/{task}/report", self._report, methods=["POST"]),
            ]
        )

    async def _list(self, request: Request) -> Response:
        self.looks += 1
        if self._stumble():
            return Response(status_code=503)
        channel = {"Bearer caller": "call", "Bearer officer": "visit"}.get(request.headers["Authorization"])
        mine = [task for task in self.tasks.values() if task["channel"] == channel]
        return _json({"now": now().isoformat(), "tasks": mine, "follow_ups": []})

    async def _sign_in(self, request: Request) -> Response:
        name, asked = request.path_params["task"], orjson.loads(await request.body())
        if self._stumble():
            return Response(status_code=503)
        if status := self.refuse.get((name, "sign-in")):
            return _json({"title": "no", "errors": []}, status)
        task = self.tasks[name]
        assert asked == {"reference": task["reference"]}
        self.sign_ins.append((name, task["reference"]))
        task["signed_in_at"] = task["signed_in_at"] or now().isoformat()
        return _json(
            {
                "task": name,
                "signed_in_at": task["signed_in_at"],
                "sign_in_by": task["sign_in_by"],
                "on_time": True,
                "person": {"phone": self.phones[name], "name": "王某", "address": None},
            }
        )

    async def _report(self, request: Request) -> Response:
        name, body = request.path_params["task"], orjson.loads(await request.body())
        if self._stumble():
            return Response(status_code=503)
        if status := self.refuse.get((name, "report")):
            return _json({"title": "no", "errors": [{"field": "reach", "message": "no"}]}, status)
        self.reports.append({"task": name, **body})
        self.tasks.pop(name, None)
        received = {"received_at": now().isoformat(), "feedback_by": None, "on_time": None}
        return _json({"feedback": "f", **received, "state": "fulfilled", "repeat": False})

    def _stumble(self) -> bool:
        self.stumbles -= 1
        return self.stumbles >= 0


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
