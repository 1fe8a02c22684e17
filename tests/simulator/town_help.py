"""What the simulator's tests are told with: a carrier on a free port, a receiver of its news, a worklist."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import httpx
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.app import make_app
from simulator.faults import NONE
from simulator.simulation import Simulation

CALM = Simulation(
    seed=11,
    secret="made-up",
    faults=NONE,
    answer_ms=(0, 2),
    news_ms=(5, 30),
    late_news_s=(0.6, 0.8),
    hang_s=0.6,
    late_accept_s=0.4,
    call_s=0.01,
    visit_s=0.01,
    poll_s=(0.05, 0.1),
    ignore_share=0,
    late_share=0,
    never_report=0,
)
PATIENCE_S = 20.0
_numbers = count(1)


def person(ending: str = "", at: int | None = None) -> str:
    """A made-up number; with four digits of `ending` it has that fate."""
    body = at if at is not None else next(_numbers)
    return f"+86139{body:04d}{ending or '0000'}"


def letter(reference: str, to: str, text: str = "小心诈骗") -> dict[str, Any]:
    """One letter as a client writes it."""
    return {"reference": reference, "to": to, "text": text, "flash": False}


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The base URL of `app`, served by a real uvicorn on a free port of loopback until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen(64)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


def until(true: Callable[[], Any]) -> Any:
    """What `true` returns as soon as it is truthy; fails after a generous bound."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came true")


class Receiver:
    """Hears news, keeps bodies and signatures in the order they came; `status` is what it answers."""

    def __init__(self) -> None:
        self.posts: list[tuple[bytes, str]] = []
        self.status = 200
        self.url = ""

    @property
    def news(self) -> list[dict[str, Any]]:
        """Every piece of news that was taken, in order."""
        return [item for body, _ in list(self.posts) for item in orjson.loads(body)["news"]]

    def codes(self, reference: str) -> list[str]:
        """The codes told of one reference, in order."""
        return [item["code"] for item in self.news if item["reference"] == reference]

    def app(self) -> ASGIApp:
        """The receiver as an application."""

        async def hear(request: Request) -> Response:
            body = await request.body()
            if self.status < 300:
                self.posts.append((body, request.headers.get("X-Simulator-Signature", "")))
            return Response(status_code=self.status)

        return Starlette(routes=[Route("/v1/receipts/simulator", hear, methods=["POST"])])


class CarrierDesk:
    """A client of one carrier."""

    def __init__(self, base: str, callback: str) -> None:
        self.http = httpx.Client(base_url=base, timeout=PATIENCE_S, trust_env=False)
        self.callback = callback

    def send(self, *letters: dict[str, Any], door: str = "/sms") -> httpx.Response:
        """Post letters and return the whole response."""
        return self.http.post(door, json={"callback": self.callback, "letters": list(letters)})

    def answers(self, *letters: dict[str, Any], door: str = "/sms") -> list[dict[str, Any]]:
        """Post letters and return the answers."""
        reply = self.send(*letters, door=door)
        assert reply.status_code == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["answers"]
        return found

    def ask(self, *references: str) -> list[dict[str, Any]]:
        """What the carrier knows of these references."""
        found: list[dict[str, Any]] = self.http.post("/ask", json={"references": references}).json()["answers"]
        return found

    def ledger(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The ledger's entries, of one kind if named."""
        entries = self.http.get("/ledger").json()["entries"]
        return [entry for entry in entries if kind in (None, entry["kind"])]


@contextmanager
def town(receiver: Receiver, sim: Simulation = CALM, **changes: Any) -> Iterator[CarrierDesk]:
    """A running carrier and town, and a desk to use it from."""
    with served(make_app(replace(sim, **changes))) as base:
        desk = CarrierDesk(base, receiver.url)
        try:
            yield desk
        finally:
            desk.http.close()
