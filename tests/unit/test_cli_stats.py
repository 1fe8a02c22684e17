"""`stats`, `keys`, `units`: figures within a scope, who may come in, and whom to wake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_help import Command, command
from sqlalchemy import select

from cli.home import open_store
from config.settings import load_settings
from dispatcher import tables
from dispatcher.access import who
from dispatcher.words import Role


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command on an empty home."""
    with command(tmp_path, monkeypatch) as made:
        yield made


KPIS = {
    *("alerts", "sign_in_on_time", "feedback", "feedback_on_time", "pushed_on_time", "sms_delivered"),
    *("call_answered", "met", "met_on_time", "coverage", "dissuaded_provisional", "missed_contact"),
}


@pytest.fixture
def filled(quanzu: Command) -> Command:
    """A home with thirty alerts, planned and not yet worked on."""
    assert quanzu("submit", "-", given=quanzu("sample", "--alerts", "30").stdout_bytes).exit_code == 0
    return quanzu


def test_figures_have_their_shape(filled: Command) -> None:
    """A program reads alerts, dispatches by channel and state, and the dozen KPIs with what they are made of."""
    told = filled.read("stats", "--json")
    assert {"received", "merged", "persons", "refused", "open", "closed"} <= set(told["alerts"])
    assert set(told["dispatches"]) == {"sms", "call", "visit"}
    assert set(told["kpi"]) == KPIS
    assert all({"value", "numerator", "denominator"} <= set(kpi) for kpi in told["kpi"].values())
    assert told["alerts"]["received"] == 30


def test_figures_can_be_read_by_people(filled: Command) -> None:
    """A supervisor reads the same on a terminal, with the KPIs by their Chinese names."""
    told = filled("stats")
    assert told.exit_code == 0
    assert "received 30" in told.stdout and "预警数" in told.stdout and "漏劝率" in told.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "2026-01-01"),
        ("--to", "2999-01-01T00:00:00+08:00"),
        ("--region", "14"),
        ("--region", "140000"),
        ("--source", "bank", "--source", "telecom_cmcc"),
        ("--type", "fake_police"),
        ("--risk", "L1", "--risk", "L2"),
    ],
    ids=" ".join,
)
def test_a_part_is_never_more_than_the_whole(filled: Command, words: tuple[str, ...]) -> None:
    """A supervisor narrowed the figures: they are answered, and no more than all of them."""
    told = filled.read("stats", "--json", *words)
    assert 0 <= told["alerts"]["received"] <= 30


def test_parts_add_up(filled: Command) -> None:
    """The alerts of the four levels are all alerts; a window that is over holds none."""
    parts = [filled.read("stats", "--json", "--risk", risk)["alerts"]["received"] for risk in ("L1", "L2", "L3", "L4")]
    assert sum(parts) == 30
    over = filled.read("stats", "--json", "--to", "2020-01-01")
    assert over["alerts"]["received"] == 0
    assert all(kpi["value"] in (None, 0) for kpi in over["kpi"].values())


def test_every_wrong_option_is_told_at_once(filled: Command) -> None:
    """A supervisor mistyped five options: five sentences, each naming its option and what would be right."""
    wrong = ("--from", "yesterday", "--region", "999999", "--source", "gossip", "--type", "magic", "--risk", "L9")
    ended = filled("stats", *wrong)
    assert ended.exit_code == 2
    for option, hint in (
        ("--from", "2026-01-31"),
        ("--region", "GB/T 2260"),
        ("--source", "bank"),
        ("--type", "fake_police"),
        ("--risk", "L1"),
    ):
        assert f"{option} must be" in ended.output and hint in ended.output
    assert "--from must lie before --to" in filled("stats", "--from", "2026-02-01", "--to", "2026-01-01").output


def test_a_key_opens_until_it_is_revoked(filled: Command) -> None:
    """A bank got a key: it opens, until an operator revoked it by the letters that stand in its name."""
    made = filled("keys", "make", "--role", "upstream", "--label", "bank A", "--source", "bank")
    key = made.stdout.strip()
    assert made.exit_code == 0 and key.startswith("qz_")
    store = open_store(load_settings())
    with store.read() as connection:
        visitor = who(connection, key)
        assert visitor is not None and (visitor.role, visitor.source) == (Role.UPSTREAM, "bank")
        assert who(connection, key[:-1] + ("x" if key[-1] != "x" else "y")) is None
        rows = connection.execute(select(tables.api_keys)).mappings().all()
        assert key.partition(".")[2] not in str(rows), "only a digest is kept"
    assert filled("keys", "revoke", key.partition(".")[0]).exit_code == 0
    with store.read() as connection:
        assert who(connection, key) is None
    store.close()


def test_wrong_keys_are_sentences(filled: Command) -> None:
    """An operator mistyped role, unit, source or prefix: a sentence, exit code 2, and no key is made."""
    for words in (
        ("make", "--role", "king", "--label", "x"),
        ("make", "--role", "officer", "--label", "x", "--unit", "999999"),
        ("make", "--role", "upstream", "--label", "x", "--source", "gossip"),
        ("revoke", "nobody"),
    ):
        ended = filled("keys", *words)
        assert ended.exit_code == 2 and "qz_" not in ended.stdout, words


def test_a_duty_phone_comes_by_standard_input(filled: Command) -> None:
    """A unit's duty phone was typed into the pipe, never onto the command line; what is no phone is refused."""
    assert filled("units", "duty-phone", "140105", given=b"13812345678\n").exit_code == 0
    assert filled("units", "duty-phone", "140105", "--forget").exit_code == 0
    for given in (b"", b"12\n", b"\xff\n"):
        assert filled("units", "duty-phone", "140105", given=given).exit_code == 2, given
    assert filled("units", "duty-phone", "999999", given=b"13812345678\n").exit_code == 2


def test_a_label_is_nobodys_number(filled: Command) -> None:
    """An operator named a key after an officer's phone: refused, for labels are kept unencrypted."""
    ended = filled("keys", "make", "--role", "officer", "--label", "138 1234 5678")
    assert ended.exit_code == 2 and "--label must not be" in ended.output and "qz_" not in ended.stdout


def test_refused_ones_have_no_level(filled: Command) -> None:
    """A supervisor asked for L1 alone: how many were refused is not known then, and nobody claims that it was none."""
    assert filled("submit", "-", given=b"{broken\n").exit_code == 1
    assert filled.read("stats", "--json")["alerts"]["refused"] == 1
    for words in (("--risk", "L1"), ("--region", "140105"), ("--type", "fake_police")):
        assert filled.read("stats", "--json", *words)["alerts"]["refused"] is None
    assert "refused –" in filled("stats", "--risk", "L1").stdout
