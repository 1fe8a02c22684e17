"""Settings from files: `QUANZU_X_FILE` names a file that holds the value of `QUANZU_X`, as secrets are handed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

MOST_BYTES = 64 * 1024
"""A secret is short; whatever is longer was named by mistake."""


def values_of_files(fields: Collection[str], environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The values by field, white space around them taken off, and a sentence for each file that cannot serve.

    An empty variable is none. No sentence repeats what a file holds.
    """
    given = {name.upper(): value for name, value in environment.items() if value}
    values: dict[str, str] = {}
    faults: list[str] = []
    for field in fields:
        name = f"QUANZU_{field.upper()}"
        file = f"{name}_FILE"
        if field.endswith("_file") or file not in given:
            continue
        if name in given:
            faults.append(f"{file}: {name} is given too; give one of them")
            continue
        try:
            values[field] = text_of(Path(given[file]))
        except OSError as fault:
            faults.append(f"{file}: must name a file that can be read: {fault.strerror or type(fault).__name__}")
        except ValueError as fault:
            faults.append(f"{file}: must name a file of text, {fault}")
    return values, faults


def text_of(path: Path) -> str:
    """What a file holds, white space around it taken off.

    Raises: OSError: it cannot be read. ValueError: it is empty, too long or no text.
    """
    with path.open("rb") as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ValueError(f"of at most {MOST_BYTES} bytes")
    try:
        text = found.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ValueError("in UTF-8") from None
    if not text:
        raise ValueError("and not an empty one")
    return text
