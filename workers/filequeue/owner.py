"""A process's own folder: its lock says that it lives, and what lies in it is its own."""

import fcntl
import os
import secrets
import shutil
import threading
from contextlib import suppress
from pathlib import Path

from workers.filequeue.folders import LAST_OF_TRIES, Layout, ensure

NEW = ".new"
LOCK = "lock"


class Owner:
    """One per process and folder. The lock belongs to the open file, so a forked child must not keep it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._renewing = threading.Lock()
        self._fd = -1
        self.home = layout.owners / "none"
        self._move_in()

    def recover(self) -> bool:
        """Move into a new home if this one was deleted, and say so. Safe to call at any time."""
        with self._renewing:
            if self._is_intact():
                ensure(self.home / "writing")
                ensure(self.home / "claimed")
                return False
            self.let_go()
            self._move_in()
            return True

    def let_go(self) -> None:
        """Close the lock; from now on others may clear the home."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def leave(self) -> None:
        """Take the home away at a tidy end."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.let_go()

    def _is_intact(self) -> bool:
        try:
            return self._fd >= 0 and os.path.samestat(os.fstat(self._fd), (self.home / LOCK).stat())
        except FileNotFoundError:
            return False

    def _move_in(self) -> None:
        # Locked before it gets its name: nobody ever meets a home of the living without its lock held.
        token = secrets.token_hex(8)
        home = self._layout.owners / token
        for last in LAST_OF_TRIES:
            draft = self._layout.owners / (token + NEW)
            try:
                ensure(draft)
                fd = os.open(draft / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX)
                    ensure(draft / "writing")
                    ensure(draft / "claimed")
                    draft.rename(home)
                except BaseException:
                    os.close(fd)
                    raise
            except FileNotFoundError:
                if last:
                    raise
                continue
            self._fd, self.home = fd, home
            return


def lock_of_the_dead(home: Path) -> int | None:
    """An open lock if the home's owner is dead and the home is now ours to clear, else None.

    The caller closes it.
    """
    try:
        fd = os.open(home / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have cleared this home while we waited for the lock.
        if os.path.samestat(os.fstat(fd), (home / LOCK).stat()):
            return fd
    os.close(fd)
    return None
