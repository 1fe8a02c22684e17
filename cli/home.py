"""A deployment on this machine: its folder, keys, tables, units, and the first key to use."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update

from config.faults import ConfigurationFault
from config.policy import load_policy
from config.regions import Regions
from config.settings import Settings
from dispatcher import tables
from dispatcher.access import PREFIX, make_key
from dispatcher.assign import Units
from dispatcher.sealed import keyring_for
from dispatcher.store import Store
from dispatcher.units import RegionRow, seed_units
from dispatcher.words import Role
from migrations import migrate
from workers.engine import keys_file, make_rules

FIRST_KEY = "first-key"
TOWN = "town"


@dataclass(frozen=True, slots=True)
class Home:
    """A prepared deployment."""

    settings: Settings
    store: Store
    first_key: str


def prepare(settings: Settings, *, keeper: bool = True) -> Home:
    """Make what is missing: folder (closed to others), keys, tables, units, first key. Safe to call again.

    A part of a deployment that may have many hosts (`keeper` False) makes no first key, and where the database is a
    server no encryption keys: each host would make its own, and none could read the others' rows.
    Raises: ConfigurationFault, KeyMissing, OSError, SQLAlchemyError, ValueError: what is there cannot be used.
    """
    make_folders(settings, "logs", "simulator", "runs")
    load_policy(settings.policy)
    make_rules(settings)
    if not (keeper or settings.database.startswith("sqlite:///") or settings.keys.exists()):
        raise ConfigurationFault(
            ["QUANZU_KEYS_FILE: must name the deployment's keys: `quanzu migrate` makes them, every host has a copy"]
        )
    store = open_store(settings)
    migrate(store.engine)
    now = datetime.now(UTC)
    with store.write() as connection:
        seed_units(connection, region_rows(Regions.load()), now)
    return Home(settings, store, first_key(settings, store) if keeper else "")


def make_folders(settings: Settings, *names: str) -> None:
    """The home and these folders in it, closed to others. Raises: ConfigurationFault: they cannot be made."""
    folder = settings.home.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        os.umask(0o077)
        for name in names:
            (folder / name).mkdir(exist_ok=True, mode=0o700)
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        raise ConfigurationFault([f"QUANZU_HOME: must be a folder of yours, or one that can be made: {why}"]) from fault


def open_store(settings: Settings) -> Store:
    """The database with this deployment's keys.

    Raises: KeyMissing: the key file is gone though the database holds sealed data.
    """
    return Store(settings.database, keyring_for(keys_file(settings), settings.database))


def region_rows(regions: Regions) -> list[RegionRow]:
    """The province, its prefectures and counties, parents first."""
    codes = {code for county in regions.counties for code in (county, *regions.ancestors(county))}
    return [
        RegionRow(code, regions.name(code), regions.parent(code))
        for code in sorted(codes, key=lambda code: (len(regions.ancestors(code)), code))
    ]


def first_key(settings: Settings, store: Store) -> str:
    """The administrator's key of this deployment; made once, kept in a file that only its owner can read.

    Several may start at once: the file that is there first is the key, and a key that came too late is revoked.
    """
    path = settings.home.resolve() / FIRST_KEY
    if path.exists():
        return path.read_text().strip()
    with store.write() as connection:
        root = Units(connection).root()
        key = make_key(connection, role=Role.ADMINISTRATOR, unit_id=root, label="first key", now=datetime.now(UTC))
    if write_private(path, key + "\n"):
        return key
    table, prefix = tables.api_keys, key.removeprefix(PREFIX).partition(".")[0]
    with store.write() as connection:
        connection.execute(update(table).where(table.c.prefix == prefix).values(revoked_at=datetime.now(UTC)))
    return path.read_text().strip()


def town_keys(store: Store) -> tuple[str, str]:
    """Fresh keys for the simulated callers and officers; those of the last start are revoked."""
    now = datetime.now(UTC)
    table = tables.api_keys
    with store.write() as connection:
        old = update(table).where(table.c.label.in_((f"{TOWN} caller", f"{TOWN} officer")))
        connection.execute(old.where(table.c.revoked_at.is_(None)).values(revoked_at=now))
        root = Units(connection).root()
        caller = make_key(connection, role=Role.CALLER, unit_id=root, label=f"{TOWN} caller", now=now)
        officer = make_key(connection, role=Role.OFFICER, unit_id=root, label=f"{TOWN} officer", now=now)
    return caller, officer


def simulator_secret(settings: Settings) -> str:
    """What signs the simulator's news: from the settings, else made once and kept in a private file."""
    given = settings.simulator_secret.get_secret_value()
    if given:
        return given
    path = settings.home.resolve() / "simulator" / "secret"
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> bool:
    """A file that only its owner can read, there whole or not at all. False: another was first, and is kept."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
