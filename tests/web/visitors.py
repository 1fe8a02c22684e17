"""People in front of the pages: each has an account and a browser of his own.

wang = signed_in(doors, "wang.li", CITY)    a supervisor of a city, signed in
wang.get("/pages/now")                      what he sees
"""

from __future__ import annotations

import re

from doors import NOON, Doors
from fastapi.testclient import TestClient
from httpx import Response

from dispatcher import accounts
from dispatcher.words import Role

PASSWORD = "a long enough password"
HIDDEN = re.compile(r'name="form" value="([0-9a-f]{64})"')


def browser(doors: Doors) -> TestClient:
    """A browser without cookies, at the same house; it does not follow where it is sent."""
    return TestClient(doors.client.app, raise_server_exceptions=False, follow_redirects=False)


def account(doors: Doors, login: str, unit: str, role: Role = Role.SUPERVISOR) -> None:
    """An account of this unit."""
    with doors.store.write() as connection:
        accounts.add(
            connection, doors.store.keys, login=login, password=PASSWORD, role=role, unit=unit, now=NOON, name="李娜"
        )


def enter(client: TestClient, login: str, password: str = PASSWORD, **more: str) -> Response:
    """Fill in the form and send it."""
    form = form_of(client.get("/pages/sign-in").text)
    told: Response = client.post(
        "/pages/sign-in", data={"form": form, "login": login, "password": password, "next": ""} | more
    )
    return told


def signed_in(doors: Doors, login: str, unit: str, role: Role = Role.SUPERVISOR) -> TestClient:
    """A browser in which this person has just signed in."""
    account(doors, login, unit, role)
    client = browser(doors)
    answer = enter(client, login)
    assert answer.status_code == 303, answer.text
    return client


def form_of(page: str) -> str:
    """The token that the page's forms carry."""
    found = HIDDEN.search(page)
    assert found, page
    return found.group(1)
