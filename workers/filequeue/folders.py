"""Making, writing and flushing: the few things done to the disk, each closed to other users."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.filequeue.names import folder_name

# Each try mends what was missing before it; more would only race an operator's `rm -r`.
TRIES = 20
LAST_OF_TRIES = (*[False] * (TRIES - 1), True)


@dataclass(frozen=True)
class Layout:
    """Where things lie under one folder."""

    root: Path

    @property
    def queues(self) -> Path:
        return self.root / "queues"

    @property
    def owners(self) -> Path:
        return self.root / "owners"

    @property
    def exchanges(self) -> Path:
        return self.root / "exchanges"

    @property
    def set_aside(self) -> Path:
        return self.root / "set-aside"

    def queue(self, name: str) -> Path:
        return self.queues / folder_name(name)


def ensure(folder: Path, *, durable: bool = False) -> None:
    """Make the folder and its missing parents, 0700; with `durable` their entries reach the disk."""
    # An operator may be deleting the tree at this moment, so a parent may vanish between two steps.
    for last in LAST_OF_TRIES:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            return
        except FileNotFoundError:
            if last:
                raise
            ensure(folder.parent, durable=durable)
        else:
            if durable:
                flush_folder(folder.parent)
            return


def write_file(file: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a whole file, 0600. Nobody else may know its name yet."""
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def flush_folder(folder: Path) -> None:
    """Make the folder's entries reach the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def entries(folder: Path) -> list[str]:
    """The names in a folder, unordered; none if the folder is gone."""
    try:
        with os.scandir(folder) as found:
            return [entry.name for entry in found]
    except (FileNotFoundError, NotADirectoryError):
        return []


def from_json(data: bytes) -> Any:
    """Raises: ValueError: not JSON, whatever the reason."""
    try:
        return json.loads(data)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep
