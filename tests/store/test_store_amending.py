"""An upstream says more, or better: a later revision of an alert changes what it said."""

from __future__ import annotations

from typing import Any

from story import COUNTY, GRANDFATHER, GRANDMOTHER, Town

from dispatcher import tables
from dispatcher.intake import CONFLICT, Status
from dispatcher.intake.amending import OTHER_KIND, OTHER_PERSON, TAKEN_BACK
from dispatcher.plan import HUMAN, SMS, VISIT


def again(alert: dict[str, Any], revision: int = 2, **changed: Any) -> dict[str, Any]:
    """The same alert, said anew."""
    return alert | {"revision": revision} | changed


def test_it_is_worse_than_the_bank_thought(town: Town) -> None:
    """L4 becomes L2: the case is raised, a caller and an officer are promised, the limits run from the raise."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L4")])
    town.later(minutes=5)
    result = town.hears([again(alert, risk="L2")])[0]
    assert result.status is Status.AMENDED
    assert (town.case()["risk"], town.case()["first_risk"]) == ("L2", "L4")
    assert town.state(HUMAN) == town.state(VISIT) == "waiting"
    assert town.tells("raised")[0]["why"] == "amended"
    assert [row["why"] for row in town.tells("amended")] == ["bank, revision 2: risk L4 to L2"]
    (row,) = town.rows(tables.alerts)
    assert (row["risk"], row["revision"]) == ("L2", 2)


def test_a_lower_level_un_warns_nobody(town: Town) -> None:
    """L1 becomes L4: the alert says L4 now, and everything that was promised stays promised; the timeline says so."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L1")])
    town.hears([again(alert, risk="L4")])
    assert town.case()["risk"] == "L1"
    assert "cancelled" not in {row["state"] for row in town.rows(tables.dispatches)}
    assert "nobody is un-warned" in str(town.tells("amended")[0]["why"])


def test_an_amendment_comes_again_and_late(town: Town) -> None:
    """Every revision is resent, in any order: the highest stands, and the timeline tells each change once."""
    town.hears([first := town.alert(GRANDMOTHER, risk="L4")])
    second, third = again(first, 2, risk="L3"), again(first, 3, risk="L3", region="140106")
    for one in (third, second, third, first, second):
        assert town.hears([one])[0].status in (Status.AMENDED, Status.REPEATED)
    assert len(town.tells("amended")) == 1
    (row,) = town.rows(tables.alerts)
    assert (row["revision"], row["region"], row["risk"]) == (3, "140106", "L3")
    assert town.rows(tables.dead_letters) == []


def test_without_a_higher_revision_a_change_is_a_conflict(town: Town) -> None:
    """Another body under the same revision is refused as ever, and told how it would be taken."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L4")])
    assert town.hears([alert | {"risk": "L3"}])[0].faults == (CONFLICT,)
    town.hears([again(alert, 2, risk="L3")])
    assert town.hears([again(alert, 2, risk="L2")])[0].faults == (CONFLICT,)
    assert town.case()["risk"] == "L3"


def test_another_person_is_another_alert(town: Town) -> None:
    """A changed phone is refused with advice: who was warned cannot be changed afterwards."""
    town.hears([alert := town.alert(GRANDMOTHER)])
    refused = town.hears([again(alert, victim={"phone": GRANDFATHER})])[0]
    assert refused.faults == (OTHER_PERSON,)
    assert town.hears([again(alert, test=True)])[0].faults == (OTHER_KIND,)
    assert len(town.cases()) == 1


def test_what_was_withdrawn_is_not_amended(town: Town) -> None:
    """An alert that was taken back stays so; one that holds after all has a name of its own."""
    town.hears([alert := town.alert(GRANDMOTHER)])
    town.withdraws(alert["source_ref"])
    assert town.hears([again(alert, risk="L1")])[0].faults == (TAKEN_BACK,)
    assert town.case()["close_code"] == "false_alarm"


def test_the_type_and_region_of_a_case_follow_its_only_alert(town: Town) -> None:
    """It was romance, and in another county: the text that waits speaks of romance, the task goes to that county."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L4", fraud_type="fake_police")])
    town.hears([again(alert, fraud_type="romance", region="140106")])
    assert (town.case()["fraud_type"], town.case()["region"]) == ("romance", "140106")
    assert town.hears_of(GRANDMOTHER, fraud_type="romance").merged


def test_a_case_of_that_type_is_there_already(town: Town) -> None:
    """Two open cases of one type cannot be: the alert says the new type, its case keeps its own."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L4", fraud_type="fake_police")])
    town.hears_of(GRANDMOTHER, risk="L4", fraud_type="romance")
    assert town.hears([again(alert, fraud_type="romance")])[0].status is Status.AMENDED
    assert sorted(case["fraud_type"] for case in town.cases()) == ["fake_police", "romance"]


def test_name_and_address_are_sealed_anew(town: Town) -> None:
    """Her address is known now: it is kept sealed, and the officer who signs in reads it."""
    town.hears([alert := town.alert(GRANDMOTHER, risk="L2")])
    before = town.rows(tables.alerts)[0]["sealed"]
    town.hears([again(alert, victim={"phone": GRANDMOTHER, "address": "made-up street 1", "age_band": "70+"})])
    (row,) = town.rows(tables.alerts)
    assert row["sealed"] != before and row["age_band"] == "70+"
    opened = town.store.keys.open(row["sealed"], row["key_id"], "alerts", row["id"])
    assert b"made-up street" in opened
    assert "made-up street" not in str(town.tells("amended"))


def test_alert_and_amendment_in_one_batch(town: Town) -> None:
    """Both come in one batch, and a newcomer whose first word is a second revision: all are taken."""
    alert = town.alert(GRANDMOTHER, risk="L4")
    late = again(town.alert(GRANDFATHER, risk="L4", region=COUNTY), 2)
    results = town.hears([alert, again(alert, risk="L2"), late])
    assert [result.status for result in results] == [Status.ACCEPTED, Status.AMENDED, Status.ACCEPTED]
    assert sorted((row["risk"], row["revision"]) for row in town.rows(tables.alerts)) == [("L2", 2), ("L4", 2)]
    assert town.state(SMS, phone_index=town.cases()[0]["phone_index"]) == "waiting"
