"""What one process of the plain design keeps for its life: a connection pool, the keys, an HTTP client."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
from sqlalchemy import Engine, create_engine

from dispatcher.alert import Rules
from dispatcher.keys import Keyring, load_keyring


@dataclass(frozen=True, slots=True)
class State:
    """See the module."""

    engine: Engine
    keys: Keyring
    rules: Rules
    client: httpx.Client
    carrier_url: str
    callback: str
    secret: str


@cache
def state() -> State:
    """The state of this process, made on first use: after the fork, since neither pool nor client may be shared."""
    env = os.environ
    database = env["BENCH_PLAIN_DATABASE"].replace("postgresql://", "postgresql+psycopg://", 1)
    return State(
        engine=create_engine(database, pool_size=int(env.get("BENCH_PLAIN_POOL", "1")), max_overflow=0),
        keys=load_keyring(Path(env["BENCH_PLAIN_KEYS"])),
        rules=Rules.shipped(),
        client=httpx.Client(timeout=6.0, limits=httpx.Limits(max_connections=4, keepalive_expiry=60)),
        carrier_url=env["BENCH_PLAIN_CARRIER"],
        callback=env["BENCH_PLAIN_CALLBACK"],
        secret=env["BENCH_PLAIN_SECRET"],
    )
