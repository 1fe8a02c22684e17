"""The town's people: who they are depends on the seed and on nothing else."""

import random

import pytest
from town_help import person

from simulator.chance import befalls, pick
from simulator.faults import NONE, Faults, FaultsUnreadable, parse_faults
from simulator.numbers import FATES
from simulator.town import Town
from simulator.town.person import Line, live

CROWD = [f"+8613{n:09d}" for n in range(4000)]


def share(hits: int) -> float:
    """Of the crowd."""
    return hits / len(CROWD)


def test_the_same_seed_gives_the_same_people_in_any_order() -> None:
    """Two towns of one seed, asked in different orders, tell the same of everybody; another seed does not."""
    here, there, elsewhere = Town(1), Town(1), Town(2)
    shuffled = random.Random(3).sample(CROWD, len(CROWD))
    told = {phone: (here.ring(phone, 0), here.call(phone, 2), here.visit(phone, 0)) for phone in CROWD}
    again = {phone: (there.ring(phone, 0), there.call(phone, 2), there.visit(phone, 0)) for phone in shuffled}
    assert told == again
    assert any(elsewhere.ring(phone, 0) != told[phone][0] for phone in CROWD)


def test_the_crowd_answers_in_the_shares_that_are_promised() -> None:
    """Of four thousand people about 97 % get a text, 60 % hear a robot, 85 % are met, 4 % never answer."""
    town = Town(5, by_digits=False)
    assert share(sum(town.text(p, 0) == "DELIVRD" for p in CROWD)) == pytest.approx(0.97, abs=0.01)
    heard = sum(town.ring(p, 0) in {"HEARD", "KEY1", "KEY2"} for p in CROWD)
    assert share(heard) == pytest.approx(0.61, abs=0.04)
    assert share(sum(town.visit(p, 0) == "met" for p in CROWD)) == pytest.approx(0.85, abs=0.03)
    silent = [p for p in CROWD if live(5, p).line is not Line.WORKS]
    assert share(len(silent)) == pytest.approx(0.04, abs=0.012)
    assert sum(live(5, p).home == 0 for p in silent) == pytest.approx(len(silent) / 2, rel=0.35)


def test_a_dead_number_is_dead_for_everybody() -> None:
    """A person with no such number gets no text, no robot's ring and no caller, however often they try."""
    town = Town(5, by_digits=False)
    dead = [p for p in CROWD if live(5, p).line is Line.INVALID]
    assert dead
    for phone in dead:
        assert town.text(phone, 0) == "UNDELIV"
        assert {town.ring(phone, n) for n in range(20)} <= {"INVALID", "FAULT"}
        assert {town.call(phone, n) for n in range(20)} == {"empty_number"}


def test_one_who_refuses_a_caller_listens_to_an_officer() -> None:
    """Whoever refuses on the phone is always at home, and is dissuaded there."""
    town = Town(5, by_digits=False)
    stubborn = [p for p in CROWD if town.spoken(p).dissuasion == "refused"]
    assert stubborn
    for phone in stubborn:
        assert {town.visit(phone, n) for n in range(10)} == {"met"}
        assert town.spoken(phone, at_the_door=True).dissuasion == "timely"


def test_one_who_never_answers_is_never_reached_by_phone() -> None:
    """A silent person's phone rings thirty times, by robot and by hand, and nobody picks up."""
    town = Town(5, by_digits=False)
    for phone in [p for p in CROWD if live(5, p).line is Line.SILENT][:20]:
        assert not {town.ring(phone, n) for n in range(30)} & {"HEARD", "KEY1", "KEY2", "HUNGUP", "MACHINE"}
        assert "reached" not in {town.call(phone, n) for n in range(30)}


def test_last_digits_override_the_person() -> None:
    """Everybody whose number ends in 9919 stays unreached and out, and in 9920 presses the key at once."""
    town = Town(5)
    for n in range(50):
        away, keen = person("9919", n), person("9920", n)
        assert (town.call(away, n), town.visit(away, n), town.ring(away, n)) == (
            "no_answer",
            "not_home",
            "NOANSWER",
        )
        assert (town.ring(keen, n), town.call(keen, n), town.visit(keen, n)) == ("KEY1", "reached", "met")
    assert len(FATES) == 25


def test_shares_are_read_from_a_line_of_text() -> None:
    """An operator names two faults; all others are off."""
    assert parse_faults("hang=0.01, drop=0.002") == Faults(
        **{**dict.fromkeys(Faults.__slots__, 0.0), "hang": 0.01, "drop": 0.002}
    )
    assert parse_faults("none") == NONE
    assert parse_faults("mild") == Faults()


def test_every_wrong_share_is_named_at_once() -> None:
    """An operator mistypes four things and is told of all four."""
    with pytest.raises(FaultsUnreadable) as told:
        parse_faults("hang=2,fog=0.1,drop=x,slow=0.1,slow=0.2")
    for word in ("faults.hang", "'fog'", "faults.drop", "faults.slow", "sum to more than 1"):
        assert word in str(told.value)


def test_a_draw_falls_where_its_share_lies() -> None:
    """A draw below the first share meets it, one above all shares meets nothing."""
    assert befalls(0.05, {"hang": 0.1, "drop": 0.2}) == "hang"
    assert befalls(0.15, {"hang": 0.1, "drop": 0.2}) == "drop"
    assert befalls(0.31, {"hang": 0.1, "drop": 0.2}) is None
    assert pick(0.999999, {"a": 1, "b": 1}) == "b"
