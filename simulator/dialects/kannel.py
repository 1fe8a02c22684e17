"""Kannel's smsbox: `/kannel/cgi-bin/sendsms` with a delivery report by the message's own `dlr-url`.

    202 "0: …"    accepted; then type 8 (the SMSC has it), then 1 (delivered) or 2 (not); or 16 (the SMSC refused it)
    403           a wrong password, or a number that has no route: then type 16 is told as well
    503           not now

Source: measured against Kannel 1.4.5; escape codes from its user guide, section "Delivery reports".
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulator.clock import iso, read_iso, utc_now
from simulator.counter import Answers, Words
from simulator.dialects.common import House, Plain, e164, number_of, ref_of_url
from simulator.letters import Letter, Order
from simulator.simulation import is_web_address
from simulator.telling import Heard, Item, Told

DIALECT = "kannel"
SMSC = "SIM"
PAUSES_S = (2.0, 2.0, 2.0)  # http-request-retry 3, http-queue-delay 2
ESCAPE = re.compile(r"%([%a-zA-Z])")

TYPES = {"DELIVRD": 1, "UNDELIV": 16, "EXPIRED": 2, "UNKNOWN": 2, "REJECTD": 2, "ENROUTE": 8, "REFUSED": 16}
ERRORS = {"DELIVRD": "000", "EXPIRED": "027", "REJECTD": "069", "UNKNOWN": "255"}


def routes(house: House) -> list[Route]:
    """smsbox's door, and bearerbox's status page."""
    box = Smsbox(house)
    return [
        Route("/kannel/cgi-bin/sendsms", box.sendsms, methods=["GET", "POST"]),
        Route("/kannel/status", box.status, methods=["GET"]),
        Route("/kannel/status.txt", box.status, methods=["GET"]),
    ]


class DlrUrl(Plain):
    """A GET of the message's dlr-url, its escapes filled in; tried four times, then lost."""

    dialect = DIALECT
    pauses_s = PAUSES_S

    def says(self, callback: str, items: Sequence[Item]) -> Told | None:
        """One report."""
        [item] = items
        if not _wanted(item):
            return None
        filled = filled_in(item)
        address = ESCAPE.sub(lambda found: _escaped(filled, found), callback)
        return Told("GET", address, b"", {})

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """Any 2xx takes it."""
        return "taken" if status is not None and 200 <= status < 300 else "again"

    def stages(self, item: Item) -> Sequence[Item]:
        """That the SMSC has it, unless it refused it: a dead number it does at once."""
        taken = item._replace(code="ENROUTE", stage="accepted")
        return [one for one in (taken,) if item.code != "UNDELIV" and _wanted(one)]


def filled_in(item: Item) -> Mapping[str, str]:
    """What each escape of a dlr-url becomes."""
    assert item.letter is not None
    at, told = read_iso(item.at), item.letter.told
    return {
        "d": str(TYPES[item.code]),
        "A": _answer_of(item),
        "F": f"{number_of(item.carrier_id):010X}",
        "i": SMSC,
        "I": item.carrier_id,
        "p": item.letter.to,
        "q": item.letter.to,
        "P": told.get("from", ""),
        "Q": told.get("from", ""),
        "t": at.strftime("%Y-%m-%d %H:%M"),
        "T": str(int(at.timestamp())),
        "n": told.get("username", ""),
        "o": told.get("account", ""),
    }


def _escaped(filled: Mapping[str, str], found: re.Match[str]) -> str:
    if found[1] == "%":
        return "%"
    return quote(filled[found[1]], safe="") if found[1] in filled else found[0]


def _answer_of(item: Item) -> str:
    if item.code == "ENROUTE":
        return "ACK/"
    if item.code in ("UNDELIV", "REFUSED"):
        return "NACK/11/Invalid Destination Address"
    when = read_iso(item.at).strftime("%y%m%d%H%M")
    good = "001" if item.code == "DELIVRD" else "000"
    return (
        f"id:{number_of(item.carrier_id):010X} sub:001 dlvrd:{good} submit date:{when} done date:{when} "
        f"stat:{item.code} err:{ERRORS[item.code]} text:"
    )


def _wanted(item: Item) -> bool:
    assert item.letter is not None
    return bool(TYPES[item.code] & int(item.letter.told["dlr-mask"]))


class Smsbox:
    """One sendsms-user: the simulated vendors' account."""

    def __init__(self, house: House) -> None:
        self._house, self._began = house, time.monotonic()
        self._told = DlrUrl()

    async def sendsms(self, request: Request) -> Response:
        """One text to one number or several."""
        await request.body()
        asked = request.query_params
        if not (self._house.is_account(asked.get("username")) and self._house.is_secret(asked.get("password"))):
            return _said(403, "Authorization failed for sendsms")
        # in a query a plus is a space: some clients leave it so
        numbers = asked.get("to", "").split()
        if not numbers:
            return _said(400, "Missing receiver number, rejected")
        phones = [e164(number) for number in numbers]
        mask, url = asked.get("dlr-mask", "0"), asked.get("dlr-url", "")
        if not mask.isdecimal():
            return _said(400, "Garbage 'dlr-mask' field, rejected.")
        heard = url if is_web_address(url) else ""
        told = {"from": asked.get("from", ""), "username": asked["username"], "dlr-mask": mask}
        told["account"] = asked.get("account", "")
        letters = [
            Letter(ref_of_url(heard), phone, asked.get("text", ""), asked.get("mclass") == "0", told)
            for phone in phones
            if phone is not None
        ]
        if len(letters) < len(phones):
            return _said(400, "Garbage 'to' field, rejected.")
        order = Order(heard if int(mask) else "", letters, self._told)
        words = Words(lambda answers: self._answered(order, answers), _temporarily_not, lambda _: _temporarily_not())
        return await self._house.counter.take(request, "text", order, words)

    async def status(self, request: Request) -> Response:
        """The status page, for whoever has the status password."""
        if not self._house.is_secret(request.query_params.get("password")):
            return _said(403, "Denied")
        up = int(time.monotonic() - self._began)
        sent = sum(sent.dialect == DIALECT for sent in self._house.ledger.memory.sent.values())
        link = f"{SMSC}    SIM:simulated (online {up}s, rcvd 0, sent {sent}, failed 0, queued 0 msgs)"
        return PlainTextResponse(
            "Kannel bearerbox version `1.4.5' (simulated).\n\n"
            f"Status: running, uptime {up // 86400}d {up // 3600 % 24}h {up // 60 % 60}m {up % 60}s\n\n"
            f"SMS: received 0 (0 queued), sent {sent} (0 queued), store size 0\n\n"
            f"SMSC connections:\n    {link}\n"
        )

    def _answered(self, order: Order, answers: Answers) -> Response:
        if any(answer["answer"] == "accepted" for answer in answers):
            return _said(202, "0: Accepted for delivery")
        if any(answer["answer"] == "busy" or answer["code"] == "GATEWAY" for answer in answers):
            return _temporarily_not()
        if order.callback:
            for letter in order.letters:
                item = Item(letter.reference, "sim0", "REFUSED", iso(utc_now()), "refused", letter)
                self._house.counter.tell(order, item)
        return _said(403, "Not routable. Do not try again.")


def _temporarily_not() -> Response:
    return _said(503, "Temporal failure, try again later.")


def _said(status: int, text: str) -> Response:
    return PlainTextResponse(text, status)
