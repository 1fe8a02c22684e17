"""An import of history as it goes on: batches are kept, figures follow behind, and who waits sees how far it is.

    file ──► lines that are known already are passed over, others read ──► kept, BATCH in a transaction
                                                                              └──► folded by a thread beside it

It may be broken off at any moment and begun again: a batch is kept whole or not at all, what is known is not kept
twice, and what was kept and not folded is folded by the next import, or by any worker.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from threading import Event

from rich.console import Console
from rich.status import Status
from sqlalchemy.exc import DBAPIError, IntegrityError

from cli.say import told
from config.policy import Policy
from dispatcher import figures
from dispatcher.alert import Refused, Rules
from dispatcher.history import Kept, Past, keep_past, known_of, name_of, read_past
from dispatcher.store import Store

BATCH = 2_000
FOLD_EACH = 10_000
"""So many alerts are kept before the next fold begins: folding many at once is cheaper."""

EVERY_S = 5.0
LOOK_S = 0.2
TURNS = 3
AGAIN_S = 1.0
"""How often the same is tried, and how long after, where another import was keeping it or the database went away."""

Line = tuple[int, bytes]


@dataclass(slots=True)
class Tally:
    """What became of the lines so far."""

    new: int = 0
    known: int = 0
    refused: int = 0


class Import:
    """One import, file after file; `finish` at the end."""

    def __init__(self, store: Store, policy: Policy, rules: Rules, *, followed: Following, shown: Shown) -> None:
        self.tally = Tally()
        self._store, self._policy, self._rules = store, policy, rules
        self._followed, self._shown = followed, shown

    def take(self, file: Path) -> Iterator[str]:
        """Keep all alerts of a file. Yields a sentence for each line that was refused."""
        with file.open("rb") as stream:
            numbered = ((number, line) for number, line in enumerate(stream, 1) if line.strip())
            while lines := list(islice(numbered, BATCH)):
                fresh = self._without_known(lines)
                pasts, faulty = _read(fresh, self._rules)
                kept = self._keep(pasts)
                self.tally.new += kept.new
                self.tally.known += len(lines) - len(fresh) + kept.known
                self.tally.refused += len(faulty)
                self._followed.kept(kept.new)
                self._shown.at(file.name, sum(len(line) for _, line in lines), len(lines))
                yield from (f"{file.name} {fault}" for fault in faulty)

    def finish(self) -> None:
        """Fold what is left; comes back when every case that was touched until now is folded, by whomever."""
        until = datetime.now(UTC)
        while True:
            with self._store.read() as connection:
                waiting = figures.cases_waiting(connection, until=until)
            if waiting == 0:
                return
            self._shown.folding(waiting)
            self._followed.fold()
            time.sleep(LOOK_S)

    def _without_known(self, lines: Sequence[Line]) -> list[Line]:
        """Those of which no alert is kept; an import that is begun again is past the others within moments."""
        names = [name_of(line) for _, line in lines]
        with self._store.read() as connection:
            known = known_of(connection, {name for name in names if name is not None})
        return [line for line, name in zip(lines, names, strict=True) if name not in known]

    def _keep(self, pasts: Sequence[Past]) -> Kept:
        for left in reversed(range(TURNS)):
            try:
                return keep_past(self._store, pasts, policy=self._policy, now=datetime.now(UTC))
            except DBAPIError as fault:
                if not left or not _passes(fault):
                    raise
                time.sleep(AGAIN_S)
        raise AssertionError


def _passes(fault: DBAPIError) -> bool:
    """Whether the same may be tried again: another import kept some of these alerts this moment, or two dispatches drew
    one name; or the connection was lost, and nothing was kept."""
    return isinstance(fault, IntegrityError) or fault.connection_invalidated


def _read(lines: Sequence[Line], rules: Rules) -> tuple[list[Past], list[str]]:
    """The alerts, and a sentence for each line that was refused."""
    pasts, faulty = [], []
    for number, line in lines:
        found = read_past(line, now=datetime.now(UTC), rules=rules)
        if isinstance(found, Refused):
            why = "; ".join(f"{fault.field} {fault.message}" for fault in found.faults)
            faulty.append(f"line {number}: {why}")
        else:
            pasts.append(found)
    return pasts, faulty


class Following:
    """Folds behind the import, in a thread of its own: the database folds while the next lines are read and sealed."""

    def __init__(self, store: Store, on_time_push_s: float) -> None:
        self._store, self._push_s = store, on_time_push_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fold")
        self._stopping = Event()
        self._going: Future[None] | None = None
        self._kept = 0

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.shutdown()

    def kept(self, many: int) -> None:
        """So many cases more are to be folded. Raises: whatever the fold could not do."""
        self._kept += many
        if self._kept >= FOLD_EACH and self._may_go():
            self._kept = 0
            self.fold()

    def fold(self) -> None:
        """Begin, if it does not go on already. Raises: whatever the last one could not do."""
        if self._may_go():
            self._going = self._thread.submit(self._fold)

    def _may_go(self) -> bool:
        if self._going is None:
            return True
        if self._going.done():
            self._going.result()
            return True
        return False

    def _fold(self) -> None:
        lost = 0
        while not self._stopping.is_set():
            try:
                if not figures.fold(self._store, now=datetime.now(UTC), on_time_push_s=self._push_s, many=True):
                    return
                lost = 0
            except DBAPIError as fault:
                lost += 1
                if lost == TURNS or not fault.connection_invalidated:
                    raise
                time.sleep(AGAIN_S)


@dataclass(slots=True)
class Shown:
    """How far it is: a line that changes on a terminal, one now and then elsewhere. `size`: bytes of all files."""

    console: Console
    size: int
    began: float = field(default_factory=time.monotonic)
    _status: Status | None = None
    _said_at: float = field(default_factory=time.monotonic)
    _bytes: int = 0
    _lines: int = 0

    def __enter__(self) -> Shown:
        if self.console.is_terminal:
            self._status = self.console.status("")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def at(self, name: str, size: int, lines: int) -> None:
        """So many bytes and lines more of this file are done."""
        self._bytes += size
        self._lines += lines
        took = time.monotonic() - self.began
        left = took * (self.size - self._bytes) / self._bytes
        rate = f"{told(round(self._lines / took))}/s" if took > 0 else ""
        done = self._bytes * 100 // self.size
        self._say(f"{name} · {told(self._lines)} lines · {done} % · {rate} · {_about(left)} left")

    def folding(self, cases: int) -> None:
        """All lines are done; so many cases are not in the figures yet."""
        self._say(f"figures · {told(cases)} cases to go")

    def _say(self, line: str) -> None:
        line = f"{time.monotonic() - self.began:5.0f} s · {line}"
        if self._status is not None:
            self._status.update(line)
        elif time.monotonic() - self._said_at >= EVERY_S:
            self._said_at = time.monotonic()
            self.console.print(line, markup=False)


def _about(seconds: float) -> str:
    return f"about {seconds:.0f} s" if seconds < 100 else f"about {seconds / 60:.0f} min"
