"""What a campaign came to: counted from the tables and the ledger, and judged against what is promised."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from cli.audit.rows import Line
from cli.commands.audit import audited
from cli.home import Home
from config.policy import load_policy
from dispatcher import figures, tables
from dispatcher.store import Store

from .driver import Driver
from .faults import Hand
from .house import House
from .recovery import Recovery, Suffered
from .schedule import Kind
from .wishes import Wishes

REPEAT = re.compile(r"a second (\w+) after one that went well")
UNSURE_CODES = ("lease_ran_out", "found_when_asked", "not_found_when_asked")
SHOWN = 8
FOLD_LOOKS = 20


@dataclass(slots=True)
class Verdict:
    """The table's figures; `faults` says in words what did not hold, and is empty when all did."""

    seed: int
    broken: str | None
    askable: bool
    sent: int = 0
    accepted: int = 0
    lost: int = 0
    resent: int = 0
    repeated_by_us: int = 0
    dispatches: int = 0
    unended: int = 0
    attempts: int = 0
    unsure: int = 0
    repeats: dict[str, int] = field(default_factory=dict)
    repeats_by_rule_11: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    restarts_of_processes: int = 0
    broker_restarts: int = 0
    broker_wipes: int = 0
    database_restarts: int = 0
    connections_disturbed: int = 0
    freezes: int = 0
    worst_recovery_s: float = 0.0
    worst_recovery_of: str = ""
    recovers_within_s: float = 0.0
    duration_s: float = 0.0
    faults: list[str] = field(default_factory=list)
    slowest: list[dict[str, Any]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Everything that is promised held."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {"holds": self.holds, **asdict(self)}


def judge(
    wishes: Wishes, home: Home, *, driver: Driver, hand: Hand, house: House, recovery: Recovery, duration_s: float
) -> Verdict:
    """Count and judge, once everything has come to rest."""
    verdict = Verdict(
        seed=wishes.seed,
        broken=wishes.broken,
        askable=wishes.askable,
        sent=driver.sent,
        resent=driver.resent,
        repeated_by_us=driver.repeated,
        kills=hand.kills,
        restarts_of_processes=house.restarts,
        broker_restarts=hand.done[Kind.BROKER_RESTART],
        broker_wipes=hand.done[Kind.BROKER_WIPE],
        database_restarts=hand.done[Kind.DATABASE_RESTART],
        connections_disturbed=sum(hand.done[kind] for kind in (Kind.CUT, Kind.REFUSE, Kind.SWALLOW, Kind.SLOW)),
        freezes=hand.done[Kind.FREEZE] + hand.done[Kind.HANG],
        recovers_within_s=wishes.recovers_within_s,
        duration_s=round(duration_s, 1),
    )
    verdict.faults += [f"not done: {line}" for line in hand.troubles]
    verdict.faults += house.stubborn
    _alerts(verdict, home, driver)
    _dispatches(verdict, home)
    lines = audited(home, None, strict=False)
    _repeats(verdict, next(line for line in lines if line.check == "repeats"))
    verdict.faults += [f"audit, {line.check}: {fault}" for line in lines for fault in _first(line.faults)]
    verdict.faults += not_recounted(home.store, load_policy(home.settings.policy).on_time_push_s)
    _recoveries(verdict, recovery.faults)
    return verdict


def _alerts(verdict: Verdict, home: Home, driver: Driver) -> None:
    """Each alert sent is kept once, in a case that is there; nothing else is kept, nothing was refused."""
    alert, case, dead = tables.alerts, tables.cases, tables.dead_letters
    query = select(alert.c.source, alert.c.source_ref, case.c.id).outerjoin(case, alert.c.case_id == case.c.id)
    with home.store.read() as connection:
        rows = connection.execute(query).all()
        refused = connection.execute(select(func.count()).select_from(dead)).scalar_one()
    kept = Counter((row.source, row.source_ref) for row in rows)
    homeless = sum(row.id is None for row in rows)
    vanished = [item for item in driver.alerts if item.accepted and item.key not in kept]
    never = [item for item in driver.alerts if not item.accepted and item.key not in kept]
    untold = [item for item in driver.alerts if not item.accepted and item.key in kept]
    verdict.accepted = sum(item.key in kept for item in driver.alerts)
    verdict.lost = len(vanished) + len(never) + homeless
    told = (
        (len(vanished), "alerts were accepted and are gone"),
        (homeless, "alerts have no case"),
        (len(never), "alerts were never accepted, though sent again and again"),
        (len(untold), "alerts are kept, but their upstream was never told"),
        (sum(number - 1 for number in kept.values()), "alerts are kept more than once"),
        (sum(key not in driver.by_key for key in kept), "alerts are kept that nobody sent"),
        (int(refused), "alerts were refused, and each was right"),
        (len(driver.alerts) - driver.sent, "alerts were not even sent"),
    )
    verdict.faults += [f"{number} {what}" for number, what in told if number]


def _dispatches(verdict: Verdict, home: Home) -> None:
    table, attempt = tables.dispatches, tables.attempts
    with home.store.read() as connection:
        count = select(func.count()).select_from(table)
        verdict.dispatches = connection.execute(count).scalar_one()
        verdict.unended = connection.execute(count.where(table.c.ended_at.is_(None))).scalar_one()
        tried = select(func.count()).select_from(attempt)
        verdict.attempts = connection.execute(tried).scalar_one()
        unsure = (attempt.c.answer == "unsure") | attempt.c.code.in_(UNSURE_CODES)
        verdict.unsure = connection.execute(tried.where(unsure)).scalar_one()
    if verdict.unended:
        verdict.faults.append(f"{verdict.unended} dispatches have not ended")


def _repeats(verdict: Verdict, line: Line) -> None:
    """Second effects by kind; none where every carrier can be asked, else rule 11's, at most one a try in doubt."""
    verdict.repeats = dict(Counter(_kinds(line.faults)))
    verdict.repeats_by_rule_11 = dict(Counter(_kinds(line.notes)))
    by_rule = sum(verdict.repeats_by_rule_11.values())
    if verdict.askable and by_rule:
        verdict.faults.append(f"{by_rule} repeats by rule 11, though every carrier can be asked")
    if by_rule > verdict.unsure:
        verdict.faults.append(f"{by_rule} repeats by rule 11, but only {verdict.unsure} tries were in doubt")


def _kinds(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        found = REPEAT.search(line)
        yield found.group(1) if found else line.partition(": ")[2]


def not_recounted(store: Store, on_time_push_s: float) -> list[str]:
    """What the figures at rest say otherwise than the rows, once nothing waits for the fold any more.

    The engine's clock runs on and may be at a fold this moment: then look again.
    """
    for _ in range(FOLD_LOOKS):
        now = datetime.now(UTC)
        while figures.fold(store, now=now, on_time_push_s=on_time_push_s):
            pass
        found = figures.verify(store, now=now, on_time_push_s=on_time_push_s)
        if not found.waiting:
            break
        time.sleep(0.5)
    told = (
        (len(found.drifted), "cases have figures that are not what their rows say"),
        (len(found.cells), "sums of a day and region are not those of their cases"),
        (found.waiting, "cases wait for the fold and nobody folds them"),
    )
    none = [] if found.compared else ["no case's figures were compared"]
    return none + [f"{number} {what}" for number, what in told if number]


def _recoveries(verdict: Verdict, suffered: Sequence[Suffered]) -> None:
    slowest = sorted(suffered, key=lambda one: -one.worst_s)
    verdict.slowest = [
        {"fault": one.name, "touched": one.touched, "worst_s": round(one.worst_s, 1), "left": one.left}
        for one in slowest[:SHOWN]
    ]
    if slowest:
        verdict.worst_recovery_s = round(slowest[0].worst_s, 1)
        verdict.worst_recovery_of = slowest[0].name
    late = [one for one in slowest if one.worst_s > verdict.recovers_within_s]
    verdict.faults += [
        f"{one.name}: work came back after {one.worst_s:.1f} s, not within {verdict.recovers_within_s:.0f} s"
        for one in late[:SHOWN]
    ]
    verdict.faults += [f"{one.name}: {one.left} pieces of work never came back" for one in slowest if one.left]


def _first(faults: Sequence[str]) -> list[str]:
    rest = len(faults) - SHOWN
    return [*faults[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])]
