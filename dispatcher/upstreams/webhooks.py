"""Upstreams with an address of their own: each has its own waiting line, its own tries, its own pauses."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, update

from dispatcher import tables
from dispatcher.ids import new_id
from dispatcher.keys import Keyring
from dispatcher.store import Store
from dispatcher.upstreams.messages import Telling
from dispatcher.upstreams.signing import host_of

MOST = 100
"""Outcomes in one request."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 600.0


class NoSuchWebhook(ValueError):
    """This source has no webhook: `quanzu upstreams list` shows them."""


class StillWaiting(ValueError):
    """Outcomes wait for this webhook, and would be lost with it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where one upstream is told, and what signs it."""

    webhook_id: UUID
    source: str
    url: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Errand:
    """Up to 100 outcomes that go to one address in one request; `claim` is who may say what came of it."""

    address: Address
    claim: datetime
    tries: int
    letters: list[int]
    body: bytes = field(repr=False)


def add(connection: Connection, keys: Keyring, source: str, url: str, *, secret: str, now: datetime) -> None:
    """Tell this source at this address from now on; what waits for an older address goes to the new one.

    Raises: AddressRefused.
    """
    table, host = tables.webhooks, host_of(url)
    found = connection.execute(select(table.c.id).where(table.c.source == source)).scalar()
    webhook_id = found or new_id()
    plain = json.dumps({"url": url, "secret": secret}).encode()
    place = {"host": host, "sealed": keys.seal(plain, "webhooks", webhook_id), "key_id": keys.current}
    fresh = {"state": "working", "failing_since": None, "tries": 0, "next_try_at": now}
    if found is None:
        named = {"id": webhook_id, "source": source, "made_at": now, "last_status": None, "last_at": None}
        connection.execute(insert(table).values(**named, **place, **fresh))
    else:
        connection.execute(update(table).where(table.c.id == webhook_id).values(**place, **fresh))


def remove(connection: Connection, source: str, *, drop: bool) -> int:
    """This source is told by the exchange again. Returns how many waiting outcomes were dropped.

    Raises: NoSuchWebhook. StillWaiting: outcomes wait, and `drop` is False.
    """
    table, letter = tables.webhooks, tables.webhook_letters
    found = connection.execute(select(table.c.id).where(table.c.source == source).with_for_update()).scalar()
    if found is None:
        raise NoSuchWebhook(f"no webhook is set for the source {source}; `quanzu upstreams list` shows them")
    mine = letter.c.webhook_id == found
    if not drop and connection.execute(select(letter.c.id).where(mine).limit(1)).first() is not None:
        raise StillWaiting("outcomes wait for this webhook; mend its address with `add`, or give --drop to lose them")
    dropped = connection.execute(delete(letter).where(mine)).rowcount
    connection.execute(delete(table).where(table.c.id == found))
    return int(dropped)


def address_of(connection: Connection, keys: Keyring, source: str) -> Address:
    """Where this source is told. Raises: NoSuchWebhook."""
    table = tables.webhooks
    row = connection.execute(select(table.c.id, table.c.sealed, table.c.key_id).where(table.c.source == source)).first()
    if row is None:
        raise NoSuchWebhook(f"no webhook is set for the source {source}; `quanzu upstreams list` shows them")
    return _opened(keys, row.id, source, row.sealed, row.key_id)


def _opened(keys: Keyring, webhook_id: UUID, source: str, sealed: bytes, key_id: str) -> Address:
    plain = json.loads(keys.open(sealed, key_id, "webhooks", webhook_id))
    return Address(webhook_id, source, plain["url"], plain["secret"])


def by_source(connection: Connection) -> dict[str, UUID]:
    """The webhook of each source that has one."""
    table = tables.webhooks
    rows = connection.execute(select(table.c.source, table.c.id))
    return {row.source: row.id for row in rows}


def put(connection: Connection, tellings: Sequence[Telling], hooks: dict[str, UUID], *, now: datetime) -> None:
    """Put these in the lines of their webhooks, in order. The caller commits.

    Raises: IntegrityError: a webhook was removed meanwhile; look again who has one.
    """
    rows = [
        {"webhook_id": hooks[telling.source], "at": now, "body": telling.body.decode()}
        for telling in tellings
        if telling.source is not None
    ]
    if rows:
        connection.execute(insert(tables.webhook_letters), rows)


def due(store: Store, *, now: datetime) -> list[UUID]:
    """The webhooks for which something waits and whose pause is over."""
    table, letter = tables.webhooks, tables.webhook_letters
    waits = select(letter.c.id).where(letter.c.webhook_id == table.c.id).exists()
    with store.read() as connection:
        return list(connection.execute(select(table.c.id).where(table.c.next_try_at <= now, waits)).scalars())


def claim(store: Store, webhook_id: UUID, *, length: timedelta, now: datetime) -> Errand | None:
    """Take the next outcomes of one webhook, for `length`. Commits. None: somebody else has them, or there are none."""
    table, letter = tables.webhooks, tables.webhook_letters
    mine = update(table).where(table.c.id == webhook_id, table.c.next_try_at <= now)
    with store.write() as connection:
        if connection.execute(mine.values(next_try_at=now + length)).rowcount != 1:
            return None
        row = connection.execute(select(table).where(table.c.id == webhook_id)).one()
        query = select(letter.c.id, letter.c.body).where(letter.c.webhook_id == webhook_id)
        letters = connection.execute(query.order_by(letter.c.id).limit(MOST)).all()
        if not letters:
            connection.execute(update(table).where(table.c.id == webhook_id).values(next_try_at=now))
            return None
        address = _opened(store.keys, row.id, row.source, row.sealed, row.key_id)
    body = b"[" + b",".join(one.body.encode() for one in letters) + b"]"
    return Errand(address, now + length, row.tries, [one.id for one in letters], body)


def settle(store: Store, errand: Errand, *, delivered: bool, status: str, chance: float, now: datetime) -> None:
    """Write what came of it. Commits. What was delivered is never sent again, whoever holds the claim by now."""
    table, letter = tables.webhooks, tables.webhook_letters
    pause = timedelta(0) if delivered else timedelta(seconds=pause_s(errand.tries + 1, chance))
    ours = update(table).where(table.c.id == errand.address.webhook_id, table.c.next_try_at == errand.claim)
    told = {"last_status": status[:32], "last_at": now, "next_try_at": now + pause}
    with store.write() as connection:
        if delivered:
            connection.execute(delete(letter).where(letter.c.id.in_(errand.letters)))
            connection.execute(ours.values(**told, state="working", failing_since=None, tries=0))
        else:
            since = select(table.c.failing_since).where(table.c.id == errand.address.webhook_id)
            first = connection.execute(since).scalar() or now
            connection.execute(ours.values(**told, state="failing", failing_since=first, tries=errand.tries + 1))


def release(store: Store, errand: Errand, *, now: datetime) -> None:
    """Give a claim back undone; the next one may take it at once. Commits."""
    table = tables.webhooks
    ours = update(table).where(table.c.id == errand.address.webhook_id, table.c.next_try_at == errand.claim)
    with store.write() as connection:
        connection.execute(ours.values(next_try_at=now))


def pause_s(tries: int, chance: float) -> float:
    """Seconds before the next request after so many failed ones (>= 1): doubled from 1 s to 10 min, and up to a half
    less by `chance` (0 .. 1), so that those who failed together do not come back together.
    """
    longest = min(FIRST_PAUSE_S * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE_S)
    return longest * (1.0 - chance / 2)


def new_secret() -> str:
    """A fresh secret for an upstream, 256 bits in hexadecimal."""
    return secrets.token_hex(32)
