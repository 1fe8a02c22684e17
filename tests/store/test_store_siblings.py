"""What is told of one try belongs together: news that waits is not overtaken by what came after it."""

from __future__ import annotations

from datetime import timedelta

from story import GRANDMOTHER, Town

from dispatcher import receipts, tables
from dispatcher.plan import ROBOT, SMS


def states(town: Town) -> list[tuple[str, str]]:
    """Code and state of the receipts, oldest first."""
    return [(row["code"], row["state"]) for row in town.rows(tables.receipts)]


def test_early_good_news_is_not_overtaken_by_worse(town: Town) -> None:
    """DELIVRD came before the answer and waits; EXPIRED comes just after it. She has her text, and gets no second."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes([town.one(SMS)["id"]])
    town.told(letters[0], "DELIVRD")
    town.answered(letters)
    late = town.overhears(letters[0].reference, "EXPIRED")
    receipts.apply(town.store, now=town.now, ids=late)  # as the door does: what it has just stored, and no more
    assert (town.state(SMS), town.one(SMS)["attempts"]) == ("fulfilled", 1)
    assert states(town) == [("DELIVRD", "applied"), ("EXPIRED", "noted")]


def test_news_of_an_unknown_reference_that_becomes_known_is_not_overtaken(town: Town) -> None:
    """DELIVRD was told long before we opened the try and is looked for ever less; EXPIRED comes when it is known."""
    town.hears_of(GRANDMOTHER, risk="L4")
    reference = town.one(SMS)["stem"] + "01"
    for _ in range(6):
        town.told(reference, *(() if town.rows(tables.receipts) else ("DELIVRD",)))
        town.later(seconds=60)
    letters = town.takes([town.one(SMS)["id"]])
    assert letters[0].reference == reference
    town.answered(letters)
    late = town.overhears(reference, "EXPIRED")
    receipts.apply(town.store, now=town.now, ids=late)
    assert (town.state(SMS), town.one(SMS)["attempts"]) == ("fulfilled", 1)


def test_a_key_that_waited_counts_before_a_later_busy(town: Town) -> None:
    """The robot heard her press 1 before the carrier answered us; BUSY after it makes no second call and no caller."""
    town.hears_of(GRANDMOTHER, risk="L3")
    letters = town.takes([town.one(ROBOT)["id"]])
    town.told(letters[0], "KEY1")
    town.answered(letters)
    receipts.apply(town.store, now=town.now, ids=town.overhears(letters[0].reference, "BUSY"))
    assert town.state(ROBOT) == "fulfilled"
    assert town.case()["contacted_at"] is not None


def test_siblings_that_cannot_be_placed_wait_together(town: Town) -> None:
    """Both pieces are of a try that has no answer yet: both wait, each with a time of its own."""
    town.hears_of(GRANDMOTHER, risk="L4")
    letters = town.takes([town.one(SMS)["id"]])
    town.told(letters[0], "DELIVRD")
    applied = receipts.apply(town.store, now=town.now, ids=town.overhears(letters[0].reference, "EXPIRED"))
    assert applied.placed == 0
    assert states(town) == [("DELIVRD", "waiting"), ("EXPIRED", "waiting")]
    assert min(row["again_at"] for row in town.rows(tables.receipts)) >= town.now + timedelta(seconds=1)
