"""What is kept of a campaign, to be read after it: everybody's logs and, where something did not hold, all rows."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import LargeBinary, select

from dispatcher import tables
from dispatcher.store import Store


def keep_logs(folders: Sequence[Path], to: Path) -> None:
    """Copy what everybody logged."""
    to.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        for log in folder.glob("*.log"):
            shutil.copyfile(log, to / log.name)


def keep_rows(store: Store, ledger: Path, to: Path) -> None:
    """The town's ledger, and each table as a CSV file, without what is sealed or stands for a person."""
    to.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ledger, to / ledger.name)
    for table in tables.metadata.sorted_tables:
        columns = [column for column in table.columns if not isinstance(column.type, LargeBinary)]
        with store.read() as connection, (to / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([column.name for column in columns])
            rows.writerows(connection.execute(select(*columns)))
