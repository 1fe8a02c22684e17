"""One row is one line of a case's timeline."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Uuid
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, key, word


class Event(SQLModel, table=True):
    """Appended in the same transaction as the change it tells; never changed. Carries no personal data.

    `case_id` and `dispatch_id` are no references in the table's rules: there are six lines an alert, written beside
    the rows that they name, and PostgreSQL would look up and lock each of these once more.
    """

    __tablename__ = "events"

    id: UUID = Field(sa_column=key())
    case_id: UUID = Field(sa_column=Column(Uuid(), nullable=False, index=True))
    dispatch_id: UUID | None = Field(sa_column=Column(Uuid(), nullable=True))
    at: datetime = Field(sa_column=instant())
    actor: str = Field(sa_column=word(64))
    what: str = Field(sa_column=word(32))
    from_state: str | None = Field(sa_column=word(12, nullable=True))
    to_state: str | None = Field(sa_column=word(12, nullable=True))
    why: str | None = Field(sa_column=word(128, nullable=True))
