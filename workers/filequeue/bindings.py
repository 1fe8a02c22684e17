"""Exchanges on disk: type and bindings, one file each, replaced whole, made again from memory if lost or broken."""

import errno
import fcntl
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.filequeue.folders import TRIES, Layout, ensure, entries, flush_folder, from_json, write_file
from workers.filequeue.names import Stamps, folder_name

TABLE = ".json"
TYPES = ("direct", "topic", "fanout")

# routing key, pattern (topic exchanges only), queue: as kombu's exchange types want it.
Binding = tuple[str, str | None, str]


@dataclass(frozen=True)
class Table:
    """One exchange; bindings in the order they were made."""

    type: str
    bindings: tuple[Binding, ...] = ()


# Inode, change time (ns) and size of the file, and what it said.
Seen = tuple[tuple[int, int, int], Table]


@dataclass
class Tables:
    """All exchanges of one folder, as this process knows them. Threads may share it."""

    layout: Layout
    stamps: Stamps
    set_aside: Callable[[Path, str], None]
    durable: bool = False
    # Asserted for as long as this process lives.
    mine: dict[str, dict[Binding, str]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    # Last seen on disk: what a publisher that declared nothing restores after a loss.
    seen: dict[str, Seen] = field(default_factory=dict)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def read(self, exchange: str) -> Table | None:
        """The table now; None if nobody knows this exchange. Restores a table that was lost or broken."""
        file = self._file(exchange)
        known = self.seen.get(exchange)
        try:
            stat = file.stat()
            identity = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if known and known[0] == identity:
                return known[1]
            table = parse(file.read_bytes())
        except (FileNotFoundError, ValueError):
            # Whoever knows nothing of the exchange must not make up a table; those who do will restore it.
            if not known and exchange not in self.mine and exchange not in self.types:
                return None
            return self._change(exchange, "direct", lambda bindings: bindings)
        self.seen[exchange] = (identity, table)
        return table

    def declare(self, exchange: str, kind: str) -> None:
        """Make the exchange known, or give it this type."""
        self.types[exchange] = kind
        table = self.read(exchange)
        if table is None or table.type != kind:
            self._change(exchange, kind, lambda bindings: bindings, retype=True)

    def bind(self, exchange: str, kind: str, binding: Binding) -> None:
        with self._guard:
            self.mine.setdefault(exchange, {})[binding] = kind
        table = self.read(exchange)
        if table is None or binding not in table.bindings:
            self._change(exchange, kind, lambda bindings: [*bindings, binding])

    def unbind(self, exchange: str, binding: Binding) -> None:
        with self._guard:
            self.mine.get(exchange, {}).pop(binding, None)
        table = self.read(exchange)
        if table is not None and binding in table.bindings:
            self._change(exchange, table.type, lambda bindings: [b for b in bindings if b != binding])

    def drop_queue(self, queue_folder: str) -> None:
        """Unbind the queue of this folder name everywhere; by folder name, since a sweep knows no other."""

        def others(bindings: list[Binding]) -> list[Binding]:
            return [b for b in bindings if folder_name(b[2]) != queue_folder]

        with self._guard:
            for bindings in self.mine.values():
                for binding in [b for b in bindings if folder_name(b[2]) == queue_folder]:
                    del bindings[binding]
        for exchange, table in self._on_disk():
            if len(others(list(table.bindings))) != len(table.bindings):
                self._change(exchange, table.type, others)

    def drop(self, exchange: str) -> None:
        """Forget all bindings. The empty table stays: a missing file would be taken for a loss."""
        with self._guard:
            self.mine.pop(exchange, None)
        if self.read(exchange) is not None:
            self._change(exchange, "direct", lambda bindings: [])

    def assert_mine(self) -> None:
        """Bring back what this process declared and the disk has lost."""
        with self._guard:
            mine = {exchange: dict(bindings) for exchange, bindings in self.mine.items()}
        for exchange, bindings in mine.items():
            for binding, kind in bindings.items():
                table = self.read(exchange)
                if table is None or binding not in table.bindings:
                    self._change(exchange, kind, lambda on_disk: on_disk)

    def _on_disk(self) -> Iterator[tuple[str, Table]]:
        for name in entries(self.layout.exchanges):
            if name.endswith(TABLE):
                try:
                    data = from_json((self.layout.exchanges / name).read_bytes())
                    exchange = str(data["exchange"])
                except (OSError, ValueError, TypeError, KeyError):
                    continue
                table = self.read(exchange)
                if table is not None:
                    yield exchange, table

    def _change(
        self,
        exchange: str,
        kind: str,
        edit: Callable[[list[Binding]], list[Binding]],
        *,
        retype: bool = False,
    ) -> Table:
        """Read, edit, replace, alone in this folder. What this process declared is always in the result."""
        for _ in range(TRIES):
            with suppress(FileNotFoundError):
                return self._change_once(exchange, kind, edit, retype=retype)
        raise OSError(errno.ENOENT, "the exchanges' folder is deleted again and again")

    def _change_once(
        self, exchange: str, kind: str, edit: Callable[[list[Binding]], list[Binding]], *, retype: bool
    ) -> Table:
        file = self._file(exchange)
        with self._guard, self._alone():
            before = self._reread(file)
            base = before or self._remembered(exchange, kind)
            mine = self.mine.get(exchange, {})
            bindings = list(dict.fromkeys([*edit(list(base.bindings)), *mine]))
            after = Table(kind if retype else base.type, tuple(bindings))
            if after != before:
                draft = self.layout.exchanges / (self.stamps.next() + ".draft")
                write_file(draft, unparse(exchange, after), durable=self.durable)
                draft.replace(file)
                if self.durable:
                    flush_folder(self.layout.exchanges)
            stat = file.stat()
            self.seen[exchange] = ((stat.st_ino, stat.st_mtime_ns, stat.st_size), after)
            return after

    def _reread(self, file: Path) -> Table | None:
        try:
            return parse(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            self.set_aside(file, "broken exchange table, made again")
            return None

    def _remembered(self, exchange: str, kind: str) -> Table:
        if exchange in self.seen:
            return self.seen[exchange][1]
        bound_as = next(iter(self.mine.get(exchange, {}).values()), kind)
        return Table(self.types.get(exchange, bound_as))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's one writer lock."""
        lock = self.layout.exchanges / ".lock"
        while True:
            try:
                fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                ensure(self.layout.exchanges, durable=self.durable)
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
                try:
                    still_there = os.path.samestat(os.fstat(fd), lock.stat())
                except FileNotFoundError:
                    still_there = False
                # The folder may have been deleted while we waited: that lock guards nothing any more.
                if still_there:
                    yield
                    return
            finally:
                os.close(fd)

    def _file(self, exchange: str) -> Path:
        return self.layout.exchanges / (folder_name(exchange) + TABLE)


def parse(data: bytes) -> Table:
    """Raises: ValueError: not a table of ours."""
    table: Any = from_json(data)
    if not isinstance(table, dict) or table.get("type") not in TYPES:
        raise ValueError("not an exchange table")
    bindings = []
    for row in table.get("bindings") or []:
        if not isinstance(row, list) or len(row) != 3:
            raise ValueError("a binding is three words")
        key, pattern, queue = row
        if not isinstance(key, str) or not isinstance(queue, str) or not isinstance(pattern, str | None):
            raise ValueError("a binding is three words")
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as bad:
                raise ValueError("a binding's pattern is no pattern") from bad
        bindings.append((key, pattern, queue))
    return Table(table["type"], tuple(bindings))


def unparse(exchange: str, table: Table) -> bytes:
    return json.dumps({"exchange": exchange, "type": table.type, "bindings": table.bindings}).encode()
