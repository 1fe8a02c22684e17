"""`python -m simulator`: a carrier and a town on one port."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from socket import socket

import uvicorn

from simulator import numbers
from simulator.app import make_app
from simulator.ledger import LedgerUnreadable
from simulator.options import OptionsWrong, read_command, read_options
from simulator.simulation import Simulation

STOP_WITHIN_S = 2


def serve(sim: Simulation, host: str, port: int, *, ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is told the port, once it listens (port 0: any free one).

    Raises: ValueError: the options are wrong, all named. LedgerUnreadable, OSError: see `make_app`.
    """
    if wrong := sim.wrong():
        raise OptionsWrong(wrong)
    config = uvicorn.Config(
        make_app(sim),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    _Serving(config, ready).run()


class _Serving(uvicorn.Server):
    """A server that tells its port."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None and self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code: 0 after a stop, 2 if the options or the ledger are unusable."""
    args = read_command(argv)
    if args.numbers:
        sys.stdout.write(numbers.table() + "\n")
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # uvicorn raises the signal again when it has stopped; a stop that was asked for is no failure
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sim, host, port = read_options(args, os.environ)
        serve(sim, host, port, ready=_say_ready)
    except KeyboardInterrupt:
        return 0
    except OptionsWrong as fault:
        sys.stderr.write("\n".join(fault.faults) + "\n")
        return 2
    except LedgerUnreadable as fault:
        sys.stderr.write(f"ledger: {fault}\n")
        return 2
    except OSError as fault:
        sys.stderr.write(f"ledger: {fault.strerror}\n")
        return 2
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _say_ready(port: int) -> None:
    logging.getLogger(__name__).info("carrier and town listen on port %d", port)
