"""What a case at rest came to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.policy import LevelRule, load_policy
from dispatcher.conclude import Standing, conclude
from dispatcher.words import CloseCode, Risk

POLICIES = [load_policy("default"), load_policy("demo")]
QUIET = Standing(
    at_rest=True,
    due=False,
    contacted_by=None,
    acknowledged=False,
    verdict=None,
    dissuasion=None,
    stopped_yuan=Decimal(0),
)
standings = st.builds(
    Standing,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "robot", "human", "officer"]),
    st.booleans(),
    st.sampled_from([None, "not_defrauded", "defrauded", "unknown"]),
    st.sampled_from([None, "self_aware", "timely", "refused", "not_needed"]),
    st.sampled_from([Decimal(0), Decimal("0.01"), Decimal(3000)]),
)
levels = st.sampled_from([policy.level(risk) for policy in POLICIES for risk in Risk])


def ends(risk: Risk, **told: object) -> CloseCode | None:
    """How a quiet case of this level ends when this is known of it."""
    return conclude(replace(QUIET, **told), POLICIES[0].level(risk))  # type: ignore[arg-type]  # a test's shorthand


@given(standings, levels)
def test_a_case_that_is_not_at_rest_is_never_ended(standing: Standing, level: LevelRule) -> None:
    """While anything is out nobody closes it."""
    assert conclude(replace(standing, at_rest=False), level) is None


@given(standings, levels)
def test_whatever_is_at_rest_and_due_ends_or_is_a_supervisors(standing: Standing, level: LevelRule) -> None:
    """Nothing is left open without a word but one who was reached and would not listen."""
    code = conclude(replace(standing, at_rest=True, due=True), level)
    would_not_listen = standing.contacted_by in ("human", "officer") and standing.dissuasion == "refused"
    assert (code is None) == (would_not_listen and standing.verdict != "defrauded")


@given(standings, levels)
def test_nobody_is_dissuaded_whom_nobody_reached(standing: Standing, level: LevelRule) -> None:
    """ "Dissuaded" needs a voice; a robot's alone is not enough where the level sends people at once."""
    if conclude(standing, level) is CloseCode.DISSUADED:
        assert standing.contacted_by is not None
        people_at_once = level.human is not None and level.human.start == "at_once"
        assert standing.contacted_by != "robot" or not people_at_once


@given(standings, levels)
def test_money_that_was_stopped_is_told_apart(standing: Standing, level: LevelRule) -> None:
    """Who lost money ends as that, stopped or lost, by whether anything was saved."""
    code = conclude(standing, level)
    if code in (CloseCode.DEFRAUDED_STOPPED, CloseCode.DEFRAUDED_LOST):
        assert standing.verdict == "defrauded"
        assert (code is CloseCode.DEFRAUDED_STOPPED) == (standing.stopped_yuan > 0)


@pytest.mark.parametrize("risk", [Risk.L1, Risk.L2])
def test_a_robots_word_is_not_enough_above_l3(risk: Risk) -> None:
    """She pressed 1, and then nobody could reach her: not to be found."""
    assert ends(risk, contacted_by="robot", acknowledged=True) is CloseCode.TEMP_UNREACHABLE


@pytest.mark.parametrize("risk", [Risk.L3, Risk.L4])
def test_a_heard_robot_is_enough_below_l2(risk: Risk) -> None:
    """With the key at once, without it at its closing time."""
    assert ends(risk, contacted_by="robot", acknowledged=True) is CloseCode.DISSUADED
    assert ends(risk, contacted_by="robot") is None
    assert ends(risk, contacted_by="robot", due=True) is CloseCode.AUTO_CLOSED


@pytest.mark.parametrize("risk", [Risk.L1, Risk.L2, Risk.L3])
def test_unreached_where_people_are_sent_stays_open(risk: Risk) -> None:
    """Nobody reached her, closing time or not: 暂时找不到."""
    for due in (True, False):
        assert ends(risk, due=due) is CloseCode.TEMP_UNREACHABLE


def test_l4_closes_itself_reached_or_not() -> None:
    """Not before its time."""
    assert ends(Risk.L4) is None
    assert ends(Risk.L4, due=True) is CloseCode.AUTO_CLOSED
