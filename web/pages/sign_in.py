"""Signing in and out, the language, and the page for those who work by the API."""

from __future__ import annotations

import hmac

from fastapi.responses import RedirectResponse, Response

from dispatcher import accounts
from dispatcher.accounts.sessions import LONGEST
from dispatcher.figures.wording import Lang
from web.pages.asking import FORM, LANGUAGE, ROOT, WATCHERS, Asking, cookie_name, door_token, safe_way
from web.pages.rendering import html
from web.problems import Problem

YEAR_S = 365 * 86_400


def show(asking: Asking) -> Response:
    """The form; whoever has just been sent here comes back to what he asked for."""
    return _form(asking, next_=asking.query.get("next", ""))


def enter(asking: Asking) -> Response:
    """Sign in by name and password, or by an API key in place of the password."""
    secret, expected = door_token(asking.request)
    if not (asking.request.cookies.get(FORM) == secret and hmac.compare_digest(asking.form.get("form", ""), expected)):
        return _form(asking, fault="stale", status=403, next_=asking.form.get("next", ""))
    done = accounts.sign_in(
        asking.house.store,
        login=asking.form.get("login", "")[:64],
        password=asking.form.get("password", "")[:256],
        remote=asking.remote,
        now=asking.now,
    )
    if isinstance(done, accounts.Refusal):
        status = 429 if done is accounts.Refusal.WAIT else 401
        return _form(asking, fault=done.value, status=status, next_=asking.form.get("next", ""))
    way = safe_way(asking.form.get("next", "")) if done.visitor.role in WATCHERS else f"{ROOT}/welcome"
    answer = RedirectResponse(way, 303)
    answer.set_cookie(
        cookie_name(asking),
        done.token,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=asking.secure,
        httponly=True,
        samesite="lax",
    )
    return answer


def leave(asking: Asking) -> Response:
    """Sign out; the cookie opens nothing any more."""
    accounts.sign_out(asking.house.store, asking.token, asking.visitor, remote=asking.remote, now=asking.now)
    answer = RedirectResponse(f"{ROOT}/sign-in", 303)
    answer.delete_cookie(cookie_name(asking), path="/", secure=asking.secure, httponly=True, samesite="lax")
    return answer


def welcome(asking: Asking) -> Response:
    """What each role can use."""
    return html(asking, "welcome.html")


def language(asking: Asking) -> Response:
    """Choose the language, and go on where one was."""
    if asking.query.get("to") not in set(Lang):
        raise Problem(404, "no such page")
    answer = RedirectResponse(safe_way(asking.query.get("back", "")), 303)
    answer.set_cookie(
        LANGUAGE, asking.query["to"], max_age=YEAR_S, path=ROOT, secure=asking.secure, httponly=True, samesite="lax"
    )
    return answer


def first(_asking: Asking) -> Response:
    """The first page."""
    return RedirectResponse(f"{ROOT}/now", 303)


def _form(asking: Asking, *, next_: str, fault: str | None = None, status: int = 200) -> Response:
    secret, token = door_token(asking.request)
    way = safe_way(next_) if next_ else ""
    answer = html(asking, "sign_in.html", status, fault=fault, door=token, next=way)
    if status == 429:
        answer.headers["Retry-After"] = "900"
    answer.set_cookie(FORM, secret, path=ROOT, secure=asking.secure, httponly=True, samesite="strict")
    return answer
