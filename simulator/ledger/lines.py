"""Lines kept for ever: appended to a file of the owner's alone, or held in memory when there is no file."""

import asyncio
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

FLUSH_S = 0.2
TRY_AGAIN_S = 1.0


class Lines:
    """Append-only lines; what is written reaches the file within FLUSH_S, or at once where no loop runs."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None
        self._waiting = bytearray()
        self._kept = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> list[bytes]:
        """The lines that are there already, in order; a torn last line of a killed process is cut off.

        Raises: OSError: the file cannot be made or read.
        """
        if self._path is None:
            return []
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(self._file, 0o600)
        there = self._path.read_bytes()
        whole = there.rfind(b"\n") + 1
        if whole < len(there):
            os.ftruncate(self._file, whole)
        return there[:whole].splitlines()

    def append(self, line: bytes) -> None:
        """Take one line (without its end)."""
        self._waiting += line + b"\n"
        if self._timer is None:
            self._flush_in(FLUSH_S)

    def flush(self) -> None:
        """Bring everything to the file. A full disk is logged and tried again; nothing is dropped."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._file is None:
            self._kept += self._waiting
            self._waiting.clear()
            return
        try:
            while self._waiting:
                written = os.write(self._file, self._waiting)
                del self._waiting[:written]
        except OSError as fault:
            log.error("ledger not written, %d bytes wait: %s", len(self._waiting), fault.strerror)
            self._flush_in(TRY_AGAIN_S)

    def everything(self) -> list[bytes]:
        """Every line so far, in order."""
        self.flush()
        kept = bytes(self._kept) if self._path is None else self._path.read_bytes()
        return (kept + bytes(self._waiting)).splitlines()

    def close(self) -> None:
        """Flush and let the file go. Safe to call twice."""
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _flush_in(self, pause_s: float) -> None:
        try:
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._due)
        except RuntimeError:
            self._timer = None
            if pause_s == FLUSH_S:
                self.flush()

    def _due(self) -> None:
        self._timer = None
        self.flush()
