"""Whether a database holds values that only its own keys can open; asked before new keys are made."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import exists, inspect, select

from dispatcher import tables
from dispatcher.keys import KeyMissing, Keyring, load_keyring
from dispatcher.store import make_engine

SEALED = (
    tables.cases,
    tables.alerts,
    tables.dead_letters,
    tables.receipts,
    tables.stop_payments,
    tables.units,
    tables.people,
    tables.webhooks,
)


def keyring_for(path: Path, database: str) -> Keyring:
    """The keys of `path`; made if the file is absent and the database at this URL holds nothing sealed.

    Raises: KeyMissing: the file is gone though there is something to open. ValueError, PermissionError: see
    `load_keyring`. SQLAlchemyError: the database cannot be asked.
    """
    # looked at again after the rows: whoever made keys meanwhile may have sealed some already
    if not path.exists() and holds_sealed(database) and not path.exists():
        raise KeyMissing(
            f"the key file {path.name} is gone, but the database holds sealed data: put it back from its backup"
        )
    return load_keyring(path)


def holds_sealed(database: str) -> bool:
    """Whether any row was ever sealed there. A SQLite file that is absent is not made."""
    if database.startswith("sqlite:///") and not Path(database.removeprefix("sqlite:///")).exists():
        return False
    engine = make_engine(database)
    try:
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names())
            return any(
                connection.execute(select(exists().where(table.c.key_id.is_not(None)))).scalar()
                for table in SEALED
                if table.name in there
            )
    finally:
        engine.dispose()
