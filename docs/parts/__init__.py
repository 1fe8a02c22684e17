"""The parts of the docs that code knows better: each a function without arguments that gives Markdown."""

from collections.abc import Callable

from parts import codes, commands, figures, lifecycle, memory, outcomes, policy, settings

PARTS: dict[str, Callable[[], str]] = {
    "outcomes-follow": outcomes.what_follows,
    "outcomes-vendors": outcomes.outcomes,
    "lifecycle-drawing": lifecycle.drawing,
    "lifecycle-moves": lifecycle.moves,
    "figures": figures.figures,
    "settings": settings.settings,
    "cli": commands.commands,
    "tables": memory.memory,
    "codes": codes.closed_lists,
    "report": codes.report_codes,
    "policy-levels": policy.policy_levels,
    "numbers": figures.numbers,
}
