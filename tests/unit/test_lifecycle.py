"""The table of moves: final is final, nothing is stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.lifecycle import MOVES, SAYS, Event, NoSuchMove, after, can, drawing
from dispatcher.words import DispatchState

S = DispatchState
FINAL = [state for state in S if state.final]
LEAVES_FINAL = {
    (S.MISSED, Event.FULFIL): S.FULFILLED,
    (S.UNKNOWN, Event.FULFIL): S.FULFILLED,
    (S.UNKNOWN, Event.SPEND): S.MISSED,
    (S.FULFILLED, Event.CORRECT): S.MISSED,
}


def test_only_better_news_or_a_persons_correction_leaves_an_end() -> None:
    """What has ended moves on by better news, late news, a recorded correction, and nothing else."""
    assert {pair: to for pair, to in MOVES.items() if pair[0].final} == LEAVES_FINAL


def test_every_state_can_come_to_an_end() -> None:
    """Nobody is left for ever in waiting, underway or handed over."""
    for state in S:
        reach, grown = {state}, True
        while grown:
            further = {to for (at, _), to in MOVES.items() if at in reach} | reach
            reach, grown = further, further != reach
        assert any(end.final for end in reach)


def test_a_worker_never_loses_its_claim_to_a_cancellation() -> None:
    """While a request may be out nothing cancels it, and no second worker can claim it."""
    assert not can(S.UNDERWAY, Event.CANCEL)
    assert not can(S.UNDERWAY, Event.CLAIM)
    assert not can(S.HANDED_OVER, Event.CLAIM)


def test_cancelled_is_for_good() -> None:
    """What was called off stays called off."""
    assert not any(can(S.CANCELLED, event) for event in Event)


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_no_path_leads_out_of_an_end_but_by_those_four_moves(events: list[Event]) -> None:
    """Whatever happens in whatever order: once ended, only the four moves change anything."""
    state = S.WAITING
    for event in events:
        if not can(state, event):
            with pytest.raises(NoSuchMove, match=str(event)):
                after(state, event)
            continue
        to = after(state, event)
        assert not state.final or LEAVES_FINAL[state, event] is to
        state = to


def test_the_drawing_shows_every_move() -> None:
    """A reader of the docs sees each move of the table, and where it begins and ends."""
    lines = drawing().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert len([line for line in lines if ": " in line]) == len(MOVES) + 1
    assert sum(line.endswith("--> [*]") for line in lines) == len(FINAL)
    assert set(SAYS) == set(Event)
