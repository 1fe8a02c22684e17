"""Twilio's signature of a callback, beside its own SDK's."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from dispatcher.carriers.language import Callback
from dispatcher.carriers.twilio.signing import is_signed, signature

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
WORDS = st.text(st.sampled_from("aZ09 *~+&=%#/?;'\"<>-_.劝阻字🙂é\n\t"), max_size=12)


class Repeated(dict[str, list[str]]):
    """A form as web frameworks hand it to the SDK."""

    def getlist(self, name: str) -> list[str]:
        """Every value of a name."""
        return self[name]


def callback(url: str, fields: list[tuple[str, str]], claimed: str) -> Callback:
    """What Twilio posts."""
    return Callback("POST", url, {}, {"x-twilio-signature": claimed}, urlencode(fields).encode())


def test_the_published_example() -> None:
    """The example of Twilio's documentation is ours too."""
    assert signature(TOKEN, URL, FIELDS) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert is_signed(callback(URL, FIELDS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), TOKEN)


@given(
    fields=st.lists(st.tuples(WORDS, WORDS), max_size=8),
    token=st.text(min_size=1, max_size=40),
    host=st.sampled_from(["a.example", "a.example:443", "a.example:8443", "127.0.0.1:8496"]),
    query=st.dictionaries(st.sampled_from(["ref", "least", "x y"]), WORDS, max_size=3),
)
@example(fields=[("a", "2"), ("a", "1"), ("a", "2")], token="t", host="a.example", query={})
@example(fields=[("", ""), ("Body", "")], token="t", host="a.example:443", query={"ref": "*~+ 劝"})
def test_the_sdk_signs_the_same(fields: list[tuple[str, str]], token: str, host: str, query: dict[str, str]) -> None:
    """Whatever Twilio tells us, what its own SDK signs is honest here, and what we sign is honest there."""
    url = f"https://{host}/v1/receipts/twilio/s" + (f"?{urlencode(query)}" if query else "")
    form = Repeated()
    for name, value in fields:
        form.setdefault(name, []).append(value)
    sdk = RequestValidator(token)
    assert is_signed(callback(url, fields, sdk.compute_signature(url, form)), token)
    assert sdk.validate(url, form, signature(token, url, fields))


@given(st.sampled_from(["url", "token", "field", "claim"]))
def test_whatever_is_changed_is_noticed(what: str) -> None:
    """Somebody forged a callback, or changed one on its way: it is not Twilio's."""
    claimed = signature(TOKEN, URL, FIELDS)
    changed = callback(
        URL + "1" if what == "url" else URL,
        [*FIELDS, ("Digits", "2")] if what == "field" else FIELDS,
        claimed[:-2] + "A=" if what == "claim" else claimed,
    )
    assert not is_signed(changed, "12346" if what == "token" else TOKEN)


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, b"a=1"), ({"x-twilio-signature": ""}, b""), ({"x-twilio-signature": "密"}, b"a=1"), ({}, b"\xff=%ff")],
)
def test_no_signature_is_none(headers: dict[str, str], body: bytes) -> None:
    """A callback without a signature, or with one that is no text of theirs, is not Twilio's, and nothing breaks."""
    assert not is_signed(Callback("POST", URL, {}, headers, body), TOKEN)
