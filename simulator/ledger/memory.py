"""What has to be found again at once: counts by person, effects by reference, tasks; grown entry by entry.

The same `take` reads a live entry and one of an earlier run, so a restart knows what the first run knew.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EFFECTS = frozenset({"text", "ring", "call", "visit"})
OF_CARRIER = frozenset({"text", "ring"})
ENDINGS = frozenset({"report", "rejected", "ignored"})


@dataclass(slots=True)
class Known:
    """One reference as the carrier knows it. `known_at`: ISO instant from which its code can be asked for."""

    reference: str
    person: str
    carrier_id: str
    code: str
    withheld: bool
    known_at: str | None = None
    told: bool = False
    dialect: str | None = None


@dataclass(slots=True)
class Sent:
    """One effect that was asked for in a vendor's dialect, as that vendor can be asked for it. Instants are ISO."""

    n: int
    at: str
    dialect: str
    reference: str
    person: str
    text: str
    code: str
    withheld: bool
    known_at: str | None = None

    @property
    def told(self) -> bool:
        """Whether its end can be told by now."""
        return self.known_at is not None and not self.withheld


@dataclass(slots=True)
class Memory:
    """Everything the ledger must answer without reading its file.

    effects: how many effects a (person, kind) had. known: the carrier's, by reference (of a repeated
    reference the first that is not withheld). seen, signed: task ids. acts: a person's `call` or `visit`, by
    reference. met: when an officer first met a person, ISO. ended: references of tries that nobody needs to look at
    again. door: where news goes. sent, sent_to: what came in a vendor's dialect, by our id of it and by (dialect,
    person).
    """

    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    known: dict[str, Known] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    signed: set[str] = field(default_factory=set)
    acts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    met: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    sent: dict[str, Sent] = field(default_factory=dict)
    sent_to: dict[tuple[str, str], list[Sent]] = field(default_factory=dict)
    door: str | None = None
    last: int = 0

    def take(self, entry: Mapping[str, Any]) -> None:
        """Learn one entry."""
        kind, reference = entry["kind"], str(entry.get("reference"))
        self.last = max(self.last, entry["n"])
        if kind in EFFECTS:
            self.effects[entry["person"], kind] += 1
        if kind in OF_CARRIER:
            self._know(entry)
            if "dialect" in entry:
                self._keep(entry)
        elif kind in ("call", "visit"):
            self.acts[reference] = entry
            if entry["outcome"] == "met":
                self.met.setdefault(entry["person"], entry["at"])
            if entry["news"] == "withheld":
                self.ended.add(reference)
        elif kind in ENDINGS:
            self.ended.add(reference)
        elif kind == "seen":
            self.seen.add(entry["task"])
        elif kind == "sign_in":
            self.signed.add(entry["task"])
        elif kind == "door":
            self.door = entry["callback"]
        elif kind in ("news", "news_lost"):
            self._told(entry)

    def untold(self) -> list[Known]:
        """References whose news was promised and neither taken nor given up, oldest first."""
        return [known for known in self.known.values() if not known.withheld and not known.told]

    def _know(self, entry: Mapping[str, Any]) -> None:
        reference, withheld = entry["reference"], entry["news"] == "withheld"
        if not reference:
            return  # a vendor's request need not name one
        before = self.known.get(reference)
        if before is None:
            self.known[reference] = Known(
                reference=reference,
                person=entry["person"],
                carrier_id=carrier_id(entry["n"]),
                code=entry["outcome"],
                withheld=withheld,
                dialect=entry.get("dialect"),
            )
        elif before.withheld and not withheld:
            before.withheld, before.code = False, entry["outcome"]

    def _keep(self, entry: Mapping[str, Any]) -> None:
        sent = Sent(
            n=entry["n"],
            at=entry["at"],
            dialect=entry["dialect"],
            reference=entry["reference"],
            person=entry["person"],
            text=entry["text"],
            code=entry["outcome"],
            withheld=entry["news"] == "withheld",
        )
        self.sent[carrier_id(sent.n)] = sent
        self.sent_to.setdefault((sent.dialect, sent.person), []).append(sent)

    def _told(self, entry: Mapping[str, Any]) -> None:
        known = self.known.get(entry["reference"])
        if known is not None and "stage" not in entry and (entry["kind"] == "news_lost" or entry["code"] == known.code):
            known.told = True
            known.known_at = known.known_at or entry["at"]


def carrier_id(n: int) -> str:
    """The carrier's own id of the effect that is entry `n`."""
    return f"sim{n}"
