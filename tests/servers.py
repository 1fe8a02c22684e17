"""The servers that tests may find on this machine, and what is said when one is not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
POSTGRES = "host=127.0.0.1 port=5432 user=postgres connect_timeout=3"


def missing(server: str, why: str) -> None:
    """Skip, saying so in one line; fail where QUANZU_REQUIRE names the server."""
    line = f"{server} is not here: {why}"
    if server in os.environ.get("QUANZU_REQUIRE", "").split(","):
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


@contextmanager
def own_database() -> Iterator[str]:
    """A PostgreSQL database of one's own, without tables, as a URL; dropped at the end."""
    name = f"quanzu_test_{uuid4().hex[:12]}"
    try:
        admin = psycopg.connect(f"{POSTGRES} dbname=postgres", autocommit=True)
    except psycopg.OperationalError as fault:
        missing("postgres", str(fault).splitlines()[0])
        raise
    with admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:5432/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


KANNEL = ("bearerbox", "smsbox")
FAKE_OPERATOR = Path("/usr/lib/kannel/test/fakesmsc")
"""Debian's `kannel-extras` has it."""


def needs_kannel() -> None:
    """Skip, or fail where it is required, when no Kannel is installed."""
    lacking = [name for name in KANNEL if shutil.which(name, path=SYSTEM_PATH) is None]
    lacking += [] if FAKE_OPERATOR.exists() else [FAKE_OPERATOR.name]
    if lacking:
        missing("kannel", f"no {', '.join(lacking)} (apt-get install kannel kannel-extras)")


def chromium() -> str:
    """Where this machine's Chromium is."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("chromium", "no chromium on the path (Debian: apt-get install chromium)")
    assert path is not None
    return path
