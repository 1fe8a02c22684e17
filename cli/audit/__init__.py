"""The audit: the town's ledger beside our tables, person by person.

    ledger.py, load.py      read the two sides
    rows.py, codes.py       as plain values, in one language
    world.py, persons.py    join them
    accepted.py, effects.py, states.py, repeats.py, closing.py, kpis.py    compare

Comparisons are pure functions from a World to a Line; nothing of the audited rules is imported, only repeated.
"""

from cli.audit.accepted import alerts_have_cases, cases_have_events, news_has_receipts
from cli.audit.closing import cases_stand_right, follow_ups_are_due
from cli.audit.effects import effects_have_tries, outcomes_agree, reports_agree, tries_have_effects
from cli.audit.kpis import Counted, kpis_agree
from cli.audit.ledger import Ledger, read_ledger
from cli.audit.load import load_rows
from cli.audit.repeats import repeats
from cli.audit.rows import Line, Rows
from cli.audit.states import all_ended, states_agree, unknown_is_withheld
from cli.audit.world import World

CHECKS = (
    alerts_have_cases,
    cases_have_events,
    effects_have_tries,
    tries_have_effects,
    outcomes_agree,
    reports_agree,
    news_has_receipts,
    all_ended,
    states_agree,
    unknown_is_withheld,
    repeats,
    cases_stand_right,
    follow_ups_are_due,
)


def audit(world: World, figures: dict[str, Counted], *, on_time_push_s: float, strict: bool = False) -> list[Line]:
    """Every check, one line each; `figures`: numerator and denominator of each KPI as we tell them."""
    return [check(world) for check in CHECKS] + kpis_agree(world, figures, on_time_push_s=on_time_push_s, strict=strict)


__all__ = ["CHECKS", "Counted", "Ledger", "Line", "Rows", "World", "audit", "load_rows", "read_ledger"]
