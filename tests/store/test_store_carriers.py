"""Several carriers for one channel: the next one at once, none beyond what it takes, nobody twice for one promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from story import GRANDFATHER, GRANDMOTHER, LEASE, NOON, STUDENT, Town

from config.carriers import Window
from config.carriers.routes import Route
from dispatcher import clock, health, naming, receipts, tables
from dispatcher.carriers import LANGUAGES
from dispatcher.claim import Lease, Letter, claim
from dispatcher.deal import deal
from dispatcher.guard import Guard
from dispatcher.happenings import Answered
from dispatcher.health import Told as Seen
from dispatcher.news import Told
from dispatcher.plan import ROBOT
from dispatcher.plan import SMS as TEXT
from dispatcher.routing.breaker import RULE, Report
from dispatcher.routing.network import SIMULATED, Network
from dispatcher.routing.reasons import BREAKER_OPEN, THROTTLED, WINDOW
from dispatcher.routing.way import Way
from dispatcher.settle import Settlement, settle
from dispatcher.tokens import Limit
from dispatcher.why import Reason, Why, why
from dispatcher.words import Answer, Channel, Outcome, Risk

SMS = Channel.SMS


def network(*ways: Way, weights: Sequence[float] = (), **language: Any) -> Network:
    """Texts go by these ways, in order or by weight; calls by the simulator."""
    route = Route(tuple(way.carrier for way in ways), tuple(weights))
    spoken = replace(LANGUAGES["simulator_sms"], **language)
    return Network(
        ways={**SIMULATED.ways, **{(way.carrier, SMS): way for way in ways}},
        routes={**SIMULATED.routes, **{(SMS, risk): route for risk in Risk}},
        languages={**SIMULATED.languages, **{way.carrier: spoken for way in ways}},
        guarded=True,
    )


A, B = Way("a", SMS), Way("b", SMS)
AB = network(A, B)


def takes(town: Town, there: Network = AB, guard: Guard | None = None) -> list[Letter]:
    """A worker deals and claims the texts that are due."""
    ids = [row["id"] for row in town.rows(tables.dispatches, state="waiting", channel="sms")]
    ways = deal(town.store, there, SMS, ids, guard=guard or Guard(), now=town.now)
    return claim(town.store, list(ways), lease=Lease("worker", "", LEASE), ways=ways, now=town.now)


def says(town: Town, letters: Sequence[Letter], answer: Answer, there: Network = AB, **told: Any) -> list[Any]:
    """Their carriers answer, all alike. Returns the bells."""
    said = Answered(answer, **told)
    return settle(town.store, [Settlement(one, said, town.now) for one in letters], now=town.now, network=there).bells


def asked_why(town: Town, there: Network = AB) -> Why:
    """Somebody asks why the text has not gone out."""
    with town.store.read() as connection:
        found = why(connection, town.one(TEXT)["id"], town.now, there)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "said",
    [
        {"answer": Answer.BUSY, "code": "not_connected"},
        {"answer": Answer.BUSY, "code": "http_503", "retry_after_s": 30.0},
        {"answer": Answer.REFUSED, "outcome": Outcome.OUR_FAULT, "code": "isv.OUT_OF_SERVICE"},
        {"answer": Answer.REFUSED, "outcome": Outcome.GATEWAY_TEMPORARY, "code": "GATEWAY"},
    ],
)
def test_what_was_surely_not_sent_goes_by_the_next_carrier_at_once(town: Town, said: dict[str, Any]) -> None:
    """Grandmother's text is refused by the first carrier: it is due again now, by the second, as a try of its own."""
    town.hears_of(GRANDMOTHER, risk="L1")
    first = takes(town)
    assert [one.carrier for one in first] == ["a"]
    bells = says(town, first, **said)
    assert [bell.dispatch_id for bell in bells] == [first[0].dispatch_id]
    assert asked_why(town).reason is Reason.NEXT_CARRIER
    second = takes(town)
    assert [one.carrier for one in second] == ["b"]
    assert second[0].reference != first[0].reference
    says(town, second, Answer.ACCEPTED)
    tries = town.tries(town.one(TEXT))
    assert [(row["carrier"], row["number"]) for row in tries] == [("a", 1), ("b", 2)]
    assert (town.one(TEXT)["state"], town.one(TEXT)["tries"]) == ("handed_over", 1)


def test_an_unsure_text_is_never_given_to_another_carrier(town: Town) -> None:
    """Nobody can tell whether the first carrier has it: nothing is due, and no other is asked to send it."""
    town.hears_of(GRANDMOTHER, risk="L3")
    bells = says(town, takes(town), Answer.UNSURE, code="timeout")
    assert bells == [] and takes(town) == []
    assert town.state(TEXT) == "handed_over"


def test_a_dead_number_is_dead_at_every_carrier(town: Town) -> None:
    """The number does not exist: the text is missed, and the second carrier hears nothing of it."""
    town.hears_of(GRANDMOTHER)
    says(town, takes(town), Answer.REFUSED, outcome=Outcome.BAD_NUMBER, code="BADNUMBER")
    assert town.state(TEXT) == "missed" and takes(town) == []


def test_once_all_carriers_have_failed_the_next_retry_is_waited_for(town: Town) -> None:
    """Both are down: the text waits as it would with one carrier, and then the first is tried again."""
    town.hears_of(GRANDMOTHER)
    says(town, takes(town), Answer.BUSY, code="not_connected")
    says(town, takes(town), Answer.BUSY, code="not_connected")
    row = town.one(TEXT)
    assert row["due_at"] > town.now and row["passed_over"] is None and row["tries"] == 0
    assert asked_why(town).reason is Reason.RETRY_PAUSE
    town.now = row["due_at"]
    assert [one.carrier for one in takes(town)] == ["a"]


def test_news_of_our_fault_sends_it_by_the_next_carrier(town: Town) -> None:
    """The first carrier took it and says later that the template was refused: the second has it at once."""
    there = network(A, B, codes={"TEMPLATE": Outcome.OUR_FAULT})
    town.hears_of(GRANDMOTHER)
    (first,) = takes(town, there)
    says(town, [first], Answer.ACCEPTED, there)
    receipts.keep(town.store, "a", [Told(first.reference, "TEMPLATE", town.now, b"{}")], now=town.now)
    receipts.apply(town.store, now=town.now, network=there)
    assert [one.carrier for one in takes(town, there)] == ["b"]


def test_a_carrier_that_others_saw_hang_is_passed_by_and_comes_back(town: Town) -> None:
    """Requests of two workers hang at the first carrier: everybody goes by the second, and once a probe of a routine
    text has succeeded, by the first again. No L1 is the probe."""
    for _ in range(2):
        health.tell(town.store, "a", Seen(Report(failed=2, last_run=2)), town.now)
    guard = Guard()
    with town.store.read() as connection:
        guard.learn(health.health(connection))
    town.hears_of(GRANDMOTHER, risk="L1")
    town.hears_of(GRANDFATHER, risk="L3")
    assert {one.carrier for one in takes(town, guard=guard)} == {"b"}
    town.later(seconds=RULE.pause_s + 1)
    town.hears_of(STUDENT, risk="L1")
    assert {one.carrier for one in takes(town, guard=guard)} == {"b"}
    town.hears_of("15100151000", risk="L3")
    town.hears_of("15200152000", risk="L4")
    assert Counter(one.carrier for one in takes(town, guard=guard)) == {"a": 2}
    guard.learn([health.tell(town.store, "a", Seen(Report(good=1)), town.now)])
    town.hears_of("15300153000", risk="L1")
    assert {one.carrier for one in takes(town, guard=guard)} == {"a"}


def test_a_carrier_that_was_taken_out_troubles_nobody(town: Town) -> None:
    """A failing carrier was taken out of the carriers file at night: nobody is told of its troubles any more."""
    for name in ("a", "b", "a", "b"):
        health.tell(town.store, name, Seen(Report(failed=2, last_run=2)), town.now)
    with town.store.read() as connection:
        assert len(health.troubles(connection, town.now)) == 2
    health.keep_only(town.store, ["b", "c"])
    with town.store.read() as connection:
        assert [one.carrier for one in health.health(connection)] == ["b"]


def test_with_its_only_carrier_down_a_text_waits_for_the_probe_and_says_so(town: Town) -> None:
    """There is nobody else: the text is not burnt in a carrier that hangs, it waits a few seconds and is the probe."""
    there, guard = network(A), Guard()
    guard.learn([health.tell(town.store, "a", Seen(Report(failed=4, last_run=4)), town.now)])
    town.hears_of(GRANDMOTHER, risk="L1")
    assert takes(town, there, guard) == []
    found = asked_why(town, there)
    assert found.reason is Reason.BREAKER_OPEN and found.details["failing"] == "a"
    assert town.one(TEXT)["reason"] == BREAKER_OPEN
    assert found.until is not None
    town.now = found.until
    assert [one.carrier for one in takes(town, there, guard)] == ["a"]


def test_tokens_that_are_spent_send_the_rest_to_the_next_carrier_and_then_into_line(town: Town) -> None:
    """Fourteen texts, two carriers of five a second each: none has more than its bucket holds, the rest know when."""
    there = network(Way("a", SMS, limit=Limit(5)), Way("b", SMS, limit=Limit(5)))
    town.hears([town.alert(f"1380013{number:04d}", risk="L3") for number in range(14)])
    assert Counter(one.carrier for one in takes(town, there)) == {"a": 4, "b": 4}
    waiting = town.rows(tables.dispatches, state="waiting", channel="sms")
    assert {row["reason"] for row in waiting} == {THROTTLED} and len(waiting) == 6
    assert all(row["due_at"] > town.now for row in waiting)
    town.hears_of(GRANDMOTHER, risk="L1")
    assert [(one.carrier, one.risk) for one in takes(town, there)] == [("a", "L1")]


def test_an_l1_takes_the_next_carrier_rather_than_wait_for_a_token(town: Town) -> None:
    """The first carrier's bucket is empty to the bottom: grandmother's text goes by the second, now."""
    there = network(Way("a", SMS, limit=Limit(5)), B)
    town.hears([town.alert(f"1380013{number:04d}", risk="L1") for number in range(5)])
    assert Counter(one.carrier for one in takes(town, there)) == {"a": 5}
    town.hears_of(GRANDMOTHER, risk="L1")
    assert [one.carrier for one in takes(town, there)] == ["b"]


def test_a_window_sends_the_next_text_by_another_carrier_or_makes_it_wait(town: Town) -> None:
    """The carrier lets nobody be reached twice in an hour: her second text goes by the other, or waits and says why."""
    narrow = Way("a", SMS, windows=(Window(most=1, seconds=3600),))
    town.hears_of(GRANDMOTHER, fraud_type="fake_police", risk="L3")
    says(town, takes(town, network(narrow, B)), Answer.ACCEPTED, network(narrow, B))
    town.later(minutes=1)
    town.hears_of(GRANDMOTHER, fraud_type="fake_loan", risk="L3")
    alone = network(narrow)
    assert takes(town, alone) == []
    row = town.one(TEXT, state="waiting")
    assert (row["reason"], row["due_at"]) == (WINDOW, NOON + timedelta(hours=1))
    town.change(tables.dispatches, row["id"], due_at=town.now)
    assert [one.carrier for one in takes(town, network(narrow, B))] == ["b"]


def test_two_texts_of_one_person_in_one_chunk_count_for_one_another(town: Town) -> None:
    """Both are due at the same instant: the narrow carrier has one, the other carrier the other."""
    narrow = Way("a", SMS, windows=(Window(most=1, seconds=3600),))
    town.hears_of(GRANDMOTHER, fraud_type="fake_police", risk="L3")
    town.hears_of(GRANDMOTHER, fraud_type="fake_loan", risk="L3")
    assert sorted(one.carrier for one in takes(town, network(narrow, B))) == ["a", "b"]


def test_a_claim_looks_at_the_windows_again(town: Town) -> None:
    """Another worker was faster with her other text: what was dealt is not sent beyond the window."""
    narrow = Way("a", SMS, windows=(Window(most=1, seconds=3600),))
    town.hears_of(GRANDMOTHER, fraud_type="fake_police", risk="L3")
    town.hears_of(GRANDMOTHER, fraud_type="fake_loan", risk="L3")
    ids = [row["id"] for row in town.rows(tables.dispatches, channel="sms")]
    both = dict.fromkeys(ids, narrow)
    lease = Lease("worker", "", LEASE)
    assert len(claim(town.store, ids[:1], lease=lease, ways=both, now=town.now)) == 1
    assert claim(town.store, ids[1:], lease=lease, ways=both, now=town.now) == []


def test_no_test_alert_goes_to_real_people(town: Town) -> None:
    """The first carrier reaches real people: a test's text goes by the simulated one, or by none, and says so."""
    real = Way("a", SMS, live=True)
    town.hears_of(GRANDMOTHER, test=True)
    assert takes(town, network(real)) == []
    assert asked_why(town, network(real)).reason is Reason.NO_ROUTE
    town.change(tables.dispatches, town.one(TEXT)["id"], due_at=town.now)
    assert [one.carrier for one in takes(town, network(real, B))] == ["b"]


@pytest.mark.parametrize("early", [False, True])
def test_news_finds_its_try_by_the_carriers_own_name(town: Town, early: bool) -> None:
    """The carrier repeats only its own number, after its answer or before it: grandmother's text is delivered."""
    there = network(A, by_carrier_ref=True)
    town.hears_of(GRANDMOTHER)
    (letter,) = takes(town, there)
    news = [Told("", "DELIVRD", town.now, b"{}", carrier_ref="S-77")]
    strangers = [Told("", "DELIVRD", town.now, b"{}", carrier_ref="S-78")]
    receipts.keep(town.store, "b", news, now=town.now)
    receipts.keep(town.store, "a", strangers, now=town.now)
    if early:
        receipts.keep(town.store, "a", news, now=town.now)
        assert receipts.apply(town.store, now=town.now, network=there).placed == 0
    says(town, [letter], Answer.ACCEPTED, there, carrier_ref="S-77")
    if not early:
        receipts.keep(town.store, "a", news, now=town.now)
    assert receipts.apply(town.store, now=town.now, network=there).placed == 1
    assert town.state(TEXT) == "fulfilled"
    assert len(town.rows(tables.receipts, state="waiting", reference="")) == 2


def test_news_that_was_kept_while_its_name_was_written_is_named_by_the_clock(town: Town) -> None:
    """Door and worker crossed: neither saw the other's row. The clock names it; a stranger's becomes an orphan."""
    there = network(A, by_carrier_ref=True)
    town.hears_of(GRANDMOTHER)
    (letter,) = takes(town, there)
    receipts.keep(town.store, "a", [Told("", "DELIVRD", town.now, b"{}", carrier_ref="S-9")], now=town.now)
    receipts.keep(town.store, "a", [Told("", "DELIVRD", town.now, b"{}", carrier_ref="S-10")], now=town.now)
    says(town, [letter], Answer.ACCEPTED, there)
    with town.store.write() as connection:
        row = {"carrier": "a", "carrier_ref": "S-9", "reference": letter.reference, "told_at": town.now}
        connection.execute(tables.carrier_names.insert(), [row])
    assert naming.name(town.store, now=town.now) == 1
    assert receipts.apply(town.store, now=town.now, network=there).placed == 1
    assert town.state(TEXT) == "fulfilled"
    town.later(days=4)
    assert naming.name(town.store, now=town.now) == 0
    assert [row["state"] for row in town.rows(tables.receipts, carrier_ref="S-10")] == ["orphan"]


def test_a_test_alert_comes_back_to_its_only_carrier(town: Town) -> None:
    """A rehearsal: the simulated carrier was down for a moment, and the real one must not have the text: the simulated
    one has it as soon as it can."""
    there = network(Way("a", SMS, live=True), B)
    town.hears_of(GRANDMOTHER, test=True)
    (letter,) = takes(town, there)
    assert letter.carrier == "b"
    says(town, [letter], Answer.BUSY, there, code="not_connected")
    (letter,) = takes(town, there)
    assert letter.carrier == "b"
    says(town, [letter], Answer.BUSY, there, code="not_connected")
    assert takes(town, there) == [] and town.one(TEXT)["due_at"] > town.now
    town.later(minutes=2)
    assert [again.carrier for again in takes(town, there)] == ["b"]


def test_a_carrier_without_callbacks_is_asked_at_growing_pauses_until_it_tells(town: Town) -> None:
    """It took the text and tells nothing by itself: it is asked after 5 s, then more seldom, until it knows."""
    there = network(A, polls=True)
    town.hears_of(GRANDMOTHER)
    (letter,) = takes(town, there)
    says(town, [letter], Answer.ACCEPTED, there, carrier_ref="S-1")
    waits, code = [], None
    for turn in range(6):
        attempt = town.tries(town.one(TEXT))[0]
        waits.append((attempt["ask_at"] - town.now).total_seconds())
        town.now = attempt["ask_at"]
        code = "DELIVRD" if turn == 5 else "ENROUTE"
        asks = clock.asks_due(town.store, now=town.now)
        assert [ask.reference for ask in asks] == [letter.reference]
        answers = [clock.Asked(ask, True, None, code, town.now) for ask in asks]
        clock.settle_asked(town.store, answers, now=town.now, network=there)
    assert waits == [5, 10, 20, 40, 80, 160]
    assert town.state(TEXT) == "fulfilled"
    attempt = town.tries(town.one(TEXT))[0]
    assert (attempt["ask_at"], attempt["carrier_ref"], attempt["outcome"]) == (None, "S-1", "delivered")


def test_a_polled_try_ends_at_its_news_deadline_like_any_other(town: Town) -> None:
    """The carrier never tells: asking goes on only as long as news is awaited."""
    there = network(A, polls=True)
    town.hears_of(GRANDMOTHER)
    says(town, takes(town, there), Answer.ACCEPTED, there)
    town.now = town.one(TEXT)["news_due_at"]
    clock.close_news(town.store, now=town.now)
    assert town.state(TEXT) == "unknown"
    assert clock.asks_due(town.store, now=town.later(minutes=10)) == []


def test_why_says_what_a_dispatch_waits_for(town: Town) -> None:
    """From the alert to the end, whoever asks is told: due, underway, awaited, asked for, held, ended."""
    town.hears_of(GRANDMOTHER)
    assert asked_why(town).reason is Reason.DUE_NOW
    hold = town.holds(risk="L3")
    takes(town)
    assert asked_why(town).reason is Reason.HELD
    town.releases(hold)
    (letter,) = takes(town)
    found = asked_why(town)
    assert (found.reason, found.until) == (Reason.UNDERWAY, town.now + LEASE)
    says(town, [letter], Answer.UNSURE, code="timeout", ask_in_s=4.0)
    assert asked_why(town).reason is Reason.ASKING
    town.asks(found=True)
    town.later(seconds=5)
    town.asks(found=True)
    assert asked_why(town).reason is Reason.AWAITS_NEWS
    town.now = town.one(TEXT)["news_due_at"]
    clock.close_news(town.store, now=town.now)
    assert asked_why(town).reason is Reason.ENDED
    call = town.one(ROBOT)
    with town.store.read() as connection:
        assert why(connection, call["id"], town.now) is not None
        assert why(connection, letter.attempt_id, town.now) is None
