"""Nobody can tell whether it was sent: ask, wait for news, and then do what rule 11 says. Never a blind repeat."""

from __future__ import annotations

import pytest
from story import GRANDMOTHER, NOON, Town

from dispatcher import clock, tables
from dispatcher.claim import Letter
from dispatcher.clock.silence import ASKS
from dispatcher.plan import ROBOT, SMS, VISIT, Way
from dispatcher.store import Store
from dispatcher.words import Answer


def lost(town: Town, way: Way, risk: str) -> Letter:
    """The connection breaks after the request went out."""
    if not town.cases():
        town.hears_of(GRANDMOTHER, risk=risk)
    (letter,) = town.takes([town.one(way)["id"]])
    town.answered([letter], Answer.UNSURE, ask_in_s=town.ask_in("simulator"))
    return letter


@pytest.fixture
def deaf(store: Store) -> Town:
    """A town whose carrier cannot be asked."""
    return Town(store, askable=False)


def test_a_lost_lease_with_an_open_attempt_is_unsure(town: Town) -> None:
    """A worker is killed in mid-request: the text counts as handed over, unsure, and will be asked for."""
    town.hears_of(GRANDMOTHER, risk="L1")
    town.takes([town.one(SMS)["id"]])
    town.later(seconds=20)
    town.ticks()
    (attempt,) = town.tries(town.one(SMS))
    assert (town.state(SMS), attempt["answer"]) == ("handed_over", "unsure")
    assert (attempt["ask_at"] - town.now).total_seconds() == 4


def test_asked_and_found_it_is_accepted(town: Town) -> None:
    """The carrier has it: no second text, and news is awaited as ever."""
    lost(town, SMS, "L1")
    town.later(seconds=4)
    assert town.asks(found=True) == 1
    (attempt,) = town.tries(town.one(SMS))
    assert (attempt["answer"], attempt["carrier_ref"]) == ("accepted", "C-1")
    assert (town.one(SMS)["news_due_at"] - town.now).total_seconds() == 3600
    town.later(minutes=30)
    town.ticks()
    assert town.state(SMS) == "handed_over"


def test_asked_and_found_with_its_end_it_is_done(town: Town) -> None:
    """The carrier has it, and already knows that it was delivered."""
    lost(town, SMS, "L1")
    town.later(seconds=4)
    town.asks(found=True, code="DELIVRD")
    assert (town.state(SMS), town.one(SMS)["outcome"]) == ("fulfilled", "delivered")
    assert town.tries(town.one(SMS))[0]["outcome"] == "delivered"


def test_asked_and_not_found_it_goes_again_at_once(town: Town) -> None:
    """The carrier never had it: it is surely not sent, and costs the person no try."""
    first = lost(town, SMS, "L4")
    town.later(seconds=4)
    town.asks(found=False)
    assert (town.state(SMS), town.one(SMS)["due_at"], town.one(SMS)["tries"]) == ("waiting", town.now, 0)
    (second,) = town.takes([town.one(SMS)["id"]])
    assert second.reference != first.reference


def test_it_is_asked_only_after_its_settling_time(town: Town) -> None:
    """A carrier may take it late: three seconds after, nobody asks yet."""
    lost(town, SMS, "L4")
    town.later(seconds=3)
    assert town.asks(found=False) == 0


def test_an_asker_that_dies_is_followed_by_another(town: Town) -> None:
    """The one who asks is killed before it hears: five seconds later another asks."""
    lost(town, SMS, "L4")
    town.later(seconds=4)
    assert len(clock.asks_due(town.store, now=town.now)) == 1
    assert clock.asks_due(town.store, now=town.now) == []
    town.later(seconds=5)
    assert town.asks(found=True) == 1


def test_asking_beats_guessing(town: Town) -> None:
    """While the carrier does not answer our question, the text is not repeated at 60 s."""
    lost(town, SMS, "L1")
    town.later(seconds=61)
    town.ticks()
    assert town.state(SMS) == "handed_over"


def test_asking_has_an_end(town: Town) -> None:
    """A carrier that never answers our questions holds nobody up for ever: asked a dozen times, it is given up."""
    lost(town, SMS, "L4")
    for _ in range(ASKS):
        town.later(hours=8)
        town.ticks()
        assert town.state(SMS) == "handed_over"
        assert len(clock.asks_due(town.store, now=town.now)) == 1
    town.later(hours=8)
    town.ticks()
    assert town.state(SMS) == "unknown"
    assert town.tries(town.one(SMS))[0]["ask_at"] is None


def test_nobody_guesses_before_he_has_asked(town: Town) -> None:
    """Workers are so busy that nobody has asked for a lost call yet: it waits, and is not rung a second time."""
    lost(town, ROBOT, "L4")
    town.later(minutes=30)
    town.ticks()
    assert (town.state(ROBOT), len(town.tries(town.one(ROBOT)))) == ("handed_over", 1)


def test_news_decides_before_the_asking(town: Town) -> None:
    """The receipt comes while the question is out: delivered, and the late "not found" repeats nothing."""
    letter = lost(town, SMS, "L1")
    town.later(seconds=4)
    asks = clock.asks_due(town.store, now=town.now)
    town.told(letter, "DELIVRD")
    clock.settle_asked(town.store, [clock.Asked(ask, False) for ask in asks], now=town.now)
    assert town.state(SMS) == "fulfilled"
    assert town.tries(town.one(SMS))[0]["answer"] == "accepted"


def test_an_unsure_text_at_l1_repeats_once(deaf: Town) -> None:
    """L1, no news in 60 s: one more text; that one is unsure too: no third, and it ends unknown."""
    lost(deaf, SMS, "L1")
    deaf.later(seconds=59)
    deaf.ticks()
    assert deaf.state(SMS) == "handed_over"
    deaf.later(seconds=1)
    deaf.ticks()
    assert (deaf.state(SMS), deaf.one(SMS)["due_at"]) == ("waiting", deaf.now)
    lost(deaf, SMS, "L1")
    deaf.later(seconds=61)
    deaf.ticks()
    assert deaf.state(SMS) == "handed_over"
    deaf.later(hours=1)
    deaf.ticks()
    assert (deaf.state(SMS), deaf.one(SMS)["attempts"]) == ("unknown", 2)


def test_an_unsure_text_that_was_delivered_is_not_repeated(deaf: Town) -> None:
    """L2: the receipt comes in the second between the repeat's planning and its claim: it is not sent."""
    letter = lost(deaf, SMS, "L2")
    deaf.later(seconds=60)
    deaf.ticks()
    assert deaf.state(SMS) == "waiting"
    deaf.told(letter, "DELIVRD")
    assert deaf.state(SMS) == "fulfilled"
    assert deaf.takes() == []


def test_news_that_is_not_final_settles_an_unsure_text(deaf: Town) -> None:
    """L1: within a second the carrier tells that the text is on its way: it has it, so that none is sent at 60 s."""
    letter = lost(deaf, SMS, "L1")
    deaf.later(seconds=1)
    deaf.told(letter, "ENROUTE", "ENROUTE")
    (attempt,) = deaf.tries(deaf.one(SMS))
    assert (attempt["answer"], attempt["outcome"]) == ("accepted", None)
    assert (deaf.one(SMS)["news_due_at"] - deaf.now).total_seconds() == 3600
    assert [row["state"] for row in deaf.rows(tables.receipts)] == ["applied", "noted"]
    deaf.later(seconds=61)
    deaf.ticks()
    assert (deaf.state(SMS), deaf.one(SMS)["attempts"]) == ("handed_over", 1)
    deaf.later(hours=1)
    deaf.ticks()
    assert (deaf.state(SMS), deaf.one(SMS)["attempts"]) == ("unknown", 1)


@pytest.mark.parametrize("code", ["UNKNOWN", "XX:0999"])
def test_news_in_words_that_nobody_knows_settles_an_unsure_text(deaf: Town, code: str) -> None:
    """L1: the carrier tells of her unsure text by a code that no table has: none is sent at 60 s."""
    letter = lost(deaf, SMS, "L1")
    deaf.later(seconds=1)
    deaf.told(letter, code)
    (attempt,) = deaf.tries(deaf.one(SMS))
    assert (attempt["answer"], attempt["outcome"], attempt["ask_at"]) == ("accepted", None, None)
    deaf.later(seconds=61)
    deaf.ticks()
    assert (deaf.state(SMS), deaf.one(SMS)["attempts"]) == ("handed_over", 1)
    deaf.told(letter, "DELIVRD")
    assert (deaf.state(SMS), deaf.one(SMS)["outcome"]) == ("fulfilled", "delivered")


def test_news_that_is_not_final_beats_the_asking(town: Town) -> None:
    """The carrier can be asked, and tells by itself that it has the text: a late "not found" sends no second."""
    letter = lost(town, SMS, "L1")
    town.later(seconds=4)
    asks = clock.asks_due(town.store, now=town.now)
    town.told(letter, "ENROUTE")
    clock.settle_asked(town.store, [clock.Asked(ask, False) for ask in asks], now=town.now)
    assert (town.state(SMS), town.tries(town.one(SMS))[0]["answer"]) == ("handed_over", "accepted")


def test_not_final_news_of_an_earlier_try_moves_nothing(deaf: Town) -> None:
    """L1: her unsure text was repeated, and then its carrier tells that the first is on its way: the second decides."""
    first = lost(deaf, SMS, "L1")
    deaf.later(seconds=60)
    deaf.ticks()
    lost(deaf, SMS, "L1")
    due = deaf.one(SMS)["news_due_at"]
    deaf.told(first, "ENROUTE")
    assert [attempt["answer"] for attempt in deaf.tries(deaf.one(SMS))] == ["accepted", "unsure"]
    assert deaf.one(SMS)["news_due_at"] == due


@pytest.mark.parametrize("risk", ["L3", "L4"])
def test_an_unsure_text_below_l2_never_repeats(deaf: Town, risk: str) -> None:
    """L3 and L4: it waits 72 h for news, and is then unknown; one attempt, whatever happens."""
    lost(deaf, SMS, risk)
    for _ in range(8):
        deaf.later(hours=9)
        deaf.ticks()
    assert (deaf.state(SMS), deaf.one(SMS)["attempts"]) == ("unknown", 1)


def test_an_unsure_call_counts_as_no_answer_and_waits_for_its_redial(deaf: Town) -> None:
    """L3 robot: at its planned redial, a quarter of an hour after, it rings again; that was one of the three tries."""
    lost(deaf, ROBOT, "L3")
    deaf.later(seconds=899)
    deaf.ticks()
    assert deaf.state(ROBOT) == "handed_over"
    deaf.later(seconds=1)
    deaf.ticks()
    assert (deaf.state(ROBOT), deaf.one(ROBOT)["due_at"]) == ("waiting", deaf.now)
    assert deaf.one(ROBOT)["tries"] == 1


def test_unsure_calls_are_spent_like_any_other(deaf: Town) -> None:
    """L4 robot: two unsure calls are two tries, and the channel is spent."""
    for _ in range(2):
        lost(deaf, ROBOT, "L4")
        deaf.later(hours=2)
        deaf.ticks()
    assert deaf.state(ROBOT) == "missed"


def test_a_visit_is_never_repeated_by_a_machine(deaf: Town) -> None:
    """L1: the officer never reports; after a day the visit is unknown, and no second one was planned."""
    deaf.hears_of(GRANDMOTHER, risk="L1")
    deaf.works()
    deaf.later(hours=24)
    deaf.ticks()
    assert deaf.state(VISIT) == "unknown"
    deaf.works()
    assert deaf.one(VISIT)["attempts"] == 1


def test_every_try_has_a_reference_of_its_own(deaf: Town) -> None:
    """No two tries of anybody share a reference: a second effect can always be told from the first."""
    lost(deaf, SMS, "L1")
    deaf.later(seconds=60)
    deaf.ticks()
    lost(deaf, SMS, "L1")
    references = [row["reference"] for row in deaf.rows(tables.attempts)]
    assert len(references) == len(set(references))
    assert deaf.now > NOON


def test_an_answer_about_an_earlier_try_moves_nothing(town: Town) -> None:
    """The carrier was slow to say what became of her first text, and rule 11 sent a second; she gets no third."""
    letter = lost(town, SMS, "L1")
    town.later(hours=80)
    town.change(tables.attempts, letter.attempt_id, asks=ASKS - 1)
    (ask,) = clock.asks_due(town.store, now=town.now)
    town.ticks()
    town.answered(town.takes([town.one(SMS)["id"]]))
    assert (town.state(SMS), town.one(SMS)["attempts"]) == ("handed_over", 2)
    clock.settle_asked(town.store, [clock.Asked(ask, False)], now=town.now)
    assert (town.state(SMS), town.one(SMS)["attempts"]) == ("handed_over", 2)
    assert town.tries(town.one(SMS))[0]["answer"] == "refused"
