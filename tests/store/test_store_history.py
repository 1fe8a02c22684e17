"""Earlier years are kept as they were: counted, told apart, and nobody is warned."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from story import DEFAULT, GRANDMOTHER, RULES, Town

from cli.sample_history import make_history
from dispatcher import figures, tables
from dispatcher.alert import Refused
from dispatcher.figures import Scope
from dispatcher.history import Kept, Past, keep_past, read_past

PAST = datetime(2022, 3, 1, 1, 0, tzinfo=UTC)


def line(town: Town, **history: Any) -> bytes:
    """One line of a file: grandmother's alert of March 2022."""
    alert = town.alert(GRANDMOTHER, source_ref="H-1", risk="L1", pushed_at="2022-03-01T09:00:00+08:00")
    return json.dumps(alert | {"history": history}).encode()


def past(town: Town, **history: Any) -> Past:
    """The same, read and found right."""
    found = read_past(line(town, **history), now=town.now, rules=RULES)
    assert isinstance(found, Past), found
    return found


def faults(town: Town, **history: Any) -> set[str]:
    """Which fields are wrong."""
    found = read_past(line(town, **history), now=town.now, rules=RULES)
    assert isinstance(found, Refused)
    return {fault.field for fault in found.faults}


def test_nobody_is_warned_of_the_past(town: Town) -> None:
    """Grandmother's alert of 2022 was imported, twice: it is a closed case, nothing waits, no upstream is told."""
    sent = {"channel": "sms", "outcome": "delivered", "at": "2022-03-01T09:00:05+08:00"}
    met = {"channel": "visit", "outcome": "met", "at": "2022-03-01T10:00:00+08:00"}
    contact = {"contacted_at": met["at"], "contacted_by": "officer", "verdict": "not_defrauded", "dissuasion": "timely"}
    one = past(town, dispatches=[sent, met], closed_at="2022-03-01T12:00:00+08:00", close_code="dissuaded", **contact)
    assert keep_past(town.store, [one, one], policy=DEFAULT, now=town.now) == Kept(1, 1)
    assert keep_past(town.store, [one], policy=DEFAULT, now=town.now) == Kept(0, 1)
    assert town.works() == [] and town.ticks() == []
    assert town.rows(tables.outcomes) == [] and town.rows(tables.deadlines) == []
    assert [row["state"] for row in town.rows(tables.dispatches)] == ["fulfilled", "fulfilled"]
    case = town.case()
    assert (case["state"], case["close_code"], case["opened_at"]) == ("closed", "dissuaded", PAST)


def test_the_past_counts_in_its_own_window(town: Town) -> None:
    """An imported alert and one of today: each in the figures of its window, and the imported one told apart."""
    keep_past(town.store, [past(town)], policy=DEFAULT, now=town.now)
    town.hears_of(GRANDMOTHER)
    march = {"since": datetime(2022, 3, 1, tzinfo=UTC), "until": datetime(2022, 4, 1, tzinfo=UTC)}
    wanted = [(Scope(), 2), (Scope(**march), 1), (Scope(history=True), 1), (Scope(history=False), 1)]
    with town.store.read() as connection:
        for scope, many in wanted:
            told = figures.count(connection, scope, kpis=["alerts", "persons"], now=town.now).whole
            assert (told["alerts"].value, told["persons"].value) == (many, 1), scope
        assert next(event["what"] for event in town.rows(tables.events)) == "imported"


def test_a_line_that_contradicts_itself_is_refused_with_every_reason(town: Town) -> None:
    """An adopter's file had a met text, a contact by nobody, an open case, a closing in the future: each is named."""
    assert faults(town, dispatches=[{"channel": "sms", "outcome": "met", "at": "2022-03-01T10:00:00+08:00"}]) == {
        "history.dispatches.0"
    }
    assert faults(town, contacted_at="2022-03-01T10:00:00+08:00") == {"history"}
    assert faults(town, close_code="temp_unreachable") == {"history"}
    assert faults(town, closed_at="2099-03-01T10:00:00+08:00") == {"history.closed_at"}
    assert faults(town, received_at=7, closed_at="soon") == {"history.received_at", "history.closed_at"}


def test_a_made_up_year_is_imported_whole(town: Town) -> None:
    """A sample of two weeks came in: by type, county and hour, and dispatches by channel, it sums to its total."""
    days = {"first": date(2022, 1, 1), "last": date(2022, 1, 14)}
    lines = list(make_history(200, seed=3, now=town.now, **days))
    found = [read_past(one.encode(), now=town.now, rules=RULES) for one in lines]
    pasts = [one for one in found if isinstance(one, Past)]
    assert keep_past(town.store, pasts, policy=DEFAULT, now=town.now) == Kept(200, 0)
    while figures.fold(town.store, now=town.now):
        pass
    with town.store.read() as connection:
        for by in ("type", "county", "hour"):
            rows = figures.count(connection, Scope(history=True), kpis=["alerts"], by=[by], now=town.now).rows
            assert sum(cells["alerts"].numerator for cells in rows.values()) == 200, by
        rows = figures.count(connection, Scope(), kpis=["dispatches"], by=["channel"], now=town.now).rows
        total = len(town.rows(tables.dispatches))
        assert sum(cells["dispatches"].numerator for cells in rows.values()) == total > 200
