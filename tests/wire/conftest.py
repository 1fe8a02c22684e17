"""What wire tests stand on: a home of their own, and a policy that does not keep them waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from brokers import postgres_database, postgres_home, rabbit_home, rabbit_vhost
from deployment import ROOT, Home

__all__ = ["postgres_database", "postgres_home", "rabbit_home", "rabbit_vhost"]

BRISK = {"closes_itself_s": 12, "met_s": 8, "feedback_s": 10, "contact_s": 6, "sign_in_s": 4}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing was started yet; whatever is begun there is ended."""
    made = Home(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="session")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A policy like the demo's whose cases close themselves and whose limits pass sooner, as a path."""
    lines = []
    for line in (ROOT / "config" / "policies" / "demo.toml").read_text("utf-8").splitlines():
        name = line.partition(" = ")[0]
        lines.append(f"{name} = {BRISK[name]}" if name in BRISK else line)
    path = tmp_path_factory.mktemp("policy") / "brisk.toml"
    path.write_text("\n".join(lines), "utf-8")
    return str(path)
