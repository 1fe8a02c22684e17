"""Signing in: by password or key, slowly for who guesses, and out again; nobody sends another's forms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from doors import CITY, COUNTY, NOON, Doors
from sqlalchemy import update
from visitors import PASSWORD, account, browser, enter, form_of, signed_in

from dispatcher import accounts, tables
from dispatcher.access import broken_link
from dispatcher.accounts import sessions
from dispatcher.accounts.guessing import BY_NAME_HERE
from dispatcher.words import Role


def test_a_supervisor_comes_to_what_she_asked_for(doors: Doors) -> None:
    """Li opens a link, signs in, and stands where the link led; her cookie cannot be read by scripts."""
    account(doors, "li.na", CITY)
    client = browser(doors)
    sent = client.get("/pages/now?quiet=yes")
    assert sent.status_code == 303
    assert sent.headers["location"] == "/pages/sign-in?next=%2Fpages%2Fnow%3Fquiet%3Dyes"
    answer = enter(client, "Li.Na ", next="/pages/now?quiet=yes")
    assert answer.headers["location"] == "/pages/now?quiet=yes"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    page = client.get("/pages/now")
    assert page.status_code == 200 and "太原市反诈中心" in page.text


@pytest.mark.parametrize("way", ["https://elsewhere.example", "//elsewhere.example", "/pages//x", "/v1/alerts", "\\x"])
def test_nobody_is_led_elsewhere(doors: Doors, way: str) -> None:
    """A forged link asks to be sent to another house after signing in: it leads to the first page."""
    account(doors, "li.na", CITY)
    assert enter(browser(doors), "li.na", next=way).headers["location"] == "/pages/now"


@pytest.mark.parametrize("login", ["li.na", "nobody.here"])
def test_a_wrong_password_and_a_wrong_name_look_alike(doors: Doors, login: str) -> None:
    """Somebody tries a name: nothing tells him whether it exists."""
    account(doors, "li.na", CITY)
    answer = enter(browser(doors), login, "not her password")
    assert answer.status_code == 401 and "登录名或密码不对" in answer.text
    assert "quanzu=" not in answer.headers.get("set-cookie", "")


def test_who_guesses_has_to_wait(doors: Doors) -> None:
    """Five wrong passwords, and even the right one waits a quarter of an hour; another name is not touched."""
    account(doors, "li.na", CITY)
    account(doors, "wang.li", CITY)
    client = browser(doors)
    for _ in range(BY_NAME_HERE):
        assert enter(client, "li.na", "a guess at it").status_code == 401
    late = enter(client, "li.na")
    assert late.status_code == 429 and late.headers["retry-after"] == "900"
    assert enter(browser(doors), "wang.li").status_code == 303
    doors.later(minutes=16)
    assert enter(client, "li.na").status_code == 303


def test_what_was_typed_is_kept_nowhere(doors: Doors) -> None:
    """Li types her password into the name's field: neither the table nor the access log has it."""
    account(doors, "li.na", CITY)
    enter(browser(doors), PASSWORD, "x")
    assert PASSWORD not in str([doors.rows(tables.sign_in_tries), doors.rows(tables.access_log)])
    assert PASSWORD not in str(doors.rows(tables.accounts))
    assert "李娜".encode() not in doors.rows(tables.people)[0]["name_sealed"]


def test_the_printed_key_opens_the_pages(doors: Doors) -> None:
    """There is no account yet: the administrator's key from `quanzu up` signs in, in place of a password."""
    key = doors.key(Role.ADMINISTRATOR)["Authorization"].removeprefix("Bearer ")
    client = browser(doors)
    assert enter(client, "", key).headers["location"] == "/pages/now"
    assert client.get("/pages/now").status_code == 200


def test_coming_and_going_stand_in_the_access_log(doors: Doors) -> None:
    """Li signs in and out: both are in the chain, under her name, and her old cookie opens nothing."""
    client = signed_in(doors, "li.na", CITY)
    cookies = dict(client.cookies)
    left = client.post("/pages/sign-out", data={"form": form_of(client.get("/pages/now").text)})
    assert left.headers["location"] == "/pages/sign-in"
    assert [row["fields"] for row in doors.rows(tables.access_log)] == ["did:sign_in", "did:sign_out"]
    keys = {row["id"]: row["label"] for row in doors.rows(tables.api_keys)}
    assert {keys[row["key"]] for row in doors.rows(tables.access_log)} == {"person li.na"}
    with doors.store.read() as connection:
        assert broken_link(connection) is None
    thief = browser(doors)
    thief.cookies.update(cookies)
    assert thief.get("/pages/now").status_code == 303


def test_a_session_ends_when_nobody_looks(doors: Doors) -> None:
    """Two hours without a look end it; a wall screen that asks goes on, but not beyond a week."""
    client = signed_in(doors, "li.na", CITY)
    for _ in range(3):
        doors.later(minutes=90)
        assert client.get("/pages/now").status_code == 200
    doors.later(hours=2, seconds=1)
    assert client.get("/pages/now").status_code == 303
    assert enter(client, "li.na").status_code == 303
    with doors.store.write() as connection:
        soon = doors.now + timedelta(minutes=5)
        connection.execute(update(tables.sessions).values(ends_at=soon, expires_at=soon))
    doors.later(minutes=4)
    assert client.get("/pages/now").status_code == 200
    doors.later(minutes=2)
    assert client.get("/pages/now").status_code == 303


def test_a_closed_account_is_out_at_once(doors: Doors) -> None:
    """Li leaves the service: her open browser shows nothing more, and her password opens nothing."""
    client = signed_in(doors, "li.na", CITY)
    with doors.store.write() as connection:
        accounts.disable(connection, "li.na", now=doors.now)
    assert client.get("/pages/now").status_code == 303
    assert enter(browser(doors), "li.na").status_code == 401


def test_a_new_password_ends_the_old_sessions(doors: Doors) -> None:
    """Li's password was seen by somebody: once it is changed, whoever had signed in with it is out."""
    client = signed_in(doors, "li.na", CITY)
    with doors.store.write() as connection:
        accounts.set_password(connection, "li.na", "another long password", now=doors.now)
    assert client.get("/pages/now").status_code == 303
    assert enter(browser(doors), "li.na").status_code == 401
    assert enter(browser(doors), "li.na", "another long password").status_code == 303


def test_a_form_from_elsewhere_does_nothing(doors: Doors) -> None:
    """Another site sends a form with Li's cookie: without the session's token it is refused, signing out too."""
    client = signed_in(doors, "li.na", CITY)
    assert client.post("/pages/sign-out", data={}).status_code == 403
    assert client.post("/pages/sign-out", data={"form": "0" * 64}).status_code == 403
    assert client.get("/pages/now").status_code == 200
    stranger = browser(doors)
    forged = stranger.post("/pages/sign-in", data={"form": "0" * 64, "login": "li.na", "password": PASSWORD})
    assert forged.status_code == 403 and "页面已过期" in forged.text


@pytest.mark.parametrize(("role", "words"), [(Role.OFFICER, "民警"), (Role.CALLER, "话务员")])
def test_an_officer_is_told_what_he_can_use(doors: Doors, role: Role, words: str) -> None:
    """An officer signs in: no supervisor's page opens, and he reads what his role may do."""
    account(doors, "zhao", COUNTY, role)
    client = browser(doors)
    assert enter(client, "zhao").headers["location"] == "/pages/welcome"
    assert words in client.get("/pages/welcome").text
    assert client.get("/pages/now").headers["location"] == "/pages/welcome"


@pytest.mark.parametrize(
    ("login", "password", "wrong"),
    [
        ("Li Na", PASSWORD, "login name"),
        ("13812345678", PASSWORD, "login name"),
        ("li.na", "short", "10 to 128"),
        ("li.na", "aaaaaaaaaaaa", "different"),
    ],
)
def test_a_weak_account_is_not_made(doors: Doors, login: str, password: str, wrong: str) -> None:
    """An administrator mistypes: the account is not made, and he is told what would be right."""
    with pytest.raises(accounts.AccountWrong, match=wrong), doors.store.write() as connection:
        accounts.add(
            connection,
            doors.store.keys,
            login=login,
            password=password,
            role=Role.SUPERVISOR,
            unit=CITY,
            now=NOON,
        )
    assert doors.rows(tables.accounts) == []


def test_the_cookie_travels_by_https_alone_where_people_come_by_https(doors: Doors) -> None:
    """The deployment's public address is https: the session's cookie is Secure and bound to this host."""
    account(doors, "li.na", CITY)
    client = browser(doors)
    client.base_url = "https://testserver"  # type: ignore[assignment]  # httpx makes a URL of it
    cookie = enter(client, "li.na").headers["set-cookie"]
    assert cookie.startswith("__Host-quanzu=") and "Secure" in cookie


def test_tries_and_sessions_do_not_pile_up(doors: Doors) -> None:
    """A month passes: tries of more than a day and sessions long over are gone with the next sign-in."""
    client = signed_in(doors, "li.na", CITY)
    enter(client, "li.na", "not her password")
    doors.later(days=1 + sessions.LONGEST.days + sessions.KEPT.days)
    enter(client, "li.na")
    assert len(doors.rows(tables.sessions)) == 1 and len(doors.rows(tables.sign_in_tries)) == 1
