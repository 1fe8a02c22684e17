"""One try of one task, by one officer or caller: seen, signed in, done, reported."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.chance import between, draw
from simulator.clock import Clock, iso, read_iso, utc_now
from simulator.ledger import Ledger
from simulator.people.desk import Desk, Reply
from simulator.people.feedback import of_call, of_visit
from simulator.simulation import Simulation
from simulator.town import Spoken, Town

log = logging.getLogger(__name__)

SEEN = ("channel", "target", "risk", "sign_in_by", "contact_by", "met_by", "feedback_by")
LATE_SHARE_OF_LIMIT = 0.1
LATE_BY_S = 0.3


class Work:
    """How the people of this town do one try; the ledger remembers, so a restarted town goes on."""

    def __init__(self, sim: Simulation, town: Town, ledger: Ledger, *, now: Clock = utc_now) -> None:
        self._sim, self._town, self._ledger, self._now = sim, town, ledger, now
        self._phones: dict[str, str] = {}

    async def do(self, task: Mapping[str, Any], desk: Desk, hands: asyncio.Semaphore) -> None:
        """Do everything about this try that will ever be done. Whoever only waits keeps no hand busy."""
        self._see(task)
        if self._befalls("ignored", task, self._sim.ignore_share):
            self._write("ignored", task, None, channel=task["channel"], news="withheld")
            return
        if task["task"] not in self._ledger.memory.signed:
            await asyncio.sleep(self._lateness_s(task))
        async with hands:
            phone = await self._sign_in(task, desk)
            if phone is None:
                return
            act = self._ledger.memory.acts.get(task["reference"]) or await self._act(task, phone)
            if act["news"] == "told":
                await self._report(task, phone, act, desk)

    def _see(self, task: Mapping[str, Any]) -> None:
        if task["task"] not in self._ledger.memory.seen:
            self._write("seen", task, None, **{name: task.get(name) for name in SEEN})

    async def _sign_in(self, task: Mapping[str, Any], desk: Desk) -> str | None:
        phone = self._phones.get(task["task"])
        if phone is not None and task["task"] in self._ledger.memory.signed:
            return phone
        reply = await desk.sign_in(task["task"], task["reference"])
        person = reply.body.get("person")
        if not reply.taken or not isinstance(person, dict) or not person.get("phone"):
            self._rejected(task, "sign_in", reply)
            return None
        phone = self._phones[task["task"]] = str(person["phone"])
        if task["task"] not in self._ledger.memory.signed:
            signed = {name: reply.body.get(name) for name in ("signed_in_at", "sign_in_by")}
            self._write("sign_in", task, phone, **signed)
        return phone

    async def _act(self, task: Mapping[str, Any], phone: str) -> Mapping[str, Any]:
        kind = _kind(task)
        pace_s = self._sim.call_s if kind == "call" else self._sim.visit_s
        nth = self._ledger.count(self._ledger.person(phone), kind)
        x = draw(self._sim.seed, f"{kind} pace", phone, nth)
        await asyncio.sleep(0 if self._sim.at_once else pace_s * between(x, 0.5, 1.5))
        # counted again: while this one walked, another may have come to the same person
        nth = self._ledger.count(self._ledger.person(phone), kind)
        outcome = self._outcome(task, phone, nth)
        spoken = self._spoken(task, phone, outcome, at=iso(self._now()))
        facts: dict[str, Any] = {"task": task["task"], "try": task.get("try"), "target": task.get("target")}
        return self._ledger.write(
            kind,
            reference=task["reference"],
            person=self._ledger.person(phone),
            **facts,
            outcome=outcome,
            reached=spoken is not None,
            news="withheld" if self._withholds(kind, phone, nth) else "told",
            verdict=spoken.verdict if spoken else None,
            dissuasion=spoken.dissuasion if spoken else None,
        )

    def _outcome(self, task: Mapping[str, Any], phone: str, nth: int) -> str:
        if _kind(task) == "visit":
            return self._town.visit(phone, nth)
        return self._town.call(phone, nth, relative=task.get("target") == "relative")

    async def _report(self, task: Mapping[str, Any], phone: str, act: Mapping[str, Any], desk: Desk) -> None:
        outcome, at = act["outcome"], read_iso(act["at"])
        body = self._feedback(task, phone, outcome, at)
        reply = await desk.report(task["task"], body)
        if not reply.taken:
            self._rejected(task, "report", reply)
            return
        told = {name: reply.body.get(name) for name in ("received_at", "feedback_by", "on_time")}
        codes = {name: value for name, value in body.items() if name != "reference"}
        self._write("report", task, phone, **told, **codes)

    def _feedback(self, task: Mapping[str, Any], phone: str, outcome: str, at: datetime) -> dict[str, Any]:
        spoken = self._spoken(task, phone, outcome, at=iso(at))
        if _kind(task) == "visit":
            return of_visit(task["reference"], outcome, spoken, at=at)
        return of_call(task["reference"], outcome, spoken, target=str(task.get("target") or "self"), at=at)

    def _spoken(self, task: Mapping[str, Any], phone: str, outcome: str, *, at: str) -> Spoken | None:
        """What is said `at` an instant; whom an officer has met by then listens on the phone too."""
        if outcome not in ("reached", "met"):
            return None
        met_at = self._ledger.memory.met.get(self._ledger.person(phone))
        door = outcome == "met" or (met_at is not None and met_at < at)
        return self._town.spoken(phone, relative=task.get("target") == "relative", at_the_door=door)

    def _lateness_s(self, task: Mapping[str, Any]) -> float:
        limit = task.get("sign_in_by")
        if limit is None or not self._befalls("late", task, self._sim.late_share):
            return 0.0
        by = read_iso(limit)
        allowed_s = (by - read_iso(task["assigned_at"])).total_seconds() if task.get("assigned_at") else 0.0
        margin_s = LATE_BY_S + max(0.0, allowed_s) * LATE_SHARE_OF_LIMIT
        return max(0.0, (by - self._now()).total_seconds() + margin_s)

    def _befalls(self, what: str, task: Mapping[str, Any], share: float) -> bool:
        # who it is gets known by signing in; what the list shows of the person must do until then
        shown = str(task.get("phone_masked") or "")
        if fixed := self._town.fixed(shown):
            return fixed.people == what
        facts = (shown, *(str(task.get(name)) for name in ("channel", "target", "region", "fraud_type")))
        return not self._sim.at_once and draw(self._sim.seed, what, *facts) < share

    def _withholds(self, kind: str, phone: str, nth: int) -> bool:
        if fixed := self._town.fixed(phone):
            return fixed.people == "never_report"
        if kind == "visit" and self._town.needs_the_door(phone):
            return False
        return not self._sim.at_once and draw(self._sim.seed, "unreported", kind, phone, nth) < self._sim.never_report

    def _rejected(self, task: Mapping[str, Any], step: str, reply: Reply) -> None:
        if reply.status in (400, 422):
            log.warning("%s refused with HTTP %d, fields: %s", step, reply.status, reply.wrong_fields())
        phone = self._phones.get(task["task"])
        self._write("rejected", task, phone, channel=task.get("channel"), step=step, status=reply.status)

    def _write(self, kind: str, task: Mapping[str, Any], phone: str | None, **facts: Any) -> None:
        person = self._ledger.person(phone) if phone else None
        self._ledger.write(kind, reference=task["reference"], person=person, task=task["task"], **facts)


def _kind(task: Mapping[str, Any]) -> str:
    return "visit" if task["channel"] == "visit" else "call"
