"""`upstreams list|add|remove|test`: who is told by requests to an address of his own, and how that goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import httpx
import orjson
import typer

from cli.commands.data import existing
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import as_json, fail, out, plainly
from config.settings import Settings, load_settings
from dispatcher.store import Store
from dispatcher.upstreams import standing, webhooks
from dispatcher.upstreams.messages import SCHEMA
from dispatcher.words import SOURCES
from workers.webhooks import post, run_once

app = typer.Typer(help="Upstreams that are told by webhook; all others are told by the queue.", no_args_is_help=True)

Source = Annotated[str, typer.Argument(help="The upstream's source, as in its alerts.")]


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Webhooks with what waits for each, since when it fails, and its last answer. Addresses are shown by host only.

    Example: quanzu upstreams list
    """
    _, store = _store()
    now = datetime.now(UTC)
    with plainly(), store.read() as connection:
        hooks = standing.webhooks_standing(connection, now=now)
        queue = standing.outcomes_waiting(connection, now=now)
    if json_:
        waiting = {"waiting": queue.count, "oldest_s": queue.oldest_s}
        as_json({"outcomes": waiting, "webhooks": [hook.as_json() for hook in hooks]})
        return
    for hook in hooks:
        out.print(f"{hook.source}  {hook.host}  {_told(hook, now)}", markup=False, soft_wrap=True)
    out.print(f"{len(hooks)} webhooks; {queue.count} outcomes not yet sorted{_age(queue.oldest_s)}")


@app.command()
def add(
    source: Source,
    url: Annotated[str, typer.Argument(help="Where to POST: https://…, or http:// on this machine.")],
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the secret from standard input; else one is made and shown.")
    ] = False,
) -> None:
    """Tell this source by webhook from now on; the same source again gets the new address and secret.

    The secret is shown once. What waits for the older address goes to the new one.
    Example: quanzu upstreams add bank https://alerts.example.org/outcomes
    """
    settings, store = _store()
    if source not in (*SOURCES, *settings.sources):
        raise fail(f"source: must be an upstream known here: {', '.join(sorted((*SOURCES, *settings.sources)))}")
    given = typer.get_text_stream("stdin").readline().strip() if secret_stdin else ""
    if secret_stdin and len(given) < 32:
        raise fail("secret: must be at least 32 characters on the first line of standard input")
    secret = given or webhooks.new_secret()
    with plainly(), store.write() as connection:
        webhooks.add(connection, store.keys, source, url, secret=secret, now=datetime.now(UTC))
    out.print(f"{source} is told by webhook from now on")
    if not secret_stdin:
        out.print(f"its secret, shown once: {secret}", soft_wrap=True)


@app.command()
def remove(
    source: Source,
    drop: Annotated[bool, typer.Option("--drop", help="Even if outcomes wait for it: they are lost.")] = False,
) -> None:
    """Tell this source by the queue again.

    Example: quanzu upstreams remove bank
    """
    _, store = _store()
    with plainly(), store.write() as connection:
        dropped = webhooks.remove(connection, source, drop=drop)
    out.print(f"{source} is told by the queue from now on; {dropped} waiting outcomes were dropped")


@app.command()
def test(source: Source) -> None:
    """Send one signed trial message now, outside the line. Exit code 1 unless the upstream answers 2xx.

    Example: quanzu upstreams test bank
    """
    _, store = _store()
    with plainly(), store.read() as connection:
        address = webhooks.address_of(connection, store.keys, source)
    trial = {"schema": SCHEMA, "number": 0, "what": "test", "source": source, "at": datetime.now(UTC)}
    body = orjson.dumps([trial], option=orjson.OPT_UTC_Z)

    async def send(client: httpx.AsyncClient) -> tuple[bool, str]:
        return await post(client, address, body)

    delivered, status = run_once(send)
    out.print(f"{source}: {'delivered' if delivered else 'not delivered'}, {status}")
    raise typer.Exit(0 if delivered else 1)


def _store() -> tuple[Settings, Store]:
    set_up_logs("WARNING")
    with plainly():
        settings = existing(load_settings())
        return settings, open_store(settings)


def _told(hook: standing.WebhookStanding, now: datetime) -> str:
    waits = f"{hook.waiting} waiting{_age(hook.oldest_s)}"
    if hook.failing_since is None:
        return f"{hook.state}, {waits}, last answer {hook.last_status or '–'}"
    again_s = max(0.0, (hook.next_try_at - now).total_seconds())
    since = f"{hook.failing_since:%Y-%m-%d %H:%M:%S}Z"
    return (
        f"FAILING since {since}, {hook.tries} tries, {waits}, last answer {hook.last_status}, again in {again_s:.0f} s"
    )


def _age(oldest_s: float | None) -> str:
    return "" if oldest_s is None else f", the oldest for {oldest_s:.0f} s"
