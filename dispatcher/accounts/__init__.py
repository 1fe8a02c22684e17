"""People at the pages: accounts, passwords that are never kept, sessions, and guessing made slow.

add, set_password, disable, listed    accounts, by an administrator's command
sign_in, visitor_of, sign_out         sessions
"""

from dispatcher.accounts.accounts import (
    LOGIN,
    AccountWrong,
    Listed,
    Loginless,
    add,
    disable,
    listed,
    set_password,
)
from dispatcher.accounts.sessions import Guest, Refusal, SignedIn, sign_in, sign_out, visitor_of

__all__ = [
    "LOGIN",
    "AccountWrong",
    "Guest",
    "Listed",
    "Loginless",
    "Refusal",
    "SignedIn",
    "add",
    "disable",
    "listed",
    "set_password",
    "sign_in",
    "sign_out",
    "visitor_of",
]
