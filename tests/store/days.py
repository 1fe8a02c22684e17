"""A few days in the town, drawn by chance: alerts, news, reports and time go by, and every kind of row comes to be."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from story import Town

from dispatcher import tables
from dispatcher.worklist import report_follow_up

PEOPLE = tuple(f"1380000{number:04d}" for number in range(12))
REGIONS = ("140105", "140106", "140202", "140211", "140213")
"""Two of them are codes of old."""
TYPES = ("fake_police", "fake_loan", "elder_fraud")
SOURCES = ("bank", "payment", "police_110")


def live(town: Town, *, seed: int, steps: int) -> None:
    """Let `steps` things happen, each with some time after it."""
    draw = random.Random(seed)
    for _ in range(steps):
        draw.choice((_hear, _hear, _work, _work, _news, _report, _report, _tick, _follow_up))(town, draw)
        town.later(seconds=draw.choice((1, 20, 300, 4000, 40_000)))


def _hear(town: Town, draw: random.Random) -> None:
    occurred = town.now - town.now.resolution * draw.randrange(1, 1_500_000_000)
    told: dict[str, Any] = {
        "source": draw.choice(SOURCES),
        "risk": draw.choice(("L1", "L2", "L3", "L4")),
        "fraud_type": draw.choice(TYPES),
        "region": draw.choice(REGIONS),
    }
    if draw.random() < 0.7:
        told["occurred_at"] = occurred.isoformat()
    if draw.random() < 0.1:
        told["pushed_at"] = (town.now - town.now.resolution * 10**6 * 90_000).isoformat()
    result = town.hears_of(draw.choice(PEOPLE), **told)
    if draw.random() < 0.1:
        town.withdraws(result.source_ref or "", source=told["source"])


def _work(town: Town, _draw: random.Random) -> None:
    town.works()


def _news(town: Town, draw: random.Random) -> None:
    waiting = town.rows(tables.dispatches, state="handed_over")
    machines = [row for row in waiting if row["means"] in ("carrier", "robot")]
    if machines:
        row = draw.choice(machines)
        codes = ("DELIVRD", "UNDELIV", "EXPIRED") if row["means"] == "carrier" else ("HEARD", "NO_ANSWER", "HUNG_UP")
        town.told(town.reference(row), draw.choice(codes))


def _report(town: Town, draw: random.Random) -> None:
    waiting = town.rows(tables.dispatches, state="handed_over")
    tasks = [row for row in waiting if row["means"] in ("human", "officer")]
    if not tasks:
        return
    task = draw.choice(tasks)
    if draw.random() < 0.6:
        town.signs_in(task)
        town.later(minutes=draw.choice((1, 30)))
        task = next(row for row in town.rows(tables.dispatches) if row["id"] == task["id"])
        if task["state"] != "handed_over":
            return
    visit = task["means"] == "officer"
    if draw.random() < 0.3:
        (town.not_met if visit else town.missed)(task)
    elif draw.random() < 0.3:
        paid = {
            "verdict": "defrauded",
            "dissuasion": None,
            "defrauded_yuan": Decimal(draw.randrange(1, 10**6)) / 100,
            "stopped_yuan": Decimal(draw.randrange(0, 100)),
            "fraud_time": town.now - town.now.resolution * draw.randrange(10**11),
            "actual_fraud_type": draw.choice(TYPES),
        }
        (town.met if visit else town.reached)(task, **paid)
    else:
        saved = {"dissuaded_yuan": Decimal(draw.randrange(0, 10**6)) / 100}
        (town.met if visit else town.reached)(
            task, dissuasion=draw.choice(("timely", "self_aware", "refused")), **saved
        )


def _tick(town: Town, _draw: random.Random) -> None:
    town.ticks()


def _follow_up(town: Town, draw: random.Random) -> None:
    due = [row for row in town.limits("follow_up") if row["due_at"] <= town.now and row["void_at"] is None]
    if due:
        loss = Decimal(500) if draw.random() < 0.3 else None
        how = {"valid": draw.random() < 0.7, "later_loss_yuan": loss, "now": town.now}
        report_follow_up(town.store, town.desk, draw.choice(due)["id"], **how)
