"""How a person comes in at the pages: accounts, sessions, and tries to sign in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, rule, to, word


class Account(SQLModel, table=True):
    """A person's name and password for the pages.

    `api_key` is the row under which his deeds and readings stand in the access log, with his role and unit; nobody
    knows a secret for it, so it opens no API. Revoking that key disables the account.
    """

    __tablename__ = "accounts"

    id: UUID = Field(sa_column=key())
    person_id: UUID = Field(sa_column=to("people"))
    api_key: UUID = Field(sa_column=to("api_keys"))
    login: str = Field(sa_column=word(32, unique=True))
    password: str = Field(sa_column=Column(String(160), nullable=False))
    made_at: datetime = Field(sa_column=instant())
    changed_at: datetime = Field(sa_column=instant())


class Session(SQLModel, table=True):
    """One sign-in at the pages; the cookie's digest finds it.

    It lives until `expires_at`, which looking moves ahead, but not beyond `ends_at`; or until somebody signs out.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        rule("expires_at <= ends_at", "expires_before_it_ends"),
        Index("ix_sessions_ends_at", "ends_at"),
    )

    id: UUID = Field(sa_column=key())
    digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    api_key: UUID = Field(sa_column=to("api_keys", index=True))
    remote: str = Field(sa_column=word(64))
    made_at: datetime = Field(sa_column=instant())
    seen_at: datetime = Field(sa_column=instant())
    expires_at: datetime = Field(sa_column=instant())
    ends_at: datetime = Field(sa_column=instant())
    signed_out_at: datetime | None = Field(sa_column=instant(nullable=True))


class SignInTry(SQLModel, table=True):
    """One try to sign in, kept for a day, so that guessing becomes slow.

    The name that was tried is kept as an index only: people type passwords into the wrong field.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (
        Index(
            "ix_sign_in_tries_failed",
            "login_index",
            "at",
            sqlite_where=text("NOT worked"),
            postgresql_where=text("NOT worked"),
        ),
        Index("ix_sign_in_tries_remote", "remote", "at"),
    )

    id: UUID = Field(sa_column=key())
    at: datetime = Field(sa_column=instant(index=True))
    login_index: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    remote: str = Field(sa_column=word(64))
    worked: bool = Field(sa_column=Column(Boolean(create_constraint=True, name="worked_is_boolean"), nullable=False))
