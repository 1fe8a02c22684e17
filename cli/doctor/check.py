"""One line of the doctor's: what was looked at, how it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """All is well; works, but look at it; does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """`todo` is empty where there is nothing to do."""

    name: str
    state: State
    says: str
    todo: str = ""

    def as_json(self) -> dict[str, str]:
        """For a program."""
        return {"check": self.name, "state": self.state.value, "says": self.says, "todo": self.todo}


def judged(name: str, value: float, says: str, *, warn: float, fail: float | None = None, todo: str = "") -> Check:
    """Ok up to `warn`, a warning beyond it, a failure beyond `fail`."""
    state = State.OK if value <= warn else State.WARN if fail is None or value <= fail else State.FAIL
    return Check(name, state, says, "" if state is State.OK else todo)
