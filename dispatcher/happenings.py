"""What can befall a dispatch, each as a value: judge.py says what it means."""

from __future__ import annotations

from dataclasses import dataclass

from dispatcher.words import Answer, Outcome


@dataclass(frozen=True, slots=True)
class Answered:
    """The carrier's request ended. `outcome` classifies a refusal; `ask_in_s` is set where the carrier can be asked.

    `passed_over`: by commas, the carriers that failed this try, this one included, while its route has another.
    """

    answer: Answer
    outcome: Outcome | None = None
    code: str | None = None
    carrier_ref: str | None = None
    retry_after_s: float | None = None
    ask_in_s: float | None = None
    passed_over: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The carrier was asked for an unsure try, after its settling time: it has it, or never had it."""

    found: bool
    carrier_ref: str | None = None


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """The carrier told of the latest try, and not yet (or in no known words) how it ended: it has it."""


@dataclass(frozen=True, slots=True)
class News:
    """A final outcome from the carrier; `of_latest` is false when it tells of an earlier try than the last.

    `passed_over` as with an answer.
    """

    outcome: Outcome
    of_latest: bool = True
    passed_over: str | None = None


@dataclass(frozen=True, slots=True)
class NoNews:
    """The news deadline passed; `unsure` when even the hand-over is."""

    unsure: bool


@dataclass(frozen=True, slots=True)
class LeaseRanOut:
    """The worker died or hung; with an attempt open the request may be out."""

    attempt_open: bool
    ask_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """An officer's or caller's report; `again` when the work goes on; `of_latest` as with news."""

    outcome: Outcome
    reason: str | None = None
    again: bool = False
    paid: bool = False
    of_latest: bool = True


@dataclass(frozen=True, slots=True)
class Fatigued:
    """Machines have reached for this person as often as they may for now."""


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """The promise is void, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class WrongPerson:
    """A person recorded that somebody else was reached."""


Happening = Answered | Asked | OnItsWay | News | NoNews | LeaseRanOut | Reported | Fatigued | NotNeeded | WrongPerson
