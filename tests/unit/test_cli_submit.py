"""`sample`, `submit` and `dead`: alerts from a file or a pipe, and a second chance for what was refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_help import Command, command


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command on an empty home."""
    with command(tmp_path, monkeypatch) as made:
        yield made


PHONE = "13812345678"


def line(**changed: object) -> bytes:
    """One alert as a line."""
    alert = {
        "source": "bank",
        "source_ref": "B-1",
        "risk": "L2",
        "fraud_type": "fake_police",
        "pushed_at": datetime.now(UTC).isoformat(),
        "region": "140105",
        "victim": {"phone": PHONE, "name": "王小明"},
    }
    return json.dumps(alert | changed, ensure_ascii=False).encode() + b"\n"


def test_a_sample_goes_through_a_pipe(quanzu: Command) -> None:
    """Somebody piped a sample into submit: every line has its result, and the figures know them all."""
    made = quanzu("sample", "--alerts", "20", "--seed", "3").stdout_bytes
    ended = quanzu("submit", "-", given=made)
    assert ended.exit_code == 0, ended.output
    assert [told.split()[:3] for told in ended.stdout.splitlines()] == [
        ["line", f"{number}:", "accepted"] for number in range(1, 21)
    ]
    again = quanzu("submit", "-", given=made)
    assert again.exit_code == 0 and again.stdout.count(": repeated alert") == 20
    assert quanzu.read("stats", "--json")["alerts"]["received"] == 20


def test_the_same_seed_makes_the_same_people(quanzu: Command) -> None:
    """A sample of one day and seed is the same wherever it is made."""
    first, second, other = (
        quanzu("sample", "--alerts", "5", "--day", "2026-01-31", "--seed", seed).stdout_bytes for seed in "778"
    )
    assert first == second != other
    assert first.count(b"\n") == 5


def test_a_refused_line_is_named_and_the_others_come_in(quanzu: Command, tmp_path: Path) -> None:
    """One line of three was broken: it is named with its field and kept, the others are accepted, exit code 1."""
    file = tmp_path / "three.jsonl"
    file.write_bytes(line() + line(risk="L9", source_ref="B-2") + line(source_ref="B-3"))
    ended = quanzu("submit", str(file))
    assert ended.exit_code == 1
    assert "line 2: refused\n  risk: " in ended.stdout
    assert "kept as dead letter" in ended.stdout and "2 accepted or repeated, 1 refused" in ended.stderr
    assert PHONE not in ended.output


def test_results_can_be_read_by_programs(quanzu: Command) -> None:
    """A program reads one JSON object for each line, in order."""
    ended = quanzu("submit", "-", "--json", given=line() + b"\n" + b"{broken\n")
    told = [json.loads(one) for one in ended.stdout.splitlines()]
    assert [(one["line"], one["status"]) for one in told] == [(1, "accepted"), (3, "refused")]
    assert told[1]["errors"][0]["field"] == "$" and told[1]["dead_letter"]
    assert told[0]["alert"] and told[0]["errors"] == []


def test_a_table_of_an_office_comes_in(quanzu: Command, tmp_path: Path) -> None:
    """An office exported its alerts with Chinese headings in GB18030: they come in as they are."""
    file = tmp_path / "预警.csv"
    now = datetime.now(UTC).isoformat()
    rows = [
        "来源,来源编号,风险等级,诈骗类型,推送时间,地区代码,手机号,姓名",
        f"bank,B-1,高危,冒充公检法,{now},140105,{PHONE},王小明",
        f"bank,B-2,低危,刷单返利,{now},140105,139 1234 5678,李㐂",
    ]
    file.write_bytes("\r\n".join(rows).encode("gb18030"))
    ended = quanzu("submit", str(file))
    assert ended.exit_code == 0, ended.output
    assert ended.stdout.count(": accepted") == 2


def test_a_file_that_is_not_there_is_a_sentence(quanzu: Command) -> None:
    """Somebody mistyped a file's name: a sentence and exit code 2."""
    ended = quanzu("submit", "no-such-file.jsonl")
    assert (ended.exit_code, "no such file" in ended.output) == (2, True)


def test_publishing_says_that_the_answer_follows(quanzu: Command) -> None:
    """Somebody put alerts onto the queue: published is not yet accepted, and the command says where to look."""
    ended = quanzu("submit", "-", "--queue", given=line() + line(source_ref="B-2") + b"{broken\n")
    assert ended.exit_code == 0, ended.output
    assert "3 published; acceptance or refusal follows" in ended.stdout
    assert quanzu("migrate").exit_code == 0
    assert quanzu.read("stats", "--json")["alerts"]["received"] == 0


def test_what_no_database_keeps_can_be_published(quanzu: Command) -> None:
    """Somebody's file held NUL and a lone surrogate as names: publishing them breaks nothing."""
    strange = b'{"source": "\\ud800", "source_ref": "\\u0000"}\n{"source": 17, "risk": []}\n[1]\n'
    ended = quanzu("submit", "-", "--queue", given=strange)
    assert (ended.exit_code, ended.stdout[:12]) == (0, "3 published;")


def test_a_dead_letter_is_listed_shown_mended_and_replayed(quanzu: Command, tmp_path: Path) -> None:
    """An alert with a wrong level was refused: an operator found it, read why, mended it, and it was accepted."""
    broken = line(risk="L9").rstrip()
    assert quanzu("submit", "-", given=broken).exit_code == 1
    (letter,) = quanzu.read("dead", "list", "--json")
    assert [fault["field"] for fault in letter["faults"]] == ["risk"]
    listed = quanzu("dead", "list").stdout
    assert letter["id"] in listed and "risk: " in listed and "1 listed" in listed and PHONE not in listed
    shown = quanzu("dead", "show", letter["id"]).stdout
    assert json.loads(shown)["bytes"] == len(broken) and PHONE not in shown
    assert quanzu("dead", "show", "--raw", letter["id"]).stdout_bytes == broken

    again = quanzu("dead", "replay", letter["id"])
    assert again.exit_code == 1 and "refused" in again.stdout and "risk: " in again.stdout
    mended = tmp_path / "mended.json"
    mended.write_bytes(broken.replace(b"L9", b"L1"))
    done = quanzu("dead", "replay", letter["id"], "--file", str(mended))
    assert done.exit_code == 0 and "accepted alert" in done.stdout
    assert quanzu.read("dead", "list", "--json") == []
    assert [one["state"] for one in quanzu.read("dead", "list", "--all", "--json")] == ["replayed"]
    assert quanzu.read("stats", "--json")["alerts"]["received"] == 1


def test_all_dead_letters_can_be_tried_again(quanzu: Command) -> None:
    """An operator tried every dead letter again: each has its result, and the exit code tells of the refused."""
    quanzu("submit", "-", given=b"{broken\n" + line(risk="L9"))
    ended = quanzu("dead", "replay", "--all")
    assert (ended.exit_code, ended.stdout.count(": refused")) == (1, 2)


def test_a_senseless_replay_is_a_sentence(quanzu: Command) -> None:
    """Somebody gave neither an id nor --all, or an id that is none: a sentence and exit code 2."""
    quanzu("submit", "-", given=b"{broken\n")
    nobody = "0190a000-0000-7000-8000-000000000000"
    for words in (("replay",), ("replay", nobody, "--all"), ("replay", "--all", "--file", __file__), ("show", nobody)):
        assert quanzu("dead", *words).exit_code == 2, words
    assert quanzu("dead", "replay", nobody).exit_code == 2
    assert quanzu("dead", "show", "17").exit_code == 2


def test_wrong_words_are_sentences(quanzu: Command, tmp_path: Path) -> None:
    """Somebody mistyped a sample's day, and offered a folder as a mended letter: a sentence each, exit code 2."""
    ended = quanzu("sample", "--day", "x")
    assert ended.exit_code == 2 and "--day must be today or a day such as 2026-01-31" in ended.output
    letter = "01900000-0000-7000-8000-000000000000"
    ended = quanzu("dead", "replay", letter, "--file", str(tmp_path))
    assert ended.exit_code == 2 and "directory" in ended.output
