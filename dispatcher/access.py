"""Who is at the door: keys that are only known by their digest, roles, and the log of who read what."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, text

from dispatcher import tables
from dispatcher.ids import LETTERS, new_id
from dispatcher.store import is_postgres
from dispatcher.words import Role

PREFIX = "qz_"
PREFIX_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose key it was: role, unit (everything below it is in scope), and the one source an upstream speaks for."""

    key_id: UUID
    label: str
    role: Role
    unit_id: UUID
    region: str
    source: str | None


def make_key(
    connection: Connection, *, role: Role, unit_id: UUID, label: str, now: datetime, source: str | None = None
) -> str:
    """A new key, told once and never kept: `qz_`, 8 letters that find it, a dot, 43 that prove it."""
    prefix = "".join(secrets.choice(LETTERS) for _ in range(PREFIX_LETTERS))
    secret = secrets.token_urlsafe(32)
    row = {
        "id": new_id(),
        "prefix": prefix,
        "digest": _digest(secret),
        "label": label,
        "role": role.value,
        "unit_id": unit_id,
        "source": source,
        "person_id": None,
        "made_at": now,
        "revoked_at": None,
    }
    connection.execute(insert(tables.api_keys), [row])
    return f"{PREFIX}{prefix}.{secret}"


_BY_PREFIX = (
    select(tables.api_keys, tables.units.c.region)
    .join(tables.units, tables.api_keys.c.unit_id == tables.units.c.id)
    .where(tables.api_keys.c.prefix == bindparam("prefix"), tables.api_keys.c.revoked_at.is_(None))
)


def who(connection: Connection, key: str) -> Visitor | None:
    """Whose key this is; None for a wrong, unknown or revoked one."""
    prefix, _, secret = key.removeprefix(PREFIX).partition(".")
    row = connection.execute(_BY_PREFIX, {"prefix": prefix}).mappings().first()
    if row is None or not hmac.compare_digest(row["digest"], _digest(secret)):
        return None
    return Visitor(row["id"], row["label"], Role(row["role"]), row["unit_id"], row["region"], row["source"])


def _digest(secret: str) -> bytes:
    """A plain digest is enough: the secret has 256 bits of chance."""
    return hashlib.sha256(secret.encode()).digest()


def note_access(
    connection: Connection,
    visitor: Visitor,
    *,
    case_id: UUID | None,
    fields: Sequence[str],
    why: str,
    remote: str,
    now: datetime,
) -> None:
    """Append one reading of personal fields; its hash covers the row before, so that none can vanish unseen."""
    table = tables.access_log
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(7119)"))  # one writer of the chain at a time
    last = connection.execute(select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)).first()
    row = {
        "number": 1 if last is None else last.number + 1,
        "at": now,
        "key": visitor.key_id,
        "role": visitor.role.value,
        "unit_id": visitor.unit_id,
        "remote": remote[:64],
        "case_id": case_id,
        "fields": ",".join(fields),
        "why": why[:128],
    }
    row["hash"] = _chained(b"" if last is None else last.hash, row)
    connection.execute(insert(table), [row])


def note_deed(
    connection: Connection,
    visitor: Visitor,
    *,
    deed: str,
    why: str,
    remote: str,
    now: datetime,
    case_id: UUID | None = None,
) -> None:
    """Append one deed of an operator (hold, release, cancel, brake, withdraw, amend) to the same chain."""
    known = (
        case_id is not None
        and connection.execute(select(tables.cases.c.id).where(tables.cases.c.id == case_id)).scalar()
    )
    told = case_id if known else None
    note_access(connection, visitor, case_id=told, fields=(f"did:{deed}",), why=why, remote=remote, now=now)


def _chained(before: bytes, row: dict[str, object]) -> bytes:
    told = "|".join(
        value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in row.items()
        if name != "hash"
    )
    return hashlib.sha256(before + told.encode()).digest()


def broken_link(connection: Connection) -> int | None:
    """The number of the first row of the access log that was changed or whose forerunner is gone; None: all whole."""
    before, expected = b"", 1
    for row in connection.execute(select(tables.access_log).order_by(tables.access_log.c.number)).mappings():
        if row["number"] != expected or row["hash"] != _chained(before, dict(row)):
            return int(row["number"])
        before, expected = row["hash"], expected + 1
    return None
