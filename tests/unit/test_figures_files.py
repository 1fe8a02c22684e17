"""Figures on paper: a workbook that opens and prints, a page that needs nothing else."""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli_help import command

from cli.figures_page import bar
from cli.home import open_store
from config.settings import load_settings
from dispatcher.figures import DEFINITIONS, DIMENSIONS, fold
from dispatcher.figures.grouping import GROUPS
from dispatcher.figures.meanings import MEANINGS
from dispatcher.figures.naming import TITLES
from web.figures.as_xlsx import as_xlsx
from web.figures.sheet import Cell, Column, Sheet
from web.report import charts

MADE = datetime(2026, 1, 2, tzinfo=UTC)
NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def test_every_figure_has_its_words() -> None:
    """A new figure was defined: it has both names, both meanings and a place in the tables, and so has a dimension."""
    assert set(MEANINGS) == set(DEFINITIONS) and set(TITLES) == set(DIMENSIONS)
    assert sorted(name for members in GROUPS.values() for name in members) == sorted(DEFINITIONS)


@pytest.fixture(scope="module")
def book() -> zipfile.ZipFile:
    """A workbook of one sheet with grouped columns, a text like a formula, and what is not known."""
    columns = (Column("county"), Column("value", group="alerts"), Column("of", group="alerts"))
    rows = [[Cell("=1+1", "text"), Cell(0.5, "share"), Cell(None, "count")]]
    total = [Cell("total", "text"), Cell(0.25, "share"), Cell(4, "count")]
    sheet = Sheet("one", "Title", "Period", "Unit", columns, rows, total, ["a note"])
    assert as_xlsx([sheet], made_at=MADE) == as_xlsx([sheet], made_at=MADE)
    return zipfile.ZipFile(io.BytesIO(as_xlsx([sheet], made_at=MADE)))


def test_a_workbook_is_laid_out_for_paper(book: zipfile.ZipFile) -> None:
    """A clerk printed it: A4 across, one page wide, the head on every page; groups stand over their columns."""
    page = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own
    setup = page.find("m:pageSetup", NAMES)
    assert setup is not None and (setup.get("paperSize"), setup.get("orientation")) == ("9", "landscape")
    assert setup.get("fitToHeight") == "0"
    merged = {one.get("ref") for one in page.iterfind("m:mergeCells/m:mergeCell", NAMES)}
    assert {"A1:C1", "A3:A4", "B3:C3"} <= merged
    assert "one!$1:$4" in book.read("xl/workbook.xml").decode()


def test_no_text_of_a_workbook_is_a_formula(book: zipfile.ZipFile) -> None:
    """An upstream's name looked like a formula: it is text, numbers are numbers, and what is not known is a dash."""
    page = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page and "<v>0.5</v>" in page and "<v>4</v>" in page
    strings = book.read("xl/sharedStrings.xml").decode()
    assert "=1+1" in strings and "–" in strings and "a note" in strings


def test_bars_are_in_proportion() -> None:
    """Half is half as long, all is whole, a little is seen, and nothing is nothing."""
    assert (bar(1, 1, 10), bar(0.5, 1, 10), bar(0, 1), bar(1, 0)) == ("█" * 10, "█" * 5, "", "")
    assert bar(0.0001, 1) == "▏"
    drawn = charts.across([charts.Bar("<b>", 2, "2"), charts.Bar("b", 1, "1")], "x")
    longs = [float(one) for one in re.findall(r'<rect [^>]*width="([0-9.]+)"', drawn)]
    assert longs[0] == 2 * longs[1] and "&lt;b&gt;" in drawn
    assert charts.columns([], "nothing").count("<rect") == 0


def test_figures_leave_by_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supervisor took figures as table, bars, CSV, workbook and page: each tells the same thirty alerts."""
    with command(tmp_path, monkeypatch) as quanzu:
        assert quanzu("submit", "-", given=quanzu("sample", "--alerts", "30").stdout_bytes).exit_code == 0
        with closing(open_store(load_settings())) as store:
            assert fold(store, now=datetime.now(UTC)) > 0
        told = quanzu.read("stats", "--window", "today", "--by", "level", "--kpi", "alerts", "--json")
        assert sum(row["figures"][0]["denominator"] for row in told["rows"]) == 30
        for words in (("--by", "level"), ("--compare", "--window", "today"), ("--latency", "level"), ("--all",)):
            ended = quanzu("stats", *words)
            assert ended.exit_code == 0 and ended.stdout, words
        csv = quanzu("stats", "--csv", "--bom").stdout_bytes
        assert csv.startswith(b"\xef\xbb\xbfdefinition,name,value") and b",30," in csv
        assert quanzu("stats", "--by", "county", "--xlsx", str(tmp_path / "x.xlsx")).exit_code == 0
        assert zipfile.ZipFile(tmp_path / "x.xlsx").testzip() is None
        assert "three answers" in quanzu("stats", "--by", "level", "--compare").output
        assert "--from must be given" in quanzu("stats", "--compare").output.replace("\n", " ")
        for lang in ("zh", "en"):
            made = quanzu("report", "--window", "ytd", "--region", "14", "--lang", lang, "--out", str(tmp_path / "out"))
            assert made.exit_code == 0, made.output
        pages = [path.read_text("utf-8") for path in sorted((tmp_path / "out").iterdir())]
        assert len(pages) == 2 and all("<svg" in page and "<dl>" in page for page in pages)
        assert not any(re.search(r'(?:src|href)="|url\(|<script|@import', page) for page in pages)
        assert "Appendix" in pages[0] and "附录" in pages[1] and "山西省" in pages[1]
