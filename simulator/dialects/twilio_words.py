"""What Twilio answers, what it calls things, and how its callbacks are signed and posted."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from hashlib import sha1, sha256
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from simulator.clock import read_iso
from simulator.dialects.common import House, Plain, e164, json_reply
from simulator.ledger import Sent
from simulator.simulation import is_web_address
from simulator.telling import Heard, Item, Told

VERSION = "2010-04-01"
ACCOUNT = "AC" + "0" * 32


class Mistaken(Exception):
    """The request cannot be served as it is; `reply` says so."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(code)
        self.reply = error(status, code, message)


class Resource(Protocol):
    """Messages or calls. `letters`: how its sids begin."""

    name: str
    letters: str
    dialect: str

    async def create(self, request: Request, account: str) -> Response:
        """Make one."""
        ...

    def row(self, sent: Sent, account: str, to: str) -> Mapping[str, object]:
        """One as it is told to whoever asks."""
        ...


def error(status: int, code: int, message: str) -> Response:
    """An error by its number."""
    info = f"https://www.twilio.com/docs/errors/{code}"
    return json_reply({"code": code, "message": message, "more_info": info, "status": status}, status)


def unavailable() -> Response:
    """Not now."""
    return error(503, 20503, "Service unavailable")


def throttled(_: float) -> Response:
    """Too many requests a second."""
    return error(429, 20429, "Too Many Requests")


async def asked_of(request: Request) -> tuple[dict[str, str], list[str]]:
    """The form, and every event that it wants to be told. Raises: Mistaken: the number or the sender is wrong."""
    pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    asked = dict(pairs)
    if not asked.get("To"):
        raise Mistaken(400, 21604, "A 'To' phone number is required.")
    phone = e164(asked["To"])
    if phone is None or not asked["To"].startswith("+"):
        raise Mistaken(400, 21211, "Invalid 'To' Phone Number")
    if not (asked.get("From") or asked.get("MessagingServiceSid")):
        raise Mistaken(400, 21603, "A 'From' phone number is required.")
    if asked.get("StatusCallback") and not is_web_address(asked["StatusCallback"]):
        raise Mistaken(400, 21609, "The 'StatusCallback' URL is not a valid URL.")
    return asked, [value for name, value in pairs if name == "StatusCallbackEvent"]


def sid(letters: str, n: int) -> str:
    """What this vendor calls an effect: its number in the ledger is in it."""
    return f"{letters}{sha256(str(n).encode()).hexdigest()[:16]}{n:016x}"


def number_in(text: str, letters: str) -> int:
    """The number in a sid; 0: it is none."""
    try:
        n = int(text[18:], 16)
    except ValueError:
        return 0
    return n if sid(letters, n) == text else 0


def rfc2822(at: str) -> str:
    """An ISO instant as this vendor writes it."""
    return format_datetime(read_iso(at))


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Base64 HMAC-SHA1 over the whole URL and the fields, sorted by name, each name with its value."""
    spoken = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return b64encode(hmac.new(token.encode(), spoken.encode(), sha1).digest()).decode()


class FormPost(Plain):
    """A signed form post; tried once more only if no connection came about."""

    pauses_s = (0.5,)

    def __init__(self, house: House, dialect: str) -> None:
        self._house, self.dialect = house, dialect

    def says(self, callback: str, items: Sequence[Item]) -> Told | None:
        """One event."""
        [item] = items
        return self.post(callback, self.fields(item))

    def fields(self, item: Item) -> dict[str, str]:
        """What is told of it."""
        raise NotImplementedError

    def post(self, url: str, fields: dict[str, str]) -> Told:
        """The request, signed."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature(self._house.sim.secret, url, fields),
        }
        return Told("POST", url, urlencode(fields).encode(), headers)

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """Any 2xx takes it; an error of the other side is not asked again."""
        if status is None:
            return "again"
        return "taken" if 200 <= status < 300 else "lost"
