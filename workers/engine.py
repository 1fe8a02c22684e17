"""One worker process: its way to the database, its event loop, its carriers, its settler. Made after any fork."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvloop
from celery import Celery

from config.carriers.file import Carriers, load_carriers
from config.policy import load_policy
from config.settings import Settings
from dispatcher.alert import Rules
from dispatcher.claim import Lease
from dispatcher.intake import Intake
from dispatcher.routing.network import Network, network_of
from dispatcher.sealed import keyring_for
from dispatcher.store import Store
from workers import tracing
from workers.carriers import Registry
from workers.carriers.client import CarrierClient
from workers.health import Tally
from workers.inflight import InFlight
from workers.relay import Relay
from workers.settler import Settler

T = TypeVar("T")


class Engine:
    """Everything a worker process needs, each part made when it is first used."""

    def __init__(self, settings: Settings, app: Celery) -> None:
        self.settings = settings
        self.app = app
        self.owner = f"{socket.gethostname()[:40]}:{os.getpid()}"

    @cached_property
    def store(self) -> Store:
        """The database of this process."""
        return Store(self.settings.database, keyring_for(keys_file(self.settings), self.settings.database))

    @cached_property
    def relay(self) -> Relay:
        """Rings for other workers."""
        return Relay(self.app, chunk=self.settings.chunk).start()

    @cached_property
    def settler(self) -> Settler:
        """Writes what carriers answer."""
        return Settler(
            self.store,
            self.relay.ring,
            within_s=self.settings.settle_within_ms / 1000,
            give_up_after_s=self.settings.lease_s,
            network=self.network,
        )

    @cached_property
    def intake(self) -> Intake:
        """The door of meaning."""
        return make_intake(self.settings, self.store)

    @cached_property
    def named(self) -> Carriers:
        """The carriers file, or the simulator. Raises: ConfigurationFault."""
        return load_carriers(self.settings)

    @cached_property
    def network(self) -> Network:
        """What routing, settling and news know of the carriers."""
        return network_of(self.named)

    @cached_property
    def carriers(self) -> Registry:
        """The wires of all carriers."""
        return self.run(self._make_carriers()).result()

    async def _make_carriers(self) -> Registry:
        return Registry(self.named, make_client, callback_base=self.settings.callback_base)

    @cached_property
    def in_flight(self) -> InFlight:
        """What this process has out at carriers."""
        return InFlight()

    def lease(self, carrier: str) -> Lease:
        """Under whose name and for how long this process claims, by which carrier where none were dealt."""
        return Lease(self.owner, carrier, timedelta(seconds=self.settings.lease_s))

    @cached_property
    def longest_request_s(self) -> float:
        """What the slowest of the carriers may take for one request."""
        return max(section.request_timeout_s for section in self.named.sections)

    @cached_property
    def tally(self) -> Tally:
        """How the carriers fare."""
        return Tally(self.store).start()

    @cached_property
    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = uvloop.new_event_loop()
        threading.Thread(target=loop.run_forever, name="loop", daemon=True).start()
        return loop

    def run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do `work` on this process's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)


def keys_file(settings: Settings) -> Path:
    """Where this deployment's keys are."""
    return settings.keys


def make_rules(settings: Settings) -> Rules:
    """By what this deployment judges alerts.

    Raises: ConfigurationFault: its home region is no code of today, two of its sources would be told as one, or the
        region tables are broken.
    """
    return Rules.shipped(settings.sources, home_region=settings.home_region)


def make_intake(settings: Settings, store: Store) -> Intake:
    """Intake by this deployment's rules and policy.

    Raises: ConfigurationFault: policy, regions or sources cannot be used.
    """
    return Intake(store, make_rules(settings), load_policy(settings.policy))


def make_client() -> httpx.AsyncClient:
    """A client for one carrier, made on the loop that uses it."""
    return CarrierClient(tracing.hooks())


_lock = threading.RLock()
_engines: dict[int, Engine] = {}
"""By process id. A parent's engine is kept in its child, unused: to drop it would close what the parent uses."""


def _new_lock() -> None:
    """A forked child must not wait for a thread that only its parent has."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_new_lock)


def engine_of(app: Celery) -> Engine:
    """The engine of this process; a forked child makes its own."""
    with _lock:
        if os.getpid() not in _engines:
            settings: Settings = app.conf.quanzu_settings
            _engines[os.getpid()] = Engine(settings, app)
        return _engines[os.getpid()]
