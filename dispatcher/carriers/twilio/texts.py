"""A text by Twilio: the request that makes it, and the news that comes of it."""

from __future__ import annotations

from datetime import UTC, datetime

from config.carriers.twilio import TwilioTexts
from dispatcher.carriers.language import Callback, Language, Reply
from dispatcher.carriers.request import Request
from dispatcher.carriers.twilio import codes
from dispatcher.carriers.twilio.requests import request, told
from dispatcher.carriers.twilio.signing import fields_of, is_signed
from dispatcher.claim import Letter
from dispatcher.news import BadNews, Told


def message(settings: TwilioTexts, letter: Letter, callback: str) -> Request:
    """The request for one text. Twilio has no flash texts: it goes as any other."""
    sender = ("From", settings.from_number)
    if settings.messaging_service is not None:
        sender = ("MessagingServiceSid", settings.messaging_service)
    fields = [
        ("To", letter.to),
        sender,
        ("Body", letter.text),
        ("StatusCallback", told(callback, ref=letter.reference)),
    ]
    return request(settings, "POST", "Messages.json", fields)


def code_of(status: str, error: object) -> str:
    """The code of a piece of news: the error where Twilio names one, else the status."""
    text = str(error or "")
    return text if text.isdecimal() and text != "0" and status in ("failed", "undelivered") else status


def read_news(callback: Callback) -> tuple[list[Told], list[str]]:
    """The one piece of news of a status callback. Raises: BadNews: it is none."""
    try:
        fields = dict(fields_of(callback.body))
        reference, status = callback.query["ref"], fields["MessageStatus"]
        code = code_of(status, fields.get("ErrorCode"))
        sid = fields["MessageSid"]
        if not all(word.isprintable() and word for word in (reference, code, sid)):
            raise ValueError("words must be printable")
    except (KeyError, ValueError) as fault:
        raise BadNews("must be a form with MessageSid and MessageStatus, and ref in the query") from fault
    # Twilio tells no time with a message's status
    return [Told(reference, code, datetime.now(UTC), callback.body, sid[:64])], []


LANGUAGE = Language(
    kind="twilio_sms",
    codes=codes.TEXTS,
    read_news=read_news,
    thanks=Reply(204, b"", "text/plain"),
    honest=is_signed,
    source=codes.DICTIONARY,
    by_carrier_ref=False,
)
