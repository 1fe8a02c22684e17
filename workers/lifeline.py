"""A supervised process ends with its supervisor: orphans would go on calling people."""

from __future__ import annotations

import os
import signal
import threading

PARENT = "QUANZU_SUPERVISOR_PID"
LOOK_S = 1.0


def hold_lifeline() -> None:
    """Stop this process (as by SIGTERM) once its supervisor is gone. Does nothing where there is none."""
    parent = os.environ.get(PARENT)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)
