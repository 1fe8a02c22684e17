"""Twilio's doors, 2010-04-01: `/twilio/2010-04-01/Accounts/{sid}/…` behind basic auth.

The account is AC and 32 zeros (or the simulated vendors' id), its token their secret.
Source: Twilio, Message and Call resources, "Status callback", "Security", error dictionary.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.dialects.common import House, json_reply, utc_day
from simulator.dialects.twilio_calls import Calls
from simulator.dialects.twilio_messages import Messages
from simulator.dialects.twilio_words import ACCOUNT, VERSION, Mistaken, Resource, error, number_in
from simulator.ledger import Sent

Action = Callable[[Request, str], Awaitable[Response]]
SINCE = re.compile(r"(?:DateSent|StartTime)([<>]?)")


class Gate:
    """Basic auth and the account in the path; then the resource."""

    def __init__(self, house: House) -> None:
        self._house = house

    def guarded(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        """The action for whoever has the account's token."""

        async def enter(request: Request) -> Response:
            await request.body()
            name, secret = _basic(request.headers.get("authorization", ""))
            if not (self._is_account(name) and self._house.is_secret(secret)):
                return error(401, 20003, "Authenticate")
            account = request.path_params["account"]
            if not self._is_account(account):
                return error(404, 20404, "The requested resource was not found")
            try:
                return await action(request, account)
            except Mistaken as fault:
                return fault.reply

        return enter

    async def balance(self, request: Request, account: str) -> Response:
        """As much as nobody pays for."""
        return json_reply({"account_sid": account, "balance": "100.00", "currency": "USD"})

    def list_of(self, resource: Resource) -> Action:
        """What went to one number, newest first; by day where the query says so."""

        async def listed(request: Request, account: str) -> Response:
            await self._house.counter.accept_overdue()
            query = request.query_params
            to, size = query.get("To", ""), query.get("PageSize", "50")
            if not (size.isdecimal() and 1 <= int(size) <= 1000):
                return error(400, 20001, "PageSize must be 1 to 1000")
            found = [
                sent
                for sent in (self._house.sent_to(resource.dialect, to) if to else self._all(resource))
                if _in_days(sent, query.multi_items())
            ][::-1]
            page: dict[str, object] = {
                "page": 0,
                "page_size": int(size),
                "start": 0,
                "next_page_uri": None,
                "previous_page_uri": None,
            }
            uri = f"/{VERSION}/Accounts/{account}/{resource.name}.json"
            more = {"uri": uri, "first_page_uri": uri, "end": min(len(found), int(size)) - 1}
            if len(found) > int(size):
                page["next_page_uri"] = f"{uri}?Page=1"
            rows = [resource.row(sent, account, to) for sent in found[: int(size)]]
            return json_reply({resource.name.lower(): rows, **page, **more})

        return listed

    def one_of(self, resource: Resource) -> Action:
        """One by its sid."""

        async def found(request: Request, account: str) -> Response:
            await self._house.counter.accept_overdue()
            n = number_in(request.path_params["sid"], resource.letters)
            sent = self._house.ledger.memory.sent.get(f"sim{n}")
            if sent is None or sent.dialect != resource.dialect:
                return error(404, 20404, "The requested resource was not found")
            return json_reply(resource.row(sent, account, ""))

        return found

    def _all(self, resource: Resource) -> Sequence[Sent]:
        return [one for one in self._house.ledger.memory.sent.values() if one.dialect == resource.dialect]

    def _is_account(self, name: str | None) -> bool:
        return name == ACCOUNT or self._house.is_account(name)


def routes(house: House) -> list[Route]:
    """Every door, under the prefix and, for the vendor's own SDK, which knows hosts but no paths, without it."""
    gate = Gate(house)
    resources: list[Resource] = [Messages(house), Calls(house)]
    doors: list[tuple[str, str, Action]] = [("GET", "Balance.json", gate.balance)]
    for one in resources:
        doors.append(("POST", f"{one.name}.json", one.create))
        doors.append(("GET", f"{one.name}.json", gate.list_of(one)))
        doors.append(("GET", f"{one.name}/{{sid}}.json", gate.one_of(one)))
    return [
        Route(f"{prefix}/{VERSION}/Accounts/{{account}}/{path}", gate.guarded(action), methods=[method])
        for prefix in ("/twilio", "")
        for method, path, action in doors
    ]


def _basic(header: str) -> tuple[str | None, str | None]:
    kind, _, told = header.partition(" ")
    try:
        name, colon, secret = b64decode(told, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return (name, secret) if kind.lower() == "basic" and colon else (None, None)


def _in_days(sent: Sent, query: Sequence[tuple[str, str]]) -> bool:
    day = utc_day(sent.at)
    for name, value in query:
        if found := SINCE.fullmatch(name):
            told = value[:10]
            if not {"": day == told, ">": day >= told, "<": day <= told}[found[1]]:
                return False
    return True
