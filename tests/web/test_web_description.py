"""What the doors say of themselves: health, readiness, OpenAPI, and errors that are all of one kind."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from doors import Doors, problem
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from dispatcher.words import Role
from web.app import make_app
from web.house import House

METHODS = {"get", "post", "put", "patch", "delete"}


def operations(doors: Doors) -> list[tuple[str, str, dict[str, Any]]]:
    """Every (path, method, operation) of the description."""
    paths = doors.client.get("/openapi.json").json()["paths"]
    return [(path, method, one) for path, item in paths.items() for method, one in item.items() if method in METHODS]


# Source: OpenAPI 3.1.0, sections 4.8.1, 4.8.2, 4.8.10, 4.8.16, 4.8.17; the parts that we use
SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"required": ["title", "version"]},
        "paths": {
            "patternProperties": {
                "^/": {
                    "additionalProperties": {
                        "type": "object",
                        "required": ["responses", "operationId"],
                        "properties": {
                            "parameters": {
                                "items": {
                                    "required": ["name", "in", "schema"],
                                    "properties": {"in": {"enum": ["query", "header", "path", "cookie"]}},
                                }
                            },
                            "requestBody": {"required": ["content"]},
                            "responses": {
                                "minProperties": 1,
                                "patternProperties": {"^[1-5][0-9X]{2}$": {"required": ["description"]}},
                                "additionalProperties": False,
                            },
                        },
                    }
                }
            },
            "additionalProperties": False,
        },
    },
}


def test_the_description_is_openapi(doors: Doors) -> None:
    """A program that reads our description finds OpenAPI 3.1, and every name it refers to."""
    told = doors.client.get("/openapi.json")
    jsonschema.validate(told.json(), SHAPE)
    for name in re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', told.text):
        jsonschema.Draft202012Validator.check_schema(told.json()["components"]["schemas"][name])
    ids = [one["operationId"] for _, _, one in operations(doors)]
    assert len(set(ids)) == len(ids)


def test_every_operation_names_its_errors(doors: Doors) -> None:
    """An upstream's engineer reads at every door which refusals it can meet, and that they are problems."""
    for path, method, one in operations(doors):
        responses = one["responses"]
        errors = {status: body for status, body in responses.items() if status[0] in "45"}
        assert one["summary"] and one["description"], (path, method)
        if path in ("/healthz", "/metrics"):  # they answer without a database
            continue
        assert "503" in errors, (path, method)
        if "security" in one:
            assert {"401", "403"} <= set(errors), (path, method)
        if "{" in path and "security" in one:
            assert {"404", "422"} <= set(errors), (path, method)
        if "requestBody" in one:
            assert {"413", "422"} <= set(errors), (path, method)
        for status, body in errors.items():
            assert set(body["content"]) == {"application/problem+json"}, (path, method, status)
            assert body["content"]["application/problem+json"]["schema"]["$ref"].endswith("/ProblemBody")


def test_what_is_nowhere_is_a_problem(doors: Doors) -> None:
    """Somebody mistyped a path or a method: the answer is a problem like all others."""
    problem(doors.client.get("/v2/alerts"), 404)
    problem(doors.client.delete("/v1/alerts"), 405)
    problem(doors.client.get("/docs"), 404)


def test_a_fault_of_ours_is_a_problem_too(doors: Doors) -> None:
    """Something of ours broke in the middle of a request: the officer read a problem, without its inside."""

    def broken() -> list[str]:
        raise RuntimeError("the secret inside")

    told = TestClient(make_app(_with(doors, broken)), raise_server_exceptions=False).get("/readyz")
    problem(told, 500)
    assert "secret" not in told.text


def test_it_says_whether_it_is_ready(doors: Doors) -> None:
    """A load balancer asks: alive always, ready only while alerts can be kept."""
    assert doors.client.get("/healthz").json() == {"status": "alive"}
    assert doors.client.get("/readyz").status_code == 200
    waiting = TestClient(make_app(_with(doors, lambda: ["database: gone"]))).get("/readyz")
    assert (waiting.status_code, waiting.json()["missing"]) == (503, ["database: gone"])
    assert waiting.headers["content-type"] == "application/problem+json"


def test_a_database_that_is_away_is_told_at_every_door(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database went away: whoever knocks, at whatever door, is told to come again, and not that we are broken."""

    def gone(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    key = doors.key(Role.SUPERVISOR)
    monkeypatch.setattr(type(doors.store), "read", gone)
    for path in ("/v1/worklist", "/v1/cases/0190a000-0000-7000-8000-000000000000"):
        answer = doors.client.get(path, headers=key)
        problem(answer, 503)
        assert answer.headers["retry-after"]


def _with(doors: Doors, ready: Any) -> House:
    """The same house with another idea of readiness."""
    house = doors.house
    return House(store=house.store, intake=house.intake, ring=house.ring, secrets=house.secrets, ready=ready)
