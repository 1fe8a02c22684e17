"""What upstreams must be told of a transaction, noted in that transaction: no crash can part the two.

answers first, then dispatches that ended, then cases that closed or opened again
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from dispatcher import tables
from dispatcher.draft import Draft, Row
from dispatcher.words import DispatchState

if TYPE_CHECKING:  # intake notes its answers here, so that importing it would be a circle
    from dispatcher.intake.answers import Result

FINAL = frozenset(state.value for state in DispatchState if state.final)
CASE_EVENTS = {"closed": "case_closed", "closed_better": "case_closed", "reopened": "case_reopened"}

_our_word = re.compile(r"[a-z][a-z_]{0,63}").fullmatch


def note_answers(draft: Draft, results: Iterable[Result]) -> None:
    """Every alert of a batch is answered: accepted, repeated, amended, withdrawn or refused."""
    opened = {case["id"] for case in draft.rows(tables.cases) if case["shares_case_id"] is None}
    for result in results:
        told: dict[str, Any]
        if result.case_id is None:
            what = "refused"
            told = {
                "dead_letter": result.dead_letter,
                "reasons": [{"field": fault.field, "message": fault.message} for fault in result.faults],
            }
        else:
            what, told = str(result.status), {"merged": result.merged}
            if what == "accepted" and (result.merged or result.case_id not in opened):
                what = "joined"
        _add(draft, what, result.case_id, told, result.alert_id, result.source, result.source_ref)


def note_changes(
    draft: Draft, dispatches: Iterable[Row], cases: Mapping[UUID, Row], shared: Mapping[UUID, Any]
) -> None:
    """Of the changed `dispatches` those that have ended (anew, better, or corrected), and what the draft's events say
    of cases. `shared`: the cases that share the call and visit of a case, as far as they are at hand.
    """
    for row in dispatches:
        if row["state"] in FINAL:
            sharers = shared.get(row["case_id"], ()) if row["channel"] != "sms" else ()
            also = " ".join(sorted(str(case_id) for case_id in sharers)) or None
            _add(draft, "dispatch_ended", row["case_id"], _dispatch(row), also=also)
    for event in draft.rows(tables.events):
        what = CASE_EVENTS.get(event["what"])
        if what is not None:
            _add(draft, what, event["case_id"], _case(cases[event["case_id"]]))


def _add(
    draft: Draft,
    what: str,
    case_id: UUID | None,
    told: dict[str, Any],
    alert_id: UUID | None = None,
    source: str | None = None,
    source_ref: str | None = None,
    also: str | None = None,
) -> None:
    draft.add(
        tables.outcomes,
        {
            "what": what,
            "at": draft.now,
            "case_id": case_id,
            "alert_id": alert_id,
            "source": source,
            "source_ref": source_ref,
            "told": orjson.dumps(told, option=orjson.OPT_UTC_Z).decode(),
            "also": also,
        },
    )


def _dispatch(row: Row) -> dict[str, Any]:
    reason = row["reason"]
    return {
        "dispatch": row["id"],
        "channel": row["channel"],
        "means": row["means"],
        "target": row["target"],
        "state": row["state"],
        "outcome": row["outcome"],
        # what is no word of ours (a vendor's text, an operator's sentence) may name somebody
        "reason": reason if reason is not None and _our_word(reason) else None,
        "ended_at": row["ended_at"],
    }


def _case(case: Row) -> dict[str, Any]:
    return {
        "state": case["state"],
        "risk": case["risk"],
        "close_code": case["close_code"],
        "verdict": case["verdict"],
        "dissuasion": case["dissuasion"],
        "contacted_by": case["contacted_by"],
        "contacted_at": case["contacted_at"],
        "closed_at": case["closed_at"],
    }
