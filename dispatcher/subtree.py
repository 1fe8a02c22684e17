"""A region and all below it, as bounds on a code: GB/T 2260 is a tree by prefix."""


def region_bounds(region: str) -> tuple[str, str]:
    """`low <= code < high` for the region and all below it: the code without its trailing "00" pairs is a prefix."""
    stem = region
    while stem.endswith("00") and len(stem) > 2:
        stem = stem[:-2]
    return stem, stem[:-1] + chr(ord(stem[-1]) + 1)
