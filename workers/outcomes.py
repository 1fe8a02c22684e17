"""Outcomes go back to whoever sent the alert: from the table to the exchange `outcomes`, in order, until confirmed.

One worker at a time holds the turn. It reads a page, publishes it and waits for the broker's confirms with no
transaction open, and only then forgets the rows; what died in between is told again. A publish that hangs hurts this
thread alone: its turn runs out, and another worker's publisher goes on.

What the broker returns, since an upstream's queue is gone, waits in a line of that upstream's own and is tried again
with growing pauses; what is newer stands behind it, and nobody else waits.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from celery import bootsteps
from sqlalchemy import Connection

from dispatcher.store import Store
from dispatcher.upstreams import listeners, pages, turns, webhooks
from dispatcher.upstreams.listeners import Listener, Waiting
from dispatcher.upstreams.messages import Telling, routing_key
from dispatcher.upstreams.pages import Mark, Page
from dispatcher.words import SOURCES
from workers import meters
from workers.engine import Engine, engine_of
from workers.outlet import WITHIN_S, NotConfirmed, Outlet
from workers.webhooks import Messenger

log = structlog.get_logger("outcomes")

DUTY = "outcomes"
LOOK_S = 0.5
GATHER_S = 0.05
"""Under a steady trickle rows gather this long, so that each page is worth its transaction."""
TURN = timedelta(seconds=10)
"""How long a turn lasts that nobody prolongs: a dead publisher is replaced within this. Longer than a page may take."""
SMALLEST, LARGEST = 20, 1_000
"""Rows of a page: fewer after a fault, more while all goes well."""
MESSAGES = 2
"""Messages of a page for each of its rows, at most. A row that alone has more goes out in parts, each confirmed by
itself, so that no case is ever too large to be told.
"""
LONGEST_PAUSE_S = 15.0
TOLD_EVERY_S = 60.0
"""That outcomes of one upstream came back is logged this often."""


_committed = threading.Event()


def wake() -> None:
    """Something was committed in this process: its publisher, if it has one, looks at once instead of within 0.5 s."""
    _committed.set()


class TurnLost(Exception):
    """Another publisher has the turn; it tells what this one had in hand."""


@dataclass(slots=True)
class Fates:
    """What becomes of a page beside the exchange: to webhooks' lines, to the lines of those whose queue is gone."""

    letters: list[Telling] = field(default_factory=list)
    kept: list[Telling] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)


class OutcomesStep(bootsteps.StartStopStep):
    """Starts the publisher and the webhooks' messenger with their worker, after the pool was forked."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.threads: list[Publisher | Messenger] = []

    def start(self, parent: Any) -> None:
        """Begin to tell."""
        engine = engine_of(parent.app)
        messenger = Messenger(engine)
        self.threads = [Publisher(engine, on_letters=messenger.wake), messenger]
        for thread in self.threads:
            thread.start()

    def stop(self, parent: Any) -> None:
        """End after what is in hand; the rest waits in the table."""
        for thread in self.threads:
            thread.stop()

    terminate = stop


class Publisher(threading.Thread):
    """See the module."""

    def __init__(self, engine: Engine, *, on_letters: Any = None) -> None:
        super().__init__(name="outcomes", daemon=True)
        self._engine = engine
        self._by = f"{engine.owner}:{secrets.token_hex(4)}"[:64]
        self._known = frozenset((*SOURCES, *engine.settings.sources))
        self._outlet = Outlet(engine.settings)
        self._on_letters = on_letters or (lambda: None)
        self._size = 200
        self._rest: Mark | None = None
        self._turn_until = 0.0
        self._again_at = 0.0
        self._told_at: dict[tuple[str, str], float] = {}
        self._stopping = threading.Event()

    def stop(self, within_s: float = 5.0) -> None:
        """Ask it to end, and wait for the page in hand."""
        self._stopping.set()
        wake()
        self.join(within_s)

    def run(self) -> None:
        """Tell what there is, until stopped; after a fault with a growing pause."""
        faults = 0
        while not self._stopping.is_set():
            try:
                full = self.tell_page()
                full = self.try_again() or full
            except TurnLost:
                full = False
            except Exception as fault:  # broker or database are away: the rows wait
                faults += 1
                self._outlet.close()
                self._size = max(SMALLEST, self._size // 2)
                log.warning("outcomes_wait", faults=faults, fault=type(fault).__name__)
                self._stopping.wait(min(LOOK_S * 2 ** min(faults - 1, 10), LONGEST_PAUSE_S))
                continue
            faults = 0
            if not full:
                self._stopping.wait(GATHER_S)
                _committed.wait(LOOK_S)
                _committed.clear()
        self._outlet.close()

    def tell_page(self) -> bool:
        """Publish the oldest rows, or a part of the oldest, and forget what is told. True when there may be more.

        Raises: TurnLost; NotConfirmed; whatever befell the connection or the database: the rows are still there.
        """
        store = self._engine.store
        if not pages.anything_waits(store) or not self._has_turn(store):
            return False
        begun = time.monotonic()
        page = pages.next_page(store, limit=self._size, known=self._known, most=MESSAGES * self._size, after=self._rest)
        with store.read() as connection:
            hooks = webhooks.by_source(connection)
            known = listeners.known(connection, now=datetime.now(UTC))
        fates = self._publish(page, hooks, known, until=min(begun + WITHIN_S, self._turn_until))
        self._forget(store, page, fates, hooks, known)
        self._rest = page.rest
        if page.more and time.monotonic() - begun < WITHIN_S / 4:
            self._size = min(LARGEST, 2 * self._size)
        return page.more

    def try_again(self) -> bool:
        """Publish what waits for upstreams whose queue was gone, a page for each. True when more may follow at once.

        Raises: as `tell_page`.
        """
        if self._engine.settings.embedded_broker or time.monotonic() < self._again_at:
            return False
        self._again_at = time.monotonic() + LOOK_S
        store = self._engine.store
        more = False
        for key in listeners.due(store, now=datetime.now(UTC)):
            if not self._has_turn(store):
                return False
            waiting = listeners.waiting(store, key, limit=self._size)
            with store.read() as connection:
                hooks = webhooks.by_source(connection)
            hooked = next((source for source in hooks if source in self._known and routing_key(source) == key), None)
            heard, gone = (len(waiting.tellings), False) if hooked is not None else self._publish_on(waiting.tellings)
            more = self._settle(store, waiting, hooks, hooked=hooked, heard=heard, gone=gone) or more
        if more:
            self._again_at = 0.0
        return more

    def _publish_on(self, tellings: Sequence[Telling]) -> tuple[int, bool]:
        """Publish these of one key, one, then two, then four …, until somebody does not hear: a queue that is full
        takes some, and what it refuses is to come before what follows.

        Returns how many were heard, and whether nobody is bound for the next. A queue that refuses, or for which the
        broker answers nothing, is there: it is waited for, and holds up no other.
        """
        until = min(time.monotonic() + WITHIN_S, self._turn_until)
        heard, size = 0, 1
        while heard < len(tellings):
            part = tellings[heard : heard + size]
            try:
                unheard = self._outlet.publish(part, until=until)
            except NotConfirmed:
                self._outlet.close()
                return heard, False
            if untold := unheard.of(part):
                return heard + len(part) - len(untold), part[0].key in unheard.unbound
            heard, size = heard + len(part), 2 * size
        return heard, False

    def _publish(self, page: Page, hooks: dict[str, Any], known: dict[str, Listener], *, until: float) -> Fates:
        """Publish what is for the exchange, and say what is to become of the rest."""
        fates = Fates()
        out: list[Telling] = []
        gone = {key for key, listener in known.items() if listener.gone}
        for telling in page.tellings:
            if gone and telling.key in gone:  # nothing overtakes what waits
                fates.kept.append(telling)
            elif telling.source in hooks:
                fates.letters.append(telling)
            else:
                out.append(telling)
        announced = [telling.announced() for telling in page.tellings if telling.refusal]
        unheard = self._outlet.publish(out + announced, until=until)
        if not self._engine.settings.embedded_broker:
            fates.bound = {telling.key for telling in out} - (unheard.unbound - unheard.refused.keys())
        if untold := unheard.of(out + announced):
            keeps = unheard.refused.keys() | known.keys()  # somebody is bound, or was
            fates.kept += [telling for telling in untold if telling.key in keeps and not telling.dead]
            self._tell("nobody", [telling for telling in untold if telling.key not in keeps or telling.dead])
        return fates

    def _tell(self, fate: str, tellings: Sequence[Telling]) -> None:
        """Count what was not told, and say so by upstream, at most once a minute."""
        for key, many in Counter(telling.key for telling in tellings).items():
            meters.unrouted(fate, many)
            if time.monotonic() - self._told_at.get((fate, key), -TOLD_EVERY_S) >= TOLD_EVERY_S:
                self._told_at[fate, key] = time.monotonic()
                log.warning("outcomes_unrouted", fate=fate, key=key)

    def _has_turn(self, store: Store) -> bool:
        """True when this publisher may go on for `WITHIN_S`. Writes only when its turn is getting short."""
        if self._turn_until - time.monotonic() > WITHIN_S:
            return True
        taken = time.monotonic()
        if not turns.take(store, DUTY, by=self._by, length=TURN, now=datetime.now(UTC)):
            return False
        self._turn_until = taken + TURN.total_seconds()
        return True

    def _forget(
        self, store: Store, page: Page, fates: Fates, hooks: dict[str, Any], known: dict[str, Listener]
    ) -> None:
        """What is not for the exchange moves to its line, and the page is gone, in one transaction that also keeps
        the turn.
        """
        with self._keeping_turn(store) as (connection, now):
            webhooks.put(connection, fates.letters, hooks, now=now)
            listeners.heard(connection, fates.bound, known, now=now)
            listeners.keep(connection, fates.kept, now=now)
            pages.forget(connection, page.numbers)
        if fates.letters:
            self._on_letters()
        self._tell("kept", fates.kept)

    def _settle(
        self, store: Store, waiting: Waiting, hooks: dict[str, Any], *, hooked: str | None, heard: int, gone: bool
    ) -> bool:
        """What came of trying again, of which so many were heard; who has an address by now is told there. True when
        more wait for this one, and may follow at once.
        """
        dropped, more = 0, False
        with self._keeping_turn(store) as (connection, now):
            if hooked is not None:
                letters = [replace(telling, source=hooked) for telling in waiting.tellings]
                webhooks.put(connection, letters, hooks, now=now)
            if heard or not waiting.rows:
                more = listeners.told(connection, waiting.first(heard), now=now)
            if heard < len(waiting.rows):
                more, dropped = False, listeners.came_back(connection, waiting.key, gone=gone, now=now)
        if hooked is not None:
            self._on_letters()
        if dropped:
            meters.unrouted("given_up", dropped)
            log.warning("outcomes_given_up", key=waiting.key, count=dropped)
        return more

    @contextmanager
    def _keeping_turn(self, store: Store) -> Iterator[tuple[Connection, datetime]]:
        """A transaction that prolongs the turn, at this instant. Raises: TurnLost: nothing is written."""
        now, taken = datetime.now(UTC), time.monotonic()
        with store.write() as connection:
            if not turns.keep(connection, DUTY, by=self._by, now=now):
                self._turn_until, self._rest = 0.0, None
                raise TurnLost
            yield connection, now
        self._turn_until = taken + TURN.total_seconds()
