"""What the dialects share: the account, the counter, the ledger, and how numbers and references are read."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import orjson
from starlette.responses import Response

from simulator.clock import read_iso
from simulator.counter import Counter
from simulator.ledger import Ledger, Sent
from simulator.letters import PHONE, REFERENCE, Letter
from simulator.simulation import Simulation
from simulator.telling import Item

BEIJING = timezone(timedelta(hours=8))
CHINESE_MOBILE = re.compile(r"1[0-9]{10}")


@dataclass(frozen=True, slots=True)
class House:
    """What every dialect stands on."""

    sim: Simulation
    counter: Counter
    ledger: Ledger

    @property
    def limits_hold(self) -> bool:
        """Whether a vendor's limits for one person are kept: never in a benchmark."""
        return self.sim.limits and not self.sim.at_once

    def is_account(self, name: str | None) -> bool:
        """Whether this is the simulated vendors' account."""
        return same(name, self.sim.vendor_id)

    def is_secret(self, secret: str | None) -> bool:
        """Whether this is its secret."""
        return same(secret, self.sim.secret)

    def sent_to(self, dialect: str, phone: str) -> Sequence[Sent]:
        """What went to a phone in a dialect, oldest first."""
        return self.ledger.memory.sent_to.get((dialect, self.ledger.person(phone)), ())


class Plain:
    """A telling that says each item by itself and tells nothing but the end; dialects change what differs."""

    most = 1

    def stages(self, item: Item) -> Sequence[Item]:
        """Nothing before the end."""
        return ()

    def sayable(self, code: str, letter: Letter) -> str:
        """Everything."""
        return code


def same(one: str | None, other: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing of where they differ."""
    return one is not None and hmac.compare_digest(one.encode(), other.encode())


def e164(text: str | None) -> str | None:
    """The E.164 number that a vendor's customer means, or None: a bare Chinese mobile number is one of China."""
    digits = (text or "").strip()
    if CHINESE_MOBILE.fullmatch(digits):
        digits = f"+86{digits}"
    elif digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif not digits.startswith("+"):
        digits = f"+{digits}"
    return digits if PHONE.fullmatch(digits) else None


def reference_of(text: str | None) -> str:
    """Our client's reference as a vendor repeats it; empty when it is none."""
    return text if text and REFERENCE.fullmatch(text) else ""


def ref_of_url(url: str | None) -> str:
    """The reference that the query of a callback URL carries; empty when there is none."""
    return reference_of(dict(parse_qsl(urlsplit(url or "").query)).get("ref"))


def beijing(at: str) -> str:
    """An ISO instant as Chinese vendors write it: wall clock of Beijing, no offset."""
    return read_iso(at).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def unix(at: str) -> int:
    """An ISO instant in whole seconds since 1970."""
    return int(read_iso(at).timestamp())


def moved(at: str, seconds: float) -> str:
    """An ISO instant so many seconds later."""
    return (read_iso(at) + timedelta(seconds=seconds)).isoformat()


def utc_day(at: str) -> str:
    """The day of an ISO instant, UTC, YYYY-MM-DD."""
    return read_iso(at).astimezone(UTC).strftime("%Y-%m-%d")


def request_id() -> str:
    """What a vendor calls one request."""
    return str(uuid4()).upper()


def number_of(carrier_id: str) -> int:
    """The number in the ledger of an effect, from our id of it."""
    return int(carrier_id.removeprefix("sim"))


def json_reply(content: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def parts_of(text: str) -> int:
    """How many parts a text of UCS-2 takes: 70 in one, 67 in each of several."""
    return 1 if len(text) <= 70 else -(-len(text) // 67)
