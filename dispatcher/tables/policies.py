"""One row is a policy as it was when some case was planned by it."""

from datetime import datetime

from sqlalchemy import Column, String, Text
from sqlmodel import Field, SQLModel

from dispatcher.tables.columns import instant, word


class PolicyText(SQLModel, table=True):
    """Written once by intake, never changed: `digest` is the SHA-256 of `body`."""

    __tablename__ = "policies"

    digest: str = Field(sa_column=Column(String(64), primary_key=True))
    name: str = Field(sa_column=word())
    body: str = Field(sa_column=Column(Text, nullable=False))
    first_used_at: datetime = Field(sa_column=instant())
