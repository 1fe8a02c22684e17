"""Who is at work, and whether the work is done in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from cli.doctor.check import Check, State, judged
from cli.say import why
from config.settings import Settings
from dispatcher import measures, tables
from dispatcher.health import troubles
from dispatcher.presence import ALIVE, our_version
from dispatcher.standing import Standing, standings
from dispatcher.store import make_engine

LANES = ("intake", "urgent", "routine", "web")
LATE_S = {"urgent": (5.0, 30.0), "routine": (600.0, 3600.0)}
"""Seconds behind after which a lane is told as late, and as failing."""
LATELY = timedelta(hours=1)


def engine(settings: Settings) -> Iterator[Check]:
    """Workers, clock, lanes, news, refusals, what upstreams are told, units."""
    source = make_engine(settings.database)
    now = datetime.now(UTC)
    try:
        with source.connect() as connection:
            yield from _workers(connection, now)
            told = list(standings(connection, now=now))
            yield from _clock(told)
            yield from _lanes(told)
            yield from _rest(told)
            yield _units(connection)
            for line in troubles(connection, now):
                yield Check("carrier", State.WARN, line, "see the runbook: a carrier refuses")
    except SQLAlchemyError as fault:
        yield Check("engine", State.FAIL, why(fault), "see the runbook: the database is away")
    finally:
        source.dispose()


def _workers(connection: Connection, now: datetime) -> Iterator[Check]:
    table = tables.workers
    rows = connection.execute(select(table).where(table.c.seen_at > now - LATELY)).mappings().all()
    alive = [row for row in rows if row["seen_at"] >= now - ALIVE]
    by_lane = defaultdict(list)
    for row in alive:
        by_lane[row["lane"]].append(row)
    says = ", ".join(f"{lane} {len(by_lane[lane])}" for lane in LANES)
    lacking = [lane for lane in LANES if not by_lane[lane]]
    if lacking:
        todo = "; ".join(f"`quanzu {'web' if lane == 'web' else f'worker --lane {lane}'}`" for lane in lacking)
        yield Check("workers", State.FAIL, f"none of {', '.join(lacking)} ({says})", f"start {todo}")
    else:
        yield Check("workers", State.OK, says)
    silent = [f"{row['name']} on {row['host']}" for row in rows if row not in alive]
    if silent:
        yield Check("silent", State.WARN, f"fell silent within the hour: {', '.join(silent[:5])}", "see their logs")
    others = {row["version"] for row in alive} - {our_version()}
    if others:
        says = f"this is {our_version()}, others run {', '.join(sorted(others))}"
        yield Check("versions", State.WARN, says, "finish the upgrade on every host")


def _clock(told: list[Standing]) -> Iterator[Check]:
    lag, done = _of(told, measures.CLOCK.name), _of(told, measures.CLOCK_DONE.name)
    if lag is None:
        yield Check("clock", State.FAIL, "has never taken a turn", "start a worker; every worker runs the clock")
        return
    todo = "see the runbook: the clock lags"
    yield judged("clock", lag, f"last turn {lag:.1f} s ago", warn=5.0, fail=10.0, todo=todo)
    if done is None:
        yield Check("duties", State.WARN, "no turn has ended with all duties done", todo)
    else:
        says = f"a turn last ended with all duties done {done:.1f} s ago"
        yield judged("duties", done, says, warn=30.0, fail=120.0, todo=todo)


def _lanes(told: list[Standing]) -> Iterator[Check]:
    for lane, (warn, fail) in LATE_S.items():
        ages = [one.value for one in told if one.measure is measures.OLDEST and one.labels[0] == lane]
        waiting = next((one.value for one in told if one.measure is measures.LANE and one.labels[0] == lane), 0.0)
        oldest = max(ages, default=0.0)
        says = f"{waiting:,.0f} wait, the oldest has been due for {oldest:.0f} s"
        yield judged(lane, oldest, says, warn=warn, fail=fail, todo="see the runbook: work piles up")
    unsent = max(one.value for one in told if one.measure is measures.UNSENT and one.labels[1] == "no")
    says = f"the oldest urgent dispatch that was never handed over was planned {unsent:.0f} s ago"
    if not unsent:
        says = "every urgent dispatch that is not held has been handed over once"
    warn, fail = LATE_S["urgent"]
    yield judged("unsent", unsent, says, warn=warn, fail=fail, todo="see the runbook: an L1 waits")


def _rest(told: list[Standing]) -> Iterator[Check]:
    """What is late, was refused, or stands still by somebody's word."""
    news, news_s = _of(told, measures.NEWS.name) or 0, _of(told, measures.NEWS_AGE.name) or 0
    says = f"{news:,.0f} wait to be placed, the most overdue for {news_s:.0f} s"
    yield judged("receipts", news_s, says, warn=30.0, todo="see the runbook: news is not placed")
    unsure, unsure_s = _of(told, measures.ASKING.name) or 0, _of(told, measures.ASKING_AGE.name) or 0
    says = f"{unsure:,.0f} tries to ask a carrier for, the most overdue for {unsure_s:.0f} s"
    yield judged("unsure", unsure_s, says, warn=30.0, todo="see the runbook: unsure tries pile up")
    dead = _of(told, measures.DEAD.name) or 0
    says = f"{dead:,.0f} alerts of the last day are refused and not mended"
    yield judged("dead letters", dead, says, warn=0, todo="`quanzu dead list` says why; tell their upstreams")
    overdue = sum(one.value for one in told if one.measure is measures.OVERDUE)
    missed = sum(one.value for one in told if one.measure is measures.MISSED)
    says = f"{missed:,.0f} promises of the last day are missed and owed, {overdue:,.0f} not yet noticed"
    todo = "see the runbook: the clock lags" if overdue else "people are late: see the worklists of the units"
    yield judged("promises", missed + overdue, says, warn=0, todo=todo)
    held = _of(told, measures.HELD.name) or 0
    yield judged("held", held, f"{held:,.0f} dispatches are held back", warn=0, todo="release them when they may go")
    waiting, oldest = _of(told, measures.OUTCOMES.name) or 0, _of(told, measures.OUTCOMES_AGE.name) or 0
    failing = _of(told, measures.HOOKS.name) or 0
    gone = _of(told, measures.LISTENERS.name) or 0
    says = f"{waiting:,.0f} to be told, the oldest for {oldest:.0f} s; {failing:.0f} addresses fail"
    says += f"; the queues of {gone:.0f} upstreams are gone" if gone else ""
    part = "an upstream's queue is gone" if gone else "upstreams are not told"
    yield judged("outcomes", max(oldest, 61 * (failing + gone)), says, warn=60.0, todo=f"see the runbook: {part}")


def _units(connection: Connection) -> Check:
    table = tables.units
    all_, told = connection.execute(select(func.count(), func.count(table.c.duty_phone_sealed))).one()
    says = f"{all_} units, {told} with a duty phone"
    if told:
        return Check("units", State.OK, says)
    return Check("units", State.WARN, says, "`quanzu units duty-phone CODE`, so that one that does not look is told")


def _of(told: list[Standing], name: str) -> float | None:
    """The value of a measure without labels."""
    return next((one.value for one in told if one.measure.name == name), None)
