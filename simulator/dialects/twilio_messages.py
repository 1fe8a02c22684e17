"""Messages: one text, its status posted when it is sent and when it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from simulator.clock import iso, utc_now
from simulator.counter import Answers, Words
from simulator.dialects.common import House, json_reply, number_of, parts_of, ref_of_url
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
from simulator.telling import Item

DIALECT = "twilio"
STATUS = {
    "DELIVRD": ("delivered", None),
    "UNDELIV": ("undelivered", 30005),
    "EXPIRED": ("undelivered", 30003),
    "REJECTD": ("undelivered", 30004),
    "UNKNOWN": ("undelivered", 30008),
}
REFUSALS = {
    "BADNUMBER": (400, 21211, "Invalid 'To' Phone Number"),
    "BLOCKED": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "GATEWAY": (503, 20503, "Service unavailable"),
}


class MessageStatus(FormPost):
    """`sent`, then the end."""

    def fields(self, item: Item) -> dict[str, str]:
        """What is told of it."""
        assert item.letter is not None
        status, code = ("sent", None) if item.stage else STATUS[item.code]
        name = sid("SM", number_of(item.carrier_id))
        told = {
            "MessageSid": name,
            "SmsSid": name,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": item.letter.to,
            "From": item.letter.told["from"],
            "AccountSid": ACCOUNT,
            "ApiVersion": VERSION,
        }
        return told | ({"ErrorCode": str(code)} if code else {})

    def stages(self, item: Item) -> Sequence[Item]:
        """That it was handed to the network."""
        return [item._replace(code="ENROUTE", stage="sent")]


class Messages:
    """The resource."""

    name, letters, dialect = "Messages", "SM", DIALECT

    def __init__(self, house: House) -> None:
        self._house, self._told = house, MessageStatus(house, DIALECT)

    async def create(self, request: Request, account: str) -> Response:
        """One text."""
        asked, _ = await asked_of(request)
        if not asked.get("Body"):
            raise Mistaken(400, 21602, "Message body is required.")
        callback = asked.get("StatusCallback", "")
        told = {"from": asked.get("From") or asked["MessagingServiceSid"]}
        letter = Letter(ref_of_url(callback), asked["To"], asked["Body"], told=told)

        def answered(answers: Answers) -> Response:
            [answer] = answers
            if answer["answer"] == "accepted":
                n = number_of(answer["carrier_id"])
                row = _row(n, iso(utc_now()), account, asked["To"], told["from"], asked["Body"], "queued", None)
                return json_reply(row, 201)
            return error(*REFUSALS[answer["code"]]) if "code" in answer else throttled(0)

        words = Words(answered, unavailable, throttled)
        return await self._house.counter.take(request, "text", Order(callback, [letter], self._told), words)

    def row(self, sent: Sent, account: str, to: str) -> Mapping[str, object]:
        """One as it is told to whoever asks."""
        status, code = STATUS[sent.code] if sent.told else ("sent", None)
        return _row(sent.n, sent.at, account, to, "", sent.text, status, code)


def _row(
    n: int, at: str, account: str, to: str, sender: str, body: str, status: str, code: int | None
) -> Mapping[str, object]:
    name = sid("SM", n)
    return {
        "sid": name,
        "account_sid": account,
        "api_version": VERSION,
        "to": to,
        "from": sender,
        "body": body,
        "status": status,
        "error_code": code,
        "error_message": None,
        "direction": "outbound-api",
        "num_segments": str(parts_of(body)),
        "num_media": "0",
        "messaging_service_sid": None,
        "price": None,
        "price_unit": "USD",
        "date_created": rfc2822(at),
        "date_sent": rfc2822(at),
        "date_updated": rfc2822(at),
        "uri": f"/{VERSION}/Accounts/{account}/Messages/{name}.json",
        "subresource_uris": {},
    }
