"""Files of alerts: JSON Lines or CSV, UTF-8 or GB18030, one `Line` at a time in constant memory.

    bytes --line by line--> text --JSON Lines--> raw (UTF-8), for `dispatcher.alert.read`
                                 --CSV---------> value (a JSON object), for `dispatcher.alert.check`

One line that cannot be read carries its faults and the rest goes on. A CSV heading that we do not know ends the
file at its first line: nothing is taken by halves.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, BinaryIO

from dispatcher.alert.cells import alert_of
from dispatcher.alert.columns import field_of
from dispatcher.alert.faults import WHOLE, Fault, bounded, safe_name

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line that are held; a longer one is skipped with a fault."""

NAMED = ("source", "source_ref")
REQUIRED = (*NAMED, "risk", "fraud_type", "victim.phone")
SEPARATORS = ",\t;"
UTF8_BOM, UTF16_BOMS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that is not blank.

    Args:
        number: counted from 1, blank lines too.
        raw: JSON Lines: the line in UTF-8. CSV: only where there are faults, for the dead letter.
        value: CSV without faults: the alert as a JSON object, still to be checked.
        faults: why the line could not be read; with any, neither `read` nor `check` need be asked.
    """

    number: int
    raw: bytes | None = field(repr=False)
    value: dict[str, Any] | None = field(repr=False)
    faults: tuple[Fault, ...]


class Decoder:
    """Tells UTF-8 from GB18030, line by line: the first line beyond ASCII decides for the file."""

    def __init__(self) -> None:
        self._encodings = ["utf-8", "gb18030"]

    def text(self, raw: bytes) -> str | None:
        """The line as text; None when it is neither, or not what the file is."""
        for encoding in self._encodings:
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            if not text.isascii():
                self._encodings = [encoding]
            return text
        return None


def read_alert_file(stream: BinaryIO, name: str | None) -> Iterator[Line]:
    """Every line of a file of alerts that is not blank, in order.

    Args:
        stream: opened in binary mode; read once, never closed here.
        name: the file's name, whose ending tells CSV from JSON Lines; None (standard input) looks at the text.
    """
    decoder = Decoder()
    table = _by_name(name)
    columns: tuple[str, ...] = ()
    separator = ","
    for number, raw in _lines(stream):
        if raw is None:
            yield _faulty(number, None, Fault(WHOLE, f"must be at most {LONGEST_LINE} bytes long"))
            continue
        if number == 1 and raw.startswith(UTF16_BOMS):
            yield _faulty(number, raw, Fault(WHOLE, "must be a file in UTF-8 or GB18030, and is UTF-16"))
            return
        if not raw.strip():
            continue
        text = decoder.text(raw)
        if text is None:
            yield _faulty(number, raw, Fault(WHOLE, "must be UTF-8 or GB18030, the same in the whole file"))
            continue
        if table is None:
            table = text.lstrip()[:1] not in ("{", "[")
        if not table:
            yield Line(number, text.encode("utf-8"), None, ())
        elif not columns:
            separator = max(SEPARATORS, key=text.count)
            columns, faults = _heading(text, separator)
            if faults:
                yield _faulty(number, raw, *faults)
                return
        else:
            yield _row(number, raw, text, columns, separator)


def _by_name(name: str | None) -> bool | None:
    """True for a table, False for JSON Lines, None when the name does not tell."""
    ending = PurePath(name or "").suffix.lower()
    return {".csv": True, ".tsv": True, ".jsonl": False, ".ndjson": False, ".json": False}.get(ending)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Each line without its end and the file's mark; None for one that is too long to hold."""
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            raw = raw.removeprefix(UTF8_BOM)
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LONGEST_LINE)
            yield number, None
        else:
            yield number, raw.rstrip(b"\r\n")


def _faulty(number: int, raw: bytes | None, *faults: Fault) -> Line:
    return Line(number, raw, None, bounded(faults))


def _cells(text: str, separator: str) -> list[str] | None:
    """The cells of one line; None when its quotes do not close."""
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), None)
    except csv.Error:
        return None


def _heading(text: str, separator: str) -> tuple[tuple[str, ...], list[Fault]]:
    """The fields that the columns stand for, or what is wrong with the headings."""
    cells = _cells(text, separator)
    while cells and not cells[-1].strip():
        cells.pop()
    fields = [field_of(cell) for cell in cells or ()]
    known = [found for found in fields if found is not None]
    if not cells or not known:
        # the cells may be a person's data, so none of them is repeated
        return (), [Fault(WHOLE, "the first line must name the columns, such as 来源,来源编号,风险等级 or source,…")]
    faults = [
        Fault(safe_name(cell.strip()), f"column {place} has a heading that stands for no field of schema v1")
        for place, (cell, found) in enumerate(zip(cells, fields, strict=True), 1)
        if found is None
    ]
    faults += [Fault(name, "must have only one column") for name in dict.fromkeys(known) if known.count(name) > 1]
    wanted = NAMED if "withdraw" in known else REQUIRED
    faults += [Fault(name, "must have a column") for name in wanted if name not in known]
    return tuple(known), faults


def _row(number: int, raw: bytes, text: str, columns: tuple[str, ...], separator: str) -> Line:
    cells = _cells(text, separator)
    if cells is None:
        return _faulty(number, raw, Fault(WHOLE, "must be one CSV line whose quotes close on it"))
    while len(cells) > len(columns) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(columns):
        return _faulty(number, raw, Fault(WHOLE, f"must have {len(columns)} cells, and has {len(cells)}"))
    return Line(number, None, alert_of(zip(columns, cells, strict=True)), ())
