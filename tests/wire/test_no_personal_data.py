"""What a day leaves behind names nobody: the database, the logs, the ledger, the queue, and what was printed."""

from __future__ import annotations

import base64
import binascii
import json
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deployment import Home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("deployments")]

ALERTS, BROKEN = 120, 13
"""The fourteenth kind of broken line is only old, and --live makes it new."""
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
FAULTS = "hang=0.01,drop=0.02,refuse=0.02,busy=0.02,twice=0.03,reversed=0.03,early=0.03,unavailable=0.02"


def persons(sample: Path) -> list[dict[str, Any]]:
    """The victims of a sample, the broken lines' too where they can be read."""
    found = []
    for line in sample.read_bytes().splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("victim"), dict):
            found.append(value["victim"])
    return found


def secrets_of(sample: Path) -> set[bytes]:
    """Every phone (11 digits are part of every other notation), grouped phone, name, identity number and card."""
    found: set[str] = set()
    for victim in persons(sample):
        phone = str(victim.get("phone", ""))
        if len(phone) >= 11:
            digits = phone[-11:]
            found |= {digits, f"{digits[:3]} {digits[3:7]} {digits[7:]}", f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"}
        if "\0" not in victim.get("name", ""):
            found.add(victim.get("name", ""))
        found |= {victim.get("id_number", ""), victim.get("bank_card", "")}
    return {
        form
        for secret in found - {""}
        for form in (secret.encode(), json.dumps(secret)[1:-1].encode(), secret.encode("utf-16-le"))
    }


def looks_of(data: bytes) -> Iterator[bytes]:
    """The bytes themselves, and whatever base64 in them decodes to, and what base64 in that decodes to."""
    yield data
    for word in BASE64.findall(data):
        try:
            decoded = base64.b64decode(word + b"=" * (-len(word) % 4), altchars=b"-_" if b"_" in word else None)
        except (binascii.Error, ValueError):
            continue
        yield from looks_of(decoded)


def found_in(data: bytes, anybody: re.Pattern[bytes]) -> bool:
    """Whether somebody is named there."""
    return any(anybody.search(look) for look in looks_of(data))


def test_nothing_that_is_left_names_anybody(home: Home, brisk: str) -> None:
    """A thief who took the whole home of a day, logs and queue and ledger, learned nobody's name or number."""
    sample = home.sample(ALERTS, malformed=BROKEN)
    run = home.begin(
        "run", str(sample), "--policy", brisk, "--live", "--expect-refused", str(BROKEN), "--faults", FAULTS
    )
    anybody = re.compile(b"|".join(re.escape(secret) for secret in sorted(secrets_of(sample))))
    assert len(secrets_of(sample)) > ALERTS
    assert found_in(base64.b64encode(sample.read_bytes()), anybody), "the search itself must find somebody"
    in_passing: set[str] = set()
    while run.poll() is None:
        in_passing |= {
            name for name, data in files(home.home) if not name.startswith("queue/") and anybody.search(data)
        }
        time.sleep(4)
    assert run.returncode == 0, home.told("run").decode()
    home.quanzu("stats"), home.quanzu("audit"), home.quanzu("dead", "list", "--limit", "100")
    assert not in_passing
    left = [name for name, data in files(home.home) if found_in(data, anybody)]
    assert not left
    assert not found_in(home.told("run") + home.printed, anybody)
    assert {name.partition("/")[0] for name, _ in files(home.home)} >= {"logs", "simulator", "queue", "keys.json"}


def test_a_home_is_closed_to_others(home: Home) -> None:
    """Another user of the machine cannot look into the home, and nobody but its owner reads the keys."""
    home.home.mkdir(mode=0o755)
    assert home.quanzu("migrate").returncode == 0
    assert stat.S_IMODE(home.home.stat().st_mode) == 0o700
    open_to_others = [
        path.name for path in home.home.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert not open_to_others
    assert stat.S_IMODE((home.home / "keys.json").stat().st_mode) == 0o600


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below, by its path, as it is now."""
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file():
                yield str(path.relative_to(folder)), path.read_bytes()
        except FileNotFoundError:
            continue
