"""What a client may ask of the carrier, read strictly: every fault is named, no value is repeated back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from simulator.simulation import is_web_address

if TYPE_CHECKING:
    from simulator.telling import Telling

MOST_LETTERS = 500
REFERENCE = re.compile(r"[A-Za-z0-9]{1,15}")
PHONE = re.compile(r"\+[1-9][0-9]{5,14}")
MOST_FAULTS = 20


class Unreadable(ValueError):
    """The request cannot be read; `faults` names every field that is wrong. Not retryable: mend it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Letter:
    """One text to send or script to speak, to one E.164 number.

    `reference` is empty where a vendor's request named none that we could know. `told`: what else its news repeats.
    """

    reference: str
    to: str
    text: str
    flash: bool = False
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """Letters in the order they came (at least one), and where and how their news is told; None: the own way."""

    callback: str
    letters: list[Letter]
    telling: Telling | None = None


def read_order(body: bytes) -> Order:
    """An order of `POST /sms` or `/calls`. Raises: Unreadable."""
    asked = _object(body)
    wrong: list[str] = []
    callback, rows = asked.get("callback"), asked.get("letters")
    if not isinstance(callback, str) or not is_web_address(callback):
        wrong.append("callback: not an http or https address")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_LETTERS:
        wrong.append(f"letters: not a list of 1 to {MOST_LETTERS}")
        rows = []
    letters = [_letter(row, place, wrong) for place, row in enumerate(rows)]
    if wrong:
        raise Unreadable(wrong[:MOST_FAULTS])
    return Order(callback=str(callback), letters=letters)


def read_question(body: bytes) -> list[str]:
    """The references of `POST /ask`. Raises: Unreadable."""
    asked = _object(body).get("references")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_LETTERS:
        raise Unreadable([f"references: not a list of 1 to {MOST_LETTERS}"])
    wrong = [f"references.{place}: not text" for place, one in enumerate(asked) if not isinstance(one, str)]
    if wrong:
        raise Unreadable(wrong[:MOST_FAULTS])
    return asked


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unreadable(["body: not JSON"]) from None
    if not isinstance(asked, dict):
        raise Unreadable(["body: not an object"])
    return asked


def _letter(row: object, place: int, wrong: list[str]) -> Letter:
    fields = row if isinstance(row, dict) else {}
    reference, to, text = fields.get("reference"), fields.get("to"), fields.get("text")
    if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
        wrong.append(f"letters.{place}.reference: not 1 to 15 letters and digits")
    if not isinstance(to, str) or not PHONE.fullmatch(to):
        wrong.append(f"letters.{place}.to: not an E.164 number")
    if not isinstance(text, str) or not text:
        wrong.append(f"letters.{place}.text: missing")
    return Letter(str(reference), str(to), str(text), fields.get("flash") is True)
