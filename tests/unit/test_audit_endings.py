"""The audit of endings: what is unknown, what is open, how cases closed, what was accepted."""

from __future__ import annotations

from dataclasses import replace

from audit_help import GRANDMOTHER, NEIGHBOUR, NOON, Town, a_good_day, id_at, later

from cli.audit.rows import Alert, Event


def silent(town: Town, reference: str) -> None:
    """The town never tells what became of this try, and we know nothing."""
    town.strike("news", reference)
    town.strike("report", reference)
    town.receipts = {key: number for key, number in town.receipts.items() if key[0] != reference}
    town.feedback = [row for row in town.feedback if row.attempt_id != town.attempts[reference].id]
    town.entries = [
        replace(e, facts=dict(e.facts) | {"news": "withheld"})
        if e.reference == reference and e.kind != "sign_in"
        else e
        for e in town.entries
    ]
    town.change(reference, outcome=None, outcome_code=None, outcome_at=None)


def test_a_withheld_text_is_unknown() -> None:
    """The town kept grandmother's receipt to itself: unknown is the right word."""
    town = a_good_day()
    silent(town, "gtext01")
    town.ends("gtext", "unknown")
    assert town.red() == set()
    assert town.audit()["unknown"].count == 1


def test_a_withheld_text_that_we_call_delivered_is_found() -> None:
    """The same receipt withheld, and the dispatch stands as fulfilled."""
    town = a_good_day()
    silent(town, "gtext01")
    assert town.red() == {"unknown"}


def test_an_unknown_that_was_told_is_found() -> None:
    """The carrier told that the text was delivered, and the dispatch stands as unknown."""
    town = a_good_day()
    town.ends("gtext", "unknown")
    assert town.red() == {"unknown"}


def test_a_task_that_everybody_ignored_is_unknown() -> None:
    """Nobody ever went to the neighbour's door."""
    town = a_good_day()
    town.promise("ndoor", NEIGHBOUR, "officer")
    visit = town.tries("ndoor")
    town.write("ignored", visit, None, later(1), channel="visit", news="withheld")
    town.ends("ndoor", "unknown")
    assert town.red() == set()


def test_a_miss_that_we_call_fulfilled_is_found() -> None:
    """The neighbour hung up on the robot, and we wrote fulfilled."""
    town = a_good_day()
    town.entries = [
        replace(e, facts=dict(e.facts) | {"outcome": "HUNGUP"}) if (e.kind, e.reference) == ("ring", "nring01") else e
        for e in town.entries
    ]
    town.strike("news", "nring01")
    town.receipts.pop(("nring01", "KEY1"))
    town.news("nring01", "HUNGUP", "hung_up")
    assert {"states", "cases"} <= town.red()


def test_an_open_dispatch_is_found() -> None:
    """Grandmother's visit still waits for somebody."""
    town = a_good_day()
    town.dispatches["gdoor"] = replace(town.dispatches["gdoor"], state="handed_over")
    assert "ended" in town.red()


def test_a_dispatch_nobody_saw_is_found() -> None:
    """We say unknown of a visit that the town was never shown."""
    town = a_good_day()
    town.promise("ndoor", NEIGHBOUR, "officer")
    town.tries("ndoor")
    town.ends("ndoor", "unknown")
    assert town.red() == {"tries"}


def test_a_case_wrongly_closed_is_found() -> None:
    """Grandmother was dissuaded, and her case says that she lost her money."""
    town = a_good_day()
    town.cases[GRANDMOTHER] = replace(town.cases[GRANDMOTHER], close_code="defrauded_lost")
    assert "cases" in town.red()


def nobody_reached_her(town: Town) -> None:
    """A caller and an officer tried and failed."""
    grandmother = town.cases[GRANDMOTHER]
    town.entries = [e for e in town.entries if e.kind not in ("call", "visit", "report")]
    town.feedback = []
    town.deadlines = [row for row in town.deadlines if row.case_id != grandmother.id or row.kind == "sign_in"]
    town.events = [e for e in town.events if (e.case_id, e.what) != (grandmother.id, "closed")]
    missed = {"reach": "not_reached", "reason": "no_answer"}
    town.happens("call", "gcall01", "no_answer", at=3)
    town.reports("gcall01", "not_reached", at=3, **missed)
    town.happens("visit", "gdoor01", "not_home", at=4)
    town.reports("gdoor01", "visit_invalid", at=4, visit="invalid", visit_reason="not_home", **missed)
    for stem in ("gcall", "gdoor"):
        town.ends(stem, "missed")
    town.cases[GRANDMOTHER] = replace(grandmother, state="open", close_code="temp_unreachable", closed_at=None)


def test_whom_nobody_reached_stays_open() -> None:
    """Grandmother could not be found: her case stays open as temp_unreachable, and the town predicts just that."""
    town = a_good_day()
    nobody_reached_her(town)
    assert town.red() == set()
    assert town.audit()["cases"].notes[0] == "temp_unreachable: 1 open, 1 by the town's truth"


def test_whom_nobody_reached_may_not_be_closed() -> None:
    """The same, and her case was closed as dissuaded."""
    town = a_good_day()
    nobody_reached_her(town)
    town.closes(GRANDMOTHER, "dissuaded")
    assert town.red() == {"cases", "follow_ups"}


def test_who_would_not_listen_is_left_to_a_supervisor() -> None:
    """She was reached and would not listen; everything has ended, and her case stands open: it is counted as such."""
    town = a_good_day()
    said = {"verdict": "not_defrauded", "dissuasion": "refused"}
    grandmother = town.cases[GRANDMOTHER]
    nobody_reached_her(town)
    town.strike("call", "gcall01")
    town.strike("report", "gcall01")
    town.feedback = town.feedback[1:]
    town.happens("call", "gcall01", "reached", at=3, **said)
    town.reports("gcall01", "refused_advice", at=3, **said)
    town.ends("gcall", "fulfilled")
    town.cases[GRANDMOTHER] = replace(grandmother, state="open", close_code=None, closed_at=None)
    assert town.red() == set()
    assert town.audit()["cases"].notes[1] == "open otherwise: 1, 1 by the town's truth; 1 would not listen"
    town.closes(GRANDMOTHER, "dissuaded")
    assert "cases" in town.red()


def test_money_stopped_decides_the_closing() -> None:
    """She had paid, and the officer stopped some of it: the case says so, or it is wrong."""
    town = a_good_day()
    paid = {"verdict": "defrauded", "dissuasion": "not_needed"}
    town.strike("report", "gdoor01")
    town.feedback = town.feedback[:1]
    town.reports("gdoor01", "met", at=5, visit="met", stopped_yuan="100.00", **paid)
    town.deadlines = [row for row in town.deadlines if row.kind != "follow_up"]
    town.cases[GRANDMOTHER] = replace(town.cases[GRANDMOTHER], close_code="defrauded_stopped")
    assert town.red() == set()
    town.cases[GRANDMOTHER] = replace(town.cases[GRANDMOTHER], close_code="defrauded_lost")
    assert town.red() == {"cases"}


def test_a_heard_robot_waits_for_the_closing_time() -> None:
    """The neighbour listened and pressed nothing: his case closes itself at its time, and no sooner."""
    town = a_good_day()
    town.entries = [
        replace(e, facts=dict(e.facts) | {"outcome": "HEARD"}) if (e.kind, e.reference) == ("ring", "nring01") else e
        for e in town.entries
    ]
    town.strike("news", "nring01")
    town.receipts.pop(("nring01", "KEY1"))
    town.news("nring01", "HEARD", "heard")
    town.closes(NEIGHBOUR, "auto_closed", at=46)
    assert town.red() == set()
    town.closes(NEIGHBOUR, "auto_closed", at=10)
    assert town.red() == {"cases"}


def test_a_sharer_ends_as_its_leader() -> None:
    """Grandmother's second danger shares her call and visit, so it is dissuaded with the first."""
    town = a_good_day()
    leader = town.cases[GRANDMOTHER].id
    town.alert("again", "L1", person=GRANDMOTHER, shares_case_id=leader)
    town.closes("again", "dissuaded")
    assert town.red() == set()
    town.closes("again", "auto_closed")
    assert town.red() == {"cases"}


def test_who_was_dissuaded_with_another_case_stays_so_when_they_part() -> None:
    """Her second danger had her caller's word; its leader closed, it was raised, and a robot was heard: dissuaded."""
    town = a_good_day()
    leader = town.cases[GRANDMOTHER].id
    again = town.alert("again", "L3", person=GRANDMOTHER)
    town.promise("i", "again", "robot")
    reference = town.tries("i")
    town.happens("ring", reference, "HEARD", at=60)
    town.news(reference, "HEARD", "heard", at=61)
    town.ends("i", "fulfilled")
    town.closes("again", "dissuaded", at=62)
    assert town.red() == {"cases"}, "nothing tells that it ever shared her call"
    town.events.append(Event(again.id, None, "parted", None, str(leader), later(55)))
    assert town.red() == set()
    town.events[-1] = Event(again.id, None, "parted", None, str(leader), later(2))
    assert town.red() == {"cases"}, "they parted before she was reached"


def test_forgotten_follow_ups_are_found() -> None:
    """Grandmother was dissuaded, and nobody is to ask her again."""
    town = a_good_day()
    town.deadlines = [row for row in town.deadlines if row.kind != "follow_up"]
    assert town.red() == {"follow_ups"}


def test_a_lost_alert_is_found() -> None:
    """A case says that two alerts came, and there is one."""
    town = a_good_day()
    town.cases[GRANDMOTHER] = replace(town.cases[GRANDMOTHER], pushes=2)
    assert town.red() == {"alerts"}


def test_a_case_that_nobody_opened_is_found() -> None:
    """Two alerts claim to have opened one case, or none does."""
    town = a_good_day()
    town.alerts.append(Alert(id_at(NOON), town.cases[NEIGHBOUR].id, False, True, NOON, None))
    assert "alerts" in town.red()
    town.alerts = town.alerts[:1]
    assert "alerts" in town.red()


def test_a_silent_timeline_is_found() -> None:
    """The neighbour's case was closed and its timeline does not say so; a call ended and nobody told."""
    town = a_good_day()
    whole = list(town.events)
    town.events = [e for e in whole if (e.case_id, e.what) != (town.cases[NEIGHBOUR].id, "closed")]
    assert town.red() == {"events"}
    town.events = [e for e in whole if e.dispatch_id != town.dispatches["gcall"].id]
    assert town.red() == {"events"}
    town.events = [e for e in whole if e.what != "opened"]
    assert town.red() == {"events"}


def test_a_duty_notice_goes_to_the_duty_phone() -> None:
    """Nobody looked, so the unit's duty phone was told; the same text to grandmother is a fault."""
    town = a_good_day()
    town.promise("duty", GRANDMOTHER, "carrier", target="duty", person="the duty phone")
    reference = town.tries("duty")
    town.happens("text", reference, "DELIVRD")
    town.news(reference, "DELIVRD", "delivered")
    town.ends("duty", "fulfilled")
    assert town.red() == set()
    town.entries = [replace(e, person=GRANDMOTHER) if e.reference == reference else e for e in town.entries]
    assert town.red() == {"effects"}


def test_late_news_of_a_redial_that_was_called_off() -> None:
    """Somebody else reached the neighbour, his redial was cancelled, and then the first ring turned out heard."""
    town = a_good_day()
    town.ends("nring", "cancelled")
    town.events.append(Event(town.cases[NEIGHBOUR].id, None, "contacted", None, "robot", NOON))
    assert town.red() == set()
