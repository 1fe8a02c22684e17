"""Guessing made slow: failed tries are counted by name and by address, over all processes.

Our first guess at the limits, to be measured: a person mistypes a few times; a machine needs thousands.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from dispatcher import tables
from dispatcher.ids import new_id

WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)
BY_NAME_HERE, BY_NAME, BY_ADDRESS = 5, 30, 60
"""Failed tries within the window: for a name from one address, for a name from anywhere, for an address."""


def must_wait(connection: Connection, login_index: bytes, remote: str, now: datetime) -> bool:
    """Whether this name or this address has failed too often of late."""
    table = tables.sign_in_tries
    failed = select(func.count()).select_from(table).where(table.c.worked.is_(False), table.c.at > now - WINDOW)
    named, here = table.c.login_index == login_index, table.c.remote == remote
    return any(
        connection.execute(failed.where(*which)).scalar_one() >= most
        for which, most in (((named, here), BY_NAME_HERE), ((named,), BY_NAME), ((here,), BY_ADDRESS))
    )


def note_try(connection: Connection, login_index: bytes, remote: str, now: datetime, *, worked: bool) -> None:
    """Keep a try for a day. One that worked wipes the failed ones of the same name and address."""
    table = tables.sign_in_tries
    connection.execute(delete(table).where(table.c.at < now - KEPT))
    if worked:
        mine = (table.c.login_index == login_index, table.c.remote == remote, table.c.worked.is_(False))
        connection.execute(delete(table).where(*mine))
    row = {"id": new_id(), "at": now, "login_index": login_index, "remote": remote, "worked": worked}
    connection.execute(insert(table), [row])
