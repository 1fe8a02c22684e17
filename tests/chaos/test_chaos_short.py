"""The short campaign: 1,500 alerts, eight kills, a broker restarted and wiped, a database restarted; nobody is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from servers import missing

from .campaign import run
from .servers import OwnPostgres, OwnRabbit, ServerMissing
from .wishes import SHORT, Wishes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("deployments")]

UNHURRIED = replace(SHORT, slack_s=60.0, give_up_after_s=400.0)
"""CI shares its machine: how soon work comes back is measured by `make chaos`, that it does is tested here."""


@pytest.fixture(autouse=True)
def both_servers() -> None:
    """Their programs are installed, or this is told."""
    for name, kind in (("postgres", OwnPostgres), ("rabbitmq", OwnRabbit)):
        try:
            kind().end()
        except ServerMissing as fault:
            missing(name, str(fault))


def test_nobody_is_lost_and_nobody_is_warned_twice() -> None:
    """Everything was killed, stopped, wiped and cut: every alert has its case, every promise its end, once."""
    verdict = run(UNHURRIED, print)
    assert verdict.faults == []
    assert (verdict.sent, verdict.accepted, verdict.lost) == (SHORT.alerts, SHORT.alerts, 0)
    assert sum(verdict.repeats.values()) + sum(verdict.repeats_by_rule_11.values()) == 0
    assert verdict.kills >= SHORT.kills


def test_an_audit_that_finds_nothing_finds_a_broken_engine() -> None:
    """The same engine that does not recognise a repeated alert: the campaign goes red."""
    brief: Wishes = replace(
        SHORT,
        alerts=60,
        per_s=10.0,
        kills=1,
        cuts=0,
        freezes=0,
        broker_restarts=0,
        broker_wipes=0,
        database_restarts=0,
        again_share=0.3,
        slack_s=60.0,
        broken="dedupe",
    )
    verdict = run(brief, print)
    assert any("kept more than once" in fault for fault in verdict.faults)
