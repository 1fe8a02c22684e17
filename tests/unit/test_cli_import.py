"""`import --history`: a year comes in whole, whatever happens meanwhile, and every sum is its total."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_help import Command, command

from cli import importing
from dispatcher.history import keep_past

SMALL = ("--alerts", "900", "--from", "2021-01-01", "--to", "2021-01-03", "--seed", "1")
LARGE = ("--alerts", "1200", "--from", "2022-01-01", "--to", "2022-01-03", "--seed", "2")
PAST = ("--from", "2021-01-01", "--to", "2022-05-23", "--json")


@pytest.fixture
def quanzu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command on a prepared home, in batches so small that a year has several."""
    monkeypatch.setattr(importing, "BATCH", 250)
    monkeypatch.setattr(importing, "FOLD_EACH", 500)
    with command(tmp_path, monkeypatch) as made:
        assert made("migrate").exit_code == 0
        yield made


def year(quanzu: Command, tmp_path: Path, *words: str) -> str:
    """A file of made-up history. Returns its name."""
    file = tmp_path / f"{words[3][:4]}.jsonl"
    file.write_bytes(quanzu("sample-history", *words).stdout_bytes)
    return str(file)


def lines_of(files: list[str]) -> list[bytes]:
    """All their lines."""
    return [line for file in files for line in Path(file).read_bytes().splitlines()]


def numbers(quanzu: Command, kpi: str, *words: str) -> list[int]:
    """A figure's numerators by row."""
    told: dict[str, Any] = quanzu.read("stats", *PAST, "--kpi", kpi, *words)
    return [cell["numerator"] for row in told["rows"] for cell in row["figures"]]


def test_every_sum_of_an_imported_year_is_its_total(quanzu: Command, tmp_path: Path) -> None:
    """An adopter brought two years: by type, county, hour all alerts are there, and by channel all dispatches."""
    files = [year(quanzu, tmp_path, *words) for words in (SMALL, LARGE)]
    done = quanzu("import", "--history", *files)
    assert done.exit_code == 0, done.output
    told = ["2100 alerts imported, 0 were known, 0 lines refused", "2021: 900 alerts"]
    assert done.stdout.splitlines() == [*told, "2022: 1,200 alerts, 同比 +33.33 %"]
    for by in ("type", "county", "hour"):
        assert sum(numbers(quanzu, "alerts", "--by", by)) == 2100, by
    kept = [len(json.loads(line)["history"]["dispatches"]) for line in lines_of(files)]
    assert sum(numbers(quanzu, "dispatches", "--by", "channel")) == sum(kept)
    assert quanzu("figures", "verify").exit_code == 0


def test_an_import_that_was_broken_off_goes_on_where_it_was(
    quanzu: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody pulled the plug in the middle of a year and began again: nothing is doubled, nothing is missing."""
    file = year(quanzu, tmp_path, *SMALL)
    kept: list[int] = []

    def keep(*given: Any, **more: Any) -> Any:
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(len(given[1]))
        return keep_past(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(importing, "keep_past", keep)
        assert quanzu("import", "--history", file).exit_code != 0
    done = quanzu("import", "--history", file)
    assert done.stdout.splitlines() == ["400 alerts imported, 500 were known, 0 lines refused", "2021: 900 alerts"]
    assert sum(numbers(quanzu, "alerts", "--by", "hour")) == 900
    assert quanzu("figures", "verify").exit_code == 0


def test_a_refused_line_is_told_by_its_number_and_the_rest_goes_on(quanzu: Command, tmp_path: Path) -> None:
    """A line of a file was no alert: it is named, the others are kept, and again so when the file comes again."""
    file = Path(year(quanzu, tmp_path, *SMALL))
    lines = file.read_bytes().splitlines()[:3]
    file.write_bytes(b"\n".join([lines[0], b"{", lines[1], b"", b'{"source": 7}', lines[2]]))
    for imported, known in ((3, 0), (0, 3)):
        done = quanzu("import", "--history", str(file))
        assert done.exit_code == 1
        assert f"{imported} alerts imported, {known} were known, 2 lines refused" in done.stdout
        assert "2021.jsonl line 2: $ must be one line of JSON" in done.stdout and "2021.jsonl line 5: " in done.stdout
