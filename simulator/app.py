"""Carrier and town as one ASGI application; its lifespan starts and stops the news room and the people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.types import ASGIApp

from simulator.carrier import Carrier
from simulator.counter import Counter
from simulator.dialects import Dialects
from simulator.doors import Doors
from simulator.hang_up import Lines
from simulator.ledger import Ledger
from simulator.news import NewsRoom
from simulator.people import People
from simulator.people.work import Work
from simulator.simulation import Simulation
from simulator.telling import OwnTelling
from simulator.town import Town
from simulator.wire import Poster, make_client


def make_app(sim: Simulation) -> ASGIApp:
    """The application, with its ledger opened. Serve it by uvicorn: only there can it break a connection.

    Raises: LedgerUnreadable: the file holds something else. OSError: it cannot be opened.
    """
    ledger = Ledger(sim.ledger, seed=sim.seed)
    town = Town(sim.seed, by_digits=sim.digits_decide)
    to_callbacks = Poster(connections=sim.news_posts, timeout_s=10)
    to_worklist = make_client(connections=64, timeout_s=30)
    news = NewsRoom(ledger, OwnTelling(sim.secret, most=sim.news_most), to_callbacks, posts=sim.news_posts)
    carrier = Carrier(sim, town, ledger, news)
    counter = Counter(sim, carrier, news)
    doors = Doors(sim, carrier, counter, ledger)
    vendors = Dialects(sim, counter, ledger)
    people = People(sim, Work(sim, town, ledger), ledger, to_worklist)

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        news.tell_what_an_earlier_run_promised()
        rooms = [asyncio.ensure_future(news.run()), asyncio.ensure_future(people.run())]
        try:
            yield
        finally:
            counter.close()
            for room in rooms:
                room.cancel()
                with suppress(asyncio.CancelledError):
                    await room
            await to_callbacks.aclose()
            await to_worklist.aclose()
            ledger.close()

    return Lines(Starlette(routes=[*doors.routes(), *vendors.routes()], lifespan=living))
