"""Alembic's entry: runs the migrations on the engine that `migrations.migrate` hands in."""

from typing import Any, Literal

from alembic import context

from dispatcher.tables import metadata
from dispatcher.tables.columns import Instant


def render(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """An instant is an ordinary timestamp to the database: migrations must not import today's code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


engine = context.config.attributes["engine"]
with engine.connect().execution_options(quanzu_write=True) as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
