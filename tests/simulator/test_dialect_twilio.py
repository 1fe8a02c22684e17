"""Twilio's dialect: its own SDK is served, its signatures are right, a key is posted to Gather's action."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from town_help import CarrierDesk, Receiver, person, town, until
from vendor_help import Ear, Heard, listening, sdk

from simulator.dialects.twilio_words import ACCOUNT, signature

ACCOUNTS = f"/twilio/2010-04-01/Accounts/{ACCOUNT}"
EVENTS = ["initiated", "ringing", "answered", "completed"]
TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>'


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    """An ear that answers TwiML."""
    with listening() as hearing:
        hearing.answer = lambda _: (200, TWIML, "text/xml")
        yield hearing


@pytest.fixture(scope="module")
def cloud() -> Iterator[CarrierDesk]:
    """A calm town."""
    with town(Receiver()) as desk:
        yield desk


def post(desk: CarrierDesk, path: str, asked: dict[str, Any], password: str = "made-up") -> httpx.Response:  # noqa: S107
    """One request as an adapter makes it."""
    return desk.http.post(f"{ACCOUNTS}/{path}", data=asked, auth=(ACCOUNT, password))


def call(ear: Ear, ref: str, to: str, **more: Any) -> dict[str, Any]:
    """What Calls.json is asked: a script that awaits one key."""
    url = f"{ear.url}/cb?ref={ref}&amp;least=2"
    script = f'<Response><Gather numDigits="1" action="{url}"><Say>小心诈骗小心诈骗</Say></Gather></Response>'
    plain = {"To": to, "From": "+15005550006", "Twiml": script, "StatusCallback": url.replace("&amp;", "&")}
    return plain | {"StatusCallbackEvent": EVENTS, "MachineDetection": "Enable"} | more


def told(ear: Ear, ref: str) -> list[Heard]:
    """The callbacks on one reference, in order."""
    return [one for one in list(ear.heard) if one.query.get("ref") == ref]


def test_its_own_sdk_texts_calls_and_asks(cloud: CarrierDesk, ear: Ear) -> None:
    """The vendor's SDK, sent to another host, texts somebody, calls, lists both and reads the balance."""
    rest = sdk("twilio", "rest", "request_validator", "http.http_client")

    class Elsewhere(rest.http.http_client.TwilioHttpClient):  # type: ignore[misc]
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            base = str(cloud.http.base_url).rstrip("/")
            return super().request(method, url.replace("https://api.twilio.com", base + "/twilio"), *args, **kwargs)

    client, phone = rest.rest.Client(ACCOUNT, "made-up", http_client=Elsewhere()), person("9920")
    callback = f"{ear.url}/cb?ref=s1"
    message = client.messages.create(to=phone, from_="+15005550006", body="小心诈骗", status_callback=callback)
    assert (message.status, message.to, message.sid[:2]) == ("queued", phone, "SM")
    until(lambda: len(told(ear, "s1")) == 2)
    assert [one.form["MessageStatus"] for one in told(ear, "s1")] == ["sent", "delivered"]
    validator = rest.request_validator.RequestValidator("made-up")
    for one in told(ear, "s1"):
        assert validator.validate(callback, one.form, one.headers["x-twilio-signature"])
    [listed] = client.messages.list(to=phone, date_sent_after=datetime.now(UTC).date())
    assert (listed.sid, listed.status) == (message.sid, "delivered")
    assert client.messages(message.sid).fetch().status == "delivered"
    ring = client.calls.create(to=phone, from_="+15005550006", twiml="<Response><Say>x</Say></Response>")
    assert [one.sid for one in client.calls.list(to=phone)] == [ring.sid]
    assert client.balance.fetch().currency == "USD"
    with pytest.raises(rest.base.exceptions.TwilioRestException, match="Authenticate"):
        rest.rest.Client(ACCOUNT, "guessed", http_client=Elsewhere()).messages.create(to=phone, from_="+1", body="x")


def test_the_signature_is_the_documented_one() -> None:
    """The vendor's own example."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_key_is_posted_to_gathers_action(cloud: CarrierDesk, ear: Ear) -> None:
    """Somebody listens and presses 1: the line tells its events, and posts the key where the script says."""
    reply = post(cloud, "Calls.json", call(ear, "k1", person("9920")))
    assert (reply.status_code, reply.json()["status"]) == (201, "queued")
    events = until(lambda: len(told(ear, "k1")) == 5 and told(ear, "k1"))
    assert [(one.form["CallStatus"], one.form.get("Digits")) for one in events] == [
        ("initiated", None),
        ("ringing", None),
        ("in-progress", None),
        ("in-progress", "1"),
        ("completed", None),
    ]
    assert (events[-1].form["AnsweredBy"], int(events[-1].form["CallDuration"]) >= 2) == ("human", True)
    assert {one.form["CallSid"] for one in events} == {reply.json()["sid"]}
    for one in events:
        url = f"{ear.url}/cb?ref=k1&least=2"
        assert one.headers["x-twilio-signature"] == signature("made-up", url, one.form)


def test_a_script_at_a_url_is_fetched(cloud: CarrierDesk, ear: Ear) -> None:
    """The line asks the URL for its script when somebody has answered, and posts the key where that says."""
    script = f'<Response><Gather action="{ear.url}/key?ref=u1"><Say>x</Say></Gather></Response>'.encode()
    ear.answer = lambda one: (200, script if "/twiml" in one.url else TWIML, "text/xml")
    asked = call(ear, "u1", person("9920"), Url=f"{ear.url}/twiml?ref=u1")
    del asked["Twiml"]
    post(cloud, "Calls.json", asked)
    [key] = until(lambda: [one for one in ear.at("/key") if one.query["ref"] == "u1"])
    assert key.form["Digits"] == "1"


@pytest.mark.parametrize(
    ("ending", "status", "by"),
    [
        ("9911", "busy", None),
        ("9912", "no-answer", None),
        ("9917", "failed", None),
        ("9914", "completed", "machine_start"),
        ("9913", "completed", "human"),
    ],
)
def test_a_call_ends_by_its_status(cloud: CarrierDesk, ear: Ear, ending: str, status: str, by: str | None) -> None:
    """A robot rings somebody; a machine is told by who answered, one who hangs up by how short it was."""
    post(cloud, "Calls.json", call(ear, f"c{ending}", person(ending), StatusCallbackEvent=["completed"]))
    [one] = until(lambda: told(ear, f"c{ending}"))
    assert (one.form["CallStatus"], one.form.get("AnsweredBy")) == (status, by)
    assert (int(one.form["CallDuration"]) <= 1) == (ending != "9914")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"To": ""}, 400, 21604),
        ({"To": "12"}, 400, 21211),
        ({"To": person("9901")}, 400, 21211),
        ({"To": person("9902")}, 429, 20429),
        ({"From": ""}, 400, 21603),
        ({"Body": ""}, 400, 21602),
        ({"StatusCallback": "nowhere"}, 400, 21609),
    ],
)
def test_what_cannot_be_served_says_why(cloud: CarrierDesk, changes: dict[str, str], status: int, code: int) -> None:
    """A wrong request is told its number, and texts nobody."""
    before = len(cloud.ledger("text"))
    asked = {"To": person(), "From": "+15005550006", "Body": "x"} | changes
    reply = post(cloud, "Messages.json", asked)
    assert (reply.status_code, reply.json()["code"], len(cloud.ledger("text"))) == (status, code, before)


def test_a_strangers_account_and_a_wrong_token_are_refused(cloud: CarrierDesk) -> None:
    """401 for a wrong token, 404 for an account that is not there."""
    asked = {"To": person(), "From": "+15005550006", "Body": "x"}
    assert post(cloud, "Messages.json", asked, password="guessed").status_code == 401
    stranger = ACCOUNTS.replace(ACCOUNT, "AC" + "1" * 32)
    reply = cloud.http.post(f"{stranger}/Messages.json", data=asked, auth=(ACCOUNT, "made-up"))
    assert (reply.status_code, reply.json()["code"]) == (404, 20404)
