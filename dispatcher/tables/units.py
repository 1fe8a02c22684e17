"""Who may see and do what, and who did: units, people, keys, access."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Integer, LargeBinary, String
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, one_of, sealed, to, word
from dispatcher.words import Role


class Unit(SQLModel, table=True):
    """An anti-fraud centre or station; a tree of its own, with a region as an attribute.

    `looked_at` is when somebody of the unit last opened its worklist; `noticed_at` when its duty phone was last told.
    """

    __tablename__ = "units"

    id: UUID = Field(sa_column=key())
    code: str = Field(sa_column=word(16, unique=True))
    name: str = Field(sa_column=word(64))
    region: str = Field(sa_column=word(6, index=True))
    parent_id: UUID | None = Field(sa_column=to("units", nullable=True))
    duty_phone_sealed: bytes | None = Field(sa_column=sealed(nullable=True))
    key_id: str | None = Field(sa_column=word(16, nullable=True))
    looked_at: datetime | None = Field(sa_column=instant(nullable=True))
    noticed_at: datetime | None = Field(sa_column=instant(nullable=True))


class Person(SQLModel, table=True):
    """An officer, caller or supervisor of a unit; the name is sealed."""

    __tablename__ = "people"
    __table_args__ = (one_of("role", Role),)

    id: UUID = Field(sa_column=key())
    unit_id: UUID = Field(sa_column=to("units", index=True))
    role: str = Field(sa_column=word(16))
    name_sealed: bytes = Field(sa_column=sealed())
    key_id: str = Field(sa_column=word(16))


class ApiKey(SQLModel, table=True):
    """A machine's or person's key: only its digest is kept; `prefix` finds it; scope is a role and a unit's subtree."""

    __tablename__ = "api_keys"
    __table_args__ = (one_of("role", Role),)

    id: UUID = Field(sa_column=key())
    prefix: str = Field(sa_column=word(12, unique=True))
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    label: str = Field(sa_column=word(64))
    role: str = Field(sa_column=word(16))
    unit_id: UUID = Field(sa_column=to("units"))
    source: str | None = Field(sa_column=word(64, nullable=True))
    person_id: UUID | None = Field(sa_column=to("people", nullable=True))
    made_at: datetime = Field(sa_column=instant())
    revoked_at: datetime | None = Field(sa_column=instant(nullable=True))


class Access(SQLModel, table=True):
    """One reading of personal fields or one deed of an operator, append-only: each row's hash covers the row before.

    So none can vanish. A deed stands in `fields` as `did:hold`; it names a case where it was about one.
    """

    __tablename__ = "access_log"

    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=instant())
    key: UUID = Field(sa_column=to("api_keys"))
    role: str = Field(sa_column=word(16))
    unit_id: UUID = Field(sa_column=to("units"))
    remote: str = Field(sa_column=word(64))
    case_id: UUID | None = Field(sa_column=to("cases", nullable=True, index=True))
    fields: str = Field(sa_column=Column(String(128), nullable=False))
    why: str = Field(sa_column=word(128))
    hash: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
