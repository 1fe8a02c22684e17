"""Templates made into pages: escaped, in one language, with static files by their contents' digest."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.regions import Regions
from dispatcher.accounts.sessions import form_token
from dispatcher.figures import wording
from dispatcher.figures.windows import Window
from dispatcher.figures.wording import Lang
from dispatcher.plan import LOCAL
from web.pages import words
from web.pages.asking import ROOT, WATCHERS, Asking
from web.pages.charts import share_bar

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(root=ROOT, static=_static)
    return made


@cache
def regions() -> Regions:
    """The regions by name."""
    return Regions.load()


def region_name(code: str, lang: Lang) -> str:
    """A region's name; in English the code stands before it, for those who cannot read it."""
    name = regions().name(code) if regions().known(code) else code
    return name if lang is Lang.ZH or name == code else f"{name} {code}"


@cache
def _static(name: str) -> str:
    """The address of a static file: it changes with the contents, so that a browser may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{ROOT}/static/{name}?v={digest}"


def clock(at: datetime) -> str:
    """Time of day in Shanghai, to the second."""
    return f"{at.astimezone(LOCAL):%H:%M:%S}"


def last_instant(window: Window) -> datetime:
    """The end of a window as people name it: the day that still belongs to it."""
    return window.until - timedelta(microseconds=1)


def stamp(at: datetime | None, lang: Lang) -> str:
    """Day and time in Shanghai, to the second; the year only where it is not plain from the page."""
    if at is None:
        return wording.NONE
    local = at.astimezone(LOCAL)
    return f"{local.month}月{local.day}日 {local:%H:%M:%S}" if lang is Lang.ZH else f"{local.day} {local:%b %H:%M:%S}"


def html(asking: Asking, template: str, status: int = 200, **told: Any) -> HTMLResponse:
    """A page or a part of one."""
    lang = asking.lang
    guest = asking.guest
    context = {
        "lang": lang.value,
        "say": partial(words.say, lang),
        "called": partial(words.called, lang),
        "count": partial(wording.count, lang=lang),
        "exact": lambda number: wording.NONE if number is None else f"{number:,}",
        "share": wording.share,
        "share_bar": share_bar,
        "growth": wording.growth,
        "points": partial(wording.points, lang=lang),
        "until_shown": last_instant,
        "span": partial(wording.seconds, lang=lang),
        "day": partial(wording.day, lang=lang),
        "stamp": partial(stamp, lang=lang),
        "clock": clock,
        "region_name": partial(region_name, lang=lang),
        "guest": guest,
        "watching": guest is not None and guest.visitor.role in WATCHERS,
        "form": form_token(asking.token) if asking.token else "",
        "here": asking.request.url.path,
        "asked": asking.request.url.path + (f"?{asking.request.url.query}" if asking.request.url.query else ""),
        "now": asking.now,
    }
    return HTMLResponse(_environment().get_template(template).render(context | told), status)
