"""The section of any gateway over HTTP (`kind = "http"`): its requests, replies and callbacks, described.

Requests are templates: `{to}` in a path, header or body is replaced by the number, and so on; see SLOTS. Where
something is in a reply or a callback is a Place. docs/how-to/carriers/add-your-own.md goes through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from config.carriers.base import CarrierSettings, Secret, Section
from config.carriers.outcomes import NOT_FINAL, OF_CHANNEL
from config.carriers.urls import BaseUrl

SLOT = re.compile(r"\{([a-z][a-z0-9_.-]*)\}")
OF_LETTERS = ("to", "to_digits", "to_national", "text", "text_id", "template", "reference", "callback", "flash")
OF_REQUESTS = ("timestamp", "timestamp_ms", "at", "nonce")
SLOTS = frozenset(OF_LETTERS + OF_REQUESTS)
OF_QUESTIONS = frozenset({"to", "to_digits", "to_national", "reference", "carrier_ref", *OF_REQUESTS})
OF_SIGNATURES = frozenset({"method", "path", "query", "body", *OF_REQUESTS})
OF_SECRETS = "secret."
"""How the slots of secrets begin."""
WIDE = frozenset({"text", "callback", "template"})
"""Slots that no header and no path can take: they are long, or not ASCII."""

ENDINGS = frozenset({"accepted", "busy", "unsure"})


def slots_of(value: Any) -> Iterator[str]:
    """Every slot of a template, nested ones too."""
    match value:
        case str():
            yield from SLOT.findall(value)
        case dict():
            for part in value.values():
                yield from slots_of(part)
        case list() | tuple():
            for part in value:
                yield from slots_of(part)


def _pattern(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as fault:
        raise ValueError(f"must be a regular expression: {fault}") from None
    if groups != 1:
        raise ValueError("must have one group: what is looked for")
    return value


def _pointer(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("must be a JSON pointer, such as /data/id")
    return value


Pointer = Annotated[str, AfterValidator(_pointer)]


class Place(Section):
    """Where something is: one of these. `json` is a pointer (RFC 6901) into the body, `regex` has one group."""

    json_: Pointer | None = Field(default=None, alias="json")
    regex: Annotated[str, AfterValidator(_pattern)] | None = None
    header: str | None = None
    query: str | None = None
    form: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Place:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError("must say one of json, regex, header, query, form")
        return self


class Signature(Section):
    """An HMAC in `header`, over what `over` makes of the request."""

    header: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    secret: Secret
    over: str = "{body}"
    hash: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = Field(default="", pattern=r"^[\x20-\x7e]*$")

    @model_validator(mode="after")
    def _known(self) -> Signature:
        _only(slots_of(self.over), OF_SIGNATURES, "over")
        return self


class Call(Section):
    """One request. `body` is a table (json, form) or a text (xml), by `form`; none for a GET."""

    method: Literal["GET", "POST", "PUT"] = "POST"
    path: str = Field(default="/", pattern=r"^/[^\s?#]*$")
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    form: Literal["json", "form", "xml", "none"] = "json"
    body: dict[str, Any] | str | None = None
    signature: Signature | None = None

    @model_validator(mode="after")
    def _fits(self) -> Call:
        fits = {"json": dict, "form": dict, "xml": str, "none": type(None)}[self.form]
        if type(self.body) is not fits:
            raise ValueError("body must be a table where form is json or form, a text for xml, and absent for none")
        fields = self.body.values() if self.form == "form" and isinstance(self.body, dict) else ()
        if not all(isinstance(one, str) for one in fields):
            raise ValueError("body: the fields of a form are texts")
        if wide := sorted(WIDE.intersection(slots_of([self.path, self.headers]))):
            raise ValueError(f"{wide[0]} can be in a query or a body only")
        if not all(value.isascii() and value.isprintable() for value in (*self.headers, *self.headers.values())):
            raise ValueError("headers: must be printable ASCII")
        if odd := sorted(name for name in self.headers if not re.fullmatch(r"[A-Za-z0-9_-]+", name)):
            raise ValueError(f"headers: a name is letters, digits, - and _ only: {odd[0]!r}")
        return self

    @property
    def slots(self) -> Iterator[str]:
        """All that it uses."""
        return slots_of([self.path, self.query, self.headers, self.body])


class Answer(Section):
    """How a reply is read. `refused` says what a code means, by one of our outcomes; `statuses` what an HTTP status
    means, by `accepted`, `busy`, `unsure` or an outcome. By default 2xx is accepted if the rest agrees, 429 and 503 are
    busy, other 4xx our fault, all else unsure."""

    id: Place | None = None
    code: Place | None = None
    retry_after: Place | None = None
    accepted: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)
    statuses: dict[Annotated[str, Field(pattern=r"^[1-5]\d\d$")], str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tells_what_was_taken(self) -> Answer:
        if self.code is None and (self.accepted or self.busy or self.unsure or self.refused):
            raise ValueError("code: say where the code is that accepted, busy, unsure and refused compare")
        if self.id is None and not self.accepted and "accepted" not in self.statuses.values():
            raise ValueError("say by what a letter was taken: id, accepted codes, or a status that is accepted")
        return self


class Received(Section):
    """How a callback is read and answered. `items`: pointer to its list; without it, it tells one piece of news.

    `at_format`: iso, unix, unix_ms, or a strptime pattern, whose times are of `at_offset`. Without `at` news is of now.
    """

    items: Pointer | None = None
    reference: Place | None = None
    carrier_ref: Place | None = None
    code: Place
    at: Place | None = None
    at_format: str = "iso"
    at_offset: str = Field(default="+08:00", pattern=r"^[+-]\d\d:\d\d$")
    signature: Signature | None = None
    signed_at: str = Field(default="", pattern=r"^[A-Za-z0-9-]*$")
    signed_within_s: int = Field(default=300, ge=1, le=86_400)
    reply_status: int = Field(default=200, ge=200, le=299)
    reply_body: str = "ok"
    reply_type: str = Field(default="text/plain", pattern=r"^[a-z]+/[a-z0-9.+-]+$")

    @model_validator(mode="after")
    def _names_the_try(self) -> Received:
        if self.reference is None and self.carrier_ref is None:
            raise ValueError("say where our reference is, or the gateway's own id")
        if self.signature is not None:
            _only(slots_of(self.signature.over), OF_SIGNATURES - {"nonce", "at"}, "signature.over")
            signed = set(slots_of(self.signature.over))
            of_time = bool(signed & {"timestamp", "timestamp_ms"})
            if of_time and not self.signed_at:
                raise ValueError("signed_at: name the header that holds the timestamp that is signed")
            if self.signed_at and not of_time:
                raise ValueError("signature.over: must have the {timestamp} of signed_at, or anybody could renew it")
            if not signed & {"body", "query"}:
                raise ValueError("signature.over: must have the {body} or the {query}, whichever tells the news")
        return self


class Asked(Section):
    """How a try is asked for. `yes` and `no` are what `found` may say; a status of `never` says no as well."""

    request: Call
    found: Place
    yes: tuple[str, ...] = ("true",)
    no: tuple[str, ...] = ("false",)
    never: tuple[int, ...] = ()
    carrier_ref: Place | None = None
    code: Place | None = None
    settling_s: float = Field(default=15.0, gt=0, le=600)


class Http(CarrierSettings):
    """One gateway. `codes` says what the codes of its news mean, by our outcomes or `not_final`."""

    kind: Literal["http"] = "http"
    channel: Literal["sms", "call"]
    base_url: BaseUrl
    request: Call
    answer: Answer
    callback: Received | None = None
    ask: Asked | None = None
    secrets: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")], Secret] = Field(default_factory=dict)
    templates: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_slot_is_known(self) -> Http:
        secrets = {OF_SECRETS + name for name in self.secrets}
        used = set(self.request.slots)
        _only(used, SLOTS | secrets, "request")
        if self.ask is not None:
            _only(self.ask.request.slots, OF_QUESTIONS | secrets, "ask.request")
        if "template" in used and "default" not in self.templates:
            raise ValueError("templates: {template} needs at least a default")
        if "to" not in {name.partition("_")[0] for name in used}:
            raise ValueError("request: nothing says to whom: {to}, {to_digits} or {to_national}")
        if not used & {"text", "template", "text_id"}:
            raise ValueError("request: nothing says what: {text}, {template} or {text_id}")
        return self

    @model_validator(mode="after")
    def _every_word_is_ours(self) -> Http:
        ours = OF_CHANNEL[self.channel] - {NOT_FINAL}
        _only(self.answer.refused.values(), ours, "answer.refused")
        _only(self.answer.statuses.values(), ours | ENDINGS, "answer.statuses")
        return self

    @model_validator(mode="after")
    def _headers_can_carry_their_secrets(self) -> Http:
        calls = [self.request, *([self.ask.request] if self.ask is not None else [])]
        for slot in {slot for call in calls for slot in slots_of(call.headers) if slot.startswith(OF_SECRETS)}:
            value = self.secrets[slot.removeprefix(OF_SECRETS)].get_secret_value()
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"secrets.{slot.removeprefix(OF_SECRETS)}: a header carries printable ASCII only")
        return self

    @property
    def calls_back(self) -> bool:
        """Only where its section says how."""
        return self.callback is not None or "callback" in self.request.slots

    @property
    def signing_secret(self) -> SecretStr | None:
        """What its callbacks are signed with."""
        signed = self.callback.signature if self.callback is not None else None
        return signed.secret if signed is not None else None


def _only(used: Any, known: frozenset[str] | set[str], where: str) -> None:
    if odd := sorted(set(used) - known):
        raise ValueError(
            f"{where}: {{{odd[0]}}} is nothing that can be filled in; there are {', '.join(sorted(known))}"
        )
