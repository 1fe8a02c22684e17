"""Every verb says what it does and shows how, and ends plainly when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from cli_help import Command, command

from cli.main import app


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command on an empty home."""
    with command(tmp_path, monkeypatch) as made:
        yield made


def verbs(group: click.Command, *before: str) -> Iterator[tuple[str, ...]]:
    """Every verb, with the words before it."""
    for name, verb in getattr(group, "commands", {}).items():
        if getattr(verb, "commands", None):
            yield from verbs(verb, *before, name)
        else:
            yield (*before, name)


VERBS = list(verbs(typer.main.get_command(app)))


def test_the_promised_verbs_are_there() -> None:
    """Somebody who read the documents finds every verb that they name."""
    promised = {"run", "up", "submit", "stats", "sample", "audit", "migrate", "worker", "web", "simulator", "demo"}
    assert promised | {"dead list", "dead show", "dead replay", "keys make", "keys revoke"} <= {
        " ".join(verb) for verb in VERBS
    }


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_with_an_example(quanzu: Command, verb: tuple[str, ...]) -> None:
    """Somebody asked a verb for help: a sentence, an example that can be typed, and a word on every option."""
    told = quanzu(*verb, "--help")
    assert told.exit_code == 0
    assert "Example:" in told.stdout
    assert f"quanzu {' '.join(verb)}" in " ".join(told.stdout.partition("Example:")[2].split())
    found = typer.main.get_command(app)
    for word in verb:
        found = found.commands[word]  # type: ignore[attr-defined]  # every step but the last is a group
    unsaid = [option.name for option in found.params if not getattr(option, "help", "") and option.name != "help"]
    assert not unsaid


@pytest.mark.parametrize(
    "words",
    [
        ("stats",),
        ("audit",),
        ("dead", "list"),
        ("dead", "show", "0190a000-0000-7000-8000-000000000000"),
        ("dead", "replay", "--all"),
        ("keys", "make", "--role", "officer", "--label", "x"),
        ("keys", "revoke", "abcdefgh"),
        ("units", "duty-phone", "140105", "--forget"),
    ],
    ids=" ".join,
)
def test_where_nothing_was_started_it_says_so(quanzu: Command, words: tuple[str, ...]) -> None:
    """Somebody looked for figures in an empty home: a sentence and exit code 2, and no home is made by looking."""
    ended = quanzu(*words)
    assert ended.exit_code == 2, ended.output
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    assert "nothing has been started" in ended.output or "no ledger" in ended.output
    assert not quanzu.home.exists()


def test_an_unknown_verb_is_a_sentence(quanzu: Command) -> None:
    """Somebody mistyped a verb: exit code 2 and a hint."""
    assert quanzu("stat").exit_code == 2
    assert quanzu("submit").exit_code == 2


def test_wrong_settings_are_told_together(quanzu: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's three mistakes are three lines, each naming its variable."""
    for name, value in {"QUANZU_PORT": "99999", "QUANZU_CHUNK": "none", "QUANZU_BROKER_URL": "redis://x"}.items():
        monkeypatch.setenv(name, value)
    ended = quanzu("submit", "-", given=b"")
    assert ended.exit_code == 2
    assert [name for name in ("QUANZU_PORT", "QUANZU_CHUNK", "QUANZU_BROKER_URL") if name not in ended.output] == []
