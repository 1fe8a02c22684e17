"""Room on the pages of PostgreSQL tables whose rows change: a new form of a row then lies beside the old one, and no
index has to learn where. The tables say how much (`fillfactor`); Alembic does not look at it.
"""

from __future__ import annotations

from sqlalchemy import Engine

from dispatcher.tables import metadata


def make_room(engine: Engine) -> None:
    """Tell PostgreSQL how full new pages may be. Old pages stay as they are. Safe to call again."""
    if engine.dialect.name != "postgresql":
        return
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for name, value in (table.dialect_options["postgresql"]["with"] or {}).items():
                connection.exec_driver_sql(f"ALTER TABLE {table.name} SET ({name} = {int(value)})")
