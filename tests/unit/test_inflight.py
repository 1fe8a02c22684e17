"""A process has only so much out at once; a carrier that hangs does not keep that room from the others."""

from __future__ import annotations

import threading

from workers.inflight import InFlight


def goes_in(room: InFlight, letters: int) -> bool:
    """Whether a request may go out, within a blink."""
    inside = threading.Event()

    def enter() -> None:
        room.enter(1, letters)
        inside.set()

    threading.Thread(target=enter, daemon=True).start()
    return inside.wait(0.2)


def test_a_request_that_hangs_gives_its_room_back() -> None:
    """Two requests fill the room and one hangs: a third goes out, and nothing more than that."""
    room = InFlight(requests=2, letters=10)
    room.enter(2, 10)
    places = [room.place(5), room.place(5)]
    places[0].hangs()
    places[0].hangs()
    assert goes_in(room, 5)
    assert not goes_in(room, 1)


def test_what_hangs_has_a_bound() -> None:
    """A room full of letters hangs already: those that hang beside them keep their room."""
    room = InFlight(requests=2, letters=10)
    for _ in range(2):
        room.enter(1, 10)
        room.place(10).hangs()
    assert not goes_in(room, 1)


def test_the_end_of_what_hung_is_awaited() -> None:
    """A request hangs, and the process is told to end: it waits for that one, too, and counts it once."""
    room = InFlight(requests=1, letters=1)
    room.enter(1, 1)
    place = room.place(1)
    place.hangs()
    assert not room.drain(0.05)
    place.leave()
    place.hangs()  # its timer fired too late
    assert room.drain(0.05)
    assert goes_in(room, 1)
    assert not goes_in(room, 1)
