"""What a container answers when it is asked whether it is well: 0 yes, 1 no and why. Which part it is, PID 1 says.

| part      | well means                                                       |
|-----------|------------------------------------------------------------------|
| web       | `/healthz` answers 200: a database that is away does not restart the door (`/readyz` tells of it) |
| simulator | `/healthz` answers 200                                           |
| worker    | a connection to the broker and one to the database stand         |

Standard library alone, since it starts every half minute.
"""

import os
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

ESTABLISHED = "01"
ASK_WITHIN_S = 5


def main(proc: Path = Path("/proc"), environment: Mapping[str, str] = os.environ) -> int:
    """The exit code; why not is printed."""
    words = (proc / "1" / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    if "web" in words:
        wrong = silent(environment.get("QUANZU_PORT", "8496"))
    elif "simulator" in words:
        wrong = silent(environment.get("QUANZU_SIMULATOR_PORT", "8497"))
    else:
        wrong = unconnected(proc, environment)
    sys.stdout.write("; ".join(wrong) or "well")
    return 1 if wrong else 0


def silent(port: str) -> Sequence[str]:
    """Why the door of this container does not answer; empty if it does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=ASK_WITHIN_S):
            return ()
    except OSError as fault:
        return (f"no answer at port {port}: {type(fault).__name__}",)


def unconnected(proc: Path, environment: Mapping[str, str]) -> Sequence[str]:
    """The servers to which no connection stands."""
    there = established(proc)
    wanted = {"broker": port_of("QUANZU_BROKER_URL", environment, {"amqp": 5672, "amqps": 5671})}
    wanted["database"] = port_of("QUANZU_DATABASE_URL", environment, {"postgresql": 5432})
    return tuple(f"no connection to the {name}" for name, port in wanted.items() if port and port not in there)


def established(proc: Path) -> set[int]:
    """The ports of others to which this container has a connection."""
    found = set()
    for name in ("tcp", "tcp6"):
        table = proc / "net" / name
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, _, remote, state, *_ = line.split()
            if state == ESTABLISHED:
                found.add(int(remote.rpartition(":")[2], 16))
    return found


def port_of(name: str, environment: Mapping[str, str], usual: Mapping[str, int]) -> int | None:
    """The port in the URL of this setting, or in the file that holds it; None: it is no server."""
    file = environment.get(f"{name}_FILE")
    url = Path(file).read_text().strip() if file else environment.get(name, "")
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    return (parts.port or usual[scheme]) if scheme in usual else None


if __name__ == "__main__":
    sys.exit(main())
