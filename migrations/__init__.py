"""Changes of the tables, in order, by Alembic; `migrate(url)` brings a database to today's."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

FOLDER = Path(__file__).parent


def alembic_config(engine: Engine | None = None) -> Config:
    """Alembic's configuration, without a file: the scripts are here, the database is handed in."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    return config


def migrate(engine: Engine) -> str:
    """Bring the database to the newest tables. Safe to call again. Returns the revision that it now has."""
    command.upgrade(alembic_config(engine), "head")
    return newest()


def newest() -> str:
    """The newest revision there is."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None
    return head


def present(engine: Engine) -> str | None:
    """The revision that the database has; None: it has no tables of ours yet."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
