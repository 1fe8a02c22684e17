"""Upstreams that hear by the queue: who has been bound, and what is kept for one whose queue is gone for a while.

A wiped broker has our exchange again within seconds, and an upstream's queue when that upstream is back. What the
broker returns meanwhile is kept here, for whoever was bound within `REMEMBERED`, and for `KEPT`. Whoever was never
bound is not waited for: no row is kept for him.

All of it is written by the publisher that has the turn, in the transaction that keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from dispatcher import tables
from dispatcher.store import Store
from dispatcher.upstreams.messages import Telling

REMEMBERED = timedelta(days=30)
KEPT = timedelta(days=1)
MOST = 100_000
"""So many outcomes are kept for one upstream; of more, the oldest go first."""
NOTED = timedelta(minutes=1)
"""That somebody is bound is written this often."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
ENOUGH_TRIES = 120
"""Tries within about an hour."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who was bound for a key, when last; `gone`: outcomes wait that came back."""

    heard_at: datetime
    gone: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """The oldest outcomes that wait for one key, and their rows."""

    key: str
    rows: list[int]
    tellings: list[Telling]

    def first(self, many: int) -> Waiting:
        """The first so many of them."""
        return Waiting(self.key, self.rows[:many], self.tellings[:many])


def known(connection: Connection, *, now: datetime) -> dict[str, Listener]:
    """By key: everybody who is waited for if what is published comes back."""
    table = tables.listeners
    query = select(table.c.key, table.c.heard_at, table.c.gone_since).where(
        table.c.gone_since.is_not(None) | (table.c.heard_at > now - REMEMBERED)
    )
    return {row.key: Listener(row.heard_at, row.gone_since is not None) for row in connection.execute(query)}


def heard(connection: Connection, keys: Collection[str], listeners: Mapping[str, Listener], *, now: datetime) -> None:
    """Somebody was bound for each of these. Writes only what is new, or older than a minute."""
    table = tables.listeners
    old = sorted(key for key in keys if key not in listeners or listeners[key].heard_at < now - NOTED)
    for key in old:
        if connection.execute(update(table).where(table.c.key == key).values(heard_at=now)).rowcount == 0:
            connection.execute(insert(table).values(key=key, heard_at=now, tries=0))


def keep(connection: Connection, tellings: Sequence[Telling], *, now: datetime) -> None:
    """These came back, or stand behind what did. Each one's key is a listener's."""
    if not tellings:
        return
    table = tables.listeners
    keys = {telling.key for telling in tellings}
    gone = {"gone_since": now, "next_try_at": now + timedelta(seconds=FIRST_PAUSE_S), "tries": 1}
    connection.execute(update(table).where(table.c.key.in_(keys), table.c.gone_since.is_(None)).values(**gone))
    rows = [{"key": one.key, "number": one.number, "body": one.body.decode()} for one in tellings]
    connection.execute(insert(tables.listener_letters), rows)


def due(store: Store, *, now: datetime) -> list[str]:
    """The keys for which outcomes wait and whose pause is over."""
    table = tables.listeners
    with store.read() as connection:
        return list(connection.execute(select(table.c.key).where(table.c.next_try_at <= now)).scalars())


def waiting(store: Store, key: str, *, limit: int) -> Waiting:
    """The oldest that wait for one key."""
    letter = tables.listener_letters
    query = select(letter.c.id, letter.c.number, letter.c.body).where(letter.c.key == key)
    with store.read() as connection:
        rows = connection.execute(query.order_by(letter.c.id).limit(limit)).all()
    source = key.partition(".")[2]
    return Waiting(key, [row.id for row in rows], [Telling(row.number, source, row.body.encode()) for row in rows])


def told(connection: Connection, waiting: Waiting, *, now: datetime) -> bool:
    """These are on their way. True when more wait, which may follow at once: whoever hears again has a day anew."""
    table, letter = tables.listeners, tables.listener_letters
    if waiting.rows:
        passed = letter.c.id.between(waiting.rows[0], waiting.rows[-1])
        connection.execute(delete(letter).where(letter.c.key == waiting.key, passed))
    more = connection.execute(select(letter.c.id).where(letter.c.key == waiting.key).limit(1)).first() is not None
    state = (
        {"gone_since": now, "next_try_at": now, "tries": 1}
        if more
        else {"gone_since": None, "next_try_at": None, "tries": 0}
    )
    connection.execute(update(table).where(table.c.key == waiting.key).values(heard_at=now, **state))
    return more


def came_back(connection: Connection, key: str, *, gone: bool = True, now: datetime) -> int:
    """Still nobody is bound (`gone`), or his queue is full: try later, or give up whoever has been gone for `KEPT`.

    Given up is only who was tried often enough: after a standstill of our own he may be back in a minute. Returns how
    many were dropped.
    """
    table, letter = tables.listeners, tables.listener_letters
    row = connection.execute(select(table).where(table.c.key == key)).one()
    its = delete(letter).where(letter.c.key == key)
    if gone and row.tries >= ENOUGH_TRIES and row.gone_since <= now - KEPT:
        dropped = connection.execute(its).rowcount
        connection.execute(delete(table).where(table.c.key == key))
        return int(dropped)
    pause = timedelta(seconds=min(FIRST_PAUSE_S * 2.0 ** min(row.tries, 20), LONGEST_PAUSE_S))
    connection.execute(update(table).where(table.c.key == key).values(next_try_at=now + pause, tries=row.tries + 1))
    newest = select(letter.c.id).where(letter.c.key == key).order_by(letter.c.id.desc()).offset(MOST).limit(1)
    last = connection.execute(newest).scalar()
    return 0 if last is None else int(connection.execute(its.where(letter.c.id <= last)).rowcount)


def gone(connection: Connection) -> tuple[int, int, datetime | None]:
    """How many upstreams have lost their queue, how many outcomes wait for them, and since when the first has."""
    table, letter = tables.listeners, tables.listener_letters
    many, since = connection.execute(
        select(func.count(), func.min(table.c.gone_since)).where(table.c.gone_since.is_not(None))
    ).one()
    rows = select(letter.c.id).limit(50_000).subquery()
    return many, connection.execute(select(func.count()).select_from(rows)).scalar_one() if many else 0, since
