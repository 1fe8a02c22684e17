"""`hold`, `release`, `cancel`, `holds`, `brake`, `withdraw`: as an operator types them at 3 a.m."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_help import Command, command
from sqlalchemy import Table, select

from cli.home import open_store
from config.settings import load_settings
from dispatcher import tables


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command on an empty home."""
    with command(tmp_path, monkeypatch) as made:
        yield made


def alert(number: int, **told: Any) -> bytes:
    """An L4 of the bank's batch B17."""
    body = {
        "source": "bank",
        "source_ref": f"B-{number}",
        "batch": "B17",
        "risk": "L4",
        "fraud_type": "fake_police",
        "victim": {"phone": f"1380000{number:04}"},
    }
    return json.dumps(body | told).encode() + b"\n"


@pytest.fixture
def night(quanzu: Command) -> Command:
    """A home with three alerts of B17 and one of B18, planned and not yet worked on."""
    given = b"".join([*map(alert, range(3)), alert(9, batch="B18")])
    assert quanzu("submit", "-", given=given).exit_code == 0
    return quanzu


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of this home's table."""
    with open_store(load_settings()).read() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_a_wrong_batch_at_three(night: Command) -> None:
    """She looks, holds, lists, and lets go; each step says how many, by channel and level."""
    looked = night("hold", "--batch", "B17", "--reason", "wrong batch", "--dry-run")
    assert "sms   L4 3" in looked.output and "6 waiting dispatches of 3 cases" in looked.output
    assert rows(tables.holds) == []
    made = night.read("hold", "--source", "bank", "--batch", "B17", "--reason", "wrong batch", "--yes", "--json")
    assert made["counted"]["total"] == 6
    listed = night("holds")
    assert made["hold"] in listed.output and "6 held already" in listed.output and "batch B17" in listed.output
    freed = night.read("release", made["hold"], "--yes", "--json")
    assert freed == {"released": [made["hold"]], "freed": 6}
    assert "0 listed" in night("holds").output
    assert all(row["held_by"] is None for row in rows(tables.dispatches))
    assert {row["remote"].partition(" ")[0] for row in rows(tables.access_log)} == {"command"}


def test_she_is_asked_first(night: Command) -> None:
    """Without --yes nothing is done before she says so; a program cannot be asked."""
    for words in (
        ("hold", "--batch", "B17", "--reason", "x"),
        ("cancel", "--batch", "B17", "--reason", "x"),
        ("brake", "bank", "--per-minute", "1", "--reason", "x"),
        ("withdraw", "--source", "bank", "--batch", "B17", "--reason", "x"),
    ):
        refused = night(*words, given=b"n\n")
        assert (refused.exit_code, "nothing was done" in refused.output) == (1, True), refused.output
        assert night(*words, "--json").exit_code == 2
    assert rows(tables.holds) == [] and rows(tables.access_log) == []
    assert night("hold", "--batch", "B17", "--reason", "x", given=b"y\n").exit_code == 0
    assert len(rows(tables.holds)) == 1


def test_nothing_named_is_nothing_done(night: Command) -> None:
    """An empty filter would be everybody: it is refused unless she says --all."""
    for verb in ("hold", "cancel"):
        refused = night(verb, "--reason", "x", "--yes")
        assert (refused.exit_code, "--all" in refused.output) == (2, True)
        assert night(verb, "--all", "--batch", "B17", "--reason", "x", "--yes").exit_code == 2
    assert night("release").exit_code == 2
    assert night.read("hold", "--all", "--reason", "stop", "--yes", "--json")["counted"]["total"] == 8
    assert night.read("release", "--all", "--yes", "--json")["freed"] == 8


def test_a_batch_is_cancelled(night: Command) -> None:
    """What a hold holds is cancelled for good; the rest goes on."""
    hold = night.read("hold", "--batch", "B17", "--channel", "sms", "--reason", "x", "--yes", "--json")["hold"]
    assert night.read("cancel", "--hold", hold, "--reason", "not ours", "--dry-run", "--json")["done"] == 0
    assert night.read("cancel", "--hold", hold, "--reason", "not ours", "--yes", "--json")["done"] == 3
    states = {(row["channel"], row["state"]) for row in rows(tables.dispatches)}
    assert states == {("sms", "cancelled"), ("sms", "waiting"), ("call", "waiting")}


def test_a_wild_source_is_braked(night: Command) -> None:
    """After two alerts of a minute the rest is held; when the brake is off all are free."""
    brake = night.read("brake", "bank", "--per-minute", "2", "--reason", "a bug upstream", "--yes", "--json")["brake"]
    assert night("submit", "-", given=b"".join(map(alert, range(20, 26)))).exit_code == 0
    held = [row for row in rows(tables.dispatches) if row["held_by"] is not None]
    assert len(held) in (4, 8)  # where the minute turned between two of them, two more went on
    assert f"{brake}  brake bank 2/min" in night("holds").output
    assert night.read("brake", "bank", "--off", "--yes", "--json") == {"released": [brake], "freed": len(held)}
    assert night("brake", "bank", "--off", "--yes").exit_code == 2


def test_a_batch_is_withdrawn(night: Command) -> None:
    """The bank rings: B17 was a mistake. Three cases end as false alarms; the fourth stands; twice does no harm."""
    words = ("withdraw", "--source", "bank", "--batch", "B17", "--reason", "told by phone", "--yes", "--json")
    assert night.read(*words) == {"withdrawn": 3}
    assert night.read(*words) == {}
    assert sorted(str(row["close_code"]) for row in rows(tables.cases)) == ["None", *["false_alarm"] * 3]
    refused = night("withdraw", "--source", "bank", "--ref", "B-77", "--reason", "x", "--yes", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)) == (1, {"refused": 1})
    assert night.read("stats", "--json")["alerts"]["persons"] == 1


def test_a_table_of_withdrawals(night: Command) -> None:
    """The bank sends a spreadsheet of what to take back: three columns are enough."""
    told = night("submit", "-", given="来源,来源编号,撤回\nbank,B-0,是\nbank,B-77,是\n".encode())
    assert (told.exit_code, "withdrawn" in told.output) == (1, True)
    assert "no such alert was accepted" in told.output
    assert sum(row["withdrawn_at"] is not None for row in rows(tables.alerts)) == 1


def test_an_exercise_is_counted_apart(night: Command) -> None:
    """Figures of tests are asked for by name, and are in no other."""
    assert night("submit", "-", given=alert(50, test=True)).exit_code == 0
    assert night.read("stats", "--json")["alerts"]["received"] == 4
    assert night.read("stats", "--test", "--json")["alerts"]["received"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--source", "bnak"), "the source must be one of"),
        (("--risk", "L9"), "--risk must be"),
        (("--channel", "pigeon"), "--channel must be"),
        (("--region", "14x"), "--region must be"),
        (("--since", "yesterday"), "--since must be"),
        (("--batch", "B17", "--reason", "call 13800001234"), "--reason must not hold"),
        (("--batch", "B17", "--reason", ""), "--reason must be"),
    ],
)
def test_a_slip_of_the_pen_holds_nobody(night: Command, words: tuple[str, ...], says: str) -> None:
    """The option is named with what would be right."""
    told = night("hold", "--yes", *([] if "--reason" in words else ["--reason", "x"]), *words)
    assert (told.exit_code, says in told.output) == (2, True), told.output
    assert rows(tables.holds) == []


def test_since_an_hour_of_today(night: Command) -> None:
    """At three in the morning nobody types a date."""
    assert night.read("hold", "--since", "00:00", "--reason", "x", "--dry-run", "--json")["counted"]["total"] in (0, 8)
    assert night.read("hold", "--since", "2026-01-01", "--reason", "x", "--dry-run", "--json")["counted"]["total"] == 8
