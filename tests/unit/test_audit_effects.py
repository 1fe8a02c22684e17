"""The audit of effects: a small day that agrees, and each way in which one person's thread can be torn."""

from __future__ import annotations

from dataclasses import replace

from audit_help import GRANDMOTHER, NEIGHBOUR, Town, a_good_day, later


def test_a_good_day_agrees() -> None:
    """Grandmother was met and the neighbour pressed 1: nothing differs, and every figure has somebody in it."""
    lines = a_good_day().audit(strict=True)
    assert {name: line.faults for name, line in lines.items() if not line.agrees} == {}


def test_a_text_sent_twice_is_a_repeat() -> None:
    """Grandmother's text was delivered, and went out once more as a second try."""
    town = a_good_day()
    town.tries("gtext", number=2)
    town.happens("text", "gtext02", "DELIVRD", at=4)
    town.news("gtext02", "DELIVRD", "delivered", at=5)
    assert town.red() == {"repeats"}
    assert town.audit()["repeats"].faults[0].startswith("gtext02: a second text")


def test_one_reference_that_happens_twice_is_a_repeat() -> None:
    """The carrier got the same letter twice and rang the neighbour twice."""
    town = a_good_day()
    town.happens("ring", "nring01", "KEY1", at=1.5)
    assert "repeats" in town.red()


def test_a_redial_after_a_miss_is_no_repeat() -> None:
    """The neighbour did not hear the first ring; the second one is planned, not repeated."""
    town = a_good_day()
    town.entries = [
        replace(e, facts=dict(e.facts) | {"outcome": "NOANSWER"}) if (e.kind, e.reference) == ("ring", "nring01") else e
        for e in town.entries
    ]
    town.strike("news", "nring01")
    del town.receipts["nring01", "KEY1"]
    town.news("nring01", "NOANSWER", "no_answer")
    town.tries("nring", number=2)
    town.happens("ring", "nring02", "KEY1", at=3)
    town.news("nring02", "KEY1", "key_understood", at=4)
    assert town.red() == set()
    assert town.audit()["repeats"].count == 0


def lost_in_the_dark(town: Town, stem: str) -> None:
    """The connection broke after the text went out, nobody told, and it was sent once more."""
    first, second = f"{stem}01", f"{stem}02"
    town.strike("news", first)
    town.receipts.pop((first, "DELIVRD"))
    town.entries = [
        replace(e, facts=dict(e.facts) | {"ending": "dropped", "news": "withheld"})
        if (e.kind, e.reference) == ("text", first)
        else e
        for e in town.entries
    ]
    town.change(first, answer="unsure", outcome=None, outcome_code=None, outcome_at=None)
    town.tries(stem, number=2)
    town.happens("text", second, "DELIVRD", at=5)
    town.news(second, "DELIVRD", "delivered", at=6)


def test_rule_11_allows_an_urgent_text_once_more() -> None:
    """Nobody could tell whether grandmother's L1 text went out; it went twice, which is shown and allowed."""
    town = a_good_day()
    lost_in_the_dark(town, "gtext")
    line = town.audit()["repeats"]
    assert town.red() == set()
    assert "rule 11" in line.notes[0]


def test_rule_11_allows_no_routine_text_once_more() -> None:
    """The same at L3 warned the neighbour twice, and that is a fault."""
    town = a_good_day()
    lost_in_the_dark(town, "ntext")
    assert town.red() == {"repeats"}


def test_rule_11_allows_no_third_text() -> None:
    """Grandmother's text went a third time: once more means once."""
    town = a_good_day()
    lost_in_the_dark(town, "gtext")
    town.tries("gtext", number=3)
    town.happens("text", "gtext03", "DELIVRD", at=9)
    town.news("gtext03", "DELIVRD", "delivered", at=10)
    assert town.red() == {"repeats"}


def test_a_ring_without_a_try_is_found() -> None:
    """A phone rang for which we hold no try: nobody planned it."""
    town = a_good_day()
    town.write(
        "ring", "nobody01", NEIGHBOUR, later(2), outcome="HEARD", reached=True, news="withheld", ending="answered"
    )
    assert town.red() == {"effects", "repeats"}


def test_an_effect_on_the_wrong_person_is_found() -> None:
    """Grandmother's text came to the neighbour."""
    town = a_good_day()
    town.entries = [
        replace(e, person=NEIGHBOUR) if (e.kind, e.reference) == ("text", "gtext01") else e for e in town.entries
    ]
    line = town.audit()["effects"]
    assert line.faults == ("gtext01: the text came to somebody else",)


def test_an_effect_by_the_wrong_channel_is_found() -> None:
    """A text was promised and a robot rang."""
    town = a_good_day()
    town.entries = [
        replace(e, kind="ring") if (e.kind, e.reference) == ("text", "gtext01") else e for e in town.entries
    ]
    town.entries = [
        replace(e, facts=dict(e.facts) | {"outcome": "HEARD"}) if (e.kind, e.reference) == ("ring", "gtext01") else e
        for e in town.entries
    ]
    assert "effects" in town.red()


def test_a_lost_text_is_found() -> None:
    """We say that a carrier took grandmother's text, and the town never saw it."""
    town = a_good_day()
    town.strike("text", "gtext01")
    assert {"tries", "outcomes"} <= town.red()


def test_a_refused_text_that_was_sent_is_found() -> None:
    """We say refused; the phone beeped all the same."""
    town = a_good_day()
    town.change("gtext01", answer="refused")
    assert town.red() == {"tries"}


def test_an_unsure_try_is_shown() -> None:
    """Nobody ever could tell of the neighbour's text, and the audit says what became of it."""
    town = a_good_day()
    town.change("ntext01", answer="unsure")
    assert town.audit()["tries"].notes == ("ntext01: unsure to the end; it happened",)


def test_an_outcome_that_disagrees_is_found() -> None:
    """The robot was heard, and we wrote busy."""
    town = a_good_day()
    town.change("nring01", outcome="busy")
    assert town.red() == {"outcomes"}


def test_an_invented_outcome_is_found() -> None:
    """The town withheld the news, and we claim that the text was delivered."""
    town = a_good_day()
    town.entries = [
        replace(e, facts=dict(e.facts) | {"news": "withheld"}) if (e.kind, e.reference) == ("text", "gtext01") else e
        for e in town.entries
    ]
    assert "outcomes" in town.red()


def test_the_wrong_reason_of_a_miss_is_found() -> None:
    """The officer found nobody at home, and we wrote that he had moved away."""
    town = a_good_day()
    town.promise("late", GRANDMOTHER, "officer")
    visit = town.tries("late")
    town.signs_in(visit)
    town.happens("visit", visit, "not_home")
    town.reports(
        visit, "visit_invalid", reach="not_reached", reason="no_answer", visit="invalid", visit_reason="not_home"
    )
    town.ends("late", "missed")
    assert town.red() == set()
    town.change(visit, outcome_code="moved_away")
    assert town.red() == {"outcomes"}


def test_a_report_that_was_not_kept_is_found() -> None:
    """The officer reported grandmother as met; our row says invalid, or is not there at all."""
    town = a_good_day()
    whole = list(town.feedback)
    town.feedback[1] = replace(whole[1], codes=dict(whole[1].codes) | {"visit": "invalid"})
    assert town.red() == {"reports"}
    town.feedback = whole[:1]
    assert town.red() == {"reports"}


def test_a_sign_in_at_another_time_is_found() -> None:
    """The caller was told that he signed in at one second past; our row says otherwise."""
    town = a_good_day()
    town.dispatches["gcall"] = replace(town.dispatches["gcall"], signed_in_at=later(4))
    assert town.red() == {"reports"}


def test_news_that_was_taken_and_forgotten_is_found() -> None:
    """We answered 2xx to the carrier and kept no receipt."""
    town = a_good_day()
    town.receipts.pop(("gtext01", "DELIVRD"))
    assert town.red() == {"news"}


def test_news_that_nobody_told_is_found() -> None:
    """A receipt is kept that the town never gave."""
    town = a_good_day()
    town.receipts["gtext01", "EXPIRED"] = 1
    assert town.red() == {"news"}
