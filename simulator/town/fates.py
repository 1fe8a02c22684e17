"""What one text, one ring, one call, one visit comes to: by the person and how many came before it."""

from dataclasses import dataclass
from functools import lru_cache

from simulator.chance import draws, pick
from simulator.numbers import Fate, fate_of
from simulator.town.person import Line, Person, live
from simulator.town.spoken import OF_A_RELATIVE, Spoken, speak

HEARD = frozenset({"HEARD", "KEY1", "KEY2"})
EXPIRED_SHARE = 0.011
FAULT_SHARE = 0.003
RELATIVE_ANSWERS = 0.85

RING_MISSED = {
    "NOANSWER": 0.37,
    "BUSY": 0.18,
    "HUNGUP": 0.16,
    "MACHINE": 0.10,
    "REJECTED": 0.10,
    "POWEREDOFF": 0.05,
    "UNREACHABLE": 0.04,
}
RING_SILENT = {"NOANSWER": 0.75, "POWEREDOFF": 0.15, "UNREACHABLE": 0.10}
CALL_MISSED = {"no_answer": 0.60, "busy": 0.15, "rejected": 0.13, "powered_off": 0.10, "blocked_us": 0.02}
CALL_SILENT = {"no_answer": 0.85, "powered_off": 0.15}
DOOR_SHUT = {
    "not_home": 0.70,
    "address_wrong": 0.08,
    "moved_away": 0.08,
    "out_of_area": 0.07,
    "refused_to_meet": 0.07,
}


@dataclass(frozen=True, slots=True)
class Town:
    """Everybody, by seed. `nth` counts from 0 the effects of that kind that the person had before."""

    seed: int
    by_digits: bool = True

    def fixed(self, phone: str) -> Fate | None:
        """The fate that the last four digits fix, or None (also while digits do not decide)."""
        return fate_of(phone) if self.by_digits else None

    def text(self, phone: str, nth: int) -> str:
        """The final news code of a text: about 97 % DELIVRD."""
        if fixed := self.fixed(phone):
            return fixed.text
        person = self._person(phone)
        if person.line is Line.INVALID:
            return "UNDELIV"
        if person.line is Line.SUSPENDED:
            return "EXPIRED"
        if person.blocked:
            return "REJECTD"
        return "EXPIRED" if self._draws("text", phone, nth)[0] < EXPIRED_SHARE else "DELIVRD"

    def ring(self, phone: str, nth: int) -> str:
        """The final news code of a robot's ring: heard or keyed in about 60 %."""
        if fixed := self.fixed(phone):
            return fixed.ring
        person = self._person(phone)
        x = self._draws("ring", phone, nth)
        if x[0] < FAULT_SHARE:
            return "FAULT"
        if person.line is Line.WORKS:
            if x[1] >= person.robot_ear:
                return pick(x[2], RING_MISSED)
            if person.paid:
                return "KEY2"
            return "KEY1" if x[3] < person.presses else "HEARD"
        if person.line is Line.SILENT:
            return pick(x[2], RING_SILENT)
        return "INVALID" if person.line is Line.INVALID else "SUSPENDED"

    def call(self, phone: str, nth: int, *, relative: bool = False) -> str:
        """`reached`, or the reason why a human caller did not reach the one who was to be reached."""
        x = self._draws("relative" if relative else "call", phone, nth)
        if relative:
            return "reached" if x[0] < RELATIVE_ANSWERS else "no_answer"
        if fixed := self.fixed(phone):
            return fixed.call
        person = self._person(phone)
        if person.line is Line.WORKS:
            return "reached" if x[0] < person.human_ear else pick(x[1], CALL_MISSED)
        if person.line is Line.SILENT:
            return pick(x[1], CALL_SILENT)
        return "empty_number" if person.line is Line.INVALID else "suspended"

    def visit(self, phone: str, nth: int) -> str:
        """`met`, or the reason why an officer did not meet the person: about 85 % are met."""
        if fixed := self.fixed(phone):
            return fixed.visit
        person = self._person(phone)
        x = self._draws("visit", phone, nth)
        if person.home == 0.0:
            return "not_home"
        return "met" if x[0] < person.home else pick(x[1], DOOR_SHUT)

    def needs_the_door(self, phone: str) -> bool:
        """Whether only an officer's visit can still dissuade this person."""
        return self._person(phone).stubborn

    def spoken(self, phone: str, *, relative: bool = False, at_the_door: bool = False) -> Spoken:
        """What is learned from one who was reached."""
        if relative:
            return OF_A_RELATIVE
        return speak(self.seed, phone, self._person(phone), at_the_door=at_the_door)

    def _person(self, phone: str) -> Person:
        return _known(self.seed, phone, self.by_digits)

    def _draws(self, purpose: str, phone: str, nth: int) -> tuple[float, ...]:
        return draws(self.seed, purpose, phone, nth)


@lru_cache(maxsize=4096)
def _known(seed: int, phone: str, by_digits: bool) -> Person:
    person = live(seed, phone)
    fixed = fate_of(phone) if by_digits else None
    if fixed is None:
        return person
    return Person(
        line=Line.WORKS,
        robot_ear=1.0,
        human_ear=1.0,
        presses=0.0,
        home=1.0,
        paid=fixed.paid,
        stubborn=fixed.refuses,
        blocked=False,
        self_aware=False,
        purse=person.purse,
    )
