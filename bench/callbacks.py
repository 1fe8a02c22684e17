"""News at the carriers' door: pieces a second, one in a request and a hundred, beside an app that only says thanks.

    python -m bench.callbacks [SECONDS]

One uvicorn process for each, on a port of its own, in one run on one machine, over as many connections as a vendor
opens. Prints JSON: pieces a second, and as shares of what the raw app takes in requests. A measurement, not a test.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from cli.home import region_rows
from cli.logs import set_up_logs
from cli.supervise import free_port
from config.policy import load_policy
from config.regions import Regions
from dispatcher.alert import Rules
from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.intake import Intake
from dispatcher.keys import load_keyring
from dispatcher.news import Told
from dispatcher.store import Store
from dispatcher.units import seed_units
from migrations import migrate
from web.app import make_app
from web.correspondents import Correspondent
from web.house import House

SECRET, CONNECTIONS = "s" * 32, 256
AT = datetime(2026, 1, 31, 4, 0, tzinfo=UTC)


def read_news(callback: Callback) -> tuple[list[Told], list[str]]:
    """An array of references, as a vendor of texts pushes them."""
    items = json.loads(callback.body)
    return [Told(item["out_id"], "DELIVRD", AT, json.dumps(item).encode()) for item in items], []


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and says thanks."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def ours() -> ASGIApp:
    """The whole app over an empty SQLite file."""
    home = Path(tempfile.mkdtemp(prefix="quanzu-callbacks-"))
    store = Store(f"sqlite:///{home / 'quanzu.sqlite'}", load_keyring(home / "keys.json"))
    migrate(store.engine)
    with store.write() as connection:
        seed_units(connection, region_rows(Regions.load()), datetime.now(UTC))
    language = Language("made_up", {}, read_news, Reply(200, b"{}", "application/json"))
    house = House(
        store=store,
        intake=Intake(store, Rules.shipped(), load_policy("default")),
        ring=lambda _: None,
        secrets={},
        correspondents={"made-up": Correspondent(language, SECRET)},
    )
    return make_app(house)


def serve(make: Callable[[], ASGIApp], port: int) -> None:
    """One process, which logs as `quanzu web` does."""
    set_up_logs("WARNING")
    uvicorn.run(make(), host="127.0.0.1", port=port, log_config=None, access_log=False, proxy_headers=False)


async def load(port: int, pieces: int, seconds: float) -> float:
    """Pieces a second that were thanked for, `pieces` in a request."""
    url, done = f"http://127.0.0.1:{port}/v1/receipts/made-up/{SECRET}", 0
    async with aiohttp.ClientSession() as session:
        ends = time.monotonic() + seconds

        async def push(number: int) -> None:
            nonlocal done
            while time.monotonic() < ends:
                body = json.dumps([{"out_id": f"r{number}x{done + one}"} for one in range(pieces)])
                async with session.post(url, data=body) as answer:
                    if answer.status != 200:
                        raise SystemExit(f"refused: {answer.status}")
                done += pieces

        begun = time.monotonic()
        await asyncio.gather(*(push(number) for number in range(CONNECTIONS)))
        return done / (time.monotonic() - begun)


async def there(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit("nobody listens")


def raw_app() -> ASGIApp:
    """The app that only says thanks."""
    return raw


async def measure(seconds: float) -> dict[str, float]:
    """Everything, one after another."""
    told: dict[str, float] = {}
    for name, make, sizes in (("raw", raw_app, (1,)), ("ours", ours, (1, 100))):
        port = free_port()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(make, port), daemon=True)
        process.start()
        await there(port)
        for pieces in sizes:
            told[f"{name}_{pieces}_per_s"] = round(await load(port, pieces, seconds))
        process.terminate()
        process.join()
    for pieces in (1, 100):
        told[f"ratio_{pieces}"] = round(told[f"ours_{pieces}_per_s"] / told["raw_1_per_s"], 2)
    return told


if __name__ == "__main__":
    found = asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
