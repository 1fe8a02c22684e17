"""One campaign, from its first server to its verdict."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from kombu import Connection

from cli.home import Home, prepare
from cli.parts import environment, parts
from cli.publish import made_live
from cli.sample import make_sample
from cli.watch import standing
from config.settings import Settings
from dispatcher.store import make_engine
from workers.lifeline import PARENT

from .broken import prepare_broken
from .driver import Driver
from .evidence import keep_logs, keep_rows
from .faults import Hand, Say, Town
from .guard import Guard
from .house import House
from .policy import write_policy
from .proxy import Proxies, Proxy
from .recovery import Recovery
from .schedule import schedule
from .servers import OwnPostgres, OwnRabbit, Server, free_port
from .verdict import Verdict, judge
from .wishes import Wishes

READY_WITHIN_S = 120.0
LOOK_S = 0.5
QUIET_LOOKS = 3
"""Everything must be at rest this often in a row."""


def run(wishes: Wishes, say: Say, *, logs_to: Path | None = None) -> Verdict:
    """Start, hurt, wait, judge. Whatever was started has ended when this returns.

    Raises: ServerMissing: a server's program is not installed. ServerFailed, TimeoutError: it could not even begin.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        guard = Guard("chaos")
        stack.callback(guard.end)
        postgres, rabbit = OwnPostgres(), OwnRabbit()
        for server in (postgres, rabbit):
            stack.callback(server.end)
        say("starting a PostgreSQL and a RabbitMQ of our own …")
        _at_once(postgres.start, rabbit.start)
        proxies = stack.enter_context(Proxies())
        ways = {
            "database": proxies.to("127.0.0.1", postgres.port),
            "broker": proxies.to("127.0.0.1", rabbit.port),
        }
        home = _home(wishes, guard.folder, postgres)
        stack.callback(home.store.close)
        if wishes.broken is not None:
            prepare_broken(wishes.broken, home.store)
        house = House(_commands(wishes), _environment(home, ways), guard.folder / "home" / "logs", guard)
        if logs_to is not None:
            stack.callback(keep_logs, (guard.folder / "home" / "logs", rabbit.folder, postgres.folder), logs_to)
        stack.enter_context(house)
        _await_ready(home.settings, rabbit)
        recovery = Recovery(make_engine(postgres.url), askable=wishes.askable)
        stack.callback(recovery.engine.dispose)
        driver = Driver(wishes, _alerts(wishes), broker=rabbit.url, web=home.settings.web_url, key=home.first_key)
        hand = Hand(Town(house, postgres, rabbit, ways, recovery), say)
        say(f"sending {wishes.alerts:,} alerts at {wishes.per_s:g}/s while {wishes.faults} faults befall the engine …")
        recovery.start()
        driver.start()
        stack.callback(driver.stop)
        hand.follow(schedule(wishes), time.monotonic())
        _await_rest(wishes, home, driver, say)
        recovery.stop()
        driver.stop()
        verdict = judge(
            wishes,
            home,
            driver=driver,
            hand=hand,
            house=house,
            recovery=recovery,
            duration_s=time.monotonic() - began,
        )
        if logs_to is not None and not verdict.holds:
            keep_rows(home.store, guard.folder / "home" / "simulator" / "ledger.jsonl", logs_to)
        return verdict


def _at_once(*starts: Callable[[], Server]) -> None:
    faults: list[Exception] = []

    def begin(start: Callable[[], Server]) -> None:
        try:
            start()
        except Exception as fault:  # raised below, in the thread that can tell of it
            faults.append(fault)

    threads = [threading.Thread(target=begin, args=(start,)) for start in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _home(wishes: Wishes, folder: Path, postgres: OwnPostgres) -> Home:
    """A deployment of this campaign's own, seen past the proxies."""
    settings = Settings(
        home=folder / "home",
        database_url=postgres.url,
        policy=str(write_policy(folder)),
        port=free_port(),
        simulator_port=free_port(),
        simulator_askable=wishes.askable,
        lease_s=wishes.lease_s,
        request_timeout_s=wishes.request_timeout_s,
        settling_s=wishes.settling_s,
        worker_threads=wishes.worker_threads,
    )
    return prepare(settings)


def _environment(home: Home, ways: Mapping[str, Proxy]) -> dict[str, str]:
    """What the parts are started with: everything through the proxies."""
    settings = home.settings.model_copy(
        update={
            "database_url": home.settings.database.replace(
                home.settings.database.rpartition(":")[2].partition("/")[0], str(ways["database"].port)
            ),
            "broker_url": f"amqp://guest:guest@127.0.0.1:{ways['broker'].port}//",
        }
    )
    told = environment(Home(settings, home.store, home.first_key))
    return told | {PARENT: str(os.getpid()), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def _commands(wishes: Wishes) -> dict[str, Sequence[str]]:
    """Each part as a command; of a broken engine through the launcher that breaks it."""
    simulator = ("--faults", wishes.carrier, "--seed", str(wishes.seed), "--answer-ms", wishes.answer_ms)
    launcher = ("-m", "cli") if wishes.broken is None else ("-m", "tests.chaos.broken", wishes.broken)
    commands: dict[str, Sequence[str]] = {}
    for name, words in parts(simulator).items():
        commands[name] = [sys.executable, *(("-m", "cli") if name == "simulator" else launcher), *words]
    return commands


def _alerts(wishes: Wishes) -> list[bytes]:
    now = datetime.now(UTC)
    made = make_sample(wishes.alerts, day=None, seed=wishes.seed, now=now)
    return list(made_live((line.encode() for line in made), now, per_s=wishes.per_s))


def _await_ready(settings: Settings, rabbit: OwnRabbit) -> None:
    """Web and simulator answer, and somebody consumes alerts. Raises: TimeoutError."""
    for what in ("web", "simulator", "intake"):
        for _ in _until(READY_WITHIN_S, f"{what} is not ready"):
            if what == "intake":
                ready = _consumed(rabbit)
            else:
                port = settings.port if what == "web" else settings.simulator_port
                ready = _answers(f"http://127.0.0.1:{port}/healthz")
            if ready:
                break


def _until(within_s: float, what: str) -> Iterator[None]:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        yield
        time.sleep(LOOK_S)
    raise TimeoutError(f"{what} within {within_s:.0f} s")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0).is_success
    except httpx.HTTPError:
        return False


def _consumed(rabbit: OwnRabbit) -> bool:
    with _channel(rabbit) as channel:
        try:
            return all(
                channel.queue_declare(name, passive=True).consumer_count > 0
                for name in ("alerts.urgent", "alerts.routine")
            )
        except channel.connection.channel_errors:
            return False  # not declared so far


@contextmanager
def _channel(rabbit: OwnRabbit) -> Iterator[Any]:
    with Connection(rabbit.url, connect_timeout=3) as line:
        yield line.channel()


def _await_rest(wishes: Wishes, home: Home, driver: Driver, say: Say) -> None:
    """Until every alert is answered and everything has ended, or patience has; what is left is in the verdict."""
    say("the faults are over; waiting until everything has ended …")
    began = told = time.monotonic()
    quiet = 0
    while quiet < QUIET_LOOKS and time.monotonic() - began < wishes.give_up_after_s:
        time.sleep(LOOK_S)
        now = standing(home.store, now=datetime.now(UTC))
        quiet = quiet + 1 if driver.done and now.quiet else 0
        if time.monotonic() - told > 15:
            told = time.monotonic()
            say(
                f"{driver.waiting:,} unanswered, {now.total - now.ended:,} of {now.total:,} dispatches not ended, "
                f"{now.limits:,} limits and {now.closings:,} closings to come, {now.unread:,} receipts unread"
            )
