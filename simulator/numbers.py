"""Numbers whose fate is known: the last four digits of a phone decide what befalls it, whatever chance says.

A person of this table meets no chance fault at all; whatever the row leaves open goes well (text delivered,
robot heard, caller reached, officer let in). `python -m simulator --numbers` prints the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls the numbers that end in these four digits.

    `request`: a fault of the whole request that carries such a letter (`hang`, `drop`, `late_accept`).
    `answer`: `refused` always, or `busy` for the first two askings of a channel.
    `news`: `never`, `twice`, `early`, `late` or `reversed`. `text`, `ring`: the code told at the end.
    `call`: `reached` or the caller's reason; `refuses`: will not listen to a caller, but to an officer.
    `visit`: `met` or the officer's reason. `people`: `ignored`, `late` (sign-in) or `never_report`.
    """

    says: str
    request: str | None = None
    answer: str | None = None
    news: str = "plain"
    text: str = "DELIVRD"
    ring: str = "HEARD"
    call: str = "reached"
    paid: bool = False
    refuses: bool = False
    visit: str = "met"
    people: str | None = None


FATES: Mapping[str, Fate] = MappingProxyType(
    {
        "9901": Fate("refused: BADNUMBER, INVALID", answer="refused", call="empty_number"),
        "9902": Fate("busy for the first two askings of each channel, then accepted", answer="busy"),
        "9903": Fate("its request hangs, the effect happens", request="hang"),
        "9904": Fate("its request is dropped after the effect", request="drop"),
        "9905": Fate("news withheld for ever", news="never"),
        "9906": Fate("news told twice", news="twice"),
        "9907": Fate("news told before the request is answered", news="early"),
        "9908": Fate("news late", news="late"),
        "9909": Fate("a worse or unfinished code after the final one", news="reversed"),
        "9910": Fate("connection dropped at once, accepted later", request="late_accept"),
        "9911": Fate("line busy: BUSY", ring="BUSY", call="busy"),
        "9912": Fate("does not pick up: NOANSWER", ring="NOANSWER", call="no_answer"),
        "9913": Fate("hangs up on robots, listens to people: HUNGUP", ring="HUNGUP"),
        "9914": Fate("an answering machine: MACHINE", ring="MACHINE", call="no_answer"),
        "9915": Fate("has already paid: KEY2, and tells the caller so", ring="KEY2", paid=True),
        "9916": Fate("switched off: POWEREDOFF", text="EXPIRED", ring="POWEREDOFF", call="powered_off"),
        "9917": Fate("no such number: INVALID, UNDELIV", text="UNDELIV", ring="INVALID", call="empty_number"),
        "9918": Fate("suspended: SUSPENDED", text="EXPIRED", ring="SUSPENDED", call="suspended"),
        "9919": Fate("never answers, never at home", ring="NOANSWER", call="no_answer", visit="not_home"),
        "9920": Fate("always answers at once: KEY1", ring="KEY1"),
        "9921": Fate("the number is another person's now", call="wrong_person", visit="moved_away"),
        "9922": Fate("refuses a caller's advice, listens to an officer", ring="HUNGUP", refuses=True),
        "9923": Fate("callers and officers never act", ring="NOANSWER", people="ignored"),
        "9924": Fate("callers and officers sign in too late", ring="NOANSWER", people="late"),
        "9925": Fate("callers and officers act, but never report", ring="NOANSWER", people="never_report"),
    }
)


def fate_of(phone: str) -> Fate | None:
    """The fixed fate of a phone, by its last four digits (they stay visible where it is masked), or None."""
    return FATES.get(phone[-4:])


def table() -> str:
    """The whole table in lines of text, one per ending, ascending."""
    return "\n".join(f"…{digits}  {fate.says}" for digits, fate in sorted(FATES.items()))
