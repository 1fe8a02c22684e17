"""The vendors' dialects: the same carrier and the same town, spoken to as a vendor's customer speaks on the wire.

common.py (what they share), limits.py (how often one person may be reached), a file for each vendor. What a vendor
signs or checks is verified here from its documentation, with nothing of the client's.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.counter import Counter
from simulator.dialects import aliyun, kannel, tencent, twilio
from simulator.dialects.common import House
from simulator.ledger import Ledger
from simulator.simulation import Simulation


class Dialects:
    """Every vendor's doors over one counter."""

    def __init__(self, sim: Simulation, counter: Counter, ledger: Ledger) -> None:
        self._house = House(sim, counter, ledger)

    def routes(self) -> list[BaseRoute]:
        """Each vendor under its prefix; at the bare root those whose own SDK knows hosts but no paths."""
        aliyun_doors, aliyun_gate = aliyun.routes(self._house)
        tencent_doors, tencent_gate = tencent.routes(self._house)

        async def root(request: Request) -> Response:
            gate = tencent_gate if "x-tc-action" in request.headers else aliyun_gate
            return await gate.enter(request)

        return [
            *kannel.routes(self._house),
            *aliyun_doors,
            *tencent_doors,
            *twilio.routes(self._house),
            Route("/", root, methods=["GET", "POST"]),
        ]
