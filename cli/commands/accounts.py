"""`people`: who signs in at the pages."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.commands.data import existing
from cli.home import open_store
from cli.logs import set_up_logs
from cli.say import as_json, fail, out, plainly
from config.settings import load_settings
from dispatcher import accounts
from dispatcher.store import Store
from dispatcher.words import Role

app = typer.Typer(help="Accounts of people, for the pages.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="The name to sign in with, such as wang.li; no phone or identity number.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, not from the terminal.")
]


@app.command()
def add(
    login: Login,
    role: Annotated[Role, typer.Option(help="What the person may do; not upstream.")],
    unit: Annotated[str, typer.Option(help="The unit's code; the person sees it and all below.")] = "140000",
    password_stdin: FromStdin = False,
) -> None:
    """Make an account. The password is asked for, or is the first line of standard input.

    A second line, if there is one, is the person's own name; it is kept encrypted.
    Example: quanzu people add wang.li --role supervisor --unit 140100
    """
    set_up_logs("WARNING")
    with plainly():
        store = _store()
        password, name = _password(password_stdin)
        try:
            with store.write() as connection:
                accounts.add(
                    connection,
                    store.keys,
                    login=login,
                    password=password,
                    role=role,
                    unit=unit,
                    name=name,
                    now=datetime.now(UTC),
                )
        except accounts.AccountWrong as fault:
            raise fail(str(fault)) from fault
    out.print(f"{login} can sign in at /pages")


@app.command("password")
def password_(login: Login, password_stdin: FromStdin = False) -> None:
    """Set a new password; whoever is signed in with the old one is signed out.

    Example: quanzu people password wang.li
    """
    set_up_logs("WARNING")
    with plainly():
        store = _store()
        password, _ = _password(password_stdin)
        try:
            with store.write() as connection:
                accounts.set_password(connection, login, password, now=datetime.now(UTC))
        except (accounts.AccountWrong, accounts.Loginless) as fault:
            raise fail(str(fault)) from fault
    out.print("changed; signed out everywhere")


@app.command()
def disable(login: Login) -> None:
    """Close an account for good; it is signed out at once. What it did stays in the access log.

    Example: quanzu people disable wang.li
    """
    set_up_logs("WARNING")
    with plainly():
        try:
            with _store().write() as connection:
                accounts.disable(connection, login, now=datetime.now(UTC))
        except accounts.Loginless as fault:
            raise fail(str(fault)) from fault
    out.print("disabled")


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Accounts with role, unit, and when each was last seen.

    Example: quanzu people list
    """
    set_up_logs("WARNING")
    with plainly(), _store().read() as connection:
        found = accounts.listed(connection)
    if json_:
        as_json([{name: getattr(one, name) for name in one.__slots__} for one in found])
        return
    for one in found:
        seen = f"seen {one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else "never seen"
        closed = "  disabled" if one.disabled else ""
        out.print(f"{one.login}  {one.role}  {one.unit}  {seen}{closed}", markup=False, soft_wrap=True)
    out.print(f"{len(found)} accounts")


def _store() -> Store:
    return open_store(existing(load_settings()))


def _password(from_stdin: bool) -> tuple[str, str | None]:
    """The password, and the person's name if a second line of standard input tells it."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        return password, sys.stdin.readline().strip() or None
    if not sys.stdin.isatty():
        raise fail("there is no terminal to ask for the password: use --password-stdin")
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        raise fail("the two passwords differ")
    return password, None
