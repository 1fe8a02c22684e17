"""Accounts: a person of a unit, with a role, a login name and a password."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from dispatcher import tables
from dispatcher.access import make_key
from dispatcher.accounts import passwords
from dispatcher.alert.unencrypted import NO_PERSON_WANTED, is_persons_number
from dispatcher.ids import new_id
from dispatcher.keys import Keyring
from dispatcher.words import Role

LOGIN = re.compile(r"[a-z][a-z0-9._-]{2,31}", re.ASCII)


class AccountWrong(Exception):
    """An account cannot be made or changed so: the text says what would be right."""


class Loginless(Exception):
    """There is no account of this name."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One account as a list shows it."""

    login: str
    role: str
    unit: str
    made_at: datetime
    seen_at: datetime | None
    disabled: bool


def add(
    connection: Connection,
    keys: Keyring,
    *,
    login: str,
    password: str,
    role: Role,
    unit: str,
    now: datetime,
    name: str | None = None,
) -> None:
    """Make an account. `name` is the person's own, sealed; the login name stands in timelines and the access log.

    Raises: AccountWrong: the name is taken or unfit, the password too weak, no such unit, a role without pages.
    """
    table = tables.accounts
    if not LOGIN.fullmatch(login) or is_persons_number(login):
        raise AccountWrong(
            f"a login name must be 3 to 32 of a-z, 0-9, dot, dash and underscore, a letter first; {NO_PERSON_WANTED}"
        )
    if role is Role.UPSTREAM:
        raise AccountWrong("an upstream is a machine: make it a key (quanzu keys make)")
    _refuse_weak(password)
    if connection.execute(select(table.c.id).where(table.c.login == login)).first() is not None:
        raise AccountWrong("this login name is taken")
    unit_id = connection.execute(select(tables.units.c.id).where(tables.units.c.code == unit)).scalar()
    if unit_id is None:
        raise AccountWrong("unit must be the code of a unit, such as 140000 or 140105")
    person_id = new_id()
    person = {
        "id": person_id,
        "unit_id": unit_id,
        "role": role.value,
        "name_sealed": keys.seal((name or login).encode(), "people", person_id),
        "key_id": keys.current,
    }
    connection.execute(insert(tables.people), [person])
    account = {
        "id": new_id(),
        "person_id": person_id,
        "api_key": _name_in_the_log(connection, role, unit_id, login, person_id, now),
        "login": login,
        "password": passwords.digest(password),
        "made_at": now,
        "changed_at": now,
    }
    connection.execute(insert(table), [account])


def _name_in_the_log(
    connection: Connection, role: Role, unit_id: UUID, login: str, person_id: UUID, now: datetime
) -> UUID:
    """The key under which the person is logged; its secret is thrown away unseen."""
    made = make_key(connection, role=role, unit_id=unit_id, label=f"person {login}", now=now)
    table = tables.api_keys
    mine = table.c.prefix == made.removeprefix("qz_").partition(".")[0]
    connection.execute(update(table).where(mine).values(person_id=person_id, digest=secrets.token_bytes(32)))
    found: UUID = connection.execute(select(table.c.id).where(mine)).scalar_one()
    return found


def set_password(connection: Connection, login: str, password: str, *, now: datetime) -> None:
    """Give an account a new password; it is signed out everywhere. Raises: Loginless, AccountWrong."""
    _refuse_weak(password)
    table = tables.accounts
    change = update(table).where(table.c.login == login).values(password=passwords.digest(password), changed_at=now)
    if connection.execute(change).rowcount == 0:
        raise Loginless("there is no account of this name; see quanzu people list")
    _sign_out_everywhere(connection, login, now)


def disable(connection: Connection, login: str, *, now: datetime) -> None:
    """Close an account for good; it is signed out everywhere. Safe to call twice. Raises: Loginless."""
    account, key = tables.accounts, tables.api_keys
    mine = select(account.c.api_key).where(account.c.login == login)
    found = connection.execute(mine).scalar()
    if found is None:
        raise Loginless("there is no account of this name; see quanzu people list")
    connection.execute(update(key).where(key.c.id == found, key.c.revoked_at.is_(None)).values(revoked_at=now))
    _sign_out_everywhere(connection, login, now)


def listed(connection: Connection) -> list[Listed]:
    """All accounts by name, with when each was last seen at the pages."""
    account, key, unit, session = tables.accounts, tables.api_keys, tables.units, tables.sessions
    query = (
        select(account.c.login, account.c.made_at, key.c.role, key.c.revoked_at, unit.c.code, key.c.id)
        .join(key, account.c.api_key == key.c.id)
        .join(unit, key.c.unit_id == unit.c.id)
        .order_by(account.c.login)
    )
    last = select(session.c.api_key, func.max(session.c.seen_at, type_=session.c.seen_at.type)).group_by(
        session.c.api_key
    )
    seen: dict[UUID, datetime] = {row[0]: row[1] for row in connection.execute(last)}
    return [
        Listed(row.login, row.role, row.code, row.made_at, seen.get(row.id), row.revoked_at is not None)
        for row in connection.execute(query)
    ]


def _refuse_weak(password: str) -> None:
    if (fault := passwords.fault_of(password)) is not None:
        raise AccountWrong(fault)


def _sign_out_everywhere(connection: Connection, login: str, now: datetime) -> None:
    session, account = tables.sessions, tables.accounts
    mine = select(account.c.api_key).where(account.c.login == login).scalar_subquery()
    here = (session.c.api_key == mine, session.c.signed_out_at.is_(None))
    connection.execute(update(session).where(*here).values(signed_out_at=now))
