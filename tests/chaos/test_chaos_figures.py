"""A campaign goes red when figures at rest are not a recount of their rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import update

from cli.sample_history import make_history
from config.policy import load_policy
from dispatcher import tables
from dispatcher.alert import Rules
from dispatcher.history import Past, keep_past, read_past
from dispatcher.store import Store

from .verdict import not_recounted

PUSH_S = 600.0
DAY = date(2022, 3, 1)


def test_a_figure_that_nobody_would_recount_turns_the_verdict_red(store: Store) -> None:
    """Somebody's figures held; then they were written past, and the verdict says of how many cases and days."""
    now = datetime.now(UTC)
    assert not_recounted(store, PUSH_S) == ["no case's figures were compared"]
    (line,) = make_history(1, first=DAY, last=DAY, seed=1, now=now)
    past = read_past(line.encode(), now=now, rules=Rules.shipped())
    assert isinstance(past, Past)
    keep_past(store, [past], policy=load_policy("default"), now=now)
    assert not_recounted(store, PUSH_S) == []
    with store.write() as connection:
        connection.execute(update(tables.figures_alerts).values(texts=7))
    assert not_recounted(store, PUSH_S) == [
        "1 cases have figures that are not what their rows say",
        "3 sums of a day and region are not those of their cases",
    ]
