"""The worklist API, used with one person's key; patient with a web that restarts."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import orjson

log = logging.getLogger(__name__)

PAUSES_S = (0.3, 0.6, 1.0, 2.0)  # the last one goes on
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered: HTTP status and the object of the body ({} if it was none)."""

    status: int
    body: dict[str, Any]

    @property
    def taken(self) -> bool:
        """Whether the request was done."""
        return 200 <= self.status < 300

    @property
    def again(self) -> bool:
        """Whether the same request may do better later."""
        return self.status >= 500 or self.status in (408, 425, 429)

    def wrong_fields(self) -> str:
        """The names of the fields that were refused, joined; never their values."""
        errors = self.body.get("errors")
        rows = errors if isinstance(errors, list) else []
        return ", ".join(str(row.get("field")) for row in rows if isinstance(row, dict)) or "none named"


class Unlisted(Exception):
    """The worklist could not be fetched this time; look again later."""


class Desk:
    """One key's way into the worklist."""

    def __init__(self, client: httpx.AsyncClient, base: str, key: str) -> None:
        self._client, self._base = client, base.rstrip("/") + "/v1/worklist"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    async def tasks(self) -> list[dict[str, Any]]:
        """The tasks that await somebody, at most MOST_LISTED. Raises: Unlisted."""
        try:
            reply = await self._client.get(self._base, params={"limit": MOST_LISTED}, headers=self._headers)
        except (httpx.HTTPError, OSError) as fault:
            raise Unlisted(type(fault).__name__) from None
        if not reply.is_success:
            raise Unlisted(f"HTTP {reply.status_code}")
        listed = _object(reply).get("tasks")
        return [task for task in listed if isinstance(task, dict)] if isinstance(listed, list) else []

    async def sign_in(self, task: str, reference: str) -> Reply:
        """Sign in to a task; repeated until the web answers."""
        return await self._post(task, "sign-in", {"reference": reference})

    async def report(self, task: str, body: Mapping[str, Any]) -> Reply:
        """Report a try's outcome; repeated until the web answers (a repeat is harmless there)."""
        return await self._post(task, "report", body)

    async def _post(self, task: str, step: str, body: Mapping[str, Any]) -> Reply:
        url = f"{self._base}/{quote(task, safe='')}/{step}"
        tries = 0
        while True:
            try:
                reply = await self._client.post(url, content=orjson.dumps(body), headers=self._headers)
            except (httpx.HTTPError, OSError) as fault:
                log.info("%s not heard: %s", step, type(fault).__name__)
            else:
                heard = Reply(reply.status_code, _object(reply))
                if not heard.again:
                    return heard
                log.info("%s put off: HTTP %d", step, heard.status)
            await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])
            tries += 1


def _object(reply: httpx.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
