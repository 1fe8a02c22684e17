"""Who is asking: a bearer key, its role and its unit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dispatcher.access import Visitor, who
from dispatcher.words import Role
from web.house import House
from web.problems import Problem

_bearer = HTTPBearer(auto_error=False, description="An API key: `quanzu keys make`, or the first one of `quanzu up`.")


def house_of(request: Request) -> House:
    """The house that this app was made with."""
    house: House = request.app.state.house
    return house


async def _house(request: Request) -> House:
    """As a dependency: one that is no coroutine would wait for one of the threads of the database."""
    return house_of(request)


HouseOf = Annotated[House, Depends(_house)]


def visitor_of(
    house: HouseOf, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Visitor:
    """The key's owner. Raises: Problem 401."""
    if credentials is not None:
        with house.store.read() as connection:
            visitor = who(connection, credentials.credentials)
        if visitor is not None:
            return visitor
    raise Problem(401, "a valid key is needed: Authorization: Bearer qz_…", headers={"WWW-Authenticate": "Bearer"})


def one_of(*roles: Role) -> Callable[[Visitor], Awaitable[Visitor]]:
    """A visitor of one of these roles; administrators may do everything. Raises: Problem 403."""

    async def check(visitor: Annotated[Visitor, Depends(visitor_of)]) -> Visitor:
        if visitor.role is Role.ADMINISTRATOR or visitor.role in roles:
            return visitor
        raise Problem(403, f"this key is of role {visitor.role}; needed: {', '.join(roles)}")

    return check


def address_of(request: Request) -> str:
    """From where a request came, for the access log."""
    return request.client.host if request.client else "unknown"
