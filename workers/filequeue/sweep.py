"""Housekeeping: messages of dead processes go back, queues that nobody reads end."""

import logging
import math
import os
import shutil
from contextlib import suppress
from pathlib import Path

from workers.filequeue.folders import Layout, ensure, entries, write_file
from workers.filequeue.names import MESSAGE, returned
from workers.filequeue.owner import LOCK, NEW, lock_of_the_dead

log = logging.getLogger(__name__)

EXPIRES = "expires"
# A home without a lock is being made, or is being deleted by an operator; after this it is neither.
UNFINISHED_S = 60.0


def put_back_claims_of_the_dead(layout: Layout, own_home: Path, *, now_s: float) -> int:
    """Clear the homes whose owner is dead. Several processes at once are harmless.

    Returns: how many messages went back into their queues.
    """
    count = 0
    for name in entries(layout.owners):
        home = layout.owners / name
        if home == own_home:
            continue
        with suppress(FileNotFoundError):
            if name.endswith(NEW) or not (home / LOCK).exists():
                if now_s - home.stat().st_mtime > UNFINISHED_S:
                    count += _clear(layout, home)
                continue
            lock = lock_of_the_dead(home)
            if lock is not None:
                try:
                    count += _clear(layout, home)
                finally:
                    os.close(lock)
    if count:
        log.info("put back %d messages of processes that died", count)
    return count


def _clear(layout: Layout, home: Path) -> int:
    count = 0
    for queue_name in entries(home / "claimed"):
        queue = layout.queues / queue_name
        ensure(queue)
        for name in sorted(entries(home / "claimed" / queue_name)):
            with suppress(FileNotFoundError):
                (home / "claimed" / queue_name / name).rename(queue / returned(name))
                count += 1
    # A failed rename leaves its message where it is, and then the home must stay too.
    if not any(entries(home / "claimed" / queue_name) for queue_name in entries(home / "claimed")):
        shutil.rmtree(home, ignore_errors=True)
    return count


def purge(queue: Path) -> int:
    """Remove what is ready; what is claimed stays with its claimant. Returns: how many."""
    count = 0
    for name in entries(queue):
        if name.endswith(MESSAGE):
            with suppress(FileNotFoundError):
                (queue / name).unlink()
                count += 1
    return count


def size(queue: Path) -> int:
    """Messages ready, >= 0."""
    return sum(name.endswith(MESSAGE) for name in entries(queue))


def let_expire(queue: Path, after_s: float) -> None:
    """The queue ends when nobody has read or declared it for so many seconds."""
    with suppress(FileNotFoundError):
        write_file(queue / EXPIRES, f"{after_s:.3f}".encode())


def touch(queue: Path) -> None:
    """Start the queue's time anew, if it has one."""
    with suppress(FileNotFoundError):
        os.utime(queue / EXPIRES)


def expired(layout: Layout, *, now_s: float, grace_s: float) -> list[Path]:
    """Queues whose time has run out. `grace_s` is the least that is waited: readers tell only now and then."""
    over = []
    for name in entries(layout.queues):
        queue = layout.queues / name
        with suppress(FileNotFoundError, ValueError):
            idle_s = now_s - (queue / EXPIRES).stat().st_mtime
            after_s = float((queue / EXPIRES).read_bytes())
            if math.isfinite(after_s) and idle_s > max(after_s, grace_s):
                over.append(queue)
    return over
