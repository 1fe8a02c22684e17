"""Figures on both databases: each equals a recount by plain SQL, and the list behind it is as long as it says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from days import REGIONS, SOURCES, TYPES, live
from recount import Window, recount
from story import NOON, Town

from dispatcher import figures, tables
from dispatcher.figures import DEFINITIONS, DOZEN, Scope
from dispatcher.figures.behind import Which
from dispatcher.figures.parts import Residents
from dispatcher.ids import new_id

LISTED: tuple[tuple[str, Which], ...] = (
    ("alerts", "numerator"),
    ("alerts", "denominator"),
    ("persons", "numerator"),
    ("coverage", "numerator"),
    ("dissuaded_provisional", "numerator"),
    ("money_dissuaded", "denominator"),
)


def counted(town: Town, scope: Scope, window: Window) -> tuple[dict[str, object], dict[str, object]]:
    """The figures' own count and the recount, in one shape."""
    with town.store.read() as connection:
        told = figures.count(connection, scope, kpis=DOZEN, now=town.now).whole
        again = recount(connection, window, now=town.now, on_time_push_s=600.0)["kpi"]
    mine = {
        name: {"value": kpi.value, "numerator": kpi.numerator, "denominator": kpi.denominator}
        for name, kpi in told.items()
    }
    return mine, again


@pytest.mark.parametrize("seed", [1])
def test_a_life_in_the_town_counts_the_same_twice(town: Town, seed: int) -> None:
    """Days went by in the town: the dozen equals the recount of its rows, of the whole and of any part."""
    live(town, seed=seed, steps=80)
    windows = [Window(), Window(since=NOON + timedelta(hours=20), until=NOON + timedelta(days=9))]
    windows += [Window(source=source) for source in SOURCES]
    windows += [Window(fraud_type=TYPES[0]), Window(risk="L2"), Window(region="140100")]
    seen = set()
    for window in windows:
        kinds = [() if one is None else (one,) for one in (window.source, window.fraud_type, window.risk)]
        mine, again = counted(town, Scope(window.since, window.until, window.region, *kinds), window)
        assert mine == again, window
        seen.add(str(mine))
    assert len(seen) == len(windows), "the windows must differ to prove anything"
    whole, _ = counted(town, Scope(), Window())
    assert [name for name, kpi in whole.items() if not kpi["denominator"]] == []  # type: ignore[index]


def test_each_list_is_as_long_as_its_figure(town: Town) -> None:
    """A supervisor opened the list behind every figure: it was exactly as long as the figure had said."""
    live(town, seed=3, steps=80)
    town.later(days=31)
    while figures.fold(town.store, now=town.now):
        pass
    for scope in (Scope(fraud_types=(TYPES[0],)),):
        with town.store.read() as connection:
            whole = figures.count(connection, scope, now=town.now).whole
            for name, kpi in whole.items():
                definition = DEFINITIONS[name]
                for part in ("numerator", "denominator"):
                    if isinstance(getattr(definition, part), Residents):
                        continue
                    listed: list[figures.Behind] = []
                    while True:
                        after = listed[-1].item if listed else None
                        page = figures.behind(connection, scope, name, part, after=after, limit=25, now=town.now)
                        if not page:
                            break
                        listed += page
                    money = definition.kind == "yuan"
                    want = kpi.denominator if money else getattr(kpi, part)
                    assert len({one.item for one in listed}) == len(listed) == want, (name, part)


def test_a_list_is_told_in_the_order_of_receipt(town: Town) -> None:
    """Alerts, money and persons page by page, while some of them were touched since the fold: the same list as at
    once, oldest first, nobody twice; after something that is not in it comes nothing."""
    live(town, seed=3, steps=60)
    half = town.now
    for step in range(2):
        if step:
            while figures.fold(town.store, now=half):
                pass
            live(town, seed=7, steps=40)
        with town.store.read() as connection:
            received = {str(row["id"]): row["received_at"] for row in town.rows(tables.alerts)}
            for scope in (Scope(), Scope(since=NOON + timedelta(hours=20))):
                for kpi, part in LISTED:
                    everybody = figures.behind(connection, scope, kpi, part, limit=10_000, now=town.now)
                    assert everybody or scope != Scope(), kpi
                    pages: list[figures.Behind] = []
                    while page := figures.behind(
                        connection, scope, kpi, part, after=pages[-1].item if pages else None, limit=9, now=town.now
                    ):
                        pages += page
                    assert pages == everybody and len({one.item for one in pages}) == len(pages), (step, kpi)
                    times = [received[one.item] for one in pages if one.item in received]
                    assert times == sorted(times)
                    nobody = figures.behind(connection, scope, kpi, part, after=str(new_id()), now=town.now)
                    assert nobody == []


def test_what_adds_up_adds_up(town: Town) -> None:
    """The alerts by type, by county and by hour, and the dispatches by channel, each sum to their total."""
    live(town, seed=4, steps=60)
    for fraud_type in TYPES:
        town.hears_of("13911112222", fraud_type=fraud_type)
    with town.store.read() as connection:
        whole = figures.count(connection, Scope(), now=town.now).whole
        for by in ("type", "county", "hour", "day", "level", "final_level", "source", "prefecture"):
            rows = figures.count(connection, Scope(), kpis=["alerts"], by=[by], now=town.now).rows
            assert sum(cells["alerts"].numerator for cells in rows.values()) == whole["alerts"].numerator, by
            assert sum(cells["alerts"].denominator for cells in rows.values()) == whole["alerts"].denominator, by
        channels = figures.count(connection, Scope(), kpis=["dispatches"], by=["channel"], now=town.now).rows
        assert sum(cells["dispatches"].numerator for cells in channels.values()) == whole["dispatches"].numerator
        both = figures.count(connection, Scope(), kpis=["persons"], by=["type"], now=town.now).rows
        assert sum(cells["persons"].numerator for cells in both.values()) > whole["persons"].numerator


def test_several_dimensions_at_once_are_each_for_itself(town: Town) -> None:
    """A page asked by level, type and hour at once: it was told what each question alone is told, persons too."""
    live(town, seed=3, steps=80)
    asked, kpis = ("level", "type", "hour", "unit"), ("alerts", "persons", "coverage", "dispatches")
    for folded in (False, True):
        while folded and figures.fold(town.store, now=town.now):
            pass
        with town.store.read() as connection:
            each = figures.count_each(connection, Scope(), kpis=kpis, dimensions=asked, now=town.now)
            for by in asked:
                alone = figures.count(connection, Scope(), kpis=kpis, by=(by,), now=town.now).rows
                assert each[by] == alone and list(each[by]) == list(alone), by
    with town.store.read() as connection, pytest.raises(ValueError, match="channels"):
        figures.count_each(connection, Scope(), kpis=kpis, dimensions=("channel",), now=town.now)


def test_an_old_county_stands_under_todays(town: Town) -> None:
    """Alerts from counties that were renamed since stand in the figures of today's county, under today's code."""
    for region in REGIONS:
        town.hears_of(f"139000000{REGIONS.index(region):02d}", region=region)
    with town.store.read() as connection:
        rows = figures.count(connection, Scope(), kpis=["alerts"], by=["county"], now=town.now).rows
        assert {key[0]: cells["alerts"].value for key, cells in rows.items()} == {
            "140105": 1,
            "140106": 1,
            "140213": 2,
            "140214": 1,
        }
        for code in ("140213", "140202"):
            assert (
                figures.count(connection, Scope(region=code), kpis=["alerts"], now=town.now).whole["alerts"].value == 2
            )
