"""Calls: events posted as they were asked for, TwiML fetched where it is at a URL, a key posted to Gather's action."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape

from starlette.requests import Request
from starlette.responses import Response

from simulator.clock import iso, utc_now
from simulator.counter import Answers, Words
from simulator.dialects.common import House, json_reply, number_of, ref_of_url
from simulator.dialects.twilio_words import (
    ACCOUNT,
    VERSION,
    FormPost,
    Mistaken,
    asked_of,
    error,
    rfc2822,
    sid,
    throttled,
    unavailable,
)
from simulator.ledger import Sent
from simulator.letters import Letter, Order
from simulator.simulation import is_web_address
from simulator.telling import Heard, Item, Told

DIALECT = "twilio-voice"
GATHER = re.compile(r"<Gather\b([^>]*)>")
ACTION = re.compile(r"""\baction\s*=\s*(?:"([^"]*)"|'([^']*)')""")
TAG = re.compile(r"<[^>]*>")
KEYS = {"KEY1": "1", "KEY2": "2"}
ANSWERED = frozenset({"HEARD", "KEY1", "KEY2", "HUNGUP", "MACHINE"})
STATUS = {"BUSY": "busy", "NOANSWER": "no-answer", "UNREACHABLE": "failed", "FAULT": "canceled"}
NEAREST = {"REJECTED": "BUSY", "POWEREDOFF": "NOANSWER", "SUSPENDED": "UNREACHABLE", "INVALID": "UNREACHABLE"}
SPOKEN_PER_S = 4
REFUSALS = {
    "INVALID": (400, 21211, "Invalid 'To' Phone Number"),
    "FAULT": (503, 20503, "Service unavailable"),
}
STAGES = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}


class CallEvents(FormPost):
    """What happens on one line, in order: initiated, ringing, answered, TwiML, the key, completed."""

    def __init__(self, house: House, dialect: str) -> None:
        super().__init__(house, dialect)
        self._twiml: dict[str, str] = {}

    def stages(self, item: Item) -> Sequence[Item]:
        """The events that were asked for, and what the line itself asks for."""
        assert item.letter is not None
        told, up = item.letter.told, item.code in ANSWERED
        wanted = told["events"].split()
        names = [name for name in STAGES if name in wanted and (up or name != "answered")]
        if up and told["url"]:
            names.append("twiml")
        if item.code in KEYS:
            names.append("key")
        return [item._replace(code=item.code if name == "key" else "RINGING", stage=name) for name in names]

    def sayable(self, code: str, letter: Letter) -> str:
        """A line that fails does so for one reason; a key is not pressed where none is awaited."""
        code = NEAREST.get(code, code)
        return "HEARD" if code in KEYS and not letter.told["url"] and not gather_of(letter.text) else code

    def says(self, callback: str, items: Sequence[Item]) -> Told | None:
        """One event, or what the line asks for."""
        [item] = items
        assert item.letter is not None
        told = item.letter.told
        if item.stage == "twiml":
            return self.post(told["url"], self.fields(item))
        if item.stage == "key":
            twiml = self._twiml.pop(item.carrier_id, "") if told["url"] else item.letter.text
            action = gather_of(twiml)
            return self.post(action, self.fields(item) | {"Digits": KEYS[item.code]}) if action else None
        if not item.stage and "completed" not in told["events"].split():
            return None
        return super().says(callback, items)

    def heard(self, status: int | None, reply: bytes, items: Sequence[Item]) -> Heard:
        """What a URL says is what the line goes on with."""
        [item] = items
        if item.stage == "twiml" and status == 200:
            self._twiml[item.carrier_id] = reply.decode("utf-8", "replace")
        return super().heard(status, reply, items)

    def fields(self, item: Item) -> dict[str, str]:
        """What is told of it."""
        assert item.letter is not None
        told = {
            "CallSid": sid("CA", number_of(item.carrier_id)),
            "AccountSid": ACCOUNT,
            "ApiVersion": VERSION,
            "To": item.letter.to,
            "Called": item.letter.to,
            "From": item.letter.told["from"],
            "Caller": item.letter.told["from"],
            "Direction": "outbound-api",
        }
        if item.stage in ("twiml", "key"):
            return told | {"CallStatus": "in-progress"}
        told |= {"CallbackSource": "call-progress-events", "Timestamp": rfc2822(item.at)}
        if item.stage:
            return told | {"CallStatus": STAGES[item.stage]}
        told |= {"CallStatus": STATUS.get(item.code, "completed"), "CallDuration": str(_lasted_s(item))}
        if item.code in ANSWERED and item.letter.told["detection"]:
            told["AnsweredBy"] = "machine_start" if item.code == "MACHINE" else "human"
        return told


def gather_of(twiml: str) -> str:
    """Where a pressed key is posted; empty: no key is awaited."""
    gather = GATHER.search(twiml)
    action = ACTION.search(gather[1]) if gather else None
    found = unescape(action[1] or action[2] or "") if action else ""
    return found if is_web_address(found) else ""


def _lasted_s(item: Item) -> int:
    assert item.letter is not None
    if item.code not in ANSWERED:
        return 0
    if item.code == "HUNGUP":
        return 1
    return 3 + len(TAG.sub("", item.letter.text)) // SPOKEN_PER_S


class Calls:
    """The resource."""

    name, letters, dialect = "Calls", "CA", DIALECT

    def __init__(self, house: House) -> None:
        self._house, self._told = house, CallEvents(house, DIALECT)

    async def create(self, request: Request, account: str) -> Response:
        """One call."""
        asked, events = await asked_of(request)
        url, twiml = asked.get("Url", ""), asked.get("Twiml", "")
        if not twiml and not is_web_address(url):
            raise Mistaken(400, 21205, "Url is not a valid URL, and there is no Twiml")
        callback = asked.get("StatusCallback", "")
        told = {
            "from": asked["From"],
            "url": "" if twiml else url,
            "events": " ".join(" ".join(events).split() or ["completed"]),
            "detection": asked.get("MachineDetection", ""),
        }
        letter = Letter(ref_of_url(callback), asked["To"], twiml or url, told=told)

        def answered(answers: Answers) -> Response:
            [answer] = answers
            if answer["answer"] == "accepted":
                n = number_of(answer["carrier_id"])
                return json_reply(_row(n, iso(utc_now()), account, asked["To"], asked["From"], "queued", None), 201)
            return error(*REFUSALS[answer["code"]]) if "code" in answer else throttled(0)

        words = Words(answered, unavailable, throttled)
        return await self._house.counter.take(request, "ring", Order(callback or url, [letter], self._told), words)

    def row(self, sent: Sent, account: str, to: str) -> Mapping[str, object]:
        """One as it is told to whoever asks."""
        status = STATUS.get(sent.code, "completed") if sent.told else "in-progress"
        answered = sent.told and sent.code in ANSWERED
        by = ("machine_start" if sent.code == "MACHINE" else "human") if answered else None
        return _row(sent.n, sent.at, account, to, "", status, by)


def _row(n: int, at: str, account: str, to: str, sender: str, status: str, by: str | None) -> Mapping[str, object]:
    name = sid("CA", n)
    return {
        "sid": name,
        "account_sid": account,
        "api_version": VERSION,
        "to": to,
        "from": sender,
        "status": status,
        "direction": "outbound-api",
        "answered_by": by,
        "duration": None,
        "price": None,
        "price_unit": "USD",
        "date_created": rfc2822(at),
        "date_updated": rfc2822(at),
        "start_time": rfc2822(at),
        "end_time": None,
        "uri": f"/{VERSION}/Accounts/{account}/Calls/{name}.json",
        "subresource_uris": {},
    }
