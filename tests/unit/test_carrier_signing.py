"""What we sign, the vendors' own SDKs sign the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from alibabacloud_openapi_util.client import Client as AliyunSdk
from hypothesis import given, settings
from hypothesis import strategies as st
from Tea.request import TeaRequest
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal

from dispatcher.carriers.aliyun import signing as aliyun
from dispatcher.carriers.request import Request
from dispatcher.carriers.tencent import signing as tencent

NAMES = st.text("ABCabc.019", min_size=1, max_size=12)
TEXTS = st.text(st.one_of(st.sampled_from(" *~+%&=/?#;\"'{}【】刷单诈骗😀"), st.characters(codec="utf-8")), max_size=30)
WORDS = st.text("abcXYZ019-", min_size=1, max_size=32)
INSTANTS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
URLS = st.sampled_from(["https://sms.example.com/", "http://127.0.0.1:8497/vendor/", "https://sms.example.com:443/"])


def by_aliyun(request: Request, params: dict[str, str], key_id: str, secret: str) -> str:
    """What Aliyun's SDK writes in the authorization header of this request."""
    told = TeaRequest()
    told.method, told.pathname, told.query = request.method, urlsplit(request.url).path, params
    told.headers = {name: value for name, value in request.headers.items() if name != "authorization"}
    digest = request.headers["x-acs-content-sha256"]
    return AliyunSdk.get_authorization(told, aliyun.ALGORITHM, digest, key_id, secret)


@settings(max_examples=200, deadline=None)
@given(URLS, st.dictionaries(NAMES, TEXTS, max_size=8), WORDS, WORDS, INSTANTS, WORDS)
def test_aliyun_signs_the_same(
    url: str, params: dict[str, str], key_id: str, secret: str, at: datetime, nonce: str
) -> None:
    """A text with any words in it was signed by us and by Aliyun's SDK: alike to the letter."""
    ours = aliyun.signed(url, "SendSms", "2017-05-25", params, key_id=key_id, secret=secret, at=at, nonce=nonce)
    assert ours.headers["authorization"] == by_aliyun(ours, params, key_id, secret)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=8))
def test_aliyun_reads_what_was_signed(params: dict[str, str]) -> None:
    """A text with any words in it came to Aliyun: what it reads from the address is what was meant."""
    ours = aliyun.signed(
        "https://a.example/", "A", "v", params, key_id="k", secret="s", at=datetime.now(UTC), nonce="n"
    )
    assert dict(parse_qsl(urlsplit(ours.url).query, keep_blank_values=True, strict_parsing=True)) == params


def by_tencent(request: Request, day: str, service: str, secret_id: str, secret_key: str) -> str:
    """What Tencent's SDK writes in the authorization header of this request."""
    headers = {"Content-Type": request.headers["content-type"], "Host": request.headers["host"]}
    headers["X-TC-Timestamp"] = request.headers["x-tc-timestamp"]
    told = RequestInternal(headers["Host"], "POST", urlsplit(request.url).path, headers, data=request.body)
    client = AbstractClient(Credential(secret_id, secret_key), "ap-guangzhou")
    signature = client._get_tc3_signature({}, told, day, service, secret_key)
    scope = f"{secret_id}/{day}/{service}/tc3_request"
    return f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders=content-type;host, Signature={signature}"


VALUES = st.one_of(TEXTS, st.integers(0, 1 << 40), st.lists(TEXTS, max_size=3))


@settings(max_examples=200, deadline=None)
@given(URLS, st.sampled_from(["sms", "vms"]), st.dictionaries(NAMES, VALUES, max_size=8), WORDS, WORDS, INSTANTS)
def test_tencent_signs_the_same(
    url: str, service: str, params: dict[str, Any], secret_id: str, secret_key: str, at: datetime
) -> None:
    """A text with any words in it was signed by us and by Tencent's SDK: alike to the letter."""
    who = {"region": "ap-guangzhou", "secret_id": secret_id, "secret_key": secret_key}
    ours = tencent.signed(url, service, "SendSms", "2021-01-11", params, at=at, **who)
    day = at.strftime("%Y-%m-%d")
    assert ours.headers["authorization"] == by_tencent(ours, day, service, secret_id, secret_key)


def test_a_request_shows_no_secret() -> None:
    """An operator looked at a request before it went out: the key is starred, the words are there."""
    request = Request("POST", "https://a.example/?x=1", {"authorization": "Key=abc,Sig=abcdef"}, "刷单".encode())
    assert request.shown("abc", "abcdef") == "POST https://a.example/?x=1\nauthorization: Key=****,Sig=****\n\n刷单"
    assert "刷单" not in repr(request) and "x=1" not in repr(request)
