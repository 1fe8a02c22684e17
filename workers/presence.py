"""A worker says that it is here, tells its counts to whoever asks, and tidies up after processes that ended.

A thread of its own, and not the clock's: a clock that hangs and a worker that is gone are told apart.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from itertools import count
from typing import Any

import structlog
from celery import bootsteps
from prometheus_client import start_http_server
from sqlalchemy.exc import SQLAlchemyError

from dispatcher.presence import EVERY, Presence, forget_silent
from dispatcher.store import Store
from workers.engine import engine_of
from workers.meters import tally
from workers.tally import Tally

log = structlog.get_logger("presence")

TIDY_EVERY = 12
"""Beats between two tidyings: a minute."""


class PresenceStep(bootsteps.StartStopStep):
    """Starts it with its worker, after the pool was forked."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.heart: Heart | None = None

    def start(self, parent: Any) -> None:
        """Begin to beat."""
        presence = Presence(parent.hostname, parent.app.conf.quanzu_lane, datetime.now(UTC))
        engine = engine_of(parent.app)
        self.heart = Heart(engine.store, presence, host=engine.settings.host, port=engine.settings.metrics_port)
        self.heart.start()

    def stop(self, parent: Any) -> None:
        """Say that it stops."""
        if self.heart is not None:
            self.heart.stop()

    terminate = stop


class Heart(threading.Thread):
    """See the module. `port` is where the counts are told; 0: nowhere."""

    def __init__(self, store: Store, presence: Presence, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(name="heart", daemon=True)
        self._store = store
        self._presence = presence
        self._host, self._port = host, port
        self._stopping = threading.Event()
        self._serving = port == 0

    def stop(self, within_s: float = 2.0) -> None:
        """Beat no more, and be told as gone."""
        self._stopping.set()
        self.join(within_s)

    def run(self) -> None:
        """Beat until stopped; nothing that goes wrong here ends it, or the worker."""
        for beats in count():
            if (counts := tally()) is not None:
                self._serve(counts)
                if beats % TIDY_EVERY == 0:
                    self._tidy(counts)
            self._beat(forget=beats % TIDY_EVERY == 0)
            if self._stopping.wait(EVERY.total_seconds()):
                break
        try:
            self._presence.leave(self._store)
        except SQLAlchemyError as fault:  # its row grows old instead
            log.info("left_unsaid", fault=type(fault).__name__)

    def _beat(self, *, forget: bool) -> None:
        try:
            self._presence.beat(self._store, now=datetime.now(UTC))
            if forget:
                forget_silent(self._store, now=datetime.now(UTC))
        except Exception as fault:  # the database may be away: beat again
            log.warning("beat_failed", fault=type(fault).__name__)

    def _serve(self, counts: Tally) -> None:
        """Answer at the metrics' port, once it is free: another worker of this host may have it, and tells ours too."""
        if self._serving:
            return
        try:
            start_http_server(self._port, self._host, registry=counts.registry())
            self._serving = True
            log.info("metrics_served", port=self._port)
        except OSError as fault:
            log.debug("metrics_port_taken", port=self._port, fault=type(fault).__name__)

    def _tidy(self, counts: Tally) -> None:
        try:
            counts.tidy()
        except Exception as fault:  # a full disk, or a file that somebody else has broken
            log.warning("not_tidied", fault=type(fault).__name__)
