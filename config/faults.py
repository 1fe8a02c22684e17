"""Configuration that cannot be used: every fault at once, each naming the setting and what would be right."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError


class ConfigurationFault(Exception):
    """The configuration cannot be used; `faults` has one sentence for each thing to mend."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(self.faults))


def faults_of(error: ValidationError) -> list[str]:
    """One line a fault: dotted field, what would be right. The offending value is left out: it may be a secret."""
    return [
        f"{'.'.join(str(part) for part in fault['loc']) or 'whole'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
