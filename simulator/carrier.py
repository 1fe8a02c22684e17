"""The carrier: takes letters, answers each, makes the effect happen and promises its news.

It never de-duplicates: the same reference twice is two effects on somebody's phone.
"""

from collections import Counter
from datetime import timedelta
from typing import Any, Literal

from simulator.chance import befalls, between, draw, draws
from simulator.clock import Clock, iso, utc_now
from simulator.ledger import Ledger, carrier_id
from simulator.letters import Letter, Order
from simulator.news import NewsRoom
from simulator.simulation import Simulation
from simulator.telling import Ear, Item
from simulator.town import Town
from simulator.town.fates import HEARD

Kind = Literal["text", "ring"]
Ending = Literal["answered", "dropped", "hung", "late"]

BUSY_ASKINGS = 2
NOT_FINAL = {"text": "ENROUTE", "ring": "RINGING"}
WORSE = {"text": ("ENROUTE", "UNKNOWN", "EXPIRED"), "ring": ("RINGING", "NOANSWER", "UNREACHABLE")}
GOOD = HEARD | {"DELIVRD"}


class Carrier:
    """One carrier over one ledger. What it draws depends on the person and how often he was asked before."""

    def __init__(self, sim: Simulation, town: Town, ledger: Ledger, news: NewsRoom, *, now: Clock = utc_now) -> None:
        self._sim, self._town, self._ledger, self._news, self._now = sim, town, ledger, news, now
        faults = sim.present_faults
        self._of_requests, self._of_letters, self._of_news = (
            {name: share for name, share in shares.items() if share}
            for shares in (faults.of_requests(), faults.of_letters(), faults.of_news())
        )
        self._askings: Counter[tuple[str, str]] = Counter()

    def befalls_request(self, kind: Kind, order: Order) -> tuple[str | None, float]:
        """The fault that befalls this whole request, or None, and a draw for its pace.

        The first letter whose last digits fix a request fault decides; else chance, by the first letter's
        person and how many requests that person has led before.
        """
        leader = order.letters[0].to
        nth = self._count(f"{kind} request", self._ledger.person(leader))
        chance, pace, *_ = draws(self._sim.seed, f"{kind} request", leader, nth)
        fixed = [self._town.fixed(letter.to) for letter in order.letters]
        for fate in fixed:
            if fate is not None and fate.request:
                return fate.request, pace
        return (None if fixed[0] else befalls(chance, self._of_requests)), pace

    def take(self, kind: Kind, order: Order, ending: Ending) -> tuple[list[dict[str, Any]], list[Item]]:
        """Take every letter: one answer each, in their order, and the news that is to be told before them.

        Effects are in the ledger when this returns; all other news is promised.
        """
        if order.telling is None and order.callback != self._ledger.memory.door:
            self._ledger.write("door", reference=None, person=None, callback=order.callback)
        ear = Ear(order.telling or self._news.own, order.callback)
        answers: list[dict[str, Any]] = []
        early: list[Item] = []
        for letter in order.letters:
            person = self._ledger.person(letter.to)
            refused = self._refusal(kind, letter, person)
            answers.append(refused or self._accept(kind, letter, person, ending, ear, early))
        return answers, early

    def ask(self, references: list[str]) -> list[dict[str, Any]]:
        """What is known of each reference, in their order; a withheld code stays withheld."""
        answers: list[dict[str, Any]] = []
        for reference in references:
            known = self._ledger.memory.known.get(reference)
            if known is None:
                answers.append({"reference": reference, "found": False})
                continue
            told = known.known_at is not None and not known.withheld
            answers.append(
                {
                    "reference": reference,
                    "found": True,
                    "carrier_id": known.carrier_id,
                    "code": known.code if told else None,
                    "at": known.known_at if told else None,
                }
            )
        return answers

    def _accept(
        self, kind: Kind, letter: Letter, person: str, ending: Ending, ear: Ear, early: list[Item]
    ) -> dict[str, Any]:
        nth = self._ledger.count(person, kind)
        outcome = (self._town.text if kind == "text" else self._town.ring)(letter.to, nth)
        dialect = ear.telling.dialect
        if dialect is not None:
            outcome = ear.telling.sayable(outcome, letter)
        manner, x = self._manner(kind, letter.to, nth)
        entry = self._ledger.write(
            kind,
            reference=letter.reference,
            person=person,
            text=letter.text,
            outcome=outcome,
            reached=outcome in HEARD,
            news="withheld" if manner == "never" else "told",
            ending=ending,
            **({"flash": True} if letter.flash else {}),
            **({"dialect": dialect} if dialect else {}),
        )
        theirs = carrier_id(entry["n"])
        item = Item(letter.reference, theirs, outcome, "")
        if dialect is not None:
            item = item._replace(letter=letter, began=entry["at"])
        if ear.callback or dialect is None:
            self._promise(manner, x, kind, item, ear, early)
        elif manner != "never":
            self._learn(item)
        return {"reference": letter.reference, "answer": "accepted", "carrier_id": theirs}

    def _manner(self, kind: Kind, phone: str, nth: int) -> tuple[str, tuple[float, ...]]:
        x = draws(self._sim.seed, f"{kind} news", phone, nth)
        if fixed := self._town.fixed(phone):
            return fixed.news, x
        return befalls(x[0], self._of_news) or "plain", x

    def _promise(self, manner: str, x: tuple[float, ...], kind: Kind, item: Item, ear: Ear, early: list[Item]) -> None:
        delay_s = 0.0 if self._sim.at_once else between(x[1], *self._sim.news_ms) / 1000
        stages = ear.telling.stages(item)
        for place, stage in enumerate(stages):
            self._tell(stage, ear, delay_s * place / len(stages))
        if manner == "never":
            return
        if manner == "early":
            early.append(item._replace(at=iso(self._now())))
            return
        if manner == "late":
            delay_s = between(x[1], *self._sim.late_news_s)
        self._tell(item, ear, delay_s)
        if manner == "twice":
            self._tell(item, ear, delay_s + between(x[2], 0.05, 0.5))
        if manner == "reversed":
            self._tell_worse(item, ear, kind, x[3], delay_s + between(x[2], 0.3, 0.8))

    def _tell_worse(self, item: Item, ear: Ear, kind: Kind, x: float, delay_s: float) -> None:
        stages = ear.telling.stages(item)
        if stages:
            self._tell(stages[-1], ear, delay_s, after=True)
            return
        codes: tuple[str, ...] = WORSE[kind] if item.code in GOOD else (NOT_FINAL[kind],)
        if ear.telling.dialect is not None:
            # a vendor that tells nothing but ends has no word for what is not one
            codes = tuple(code for code in codes if code != NOT_FINAL[kind]) or (item.code,)
        self._tell(item._replace(code=codes[int(x * len(codes))]), ear, delay_s, after=True)

    def _learn(self, item: Item) -> None:
        """Nobody is told; whoever asks the vendor hears of it."""
        self._ledger.memory.sent[item.carrier_id].known_at = iso(self._now())

    def _tell(self, item: Item, ear: Ear, delay_s: float, *, after: bool = False) -> None:
        at = iso(self._now() + timedelta(seconds=delay_s))
        self._news.tell(ear, item._replace(at=at), delay_s, after=after)

    def _refusal(self, kind: Kind, letter: Letter, person: str) -> dict[str, Any] | None:
        nth = self._count(kind, person)
        fixed = self._town.fixed(letter.to)
        if fixed is None and not self._of_letters:
            return None
        x = draws(self._sim.seed, f"{kind} door", letter.to, nth)
        if fixed is None:
            fault = befalls(x[0], self._of_letters)
        else:
            fault = "refuse" if fixed.answer == "refused" else None
            if fixed.answer == "busy" and nth < BUSY_ASKINGS:
                fault = "busy"
        if fault == "busy":
            pause_s = round(between(x[1], 0.3, 2.0), 2)
            return {"reference": letter.reference, "answer": "busy", "retry_after_s": pause_s}
        if fault == "refuse":
            code = self._refusal_code(kind, letter.to, permanent=fixed is not None)
            return {"reference": letter.reference, "answer": "refused", "code": code}
        return None

    def _refusal_code(self, kind: Kind, phone: str, *, permanent: bool) -> str:
        dead = permanent or self._town.text(phone, 0) == "UNDELIV"
        if kind == "ring":
            return "INVALID" if dead else "FAULT"
        if dead:
            return "BADNUMBER"
        return "BLOCKED" if draw(self._sim.seed, "blocked", phone) < 0.4 else "GATEWAY"

    def _count(self, what: str, person: str) -> int:
        nth = self._askings[what, person]
        self._askings[what, person] = nth + 1
        return nth
