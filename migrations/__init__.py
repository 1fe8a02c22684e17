"""Changes of the tables, in order, by Alembic; `migrate(url)` brings a database to today's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from migrations.room import make_room

FOLDER = Path(__file__).parent
LOCK = 0x7175_616E_7A75
"""The number of the lock under which one process at a time changes the tables; "quanzu" in ASCII."""


def alembic_config(engine: Engine | None = None) -> Config:
    """Alembic's configuration, without a file: the scripts are here, the database is handed in."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    return config


def migrate(engine: Engine) -> str:
    """Bring the database to the newest tables. Safe to call again, and by many at once: one works, the rest wait.

    Returns the revision that it now has.
    """
    if present(engine) != newest():
        with _alone(engine):
            command.upgrade(alembic_config(engine), "head")  # whoever waited finds it done
            make_room(engine)
    return newest()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """PostgreSQL: nobody else migrates meanwhile. The lock ends with its connection, whatever becomes of us.

    SQLite needs none: Alembic's transaction begins as a writer there, and looks at the revision inside.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    # no transaction stays open beside the migrations: it would hold up an index that is made concurrently
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def newest() -> str:
    """The newest revision there is."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def present(engine: Engine) -> str | None:
    """The revision that the database has; None: it has no tables of ours yet."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
