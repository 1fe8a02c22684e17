"""Regions of GB/T 2260: how they hold one another, and how old codes find today's county."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.faults import ConfigurationFault
from config.regions import DATA, Regions

REGIONS = Regions.load()
CODES = sorted(REGIONS.rows)


def test_the_province_is_whole() -> None:
    """An officer anywhere in Shanxi finds the own county: 11 prefectures, 117 counties, 34,915,616 people."""
    prefectures = [code for code in CODES if REGIONS.rows[code].level == "prefecture"]
    assert (len(prefectures), len(REGIONS.counties)) == (11, 117)
    assert sum(REGIONS.weights) == REGIONS.population["140000"] == 34_915_616
    assert REGIONS.population["140100"] == 5_304_061


def test_a_county_knows_who_stands_above_it() -> None:
    """A missed sign-in in 小店区 climbs to 太原市, then to the province, then nowhere."""
    assert REGIONS.name("140105") == "小店区"
    assert REGIONS.ancestors("140105") == ("140100", "140000")
    assert REGIONS.parent("140000") is None
    assert REGIONS.ancestors("140000") == ()


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("140202", "140213"),
        ("140203", "140214"),
        ("140211", "140214"),
        ("140227", "140215"),
        ("140402", "140403"),
        ("140411", "140403"),
        ("140421", "140404"),
        ("140424", "140405"),
        ("140481", "140406"),
        ("140624", "140681"),
        ("140726", "140703"),
    ],
)
def test_an_old_code_rolls_up(old: str, today: str) -> None:
    """Somebody registered before the mergers is counted in today's county."""
    assert REGIONS.current(old) == today
    assert not REGIONS.known(old)
    assert REGIONS.known(today)
    assert REGIONS.current(today) == today


def test_a_code_never_heard_of_is_none() -> None:
    """A region of another province is not guessed at."""
    assert REGIONS.current("110105") is None
    assert not REGIONS.known("110105")


def test_a_scope_is_a_range_of_text() -> None:
    """A supervisor of 太原 sees 1401 and nothing of 1402."""
    assert Regions.subtree_bounds("140000") == ("14", "15")
    assert Regions.subtree_bounds("140100") == ("1401", "1402")
    assert Regions.subtree_bounds("140900") == ("1409", "1410")
    assert Regions.subtree_bounds("141000") == ("1410", "1411")
    assert Regions.subtree_bounds("140105") == ("140105", "140106")
    assert Regions.subtree_bounds("999999") == ("999999", "A")
    for odd in ("", "14", "14010x", "１４０１０５"):
        with pytest.raises(ValueError, match="six digits"):
            Regions.subtree_bounds(odd)


@given(st.sampled_from(CODES), st.sampled_from(CODES))
def test_bounds_and_parents_agree(code: str, scope: str) -> None:
    """Whoever lies below a scope by the table lies in its range of text, and nobody else does."""
    low, high = Regions.subtree_bounds(scope)
    assert (low <= code < high) == REGIONS.within(code, scope)


def test_every_fault_of_the_tables_is_told_at_once(tmp_path: Path) -> None:
    """An administrator who mends the tables is told everything that is wrong in one go."""
    (tmp_path / "regions_x.csv").write_text(
        "code,name,level,parent\n140000,a,province,\n140105,b,county,140000\n14,c,village,\n", "utf-8"
    )
    (tmp_path / "region_aliases.csv").write_text("old,current,was\n140105,140999,d\n", "utf-8")
    (tmp_path / "population_x.csv").write_text("code,residents\n140100,many\n", "utf-8")
    with pytest.raises(ConfigurationFault) as refused:
        Regions.load(tmp_path)
    assert len(refused.value.faults) == 7
    with pytest.raises(ConfigurationFault) as missing:
        Regions.load(tmp_path / "nowhere")
    assert len(missing.value.faults) == 3


def test_the_shipped_table_is_the_domains() -> None:
    """The county of each person is the one that the domain's table names, row by row."""
    lines = (DATA / "regions_shanxi.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + 1 + 11 + 117 == 1 + len(CODES)
