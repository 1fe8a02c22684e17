"""What we started is ended with us: a shell that outlives us by the moment it takes to clear away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

CLEAR_AWAY = """
trap '' INT TERM HUP
read -r _
for file in "$1"/*.pid; do
    [ -f "$file" ] && kill -s KILL -- "-$(cat "$file")" 2>/dev/null
done
sleep 0.2
rm -rf -- "$1"
"""


class Guard:
    """A temporary folder with the ids of the processes in it; both are gone once we are, however we ended.

    Each process named here leads a process group of its own, and the whole group is ended.
    """

    def __init__(self, name: str, *, owner: str | None = None) -> None:
        # not under a test's own folder: an unprivileged server could not walk through its parents
        self.folder = Path(tempfile.mkdtemp(prefix=f"quanzu-{name}-"))
        if owner is not None:
            shutil.chown(self.folder, owner)
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", CLEAR_AWAY, "guard", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, name: str, pid: int) -> None:
        """From now on this process ends with us."""
        (self.folder / f"{name}.pid").write_text(str(pid))

    def forget(self, name: str) -> None:
        """It has ended: its id may soon be another's."""
        (self.folder / f"{name}.pid").unlink(missing_ok=True)

    def end(self) -> None:
        """End what is still watched and delete the folder. Safe to call twice."""
        if self._shell.stdin is not None and not self._shell.stdin.closed:
            self._shell.stdin.close()
        self._shell.wait()


def kill_group(pid: int) -> None:
    """SIGKILL a process group; one that is gone already is no fault."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
