"""Sheets as an Excel workbook that can be printed as it is: A4 across, head on every page, one page wide."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dispatcher.figures.wording import NONE
from web.figures.sheet import Cell, Column, Kind, Sheet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

NUMBERS: dict[Kind, str] = {
    "count": "#,##0",
    "share": "0.00%",
    "yuan": "#,##0.00",
    "per_100k": "#,##0.00",
    "growth": "+0.00%;-0.00%;0.00%",
    "points": "+0.00;-0.00;0.00",
    "seconds": "#,##0.0",
}
"""How numbers of a kind are shown; texts are shown as they are."""

A4 = 9
FONT = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
TITLE_ROW, PERIOD_ROW, HEAD_ROW = 0, 1, 2
MARGINS_INCH = {"left": 0.5, "right": 0.5, "top": 0.6, "bottom": 0.6}


def as_xlsx(sheets: Iterable[Sheet], *, made_at: datetime) -> bytes:
    """The workbook. The same sheets make the same bytes; no text becomes a formula or a link."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, options) as book:
        book.set_properties({"author": "Quanzu", "created": made_at.astimezone(UTC).replace(tzinfo=None)})
        styles = _Styles(book)
        for sheet in sheets:
            _write(book.add_worksheet(sheet.name), sheet, styles)
    return out.getvalue()


class _Styles:
    """Formats, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, object], ...], Format] = {}

    def style(self, **how: object) -> Format:
        """A format with these properties besides the font."""
        key = tuple(sorted(how.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({**FONT, **how})
        return self._made[key]

    def cell(self, kind: Kind, *, bold: bool) -> Format:
        """A cell of the body, or of the total."""
        how: dict[str, object] = {"border": 1, "bold": bold}
        if bold:
            how["bg_color"] = "#F2F2F2"
        if kind in NUMBERS:
            return self.style(**how, num_format=NUMBERS[kind], align="right")
        return self.style(**how, text_wrap=kind == "sentence", align="left")


def _write(page: Worksheet, sheet: Sheet, styles: _Styles) -> None:
    last = len(sheet.columns) - 1
    _head(page, sheet, styles, last)
    first = HEAD_ROW + (2 if _is_grouped(sheet.columns) else 1)
    row = first
    for cells in sheet.rows:
        _line(page, row, cells, styles, bold=False)
        row += 1
    if sheet.total is not None:
        _line(page, row, sheet.total, styles, bold=True)
        row += 1
    for note in sheet.notes:
        page.write_string(row, 0, note, styles.style(font_color="#595959", font_size=9))
        row += 1
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
    page.freeze_panes(first, 1)
    _printed(page, first, max(row - 1, first), last)


def _head(page: Worksheet, sheet: Sheet, styles: _Styles, last: int) -> None:
    """Title and period over all columns, then the columns' names, groups merged over theirs."""
    page.set_row(TITLE_ROW, 30)
    _over(page, TITLE_ROW, 0, TITLE_ROW, last, sheet.title, styles.style(bold=True, font_size=16, align="center"))
    page.set_row(PERIOD_ROW, 18)
    half = last // 2
    _over(page, PERIOD_ROW, 0, PERIOD_ROW, half, sheet.period, styles.style(align="left"))
    if half < last:
        _over(page, PERIOD_ROW, half + 1, PERIOD_ROW, last, sheet.unit, styles.style(align="right"))
    head = styles.style(bold=True, border=1, align="center", text_wrap=True, bg_color="#D9E2EC")
    lower = HEAD_ROW + 1 if _is_grouped(sheet.columns) else HEAD_ROW
    place = 0
    for group, members in groupby(sheet.columns, key=lambda column: column.group):
        columns = list(members)
        if group is not None:
            _over(page, HEAD_ROW, place, HEAD_ROW, place + len(columns) - 1, group, head)
        for offset, column in enumerate(columns):
            top = lower if group is not None else HEAD_ROW
            _over(page, top, place + offset, lower, place + offset, column.title, head)
        place += len(columns)
    page.set_row(HEAD_ROW, 20)
    page.set_row(lower, 20)


def _over(page: Worksheet, top: int, left: int, bottom: int, right: int, text: str, style: Format) -> None:
    """A text over a block of cells; a block of one cannot be merged."""
    if (top, left) != (bottom, right):
        page.merge_range(top, left, bottom, right, "", style)
    page.write_string(top, left, text, style)


def _line(page: Worksheet, row: int, cells: Sequence[Cell], styles: _Styles, *, bold: bool) -> None:
    for place, cell in enumerate(cells):
        style = styles.cell(cell.kind, bold=bold)
        if cell.value is None:
            page.write_string(row, place, NONE, style)
        elif cell.kind in NUMBERS:
            page.write_number(row, place, cell.value, style)
        else:
            page.write_string(row, place, str(cell.value), style)


def _printed(page: Worksheet, first: int, last_row: int, last: int) -> None:
    page.set_landscape()
    page.set_paper(A4)
    page.set_margins(**MARGINS_INCH)
    page.center_horizontally()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, first - 1)
    page.print_area(0, 0, last_row, last)
    page.set_footer("&L&A&C第 &P 页，共 &N 页")
    page.hide_gridlines(2)


def _is_grouped(columns: Sequence[Column]) -> bool:
    return any(column.group is not None for column in columns)
