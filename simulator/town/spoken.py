"""What is learned when somebody is reached: verdict, dissuasion, money. The same whoever asks and whenever."""

from dataclasses import dataclass

from simulator.chance import between, draws
from simulator.town.person import Person


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a caller or officer notes down, in the feedback codes; money in yuan with two decimals.

    `fraud_ago_s`: how long before the talk the money was paid; None unless defrauded.
    """

    verdict: str
    dissuasion: str
    defrauded_yuan: str | None = None
    dissuaded_yuan: str | None = None
    stopped_yuan: str | None = None
    fraud_ago_s: float | None = None


OF_A_RELATIVE = Spoken(verdict="unknown", dissuasion="not_needed")


def speak(seed: int, phone: str, person: Person, *, at_the_door: bool) -> Spoken:
    """What the person himself says; a stubborn one refuses on the phone and listens at the door."""
    x = draws(seed, "spoken", phone)
    if person.paid:
        return _of_one_who_paid(person, x)
    if person.stubborn and not at_the_door:
        return Spoken(verdict="not_defrauded", dissuasion="refused")
    if person.self_aware and not person.stubborn:
        return Spoken(verdict="not_defrauded", dissuasion="self_aware")
    kept = _yuan(between(person.purse**3, 500, 300_000))
    return Spoken(verdict="not_defrauded", dissuasion="timely", dissuaded_yuan=kept if x[0] < 0.6 else None)


def _of_one_who_paid(person: Person, x: tuple[float, ...]) -> Spoken:
    lost = between(person.purse**3, 500, 300_000)
    more_to_come = x[1] < 0.5
    return Spoken(
        verdict="defrauded",
        dissuasion="timely" if more_to_come else "not_needed",
        defrauded_yuan=_yuan(lost),
        dissuaded_yuan=_yuan(lost * between(x[2], 0.2, 2.0)) if more_to_come else None,
        stopped_yuan=_yuan(lost * between(x[3], 0.1, 0.9)) if x[4] < 0.5 else "0.00",
        fraud_ago_s=between(x[5], 1800, 12 * 3600),
    )


def _yuan(amount: float) -> str:
    return f"{amount:.2f}"
