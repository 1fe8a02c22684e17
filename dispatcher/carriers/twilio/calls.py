"""A robot call by Twilio: the script as TwiML, the request that makes the call, the news that comes of it.

    <Gather> speaks the script and awaits one key; its action is our callback, which hears `Digits` and answers TwiML
    StatusCallback hears initiated, ringing, answered and completed, and answers nothing

A call that was completed counts as heard only if a person answered and it lasted as long as the script is spoken;
the callback's own query carries that length, so that news is read without knowing which words were spoken.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from xml.sax.saxutils import escape, quoteattr

from config.carriers.twilio import TwilioCalls
from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.carriers.request import Request
from dispatcher.carriers.twilio import codes
from dispatcher.carriers.twilio.requests import request, told
from dispatcher.carriers.twilio.signing import fields_of, is_signed
from dispatcher.claim import Letter
from dispatcher.news import BadNews, Told

EVENTS = ("initiated", "ringing", "answered", "completed")
XML = "text/xml"
HANG_UP = b'<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>'
NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
KEYS = {"1": "key-1", "2": "key-2", "": "gather-timeout"}


def call(settings: TwilioCalls, letter: Letter, callback: str) -> Request:
    """The request for one call."""
    url = told(callback, ref=letter.reference, least=str(spoken_s(settings, letter.text)))
    fields = [
        ("To", letter.to),
        ("From", settings.from_number),
        ("Twiml", script(settings, letter.text, url)),
        ("Timeout", str(settings.ring_s)),
        ("StatusCallback", url),
        *(("StatusCallbackEvent", event) for event in EVENTS),
    ]
    if settings.detect_machines:
        fields.append(("MachineDetection", "Enable"))
    return request(settings, "POST", "Calls.json", fields)


def script(settings: TwilioCalls, text: str, action: str) -> str:
    """What Twilio does on the line, as TwiML."""
    voice = f" voice={quoteattr(settings.voice)}" if settings.voice else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        f'<Gather input="dtmf" numDigits="1" timeout="{settings.key_s}" method="POST" action={quoteattr(action)}>'
        f"<Say language={quoteattr(settings.language)}{voice}>{escape(text)}</Say></Gather></Response>"
    )


def spoken_s(settings: TwilioCalls, text: str) -> int:
    """Seconds, >= 1: how long a call lasts in which this was heard."""
    return max(1, round(len(text) / settings.speech_per_s))


def code_of(status: str, *, answered_by: str, lasted_s: object, least_s: object) -> str:
    """The code of a call's status: who answered and how long it lasted decide what `completed` is."""
    if status != "completed":
        return status
    if answered_by.startswith(codes.MACHINES):
        return "completed-machine"
    return "completed" if int(str(lasted_s)) >= int(str(least_s)) else "completed-short"


def read_news(callback: Callback) -> tuple[list[Told], list[str]]:
    """The one piece of news of a callback: a key, or a status. Raises: BadNews: it is neither."""
    try:
        fields = dict(fields_of(callback.body))
        reference, sid, status = callback.query["ref"], fields["CallSid"], fields["CallStatus"]
        if _is_key(fields):
            code = KEYS.get(fields["Digits"], "key-other")
        else:
            lasted_s, answered_by = fields.get("CallDuration", "0"), fields.get("AnsweredBy", "")
            code = code_of(status, answered_by=answered_by, lasted_s=lasted_s, least_s=callback.query.get("least", "1"))
        if not all(word.isprintable() and word for word in (reference, code, sid)):
            raise ValueError("words must be printable")
    except (KeyError, ValueError) as fault:
        raise BadNews("must be a form with CallSid and CallStatus, and ref in the query") from fault
    return [Told(reference, code, _when(fields), callback.body, sid[:64])], []


def thanks(callback: Callback) -> Reply:
    """After a key the line is hung up: what happens next was said in the script."""
    try:
        key = _is_key(dict(fields_of(callback.body)))
    except ValueError:
        key = False
    return Reply(200, HANG_UP if key else NOTHING, XML)


def _is_key(fields: Mapping[str, str]) -> bool:
    return "Digits" in fields


def _when(fields: Mapping[str, str]) -> datetime:
    """Twilio's `Timestamp` is RFC 2822; a key's callback has none."""
    try:
        at = parsedate_to_datetime(fields.get("Timestamp", ""))
        return at.astimezone(UTC) if at.tzinfo is not None else datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return datetime.now(UTC)


LANGUAGE = Language(
    kind="twilio_voice",
    codes=codes.CALLS,
    read_news=read_news,
    thanks=thanks,
    honest=is_signed,
    source=codes.DICTIONARY,
    by_carrier_ref=False,
)
