"""How things stand right now, for operators: counts and ages that are cheap however much history there is.

Each statement reads one partial index, and stops counting at a bound. `standings` is what /metrics tells and what
`quanzu doctor` judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, FromClause, func, literal, literal_column, or_, select
from sqlalchemy.sql.elements import ColumnElement

from dispatcher import measures, presence, tables
from dispatcher.casebook import OPEN
from dispatcher.health import health
from dispatcher.measures import Measure
from dispatcher.routing.breaker import State
from dispatcher.routing.reasons import ONLY_LIVE, WINDOW
from dispatcher.ticking import DONE, SWEEP
from dispatcher.upstreams import listeners
from dispatcher.words import Channel, DeadlineKind, DispatchState, Risk, StopState

FRONT = 10_000
"""So many of a lane's waiting dispatches, those rung for next, are looked at one by one."""
LANE_MOST, FEW, MANY = 200_000, 50_000, 100_000
RECENT = timedelta(days=1)
LANES = ("urgent", "routine")
NOTICING = timedelta(seconds=10)
"""So long the clock may take to notice that a promise has run out."""


class Standing(NamedTuple):
    """One value of one measure, with its labels in the measure's order."""

    measure: Measure
    labels: tuple[str, ...]
    value: float


def standings(connection: Connection, *, now: datetime) -> Iterator[Standing]:
    """Everything, read in the caller's transaction."""
    yield from _waiting(connection, now)
    yield from _unsent(connection, now)
    yield from _in_hand(connection)
    yield from _news(connection, now)
    yield from _promises(connection, now)
    yield from _stops(connection, now)
    yield from _outcomes(connection, now)
    yield from _carriers(connection, now)
    last = last_sweep(connection)
    if last is not None:
        yield Standing(measures.CLOCK, (), _age(last, now))
        yield Standing(measures.SWEPT, (), last.timestamp())
    done = _ticked(connection, DONE)
    if done is not None:
        yield Standing(measures.CLOCK_DONE, (), _age(done, now))
    there = presence.alive(connection, now=now)
    for lane in (*LANES, "intake", "web"):
        yield Standing(measures.WORKERS, (lane,), there.get(lane, 0))


def last_sweep(connection: Connection) -> datetime | None:
    """When the clock last took a turn; None: never."""
    return _ticked(connection, SWEEP)


def _ticked(connection: Connection, duty: str) -> datetime | None:
    table = tables.ticks
    return connection.execute(select(table.c.ticked_at).where(table.c.duty == duty)).scalar()


def _waiting(connection: Connection, now: datetime) -> Iterator[Standing]:
    """The front of each lane by channel and level, and how long the lane is behind it."""
    table = tables.dispatches
    for lane in LANES:
        free = (_is(table.c.state, DispatchState.WAITING), table.c.held_by.is_(None), table.c.lane == lane)
        front = select(table.c.channel, table.c.risk, table.c.due_at).where(*free)
        front_rows = front.order_by(table.c.ring_at).limit(FRONT).subquery()
        query = select(front_rows.c.channel, front_rows.c.risk, func.count(), func.min(front_rows.c.due_at))
        found = connection.execute(query.group_by(front_rows.c.channel, front_rows.c.risk)).all()
        seen = 0
        for channel, risk, many, oldest in found:
            seen += many
            yield Standing(measures.WAITING, (lane, channel, risk), many)
            yield Standing(measures.OLDEST, (lane, channel, risk), _age(oldest, now))
        whole = seen if seen < FRONT else _count(connection, table, *free, most=LANE_MOST)
        yield Standing(measures.LANE, (lane,), whole)


def _unsent(connection: Connection, now: datetime) -> Iterator[Standing]:
    """How long the urgent who were never handed over have waited: what puts one off moves its due time, not this.

    Who waits rightly is left out: a person who has had all that a carrier's contract allows, and a rehearsal for which
    there is no carrier that contacts nobody.
    """
    table = tables.dispatches
    rightly = table.c.reason.in_((WINDOW, ONLY_LIVE))
    never = (
        _is(table.c.state, DispatchState.WAITING),
        table.c.lane == "urgent",
        table.c.handed_over_at.is_(None),
        or_(table.c.reason.is_(None), ~rightly),
    )
    for word, held in (("no", table.c.held_by.is_(None)), ("yes", table.c.held_by.is_not(None))):
        rows = select(table.c.risk, table.c.planned_at).where(*never, held)
        front = (rows.order_by(table.c.ring_at) if word == "no" else rows).limit(FEW).subquery()
        found = select(front.c.risk, func.min(front.c.planned_at)).group_by(front.c.risk)
        oldest: dict[str, datetime] = dict(connection.execute(found).all())
        for level in (Risk.L1, Risk.L2):
            waited_s = _age(oldest[level], now) if level in oldest else 0.0
            yield Standing(measures.UNSENT, (level.value, word), waited_s)


def _in_hand(connection: Connection) -> Iterator[Standing]:
    """What workers hold, what awaits news, what is held back."""
    table = tables.dispatches
    leased = select(table.c.channel).where(_is(table.c.state, DispatchState.UNDERWAY)).limit(FEW).subquery()
    rows = connection.execute(select(leased.c.channel, func.count()).group_by(leased.c.channel))
    underway: dict[str, int] = dict(rows.all())
    for channel in Channel:
        yield Standing(measures.UNDERWAY, (channel,), underway.get(channel, 0))
        handed = (table.c.channel == channel.value, _is(table.c.state, DispatchState.HANDED_OVER))
        yield Standing(measures.AWAITING, (channel,), _count(connection, table, *handed, most=MANY))
    yield Standing(measures.HELD, (), _count(connection, table, table.c.held_by.is_not(None)))
    case = tables.cases
    yield Standing(measures.CASES, (), _count(connection, case, _is(case.c.state, OPEN), most=LANE_MOST))


def _news(connection: Connection, now: datetime) -> Iterator[Standing]:
    """News that waits, tries that nobody can tell of, and what was refused."""
    receipt, attempt, dead = tables.receipts, tables.attempts, tables.dead_letters
    waiting = _is(receipt.c.state, "waiting")
    yield Standing(measures.NEWS, (), _count(connection, receipt, waiting))
    yield Standing(measures.NEWS_AGE, (), _since_least(connection, receipt.c.again_at, waiting, now=now))
    asked = attempt.c.ask_at.is_not(None)
    yield Standing(measures.ASKING, (), _count(connection, attempt, asked))
    yield Standing(measures.ASKING_AGE, (), _since_least(connection, attempt.c.ask_at, asked, now=now))
    kept = (dead.c.received_at >= now - RECENT, dead.c.state == "kept")
    yield Standing(measures.DEAD, (), _count(connection, dead, *kept))


def _promises(connection: Connection, now: datetime) -> Iterator[Standing]:
    """Promises that the clock should have noticed, and those it found missed."""
    table = tables.deadlines
    open_ = (table.c.done_at.is_(None), table.c.void_at.is_(None))
    over = select(table.c.kind).where(*open_, table.c.missed_at.is_(None), table.c.due_at <= now - NOTICING)
    missed = select(table.c.kind).where(*open_, table.c.missed_at >= now - RECENT)
    # a follow-up that is due is work, not a miss
    for measure, query in (
        (measures.OVERDUE, over.where(table.c.kind != DeadlineKind.FOLLOW_UP)),
        (measures.MISSED, missed),
    ):
        rows = query.limit(FEW).subquery()
        by_kind = select(rows.c.kind, func.count()).group_by(rows.c.kind)
        found: dict[str, int] = dict(connection.execute(by_kind).all())
        for kind in DeadlineKind:
            if kind is not DeadlineKind.FOLLOW_UP:
                yield Standing(measure, (kind,), found.get(kind, 0))


def _stops(connection: Connection, now: datetime) -> Iterator[Standing]:
    """Money that may be stopped: what a person is to decide, and what the bank is to answer."""
    table = tables.stop_payments
    open_ = select(table.c.state, func.count(), func.min(table.c.proposed_at)).where(
        table.c.state.in_([literal_column(f"'{state}'") for state in (StopState.PROPOSED, StopState.REQUESTED)])
    )
    found = {state: (many, oldest) for state, many, oldest in connection.execute(open_.group_by(table.c.state))}
    for state in (StopState.PROPOSED, StopState.REQUESTED):
        yield Standing(measures.STOPS, (state,), found.get(state, (0, None))[0])
    oldest = found.get(StopState.PROPOSED, (0, None))[1]
    yield Standing(measures.STOPS_AGE, (), 0.0 if oldest is None else _age(oldest, now))


def _outcomes(connection: Connection, now: datetime) -> Iterator[Standing]:
    """What upstreams are still to be told, whose address does not take it, and whose queue is gone."""
    outcome, letter, hook = tables.outcomes, tables.webhook_letters, tables.webhooks
    yield Standing(measures.OUTCOMES, (), _count(connection, outcome))
    oldest = connection.execute(select(outcome.c.at).order_by(outcome.c.number).limit(1)).scalar()
    yield Standing(measures.OUTCOMES_AGE, (), 0.0 if oldest is None else _age(oldest, now))
    yield Standing(measures.HOOK_LETTERS, (), _count(connection, letter))
    failing = select(func.count(), func.min(hook.c.failing_since)).where(hook.c.failing_since.is_not(None))
    many, since = connection.execute(failing).one()
    yield Standing(measures.HOOKS, (), many)
    yield Standing(measures.HOOKS_AGE, (), 0.0 if since is None else _age(since, now))
    many, kept, since = listeners.gone(connection)
    yield Standing(measures.LISTENER_LETTERS, (), kept)
    yield Standing(measures.LISTENERS, (), many)
    yield Standing(measures.LISTENERS_AGE, (), 0.0 if since is None else _age(since, now))


def _carriers(connection: Connection, now: datetime) -> Iterator[Standing]:
    """How the carriers fare of which anything is known."""
    for one in health(connection):
        carrier = (one.carrier,)
        yield Standing(measures.SHUT, carrier, 0.0 if one.state is State.CLOSED else 1.0)
        yield Standing(measures.SHARE, carrier, one.share or 0.0)
        if one.latency_s is not None:
            yield Standing(measures.LATENCY, carrier, one.latency_s)
        if one.our_fault_at is not None:
            yield Standing(measures.OUR_FAULT_AGE, carrier, _age(one.our_fault_at, now))


def _is(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """Said out in the statement, where an index of such rows alone needs it; our own words only."""
    return column == literal_column(f"'{word}'")


def _count(connection: Connection, table: FromClause, *where: ColumnElement[bool], most: int = FEW) -> int:
    """How many rows there are, up to `most`."""
    rows = select(literal(1)).select_from(table).where(*where).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(rows)).scalar_one())


def _since_least(connection: Connection, column: Any, where: ColumnElement[bool], *, now: datetime) -> float:
    """For how long the least of an indexed column has been over, in seconds; 0 when none is."""
    least = connection.execute(select(column).where(where).order_by(column).limit(1)).scalar()
    return 0.0 if least is None else _age(least, now)


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
