"""One process in one folder: publish, claim, let go, put back, and keep the place in order."""

import atexit
import errno
import logging
import os
import secrets
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from kombu.transport.virtual import BrokerState
from kombu.utils.json import dumps

from workers.filequeue import sweep
from workers.filequeue.bindings import Seen, Tables
from workers.filequeue.claims import Claim, Claims
from workers.filequeue.folders import TRIES, Layout, ensure, flush_folder, write_file
from workers.filequeue.names import Stamps, returned
from workers.filequeue.owner import Owner

log = logging.getLogger(__name__)


class House:
    """Shared by all connections of this process to one folder. Threads may share it."""

    def __init__(self, root: Path, *, tend_every_s: float = 3.0, durable: bool = False) -> None:
        self.layout = Layout(root)
        ensure(root, durable=durable)
        with suppress(FileNotFoundError):
            if root.stat().st_mode & 0o077:
                root.chmod(0o700)
        self.stamps = Stamps(secrets.token_hex(4))
        self.claims = Claims()
        self.tables = Tables(self.layout, self.stamps, self.set_aside, durable)
        self.state = BrokerState()
        self.owner = Owner(self.layout)
        self._tend_every_s = tend_every_s
        self._tend_at = 0.0
        self._tending = threading.Lock()
        self._polled: set[Path] = set()
        self._expiries_s: dict[Path, float] = {}
        # How many consumers of this process read each queue.
        self.reading: Counter[Path] = Counter()

    def publish(self, queue: Path, payload: dict[str, Any], *, durable: bool = False) -> None:
        """A whole message lies in the queue when this returns; with `durable`, on the disk.

        Raises: OSError: nothing was published (disk full, not writable).
        """
        self._place(queue, self.stamps.next(), dumps(payload).encode(), durable=durable)

    def claim(self, queue: Path, name: str) -> Path | None:
        """The message's file, now this process's alone; None if another was quicker."""
        for _ in range(TRIES):
            taken = self.owner.home / "claimed" / queue.name
            try:
                return (queue / name).rename(taken / name)
            except FileNotFoundError:
                if taken.is_dir():
                    return None
                with suppress(FileNotFoundError):
                    self._recover()
                    ensure(taken)
        return None

    def let_go(self, claim: Claim) -> None:
        """The message is done with."""
        claim.file.unlink(missing_ok=True)

    def put_back(self, claim: Claim) -> None:
        """The message lies in its old place again, marked as come back.

        If an operator deleted the folder meanwhile it is written anew: it was not lost, we hold it.
        """
        name = returned(claim.file.name)
        for _ in range(TRIES):
            try:
                claim.file.rename(claim.queue_folder / name)
                break
            except FileNotFoundError:
                if not claim.file.exists():
                    if not claim.payload:
                        return
                    self._place(claim.queue_folder, name, dumps(claim.payload).encode())
                    break
                ensure(claim.queue_folder)
        claim.shelf.give_back(name)

    def set_aside(self, file: Path, why: str) -> None:
        """Take a file out of the way, whole. Logs no content: it may be about a person."""
        kept = self.layout.set_aside / f"{self.stamps.next()}~{file.name}"
        for _ in range(TRIES):
            try:
                size_bytes = file.stat().st_size
                file.rename(kept)
            except FileNotFoundError:
                if not file.exists():
                    return
                ensure(self.layout.set_aside)
            else:
                log.warning("set aside a file of %d bytes from %s: %s", size_bytes, file.parent.name, why)
                return

    def polled(self, queue: Path) -> None:
        """Somebody here still reads this queue."""
        self._polled.add(queue)

    def queue_is_gone(self, queue: Path) -> None:
        """A queue that is read here has lost its folder: make it, and all that we declared, again."""
        # While an operator is still deleting, each step may fail; the next poll tries again.
        with suppress(FileNotFoundError):
            ensure(queue)
            if queue in self._expiries_s:
                sweep.let_expire(queue, self._expiries_s[queue])
            self.owner.recover()
            self.tables.assert_mine()

    def let_expire(self, queue: Path, after_s: float) -> None:
        """The queue ends when nobody has read or declared it for so many seconds."""
        self._expiries_s[queue] = after_s
        sweep.let_expire(queue, after_s)

    def tend(self) -> None:
        """Every few seconds: put back what the dead held, bring back lost tables, end expired queues."""
        if time.monotonic() < self._tend_at or not self._tending.acquire(blocking=False):
            return
        try:
            self._tend_at = time.monotonic() + self._tend_every_s
            self.owner.recover()
            self.tables.assert_mine()
            polled, self._polled = self._polled, set()
            for queue in polled | {queue for queue, readers in list(self.reading.items()) if readers > 0}:
                sweep.touch(queue)
            sweep.put_back_claims_of_the_dead(self.layout, self.owner.home, now_s=time.time())
            for queue in sweep.expired(self.layout, now_s=time.time(), grace_s=3 * self._tend_every_s):
                self.delete_queue(queue)
        except OSError as failed:
            # Housekeeping is tried again in a few seconds; it must not end a consumer.
            log.warning("housekeeping failed: errno %s", failed.errno)
        finally:
            self._tending.release()

    def delete_queue(self, queue: Path) -> int:
        """Unbind and remove a queue with what waits in it. Returns how many messages were removed."""
        self._expiries_s.pop(queue, None)
        self.tables.drop_queue(queue.name)
        removed = sweep.purge(queue)
        (queue / sweep.EXPIRES).unlink(missing_ok=True)
        with suppress(OSError):
            queue.rmdir()
        return removed

    def leave(self) -> None:
        """The process ends: what it holds goes back at once."""
        for claim in self.claims.take_all():
            with suppress(OSError):
                self.put_back(claim)
        self.owner.leave()

    def _recover(self) -> None:
        if self.owner.recover():
            # The home was deleted, so the rest may be too.
            self._tend_at = 0.0

    def _place(self, queue: Path, name: str, data: bytes, *, durable: bool = False) -> None:
        for _ in range(TRIES):
            draft = self.owner.home / "writing" / name
            try:
                write_file(draft, data, durable=durable)
                draft.rename(queue / name)
                if durable:
                    flush_folder(queue)
                return
            except FileNotFoundError:
                with suppress(FileNotFoundError):
                    self._recover()
                    ensure(queue, durable=durable)
            except OSError:
                with suppress(OSError):
                    draft.unlink(missing_ok=True)
                raise
        raise OSError(errno.ENOENT, "the queue's folder is deleted again and again")


_houses: dict[Path, House] = {}
_inherited: dict[Path, dict[str, Seen]] = {}
_opening = threading.Lock()


def house_at(root: Path, *, tend_every_s: float = 3.0, durable: bool = False) -> House:
    """This process's house in that folder, made at the first call; the first call's options hold."""
    house = _houses.get(root)
    if house is not None:
        return house
    with _opening:
        house = _houses.get(root)
        if house is None:
            house = House(root, tend_every_s=tend_every_s, durable=durable)
            if root in _inherited:
                house.tables.seen.update(_inherited.pop(root))
            _houses[root] = house
    house.tend()
    return house


def open_house(root: Path) -> House | None:
    """This process's house in that folder, if it has one: for those who only give things back."""
    return _houses.get(root)


def _after_fork_in_child() -> None:
    """The child starts with nothing of its own: the parent's lock and claims stay the parent's."""
    global _opening
    _opening = threading.Lock()
    for root, house in _houses.items():
        # Closing does not unlock: the parent holds the same open file. Keeping it would: were the
        # parent killed, it would look alive for as long as the child lives.
        house.owner.let_go()
        _inherited[root] = dict(house.tables.seen)
    _houses.clear()


def _leave_all() -> None:
    while _houses:
        _houses.popitem()[1].leave()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_leave_all)
