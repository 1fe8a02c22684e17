"""The tables refuse nonsense, whoever writes it: each constraint is tried with a row that breaks it alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import stops_of_nonsense
from sqlalchemy import Table, insert
from sqlalchemy.exc import IntegrityError, StatementError
from story import GRANDMOTHER, NOON, Town

from dispatcher import tables
from dispatcher.ids import new_id
from dispatcher.plan import HUMAN, SMS

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def furnished(town: Town) -> Town:
    """A town with one row, at least, in every table that is tried."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.hears([b"{}"])
    town.works()
    town.told(town.reference(town.one(SMS)), "DELIVRD")
    town.signs_in(town.one(HUMAN))
    town.missed(town.one(HUMAN))
    town.holds(region="1402")
    town.brakes()
    [call] = town.all(HUMAN)
    stops_of_nonsense.furnish(town, call["case_id"], call["id"])
    begun = {"made_at": NOON, "seen_at": NOON, "expires_at": LATER, "ends_at": LATER, "signed_out_at": None}
    whose = {"id": new_id(), "digest": b"s" * 32, "api_key": town.desk.key_id, "remote": "test"}
    with town.store.write() as connection:
        connection.execute(insert(tables.sessions), [whose | begun])
    return town


CHANGES: list[tuple[Table, dict[str, Any], dict[str, Any], str]] = [
    (tables.alerts, {}, {"risk": "L5"}, "risk_is_known"),
    (tables.alerts, {}, {"fraud_type": "astrology"}, "fraud_type_is_known"),
    (tables.alerts, {}, {"region": "14"}, "region_has_six_digits"),
    (tables.alerts, {}, {"amount_yuan": -1}, "amount_is_not_negative"),
    (tables.attempts, {}, {"answer": "perhaps", "answered_at": LATER}, "answer_is_known"),
    (tables.attempts, {}, {"answer": None}, "answered_means_answered_at"),
    (tables.attempts, {}, {"outcome": "wonderful", "outcome_at": LATER}, "outcome_is_known"),
    (tables.attempts, {"outcome": "delivered"}, {"outcome_at": None}, "outcome_has_an_instant"),
    (tables.attempts, {}, {"number": 0}, "tries_count_from_one"),
    (tables.cases, {}, {"state": "ajar"}, "state_is_known"),
    (tables.cases, {}, {"risk": "L0"}, "risk_is_known"),
    (tables.cases, {}, {"first_risk": "L0"}, "first_risk_is_known"),
    (tables.cases, {}, {"fraud_type": "astrology"}, "fraud_type_is_known"),
    (tables.cases, {}, {"closed_at": LATER}, "closed_means_closed_at"),
    (tables.cases, {}, {"state": "closed", "closed_at": LATER}, "closed_means_coded"),
    (
        tables.cases,
        {},
        {"state": "closed", "closed_at": LATER, "close_code": "temp_unreachable"},
        "temp_unreachable_stays_open",
    ),
    (tables.cases, {}, {"close_code": "dissuaded"}, "open_means_not_concluded"),
    (tables.cases, {}, {"close_code": "forgotten"}, "close_code_is_known"),
    (tables.cases, {}, {"contacted_at": LATER}, "contact_has_a_voice"),
    (tables.cases, {}, {"contacted_at": LATER, "contacted_by": "pigeon"}, "contacted_by_is_known"),
    (tables.cases, {}, {"pushes": 0}, "pushed_at_least_once"),
    (tables.dead_letters, {}, {"state": "burnt"}, "state_is_known"),
    (tables.dead_letters, {}, {"state": "replayed"}, "replayed_names_its_alert"),
    (tables.dead_letters, {}, {"times": 0}, "refused_at_least_once"),
    (tables.deadlines, {}, {"kind": "lunch"}, "kind_is_known"),
    (tables.deadlines, {}, {"result": "perhaps"}, "result_is_known"),
    (tables.deadlines, {}, {"step": -1}, "steps_count_from_zero"),
    (tables.dispatches, {"channel": "sms"}, {"channel": "pigeon"}, "channel_is_known"),
    (tables.dispatches, {"channel": "sms"}, {"means": "horse"}, "means_"),
    (tables.dispatches, {"channel": "sms"}, {"means": "officer"}, "means_fit_the_channel"),
    (tables.dispatches, {"channel": "visit"}, {"means": "human"}, "means_fit_the_channel"),
    (tables.dispatches, {"channel": "sms"}, {"target": "nobody"}, "target_is_known"),
    (tables.dispatches, {"channel": "sms"}, {"risk": "L9"}, "risk_is_known"),
    (tables.dispatches, {"channel": "sms"}, {"lane": "fast"}, "lane_is_known"),
    (tables.dispatches, {"channel": "sms"}, {"outcome": "fine"}, "outcome_is_known"),
    (tables.dispatches, {"channel": "sms"}, {"state": "lost", "ended_at": None}, "state_is_known"),
    (tables.dispatches, {"channel": "call"}, {"state": "underway"}, "underway_means_leased"),
    (tables.dispatches, {"channel": "call"}, {"lease_until": LATER}, "underway_means_leased"),
    (tables.dispatches, {"channel": "call"}, {"state": "handed_over"}, "handed_over_awaits_news"),
    (tables.dispatches, {"channel": "call"}, {"news_due_at": LATER}, "handed_over_awaits_news"),
    (tables.dispatches, {"channel": "sms"}, {"ended_at": None}, "final_means_ended"),
    (tables.dispatches, {"channel": "call"}, {"ended_at": LATER}, "final_means_ended"),
    (tables.dispatches, {"channel": "call"}, {"tries": 5}, "counts_are_sane"),
    (tables.dispatches, {"channel": "call"}, {"fence": -1}, "counts_are_sane"),
    (tables.dispatches, {"channel": "sms"}, {"state": "cancelled", "reason": None}, "cancelled_says_why"),
    (tables.feedback, {}, {"target": "nobody"}, "target_is_known"),
    (tables.feedback, {}, {"reach": "nearly"}, "reach_is_known"),
    (tables.feedback, {}, {"reach": "reached", "verdict": "guilty"}, "verdict_is_known"),
    (tables.feedback, {}, {"verdict": "unknown"}, "not_reached_has_no_verdict"),
    (tables.feedback, {}, {"dissuasion": "timely"}, "not_reached_has_no_verdict"),
    (tables.feedback, {}, {"reason": None}, "not_reached_says_why"),
    (tables.feedback, {}, {"reach": "reached", "verdict": "defrauded"}, "defrauded_has_money_and_time"),
    (
        tables.feedback,
        {},
        {"reach": "reached", "verdict": "defrauded", "fraud_time": LATER, "defrauded_yuan": 0},
        "defrauded_has_money_and_time",
    ),
    (tables.feedback, {}, {"visit": "met"}, "met_is_the_person_himself"),
    (
        tables.feedback,
        {},
        {"visit": "met", "target": "relative", "reach": "reached", "verdict": "unknown"},
        "met_is_the_person_himself",
    ),
    (tables.feedback, {}, {"visit": "invalid"}, "invalid_visit_says_why"),
    (tables.feedback, {}, {"submit": "maybe"}, "submit_is_known"),
    (tables.feedback, {}, {"close_code": "forgotten"}, "close_code_is_known"),
    (tables.holds, {"kind": "hold"}, {"kind": "grip"}, "kind_is_known"),
    (tables.holds, {"kind": "hold"}, {"source": "bank"}, "a_brake_has_a_source"),
    (tables.holds, {"kind": "hold"}, {"per_minute": 3}, "a_brake_has_a_limit"),
    (tables.holds, {"kind": "brake"}, {"per_minute": -1}, "the_limit_is_not_negative"),
    (tables.holds, {"kind": "hold"}, {"released_at": LATER}, "released_by_somebody"),
    (tables.holds, {"kind": "hold"}, {"let_go_at": LATER}, "let_go_after_release"),
    (tables.receipts, {}, {"state": "lost"}, "state_is_known"),
    (tables.receipts, {}, {"state": "waiting"}, "waiting_is_not_applied"),
    (tables.receipts, {}, {"applied_at": None}, "waiting_is_not_applied"),
    (tables.api_keys, {}, {"role": "king"}, "role_is_known"),
    (tables.sessions, {}, {"ends_at": NOON}, "expires_before_it_ends"),
    *stops_of_nonsense.CHANGES,
]


def test_the_tables_refuse_every_nonsense(furnished: Town) -> None:
    """Sixty rows that make no sense are written past all our code: each is refused by the rule of that name."""
    for table, where, values, rule in CHANGES:
        row = furnished.rows(table, **where)[0]
        with pytest.raises(IntegrityError) as refused:
            furnished.change(table, row["id"], **values)
        assert rule in str(refused.value.orig).partition("DETAIL")[0], (table.name, values)


ANSWER: dict[str, Any] = {
    "what": "accepted",
    "at": NOON,
    "case_id": new_id(),
    "alert_id": new_id(),
    "source": "bank",
    "source_ref": "B-1",
    "told": "{}",
}
HOOK: dict[str, Any] = {
    "id": new_id(),
    "source": "bank",
    "host": "bank.example",
    "made_at": NOON,
    "state": "working",
    "tries": 0,
    "next_try_at": NOON,
    "sealed": b"-",
    "key_id": "k1",
}
LISTENER: dict[str, Any] = {"key": "outcome.bank", "heard_at": NOON, "tries": 0}
BUCKET: dict[str, Any] = {
    "carrier": "simulator",
    "channel": "sms",
    "tokens": 1.0,
    "urgent_tokens": 1.0,
    "refilled_at": NOON,
    "line_ends_at": NOON,
    "line_again_ends_at": NOON,
    "urgent_line_ends_at": NOON,
    "urgent_line_again_ends_at": NOON,
}
HEALTH: dict[str, Any] = {
    "carrier": "simulator",
    "state": "closed",
    "since": NOON,
    "probe_at": None,
    "opened": 0,
    "run": 0,
    "asked": 1.0,
    "failed": 0.0,
    "counted_at": NOON,
    "latency_s": 0.1,
    "our_fault_at": None,
    "our_fault_code": None,
}
NAME: dict[str, Any] = {"carrier": "simulator", "carrier_ref": "C-1", "reference": "abc", "told_at": NOON}
KIND: dict[str, Any] = {one.name: 0 for one in tables.figures_kinds.columns} | {
    "dimension": "level",
    "depth": 2,
    "region": "140000",
    "value": "L1",
    "is_test": False,
    "history": False,
}
HERE: dict[str, Any] = {
    "name": "urgent-1@quanzu",
    "lane": "urgent",
    "host": "here",
    "pid": 1,
    "version": "0",
    "started_at": NOON,
    "seen_at": NOON,
}

NEW_ROWS: list[tuple[Table, dict[str, Any], dict[str, Any], str]] = [
    (tables.outcomes, ANSWER, {"what": "forgotten", "alert_id": None}, "what_is_known"),
    (tables.outcomes, ANSWER, {"case_id": None}, "only_a_refusal_has_no_case"),
    (tables.outcomes, ANSWER, {"alert_id": None}, "an_answer_names_its_alert"),
    (tables.outcomes, ANSWER, {"source_ref": None}, "an_answer_names_its_reference"),
    (tables.webhooks, HOOK, {"state": "asleep"}, "state_is_known"),
    (tables.webhooks, HOOK, {"state": "failing", "tries": 1}, "failing_says_since_when"),
    (tables.webhooks, HOOK, {"tries": 1}, "failing_counts_its_tries"),
    (tables.listeners, LISTENER, {"gone_since": NOON, "tries": 1}, "gone_is_tried_again"),
    (tables.listeners, LISTENER, {"tries": 1}, "gone_counts_its_tries"),
    (tables.buckets, BUCKET, {"channel": "visit"}, "channel_is_known"),
    (tables.buckets, BUCKET, {"tokens": -0.5}, "never_overdrawn"),
    (tables.figures_kinds, KIND, {"dimension": "zodiac"}, "dimension_is_known"),
    (tables.figures_kinds, KIND, {"depth": 6}, "depth_is_known"),
    (tables.workers, HERE, {"lane": "scenic"}, "lane_is_known"),
    (tables.carrier_health, HEALTH, {"state": "ajar", "probe_at": NOON}, "state_is_known"),
    (tables.carrier_health, HEALTH, {"state": "open"}, "closed_needs_no_probe"),
    (tables.carrier_health, HEALTH, {"failed": 2.0}, "counts_are_sane"),
    (tables.carrier_health, HEALTH, {"our_fault_at": NOON}, "our_fault_says_when"),
    (tables.carrier_names, NAME, {"reference": ""}, "a_name_is_of_a_try"),
]


@pytest.mark.parametrize(("table", "right", "wrong", "rule"), NEW_ROWS)
def test_a_new_row_of_nonsense_is_refused(
    town: Town, table: Table, right: dict[str, Any], wrong: dict[str, Any], rule: str
) -> None:
    """A row is taken as it should be, and refused by this rule's name once one thing in it is wrong."""
    with pytest.raises(IntegrityError, match=rule), town.store.write() as connection:
        connection.execute(insert(table), [right | wrong])
    with town.store.write() as connection:
        connection.execute(insert(table), [right])


def test_every_named_rule_is_tried(furnished: Town) -> None:
    """No CHECK constraint is left untested but the plain booleans and the two that the length of a column keeps."""
    tried = {f"{table.name}.{rule}" for table, _, _, rule in CHANGES + NEW_ROWS}
    named = {
        f"{table.name}.{str(rule.name).removeprefix(f'ck_{table.name}_')}"
        for table in tables.metadata.sorted_tables
        for rule in table.constraints
        if type(rule).__name__ == "CheckConstraint"
    }
    kept_elsewhere = {name for name in named if name.endswith("_is_boolean")}
    kept_elsewhere |= {"dispatches.means_is_known"}  # means_fit_the_channel is stronger
    kept_elsewhere |= {"attempts.reference_fits_every_carrier", "people.role_is_known", "feedback.visit_is_known"}
    kept_elsewhere |= {f"feedback.{name}_is_known" for name in ("dissuasion", "actual_risk", "actual_fraud_type")}
    assert named - kept_elsewhere <= tried
    assert furnished.rows(tables.cases)


@pytest.mark.parametrize(
    ("table", "changed"),
    [
        (tables.alerts, {}),
        (tables.attempts, {}),
        (tables.attempts, {"reference": "abcdefghijkl99"}),
        (tables.dispatches, {}),
        (tables.feedback, {}),
        (tables.dead_letters, {}),
        (tables.units, {}),
    ],
)
def test_what_is_there_once_cannot_be_there_twice(furnished: Town, table: Table, changed: dict[str, Any]) -> None:
    """A copy under a new id: the same source's reference, the same try, stem, report, body, unit code."""
    with pytest.raises(IntegrityError):
        furnished.copy(table, furnished.rows(table)[0], **changed)


def test_one_open_case_for_a_person_and_type(furnished: Town) -> None:
    """A second open case of grandmother and this fraud is refused; a closed one, or another type, is not."""
    case = furnished.case()
    with pytest.raises(IntegrityError):
        furnished.copy(tables.cases, case)
    furnished.copy(tables.cases, case, state="closed", closed_at=LATER, close_code="duplicate")
    furnished.copy(tables.cases, case, fraud_type="romance")


def test_children_need_their_parents(furnished: Town) -> None:
    """A dispatch of no case is refused on both databases."""
    with pytest.raises(IntegrityError):
        furnished.copy(tables.dispatches, furnished.one(SMS), case_id=new_id(), stem="abcdefghijkl")


def test_a_naive_instant_is_refused_and_utc_comes_back(furnished: Town) -> None:
    """An instant without a zone is refused before it is written; what is read is UTC on both databases."""
    unit = furnished.rows(tables.units)[0]
    with pytest.raises(StatementError, match="time zone"):
        furnished.change(tables.units, unit["id"], looked_at=datetime(2026, 1, 1))  # noqa: DTZ001 # the point of it
    shanghai = datetime.fromisoformat("2026-01-01T08:00:00+08:00")
    furnished.change(tables.units, unit["id"], looked_at=shanghai)
    looked_at = furnished.rows(tables.units, id=unit["id"])[0]["looked_at"]
    assert (looked_at, str(looked_at.utcoffset())) == (shanghai, "0:00:00")


def test_a_reader_has_a_steady_view(furnished: Town) -> None:
    """While figures are being read an alert comes in: the reader's second look tells the same as its first."""
    from sqlalchemy import func, select

    count = select(func.count()).select_from(tables.alerts)
    with furnished.store.read() as reader:
        before = reader.execute(count).scalar_one()
        furnished.hears_of("13900139000")
        assert reader.execute(count).scalar_one() == before
    assert len(furnished.rows(tables.alerts)) == before + 1


def test_a_failed_write_leaves_nothing(furnished: Town) -> None:
    """An exception in the middle of a transaction takes the whole of it back."""
    unit = furnished.rows(tables.units)[0] | {"id": new_id(), "code": "X"}
    with pytest.raises(ZeroDivisionError), furnished.store.write() as connection:
        connection.execute(insert(tables.units), [unit])
        raise ZeroDivisionError
    assert furnished.rows(tables.units, code="X") == []
