"""Every `quanzu …` that a page tells a reader to type is a command with such options; none of them is run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SHELL = re.compile(r"^```sh\n(?P<lines>.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(?P<line>(?:\.venv/bin/)?quanzu [^`]+)`")
PROGRAM = re.compile(r"^(?:(?:\S*/bin/)?quanzu|quanzu-as-service)$")
BEFORE = re.compile(r"^(?:[A-Z_]+=.*|export|sudo)$")
IN_A_CONTAINER = re.compile(r"^docker compose run (?:--\S+ )*tools$")
BETWEEN = {"|", "&&", ";", "||"}
PLACEHOLDER = re.compile(r"^(?:FILE|…|list\|show\|replay)$")


def told() -> Iterator[tuple[str, list[str]]]:
    """The page and the words after `quanzu`, for each command of a shell block."""
    for page in PAGES:
        for block in SHELL.finditer(page.read_text("utf-8")):
            for line in block["lines"].replace("\\\n", " ").splitlines():
                if re.search(r"quanzu|docker compose", line) and not line.lstrip().startswith("#"):
                    yield from ((page.name, words) for words in commands(line))


def commands(line: str) -> Iterator[list[str]]:
    """The words after each `quanzu` of a line, up to a pipe, a redirection or the next command.

    `quanzu` is meant where a command stands, and not where it is the name of a user or a database; in a container it
    is what `docker compose run tools` begins with.
    """
    words = shlex.split(re.sub(r"(\|\||&&|[|;<>])", r" \1 ", line), comments=True)
    begins = 0
    for at, word in enumerate(words):
        if word in BETWEEN:
            begins = at + 1
        before = words[begins:at]
        meant = PROGRAM.match(word) and all(BEFORE.match(other) for other in before)
        if meant or IN_A_CONTAINER.match(" ".join(words[begins : at + 1])):
            rest: list[str] = []
            for part in words[at + 1 :]:
                if part in BETWEEN or part in "<>":
                    break
                rest.append(part)
            yield rest


def parse(words: list[str]) -> None:
    """Raises: Exception: no such command, no such option, a needed argument is missing."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    context = command.context_class(command, info_name=command.name)
    given, left, _ = command.make_parser(context).parse_args(args=rest)
    assert left == [], f"too many words: {left}"
    missing = [param.name for param in command.params if param.required and given.get(param.name) is None]
    assert missing == [], f"missing: {missing}"


def test_there_is_something_to_try() -> None:
    """The pages tell a reader to type a good number of commands."""
    assert len(list(told())) > 25


@pytest.mark.parametrize(("page", "words"), [pytest.param(*one, id=f"{one[0]}: {' '.join(one[1])}") for one in told()])
def test_a_command_of_the_docs_exists(page: str, words: list[str]) -> None:
    """A reader types it and is understood."""
    parse(words)


def test_commands_named_in_a_sentence_exist() -> None:
    """A reader who tries a command that a sentence names finds it."""
    lost = []
    for page in PAGES:
        for found in INLINE.finditer(page.read_text("utf-8")):
            words = shlex.split(found["line"])[1:]
            command: Any = typer.main.get_command(app)
            while hasattr(command, "commands") and words and not PLACEHOLDER.match(words[0]):
                command = command.commands.get(words.pop(0))
            if command is None:
                lost.append(f"{page.name}: {found['line']}")
    assert lost == []


@pytest.mark.parametrize("wrong", ["stats --colour", "sing", "dead show", "run a.jsonl b.jsonl", "submit --frob x"])
def test_this_file_would_notice(wrong: str) -> None:
    """A command that is not there, or lacks what it needs, is found out."""
    with pytest.raises(Exception):  # noqa: B017  # whichever way it is wrong
        parse(wrong.split())


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("sudo createdb --owner=quanzu quanzu", []),
        ("QUANZU_HOME=/srv sudo /usr/local/lib/quanzu/bin/quanzu stats --json | head", [["stats", "--json"]]),
        ("docker compose run --rm --no-TTY tools submit - < today.jsonl", [["submit", "-"]]),
        ("docker compose run --rm --entrypoint cat migrate /var/lib/quanzu/first-key", []),
        ("quanzu migrate && quanzu stats", [["migrate"], ["stats"]]),
        ("sudo quanzu-as-service dead list", [["dead", "list"]]),
        ("sudo install deploy/quanzu-as-service /usr/local/sbin/", []),
    ],
)
def test_quanzu_is_a_command_where_a_command_stands(line: str, found: list[list[str]]) -> None:
    """A user or a database of that name is no command; the command in a container is one."""
    assert list(commands(line)) == found
