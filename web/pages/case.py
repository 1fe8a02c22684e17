"""A case: its story in words, every try and receipt, the person masked; shown in full only with a reason."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi.responses import Response

from dispatcher.alert.unencrypted import holds_persons_number
from dispatcher.dossier import Dossier, Revealed, dossier, reveal
from web.pages.asking import Asking
from web.pages.rendering import html
from web.pages.words import called, say, table
from web.problems import Problem

SHORTEST, LONGEST = 4, 100
CODED: tuple[str, ...] = (
    "why",
    "outcome",
    "reason",
    "risk",
    "source",
    "by",
    "close",
    "answer",
    "dstate",
    "target",
    "reach",
    "verdict",
    "dissuasion",
    "visit",
    "deadline",
)
PROMISED = ("deadline",)
"""A promise and an outcome may be called alike: `met` is both."""


def show(asking: Asking) -> Response:
    """The case, if it is in the own region."""
    return _page(asking, _found(asking))


def show_in_full(asking: Asking) -> Response:
    """The case with what identifies the person; the reading is in the access log first."""
    found = _found(asking)
    why = asking.form.get("reason", "").strip()
    if not SHORTEST <= len(why) <= LONGEST or not why.isprintable() or holds_persons_number(why):
        return _page(asking, found, status=422, wrong=True)
    opened = reveal(
        asking.house.store, asking.visitor, found.story.case["id"], why=why, remote=asking.remote, now=asking.now
    )
    if opened is None:
        raise Problem(404, "no such case")
    return _page(asking, found, opened=opened, why=why)


def _found(asking: Asking) -> Dossier:
    """Raises: Problem 404: no such case in the own region, or no such address."""
    try:
        case_id = UUID(asking.request.path_params["case_id"])
    except ValueError:
        raise Problem(404, "no such case") from None
    with asking.house.store.read() as connection:
        found = dossier(connection, asking.house.store.keys, case_id, region=asking.region)
    if found is None:
        raise Problem(404, "no such case")
    return found


def _page(
    asking: Asking,
    found: Dossier,
    *,
    status: int = 200,
    opened: Revealed | None = None,
    why: str = "",
    wrong: bool = False,
) -> Response:
    return html(
        asking,
        "case.html",
        status,
        found=found,
        case=found.story.case,
        opened=opened,
        why=why,
        wrong=wrong,
        lines=_lines(asking, found),
        way=lambda item: way_of(asking, item),
    )


def way_of(asking: Asking, item: dict[str, Any] | None) -> str:
    """What a dispatch is called: a text, a robot's call, a visit."""
    name = "case" if item is None else f"{item['channel']}_{item['means']}_{item['target']}"
    return called(asking.lang, "way", name)


def _lines(asking: Asking, found: Dossier) -> list[dict[str, Any]]:
    """The timeline in words, oldest first."""
    by_id = {item["id"]: item for item in found.story.dispatches}
    told = []
    for event in found.story.events:
        known = f"event.{event['what']}" in table(asking.lang)
        groups = PROMISED if event["what"] in ("missed", "reminded") else CODED
        why = _why(asking, event["why"], groups)
        words = say(
            asking.lang,
            f"event.{event['what']}" if known else "event.other",
            way=way_of(asking, by_id.get(event["dispatch_id"])),
            why=why,
            what=event["what"],
            from_=_state(asking, event["from_state"]),
            to=_state(asking, event["to_state"]),
        )
        in_words = known and "{why}" in table(asking.lang)[f"event.{event['what']}"]
        told.append({"at": event["at"], "actor": event["actor"], "words": words, "why": "" if in_words else why})
    return told


def _state(asking: Asking, code: str | None) -> str:
    for group in ("dstate", "channel"):
        if f"{group}.{code}" in table(asking.lang):
            return called(asking.lang, group, code)
    return code or ""


def _why(asking: Asking, why: str | None, groups: tuple[str, ...]) -> str:
    """A reason in words; one that an operator or a carrier gave stands as it was given."""
    if not why:
        return ""
    parts = [part.strip() for part in why.split(":")]
    if len(parts) == 1 and " " in why:  # a report in short: all of it codes, or none
        codes = why.split()
        told = [_code(asking, part, groups) for part in codes]
        return why if any(word is None for word in told) else " · ".join(word for word in told if word)
    return " · ".join(_code(asking, part, groups) or part for part in parts)


def _code(asking: Asking, part: str, groups: tuple[str, ...]) -> str | None:
    for group in groups:
        if f"{group}.{part}" in table(asking.lang):
            return called(asking.lang, group, part)
    return None
