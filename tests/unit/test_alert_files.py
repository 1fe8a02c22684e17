"""Files as upstreams really send them: spreadsheets in two tongues and two encodings, and lines gone wrong."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.alert_files import LONGEST_LINE, Line, read_alert_file
from dispatcher.alert import Alert, Refused, Rules, check, read

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
RULES = Rules.shipped()
HEADING = "来源,来源编号,风险等级,诈骗类型,事发时间,推送时间,手机号,姓名,身份证号,银行卡号,地址,地区代码"
ROW = (
    "bank,B-1,高危,冒充公检法,2026/11/22 9:05,2026-11-22 09:10:11,"
    "138 0013 8000,郭晓梅,,6222021234567890,迎春路1号,140105"
)
TABLE = f"{HEADING}\n{ROW}\n"
LINE = {
    "source": "bank",
    "source_ref": "B-1",
    "risk": "L2",
    "fraud_type": "other",
    "victim": {"phone": "13800138000", "name": "郭晓梅"},
}


def lines(content: bytes, name: str | None = None) -> list[Line]:
    return list(read_alert_file(io.BytesIO(content), name))


def judged(line: Line) -> Alert | Refused:
    """What intake makes of a line, as the command does it."""
    if line.faults:
        return Refused(line.faults, None, None)
    if line.value is not None:
        return check(line.value, now=NOON, rules=RULES)
    assert line.raw is not None
    return read(line.raw, now=NOON, rules=RULES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", [None, "一月.CSV", "alerts.csv"])
def test_a_spreadsheet_in_chinese(encoding: str, end: str, name: str | None) -> None:
    """A bank's spreadsheet is understood however it was saved, and its times are Shanghai's."""
    (line,) = lines(TABLE.replace("\n", end).encode(encoding), name)
    alert = judged(line)
    assert isinstance(alert, Alert), alert
    assert (line.number, line.raw) == (2, None)
    assert (alert.phone, alert.victim.name, alert.risk) == ("+8613800138000", "郭晓梅", "L2")
    assert alert.fraud_type == "fake_police"
    assert alert.occurred_at == datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
    assert alert.pushed_at == datetime(2026, 11, 22, 1, 10, 11, tzinfo=UTC)


def test_a_spreadsheet_in_english_with_everything() -> None:
    """Every column that the schema knows can come from a table."""
    table = (
        "source;source_ref;risk;fraud_type;phone;victim.accounts;sex;test;Suspect.Phone;suspect_ip;call_count;"
        "通话时长（秒）;amount_yuan;pushed_at;\n"
        "bank;B-1;L3;other;13800138000;a、b；c;男;是;+00123;10.0.0.1;3;40;12.50;2026-11-22T03:00:00Z;\n"
    )
    (line,) = lines(table.replace("；", "|").encode())
    alert = judged(line)
    assert isinstance(alert, Alert), alert
    assert alert.test
    assert alert.victim.accounts == ["a", "b", "c"]
    assert alert.victim.sex == "male"
    assert alert.suspect is not None
    assert (alert.suspect.phone, alert.suspect.ip) == ("+00123", "10.0.0.1")
    assert alert.signal is not None
    assert (alert.signal.call_count, alert.signal.call_seconds, str(alert.signal.amount_yuan)) == (3, 40, "12.50")


def test_json_lines_in_either_encoding() -> None:
    """A file of JSON Lines is handed on as it is, in UTF-8, blank lines left out but counted."""
    text = "\n".join([json.dumps(LINE, ensure_ascii=False), "", json.dumps(LINE, ensure_ascii=False), "  "])
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        found = lines(text.encode(encoding), None)
        assert [line.number for line in found] == [1, 3]
        assert all(isinstance(judged(line), Alert) for line in found)
        assert found[0].raw == json.dumps(LINE, ensure_ascii=False).encode()


def test_one_line_gone_wrong_and_the_rest_goes_on() -> None:
    """Of five people in a table, the two whose lines are broken are told apart and the others are warned."""
    rows = [ROW, ROW.replace("郭晓梅", '"郭晓梅'), ROW.replace("B-1", "B-2"), ROW + ",x", ROW.replace("B-1", "B-3")]
    found = lines("\n".join([HEADING, *rows]).encode())
    assert [line.number for line in found] == [2, 3, 4, 5, 6]
    assert [bool(line.faults) for line in found] == [False, True, False, True, False]
    assert found[1].raw == rows[1].encode()
    assert "12 cells" in found[3].faults[0].message
    assert all(isinstance(judged(line), Alert) for line in found if not line.faults)


def test_cells_that_make_no_sense_are_named_by_their_field() -> None:
    """A table's wrong cell is told like a wrong JSON field, without its content."""
    row = ROW.replace("高危", "很高").replace("2026/11/22 9:05", "昨天").replace("冒充公检法", "骗人")
    result = judged(lines(f"{HEADING}\n{row}".encode())[0])
    assert isinstance(result, Refused)
    assert {fault.field for fault in result.faults} == {"risk", "occurred_at", "fraud_type"}
    assert not any(word in fault.message for fault in result.faults for word in ("很高", "昨天", "骗人"))


def test_headings_that_are_wrong_are_all_named_and_nothing_is_taken() -> None:
    """Whoever sends a table with strange headings mends them all at once; nobody is taken by halves."""
    (line,) = lines(f"来源,来源编号,风险等级,备注,备注二,手机号,电话\n{ROW}\n{ROW}".encode())
    assert line.number == 1
    assert [fault.field for fault in line.faults] == ["备注", "备注二", "victim.phone", "fraud_type"]


def test_a_table_without_headings_repeats_nobody() -> None:
    """When the first line is a person's data instead of headings, none of it is repeated."""
    (line,) = lines(f"{ROW}\n{ROW}".encode(), "a.csv")
    assert [fault.field for fault in line.faults] == ["$"]
    assert "郭" not in repr(line)
    assert "138" not in repr(line)


def test_a_file_that_changes_its_encoding() -> None:
    """A line in another encoding than its file's is told apart instead of garbling a name."""
    content = TABLE.encode() + ROW.encode("gb18030") + b"\n" + ROW.encode()
    assert [bool(line.faults) for line in lines(content)] == [False, True, False]
    content = TABLE.encode("gb18030") + b"bank,\xff\xff\n" + ROW.encode("gb18030")
    assert [bool(line.faults) for line in lines(content)] == [False, True, False]


def test_a_file_in_utf_16() -> None:
    """Whoever saved as Unicode text is told to save as UTF-8."""
    (line,) = lines(TABLE.encode("utf-16"))
    assert "UTF-16" in line.faults[0].message


class Endless(io.RawIOBase):
    """A stream of `length` letters without a line end, then one right line; never whole in memory."""

    def __init__(self, length: int) -> None:
        self._parts: Iterator[bytes] = iter(
            [*(b"x" * 65_536 for _ in range(length // 65_536)), b"\n", json.dumps(LINE).encode(), b""]
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        part = next(self._parts, b"")
        buffer[: len(part)] = part
        return len(part)


def test_a_line_without_end() -> None:
    """A line of twice what is held is skipped with a fault, and the next person is warned."""
    stream = io.BufferedReader(cast(Any, Endless(2 * LONGEST_LINE)), buffer_size=65_536)
    first, second = read_alert_file(stream, "a.jsonl")
    assert first.raw is None
    assert "bytes long" in first.faults[0].message
    assert isinstance(judged(second), Alert)


def test_an_empty_file() -> None:
    """A file with nothing in it says nothing about anybody."""
    assert lines(b"") == lines(b"\n\n  \n") == lines(b"\xef\xbb\xbf") == []


def test_what_is_shown_of_a_line() -> None:
    """A line printed by mistake tells its number and nobody's name."""
    for line in [*lines(TABLE.encode()), *lines(json.dumps(LINE).encode())]:
        assert "138" not in repr(line)
        assert "郭" not in repr(line)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: (TABLE + text).encode("utf-8", "replace")))
def test_any_file_is_read(content: bytes) -> None:
    """Whatever the file, each line is judged or told why not, numbered upwards."""
    for name in (None, "a.csv", "a.jsonl"):
        found = lines(content, name)
        assert [line.number for line in found] == sorted({line.number for line in found})
        for line in found:
            result = judged(line)
            assert isinstance(result, Alert) or result.faults


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(st.lists(CELL, min_size=12, max_size=12))
def test_any_cells_are_judged(cells: list[str]) -> None:
    """Whatever a clerk types into the cells, the line is judged."""
    row = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    for line in lines(f"{HEADING}\n{row}\n".encode()):
        assert isinstance(judged(line), Refused)
