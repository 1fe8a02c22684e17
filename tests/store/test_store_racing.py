"""Two transactions meet at one person: the second goes by what the first has left behind."""

from __future__ import annotations

import json
import threading
import time

from story import GRANDMOTHER, Town

from dispatcher.intake import Incoming
from dispatcher.intake.batch import Batch
from dispatcher.plan import ROBOT


def test_she_answers_while_a_linked_case_is_opened(town: Town) -> None:
    """Another type is pushed in the moment in which she hears the robot: the new case shares that call."""
    town.hears_of(GRANDMOTHER, risk="L3")
    letters = town.takes([town.one(ROBOT)["id"]])
    town.answered(letters)
    town.overhears(letters[0].reference, "KEY1")
    raw = json.dumps(town.alert(GRANDMOTHER, risk="L3", fraud_type="fake_loan")).encode()
    incoming = Incoming(raw=raw)
    news = threading.Thread(target=town.told, args=(letters[0],))
    with town.store.write() as connection:
        batch = Batch(connection, keys=town.store.keys, policy=town.intake.policy, door="test", now=town.now)
        batch.take([incoming], [town.intake._parse(incoming, town.now)])
        batch.write()
        news.start()
        time.sleep(0.5)  # the news has come as far as her lock
    news.join()
    leader, linked = town.cases()
    assert linked["shares_case_id"] == leader["id"]
    assert leader["contacted_at"] is not None
    assert linked["contacted_at"] is not None
