"""The door that every other door leads to: a batch is read, and kept whole or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DataError, IntegrityError

from config.policy import Policy
from dispatcher import tables
from dispatcher.alert import Alert, Fault, Refused, Rules, Withdrawal, check, read
from dispatcher.bells import bells_of
from dispatcher.intake.answers import Accepted, Incoming
from dispatcher.intake.batch import Batch
from dispatcher.store import Store
from dispatcher.upstreams.noting import note_answers

UNKEEPABLE = Fault("$", "is well-formed, but the database refuses it; show this dead letter to the operators")


@dataclass(frozen=True, slots=True)
class Intake:
    """What every door of intake needs: where to keep, what is right, what is promised."""

    store: Store
    rules: Rules
    policy: Policy

    def accept(
        self, batch: Sequence[Incoming], *, door: str, now: datetime, only_source: str | None = None
    ) -> Accepted:
        """Take a batch. When this returns, every alert is committed: as an alert with its plan, or as a dead letter.

        One bad alert never fails its batch. Safe to call again with the same alerts. `only_source` refuses alerts
        that claim another source (an upstream's key speaks for one).

        Raises: SQLAlchemyError: nothing of the batch was kept; the sender must send it again.
        """
        parsed = [_refuse_strangers(self._parse(incoming, now), only_source) for incoming in batch]
        try:
            return self._keep(batch, parsed, door, now)
        except (IntegrityError, DataError):
            # something in it cannot be kept: find out which, and keep the others
            return self._one_by_one(batch, parsed, door, now)

    def _keep(
        self, batch: Sequence[Incoming], parsed: Sequence[Alert | Withdrawal | Refused], door: str, now: datetime
    ) -> Accepted:
        with self.store.write() as connection:
            transaction = Batch(connection, keys=self.store.keys, policy=self.policy, door=door, now=now)
            results = transaction.take(batch, parsed)
            bells = bells_of(transaction.book.draft.rows(tables.dispatches), now)
            note_answers(transaction.book.draft, results)
            transaction.write()
        return Accepted(results, bells)

    def _one_by_one(
        self, batch: Sequence[Incoming], parsed: Sequence[Alert | Withdrawal | Refused], door: str, now: datetime
    ) -> Accepted:
        whole = Accepted([], [])
        for incoming, item in zip(batch, parsed, strict=True):
            try:
                one = self._keep([incoming], [item], door, now)
            except (IntegrityError, DataError):
                told = (item.source, item.source_ref)
                one = self._keep([incoming], [Refused((UNKEEPABLE,), *told)], door, now)
            whole.results.extend(one.results)
            whole.bells.extend(one.bells)
        return whole

    def _parse(self, incoming: Incoming, now: datetime) -> Alert | Withdrawal | Refused:
        if incoming.faults:
            judged = check(incoming.value, now=now, rules=self.rules) if incoming.value is not None else None
            if isinstance(judged, Refused):
                return Refused((*incoming.faults, *judged.faults), judged.source, judged.source_ref)
            known = (None, None) if judged is None else (judged.source, judged.source_ref)
            return Refused(incoming.faults, *known)
        if incoming.raw is not None:
            return read(incoming.raw, now=now, rules=self.rules)
        return check(incoming.value, now=now, rules=self.rules)


def _refuse_strangers(parsed: Alert | Withdrawal | Refused, only_source: str | None) -> Alert | Withdrawal | Refused:
    """Who pushed it is told of the refusal, never the source that he claims to be."""
    if only_source is None or parsed.source in (None, only_source):
        return parsed
    fault = Fault("source", "this key may only push alerts of its own source")
    faults = parsed.faults if isinstance(parsed, Refused) else ()
    return Refused((fault, *faults), only_source, parsed.source_ref)
