"""Who asks for a page, in which language, and whether he may have it: one shell around every page.

Pages work in threads of their own, so that somebody's long window never keeps an upstream waiting.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, quote

import anyio.to_thread
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from dispatcher import accounts
from dispatcher.access import Visitor
from dispatcher.accounts.sessions import form_token
from dispatcher.figures.wording import Lang
from dispatcher.words import Role
from web.bodies import bounded_body
from web.house import House
from web.problems import Problem
from web.visitors import address_of, house_of

ROOT = "/pages"
WATCHERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
EVERYBODY = frozenset(Role)
LONGEST_FORM = 64 * 1024
LANGUAGE = "quanzu_language"
FORM = "quanzu_form"


@dataclass(frozen=True, slots=True)
class Asking:
    """One request for a page. `guest` is None only where nobody has to be signed in."""

    request: Request
    house: House
    lang: Lang
    now: datetime
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    guest: accounts.Guest | None = None
    token: str = field(default="", repr=False)

    @property
    def visitor(self) -> Visitor:
        """Who is signed in."""
        assert self.guest is not None
        return self.guest.visitor

    @property
    def region(self) -> str:
        """The region whose subtree may be seen."""
        return self.visitor.region

    @property
    def remote(self) -> str:
        """From where it came, for the access log."""
        return address_of(self.request)

    @property
    def query(self) -> Mapping[str, str]:
        """What the address asks for."""
        return self.request.query_params

    @property
    def live(self) -> bool:
        """A part of a page that asks by itself."""
        return self.request.headers.get("HX-Request") == "true"

    @property
    def secure(self) -> bool:
        """Whether people come by HTTPS, so that cookies never travel otherwise."""
        return self.house.secure or self.request.url.scheme == "https"


Work = Callable[[Asking], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def page(work: Work, *, open_to: frozenset[Role] = WATCHERS, later: bool = False) -> Endpoint:
    """An endpoint for whoever is signed in with one of these roles; everybody else is sent where he can go on.

    `later`: a part that a page asks for when it is there. Parts wait in a line of their own, one after the other, so
    that no page waits for them; whoever has gone on meanwhile is not served any more.
    """

    def answer(asking: Asking) -> Response:
        token = asking.request.cookies.get(cookie_name(asking), "")
        guest = accounts.visitor_of(asking.house.store, token, now=asking.now) if token else None
        if guest is None:
            return _to_sign_in(asking)
        known = Asking(asking.request, asking.house, asking.lang, asking.now, asking.form, guest, token)
        if asking.request.method == "POST" and not hmac.compare_digest(asking.form.get("form", ""), form_token(token)):
            raise Problem(403, "this form is not from this session")
        if guest.visitor.role not in open_to:
            return RedirectResponse(f"{ROOT}/welcome", 303)
        return work(known)

    return open_page(answer, later=later)


def open_page(work: Work, *, later: bool = False) -> Endpoint:
    """An endpoint for anybody. `later`: see `page`."""

    async def endpoint(request: Request) -> Response:
        house = house_of(request)
        form = await _form(request) if request.method == "POST" else {}
        asking = Asking(request, house, language_of(request), house.now(), form)
        async with request.app.state.parts if later else request.app.state.pages:
            if later and await request.is_disconnected():
                return Response(status_code=204)  # nobody reads it
            return await anyio.to_thread.run_sync(work, asking)

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form. Raises: Problem 413, 422."""
    body = await bounded_body(request)
    if len(body) > LONGEST_FORM:
        raise Problem(413, "a form may not be so long")
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=50)
        )
    except (UnicodeDecodeError, ValueError) as fault:
        raise Problem(422, "the form cannot be read") from fault


def language_of(request: Request) -> Lang:
    """Chinese, unless somebody chose otherwise."""
    return Lang.EN if request.cookies.get(LANGUAGE) == Lang.EN.value else Lang.ZH


def cookie_name(asking: Asking) -> str:
    """The session's cookie; over HTTPS one that no other host and no unencrypted page can set."""
    return "__Host-quanzu" if asking.secure else "quanzu"


def safe_way(way: str) -> str:
    """An address of our own pages, or the first page: nobody is led elsewhere by a link of ours."""
    fine = way == ROOT or way.startswith(f"{ROOT}/")
    return way if fine and not any(mark in way for mark in ("//", "\\", "\r", "\n", "..")) else f"{ROOT}/now"


def _to_sign_in(asking: Asking) -> Response:
    way = f"{ROOT}/sign-in"
    if asking.live:
        return Response(status_code=204, headers={"HX-Redirect": way})
    if asking.request.method == "GET":
        asked = asking.request.url.path + (f"?{asking.request.url.query}" if asking.request.url.query else "")
        way += f"?next={quote(asked, safe='')}"
    return RedirectResponse(way, 303)


def door_token(request: Request) -> tuple[str, str]:
    """For a form before anybody is signed in: a cookie's value, and what the form must carry beside it."""
    secret = request.cookies.get(FORM, "")
    if len(secret) != 43:
        secret = secrets.token_urlsafe(32)
    return secret, hashlib.sha256(b"door\0" + secret.encode()).hexdigest()
