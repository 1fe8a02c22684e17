"""Upstreams with an address of their own: signed, in order, complete; whoever is down holds up nobody else."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from deployment import Home, until
from telling import Told, changes, left, make_engine, pushes, stories, without_repeats

from dispatcher.upstreams import standing
from dispatcher.upstreams import webhooks as lines
from dispatcher.upstreams.signing import AddressRefused, host_of, is_signed, sign
from workers import webhooks
from workers.engine import Engine
from workers.outcomes import Publisher
from workers.webhooks import Messenger

pytestmark = [pytest.mark.timeout(300)]

SECRET = "s" * 40


class Door:
    """An upstream's own server: answers as it is told to, and keeps what it answered 2xx."""

    def __init__(self) -> None:
        self.answer: int | str = 200
        self.heard: list[Told] = []
        self.sizes: list[int] = []
        self.forged = 0
        self.knocks = 0
        self.elsewhere = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        self.knocks += 1
        body = await request.read()
        if not is_signed(SECRET, body, request.headers["Quanzu-Signature"], now=datetime.now(UTC)):
            self.forged += 1
            return web.Response(status=401)
        match self.answer:
            case "hang":
                await asyncio.sleep(600)
            case "cut":
                assert request.transport is not None
                request.transport.abort()
            case 307:
                return web.Response(status=307, headers={"Location": self.url.replace("/told", "/elsewhere")})
            case int() as status if status != 200:
                return web.Response(status=status, text="13800001111 must be in no log")
        messages = json.loads(body)
        self.heard += messages
        self.sizes.append(len(messages))
        return web.Response(text="taken")

    async def _elsewhere(self, _request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/told", self._post)
        app.router.add_post("/elsewhere", self._elsewhere)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(self._runner.setup())
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/told?token=hidden-in-the-address"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    def close(self) -> None:
        """Shut the door."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and limits of a test's length."""
    monkeypatch.setattr(lines, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(lines, "LONGEST_PAUSE_S", 0.4)
    monkeypatch.setattr(webhooks, "REQUEST_S", 1.5)
    monkeypatch.setattr(webhooks, "CLAIM", timedelta(seconds=4))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine on SQLite and the embedded queue."""
    return make_engine(tmp_path / "home")


@pytest.fixture
def messenger(engine: Engine) -> Iterator[Messenger]:
    """Publisher and messenger at work; ended with the test."""
    made = Messenger(engine)
    publisher = Publisher(engine, on_letters=made.wake)
    publisher.start()
    made.start()
    yield made
    publisher.stop(30)
    made.stop(30)


@pytest.fixture
def door() -> Iterator[Door]:
    """The bank's server."""
    made = Door()
    yield made
    made.close()


def tell_at(engine: Engine, source: str, url: str, secret: str = SECRET) -> None:
    """This source has a webhook from now on."""
    with engine.store.write() as connection:
        lines.add(connection, engine.store.keys, source, url, secret=secret, now=datetime.now(UTC))


def stands(engine: Engine, source: str = "bank") -> standing.WebhookStanding:
    """How it goes with a source's webhook."""
    with engine.store.read() as connection:
        found = standing.webhooks_standing(connection, now=datetime.now(UTC))
    return next(one for one in found if one.source == source)


@pytest.mark.parametrize("trouble", [500, 429, 410, 307, "hang", "cut"])
def test_a_server_that_fails_and_heals_misses_nothing(
    engine: Engine, messenger: Messenger, door: Door, trouble: int | str
) -> None:
    """The bank's server fails, refuses, hangs or sends us elsewhere; once it heals it has everything, in order."""
    tell_at(engine, "bank", door.url)
    cases = pushes(engine, *(f"B-{number}" for number in range(12)))
    until("the bank heard the first", lambda: len(door.heard) >= 12)
    door.answer = trouble
    changes(engine, cases, times=3)
    failing = until("it is seen to fail", lambda: (now := stands(engine)).tries >= 2 and now)
    assert failing.state == "failing" and failing.failing_since is not None and failing.waiting > 0
    assert failing.last_status == {"hang": "timeout"}.get(str(trouble), str(trouble)) or trouble == "cut"
    changes(engine, cases, times=1)
    door.answer = 200
    until("nothing waits any more", lambda: left(engine) == 0 and stands(engine).waiting == 0)
    kept = stories(without_repeats(door.heard))
    expected = ["accepted", "case_closed", "case_reopened", "case_closed", "case_reopened"]
    assert len(kept) == 12
    assert all([one for one in story if one != "dispatch_ended"] == expected for story in kept.values())
    assert stands(engine).state == "working" and door.forged == 0 and door.elsewhere == 0


def test_one_that_is_down_holds_up_nobody(engine: Engine, messenger: Messenger, door: Door) -> None:
    """The bank's server hangs on every request; the payment house hears of its own alerts, and the queue goes on."""
    other = Door()
    door.answer = "hang"
    tell_at(engine, "bank", door.url)
    tell_at(engine, "payment", other.url)
    pushes(engine, "B-1", "B-2")
    until("the bank's server hangs", lambda: door.knocks >= 1)
    for number in range(5):
        pushes(engine, f"P-{number}", source="payment", phone=13900008000 + number)
        until("the payment house heard it", lambda wanted=number + 1: len(other.heard) >= wanted)
    pushes(engine, "C-1", source="telecom_cmcc", phone=13700008000)
    until("the queue goes on", lambda: left(engine) == 0)
    assert door.heard == [] and stands(engine).waiting == 2
    assert list(stories(other.heard)) == [f"P-{number}" for number in range(5)]
    other.close()


def test_a_long_line_goes_in_requests_of_a_hundred(engine: Engine, messenger: Messenger, door: Door) -> None:
    """The bank was down while 450 alerts came: they come in order, a hundred a request at the most."""
    door.answer = 503
    tell_at(engine, "bank", door.url)
    for start in range(0, 450, 50):
        pushes(engine, *(f"B-{start + number}" for number in range(50)), phone=13800008000 + start)
    until("the line is whole", lambda: stands(engine).waiting == 450)
    door.answer = 200
    until("nothing waits any more", lambda: stands(engine).waiting == 0)
    assert [one["source_ref"] for one in without_repeats(door.heard)] == [f"B-{number}" for number in range(450)]
    assert max(door.sizes) == 100


def test_a_killed_messenger_is_replaced(engine: Engine, door: Door) -> None:
    """A worker claimed the bank's line and died: when its claim is over another one delivers."""
    tell_at(engine, "bank", door.url)
    pushes(engine, "B-1")
    assert Publisher(engine).tell_page() is False
    now = datetime.now(UTC)
    (due,) = lines.due(engine.store, now=now)
    assert lines.claim(engine.store, due, length=timedelta(seconds=2), now=now) is not None
    messenger = Messenger(engine)
    messenger.start()
    time.sleep(0.5)
    assert door.heard == []
    until("another one delivers", lambda: len(door.heard) == 1)
    messenger.stop(30)


def test_a_wrong_secret_is_no_secret(engine: Engine, messenger: Messenger, door: Door) -> None:
    """Who signs with another secret is turned away, and it is seen; the right one mends it, and nothing is lost."""
    tell_at(engine, "bank", door.url, "t" * 40)
    pushes(engine, "B-1")
    until("it is seen to fail", lambda: stands(engine).last_status == "401")
    tell_at(engine, "bank", door.url)
    until("the bank heard it", lambda: len(door.heard) == 1)


def test_address_and_answer_are_in_no_log(
    engine: Engine, messenger: Messenger, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    """Addresses may carry secrets and answers may carry anything: a failing webhook is logged by source and status."""
    door.answer = 500
    tell_at(engine, "bank", door.url)
    pushes(engine, "B-1")
    until("it is seen to fail", lambda: stands(engine).tries >= 2)
    printed = "".join(capsys.readouterr())
    assert "webhook_fails" in printed and "500" in printed
    for hidden in ("hidden-in-the-address", "/told", "13800001111", SECRET):
        assert hidden not in printed
    with engine.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM webhooks").all()
    assert "hidden-in-the-address" not in str(rows) and SECRET not in str(rows)


def test_removing_a_webhook_loses_nothing_unasked(engine: Engine, messenger: Messenger, door: Door) -> None:
    """Outcomes wait for a webhook that an administrator removes: he is told so, and decides."""
    door.answer = 500
    tell_at(engine, "bank", door.url)
    pushes(engine, "B-1")
    until("one waits", lambda: stands(engine).waiting == 1)
    with pytest.raises(lines.StillWaiting), engine.store.write() as connection:
        lines.remove(connection, "bank", drop=False)
    with engine.store.write() as connection:
        assert lines.remove(connection, "bank", drop=True) == 1
    with pytest.raises(lines.NoSuchWebhook), engine.store.write() as connection:
        lines.remove(connection, "bank", drop=True)


def test_only_safe_addresses_are_taken() -> None:
    """Nothing is told over the open network in the clear, and no password stands in an address."""
    assert host_of("https://alerts.example.org/outcomes?key=1") == "alerts.example.org"
    assert host_of("http://127.0.0.1:8080/x") == "127.0.0.1:8080"
    assert host_of("http://[::1]:8080/x") == "[::1]:8080"
    refused = (
        "http://alerts.example.org/x",
        "ftp://alerts.example.org/x",
        "https://user:word@alerts.example.org/x",
        "https:///x",
        "https://host:port/x",
        "http://127.0.0.1.example.org/x",
        "https://host/x#y",
        "https://host/a b",
    )
    for url in refused:
        with pytest.raises(AddressRefused, match="url: must be"):
            host_of(url)


def test_a_signature_is_of_its_time_and_body() -> None:
    """A changed body, an old recording, another secret and a broken header are all turned away."""
    now = datetime.now(UTC)
    header = sign(SECRET, b"[]", now)
    assert is_signed(SECRET, b"[]", header, now=now)
    assert not is_signed(SECRET, b"[1]", header, now=now)
    assert not is_signed("other", b"[]", header, now=now)
    assert not is_signed(SECRET, b"[]", header, now=now + timedelta(minutes=6))
    assert not is_signed(SECRET, b"[]", header.replace("t=", "t=1"), now=now)
    assert not is_signed(SECRET, b"[]", "v1=abc", now=now)


def test_pauses_grow_from_a_second_to_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who fails again and again is asked ever more rarely, and not all at the same instant."""
    monkeypatch.undo()
    assert [lines.pause_s(tries, 0.0) for tries in (1, 2, 3, 11, 200)] == [1.0, 2.0, 4.0, 600.0, 600.0]
    assert lines.pause_s(11, 1.0) == 300.0


def test_the_command_adds_tests_lists_and_removes(home: Home, door: Door) -> None:
    """An administrator gives the bank a webhook, tries it, sees it in the list, and takes it away."""
    assert home.quanzu("migrate").returncode == 0
    added = home.quanzu("upstreams", "add", "bank", door.url, "--secret-stdin", given=SECRET.encode() + b"\n")
    assert added.returncode == 0 and SECRET.encode() not in added.stdout
    assert b"FAIL" not in home.quanzu("upstreams", "list").stdout
    assert home.quanzu("upstreams", "test", "bank").returncode == 0
    assert [one["what"] for one in door.heard] == ["test"]
    door.answer = 500
    tried = home.quanzu("upstreams", "test", "bank")
    assert tried.returncode == 1 and b"500" in tried.stdout
    listed: dict[str, Any] = json.loads(home.quanzu("upstreams", "list", "--json").stdout)
    assert [(one["source"], one["waiting"]) for one in listed["webhooks"]] == [("bank", 0)]
    assert home.quanzu("upstreams", "remove", "bank").returncode == 0
    assert home.quanzu("upstreams", "remove", "bank").returncode == 2
    assert home.quanzu("upstreams", "add", "nobody", door.url).returncode == 2
    assert home.quanzu("upstreams", "add", "bank", "http://alerts.example.org/").returncode == 2
    assert b"hidden-in-the-address" not in home.printed
