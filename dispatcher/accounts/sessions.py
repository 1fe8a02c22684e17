"""Sessions at the pages: made by a password or a key, found by a cookie's digest, ended by time or by hand."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from dispatcher import tables
from dispatcher.access import PREFIX, Visitor, note_deed, who
from dispatcher.accounts import guessing, passwords
from dispatcher.ids import new_id
from dispatcher.store import Store
from dispatcher.words import Role

IDLE = timedelta(hours=2)
"""A page that nobody looks at for so long is signed out; a wall screen asks by itself and stays."""
LONGEST = timedelta(days=7)
"""Then a password is asked for again, whoever looks."""
SEEN_EVERY = timedelta(minutes=1)
"""How precisely it is kept when a session was last seen: a page that asks every few seconds writes no more often."""
KEPT = timedelta(days=30)


class Refusal(StrEnum):
    """Why nobody was signed in. A wrong name and a wrong password are not told apart."""

    WRONG = "wrong"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: `token` goes into the cookie and is kept nowhere."""

    token: str = field(repr=False)
    visitor: Visitor


@dataclass(frozen=True, slots=True)
class Guest:
    """Whose session it is, and the unit by its name."""

    visitor: Visitor
    unit: str


def sign_in(store: Store, *, login: str, password: str, remote: str, now: datetime) -> SignedIn | Refusal:
    """Begin a session by name and password, or by an API key in place of the password. Commits.

    A key signs in as what it is, its role and its unit: the way in before there are accounts.
    """
    remote = remote[:64]
    by_key = password.startswith(PREFIX)
    named = password.partition(".")[0] if by_key else login.strip().lower()
    login_index = store.keys.index("login", named.encode())
    with store.read() as connection:
        if guessing.must_wait(connection, login_index, remote, now):
            return Refusal.WAIT
        visitor = who(connection, password) if by_key else None
        account = None if by_key else _account_of(connection, named)
    if not by_key:  # slow on purpose, so outside of any transaction; as slow for a name that nobody has
        fits = passwords.fits(password, account[0] if account else passwords.NOBODYS)
        visitor = account[1] if account and fits else None
    with store.write() as connection:
        guessing.note_try(connection, login_index, remote, now, worked=visitor is not None)
        if visitor is None:
            return Refusal.WRONG
        token = _begin(connection, visitor, remote, now)
        note_deed(connection, visitor, deed="sign_in", why="pages", remote=remote, now=now)
    return SignedIn(token, visitor)


def visitor_of(store: Store, token: str, *, now: datetime) -> Guest | None:
    """Whose session this cookie is; None: none, or it is over. Notes that it was seen, at most once a minute."""
    session, key, unit = tables.sessions, tables.api_keys, tables.units
    query = (
        select(session.c.id, session.c.seen_at, key.c.id.label("key"), key.c.label, key.c.role, key.c.unit_id)
        .add_columns(key.c.source, unit.c.region, unit.c.name)
        .join(key, session.c.api_key == key.c.id)
        .join(unit, key.c.unit_id == unit.c.id)
        .where(
            session.c.digest == _digest(token),
            session.c.signed_out_at.is_(None),
            session.c.expires_at > now,
            session.c.ends_at > now,
            key.c.revoked_at.is_(None),
        )
    )
    with store.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    if now - row.seen_at > SEEN_EVERY:
        with store.write() as connection:
            ends_at = connection.execute(select(session.c.ends_at).where(session.c.id == row.id)).scalar_one()
            seen = {"seen_at": now, "expires_at": min(now + IDLE, ends_at)}
            connection.execute(update(session).where(session.c.id == row.id).values(seen))
    visitor = Visitor(row.key, row.label, Role(row.role), row.unit_id, row.region, row.source)
    return Guest(visitor, row.name)


def sign_out(store: Store, token: str, visitor: Visitor, *, remote: str, now: datetime) -> None:
    """End the session of this cookie. Commits. Safe to call twice."""
    table = tables.sessions
    with store.write() as connection:
        mine = (table.c.digest == _digest(token), table.c.signed_out_at.is_(None))
        if connection.execute(update(table).where(*mine).values(signed_out_at=now)).rowcount:
            note_deed(connection, visitor, deed="sign_out", why="pages", remote=remote, now=now)


def form_token(token: str) -> str:
    """What every form of a session carries, so that no other site can send one: known only to who has the cookie."""
    return hashlib.sha256(b"form\0" + token.encode()).hexdigest()


def _account_of(connection: Connection, login: str) -> tuple[str, Visitor] | None:
    account, key, unit = tables.accounts, tables.api_keys, tables.units
    query = (
        select(account.c.password, key.c.id, key.c.label, key.c.role, key.c.unit_id, key.c.source, unit.c.region)
        .join(key, account.c.api_key == key.c.id)
        .join(unit, key.c.unit_id == unit.c.id)
        .where(account.c.login == login, key.c.revoked_at.is_(None))
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return row.password, Visitor(row.id, row.label, Role(row.role), row.unit_id, row.region, row.source)


def _begin(connection: Connection, visitor: Visitor, remote: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    table = tables.sessions
    connection.execute(delete(table).where(table.c.ends_at < now - KEPT))
    row = {
        "id": new_id(),
        "digest": _digest(token),
        "api_key": visitor.key_id,
        "remote": remote,
        "made_at": now,
        "seen_at": now,
        "expires_at": now + IDLE,
        "ends_at": now + LONGEST,
        "signed_out_at": None,
    }
    connection.execute(insert(table), [row])
    return token


def _digest(token: str) -> bytes:
    """A plain digest is enough: the token has 256 bits of chance."""
    return hashlib.sha256(token.encode()).digest()
