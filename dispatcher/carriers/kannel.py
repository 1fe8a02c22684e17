"""Kannel's language: the sendsms request, what smsbox answers, and its delivery reports.

Source: Kannel 1.4.5, user guide, "SMS Push" and "Delivery reports", and measured against a running gateway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from config.carriers.kannel import Kannel
from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.carriers.numbers import written
from dispatcher.carriers.request import Request
from dispatcher.claim import Letter
from dispatcher.happenings import Answered
from dispatcher.news import BadNews, Told
from dispatcher.texts import segments
from dispatcher.words import Answer, Outcome

ALL_REPORTS = "31"
"""dlr-mask: delivered 1, not delivered 2, queued 4, taken by the SMSC 8, refused by it 16."""

# By type (`%d`), and for 2 and 16 by what the operator said (`%A`): SMPP 3.4 `stat`, or its command status.
CODES: Mapping[str, Outcome | None] = {
    "1": Outcome.DELIVERED,
    "4": None,
    "8": None,
    "2": Outcome.UNKNOWN,  # no word why
    "2:UNDELIV": Outcome.PHONE_TEMPORARY,
    "2:EXPIRED": Outcome.PHONE_TEMPORARY,
    "2:REJECTD": Outcome.BLOCKED,
    "2:DELETED": Outcome.UNKNOWN,
    "2:UNKNOWN": Outcome.UNKNOWN,
    "34": Outcome.PHONE_TEMPORARY,
    "16": Outcome.UNKNOWN,
    "16:retries": Outcome.GATEWAY_TEMPORARY,
    "16:11": Outcome.BAD_NUMBER,  # ESME_RINVDSTADR
    "16:10": Outcome.OUR_FAULT,  # ESME_RINVSRCADR
    "16:20": Outcome.GATEWAY_TEMPORARY,  # ESME_RMSGQFUL
    "16:88": Outcome.GATEWAY_TEMPORARY,  # ESME_RTHROTTLED
}

STAT = re.compile(r"\bstat:([\w:]{1,16})")
NACK = re.compile(r"^NACK/(0x[0-9A-Fa-f]{1,8}|\d{1,10})\b")
RETRIES = re.compile(r"retries exceeded", re.IGNORECASE)
TAKEN = re.compile(rb"^[03]: ")


def unfit(settings: Kannel, letter: Letter) -> Answered | None:
    """Why a text is not given to Kannel, which would take it and send nothing, or a part of it; None when it is."""
    if not letter.text.strip():
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code="empty_text")
    if segments(letter.text) > settings.max_parts:
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code="too_many_parts")
    return None


def sendsms(settings: Kannel, letter: Letter, callback: str) -> Request:
    """The request for one text to one number: with several, their reports could not be told apart.

    Its URL holds the password, the number and the text: it must never be logged.
    """
    query = {
        "username": settings.username,
        "password": settings.password.get_secret_value(),
        "to": written(letter.to, settings.to_format),
        "text": letter.text,
        "coding": "2",
        "charset": "UTF-8",
        "dlr-mask": ALL_REPORTS,
        "dlr-url": _report_url(callback, letter.reference),
    }
    if letter.flash:
        query["mclass"] = "0"
    if settings.sender:
        query["from"] = settings.sender
    if settings.smsc:
        query["smsc"] = settings.smsc
    return Request("GET", f"{settings.base_url}/cgi-bin/sendsms?{urlencode(query, quote_via=quote)}", {}, b"")


def secrets_of(settings: Kannel) -> tuple[str, ...]:
    """What must not be shown of a request, in each spelling that it has there."""
    plain = [settings.password.get_secret_value()]
    if settings.callback_secret is not None:
        plain.append(settings.callback_secret.get_secret_value())
    return tuple(form for secret in plain for form in (secret, quote(secret), quote(secret, safe="")))


def answer(status: int, body: bytes) -> Answered | None:
    """How a request ended by what smsbox said; None: by its status alone.

    403 is both a wrong password and a number without a route, and both are for us to mend: no route was configured.
    """
    if 200 <= status < 300:
        # Kannel names no message: its reports are told apart by our reference
        return (
            Answered(Answer.ACCEPTED)
            if status == 202 and TAKEN.match(body)
            else Answered(Answer.UNSURE, code="unreadable_answer")
        )
    if status == 403:
        code = "not_routable" if b"not routable" in body.lower() else "authorization"
        return Answered(Answer.REFUSED, Outcome.OUR_FAULT, code=code)
    return None


def read_news(callback: Callback) -> tuple[list[Told], list[str]]:
    """The one report of a callback. Raises: BadNews: it is none."""
    try:
        reference, kind = callback.query["ref"], callback.query["code"]
        if not (reference.isprintable() and reference and kind.isdecimal() and kind.isascii()):
            raise ValueError("words must be printable")
    except (KeyError, ValueError) as fault:
        raise BadNews("must have ref and code in the query, as dlr-url asked") from fault
    # Kannel tells no time of the event that has a zone
    now = datetime.now(UTC)
    raw = callback.url.partition("?")[2].encode("utf-8", "surrogatepass")
    return [Told(reference, code_of(kind, callback.query.get("answer", "")), now, raw)], []


def code_of(kind: str, said: str) -> str:
    """A report's code: its type, and what the operator said where the type alone does not tell."""
    if kind == "2" and (stat := STAT.search(said)):
        return f"2:{stat[1]}"
    if kind == "16" and RETRIES.search(said):
        return "16:retries"
    if kind == "16" and (nack := NACK.match(said)):
        return f"16:{int(nack[1], 16 if nack[1][:2] == '0x' else 10)}"
    return kind


def _report_url(callback: str, reference: str) -> str:
    """Where Kannel reports, with its own escapes: a percent sign of ours is doubled, or it would be one of them."""
    ours = callback.replace("%", "%%")
    return f"{ours}{'&' if '?' in ours else '?'}ref={reference}&code=%d&answer=%A&id=%F&smsc=%i"


LANGUAGE = Language(
    kind="kannel",
    codes=CODES,
    read_news=read_news,
    # smsbox takes 204 for a failure, and tells the report again until its retries are spent
    thanks=Reply(200, b"ok", "text/plain"),
    source="Kannel 1.4.5 user guide, Delivery reports; SMPP 3.4, 5.2.28 and 5.1.3",
    by_carrier_ref=False,
)
