"""Why a person has not been warned yet, asked over HTTP."""

from __future__ import annotations

from doors import COUNTY, OTHER_CITY, PHONE, Doors, problem

from dispatcher import tables
from dispatcher.meant import meant_by
from dispatcher.words import Role


def test_an_officer_asks_why(doors: Doors) -> None:
    """An officer asks why a text has not arrived: its news is awaited; another city's officer is told nothing."""
    doors.push(doors.alert())
    (letter,) = doors.work()
    address = f"/v1/dispatches/{letter.dispatch_id}/why"
    told = doors.client.get(address, headers=doors.key(Role.OFFICER, COUNTY))
    assert told.status_code == 200, told.text
    assert (told.json()["reason"], told.json()["details"]["carrier"]) == ("awaits_news", "simulator")
    assert told.json()["until"] is not None and PHONE not in told.text
    problem(doors.client.get(address, headers=doors.key(Role.OFFICER, OTHER_CITY)), 404)
    case = doors.rows(tables.cases)[0]["id"]
    whole = doors.client.get(f"/v1/cases/{case}", headers=doors.key(Role.OFFICER, COUNTY)).json()
    assert {one["why"]["reason"] for one in whole["dispatches"]} == {"awaits_news", "assigned"}


def test_a_dispatch_is_named_in_three_ways(doors: Doors) -> None:
    """A carrier's hotline knows the reference, an officer the case, we the dispatch: each finds what it means."""
    doors.push(doors.alert())
    (letter,) = doors.work()
    case = doors.rows(tables.cases)[0]["id"]
    with doors.store.read() as connection:
        assert meant_by(connection, letter.reference) == [letter.dispatch_id]
        assert meant_by(connection, str(letter.dispatch_id)) == [letter.dispatch_id]
        assert len(meant_by(connection, str(case))) == len(doors.rows(tables.dispatches)) > 1
        assert meant_by(connection, "nobody") == []
        assert meant_by(connection, str(case), region=OTHER_CITY) == []
