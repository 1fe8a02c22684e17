"""The JSON Schema of an alert, drawn from the code that checks it."""

import json
from typing import Any

from dispatcher.alert.message import Message, Withdraw

ADDRESS = "urn:quanzu:alert:v1"


def alert_json_schema() -> dict[str, Any]:
    """Draft 2020-12. It tells the shape; the rules between fields and of the deployment are told in words."""
    drawn = Message.model_json_schema()
    taken_back = Withdraw.model_json_schema()
    fields = drawn["properties"]
    fields["withdraw"] = {**fields["withdraw"], "type": "boolean"}
    del fields["withdraw"]["const"]
    fields["reason"] = taken_back["properties"]["reason"]
    withdraws = {"properties": {"withdraw": {"const": True}}, "required": ["withdraw"]}
    alert = {"required": drawn.pop("required"), "properties": {"reason": False}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        **drawn,
        "if": withdraws,
        "then": {"required": taken_back["required"]},
        "else": alert,
        "title": "Alert, schema v1",
    }


def alert_schema_text() -> str:
    """The same as it stands in `docs/reference/alert-v1.schema.json`."""
    return json.dumps(alert_json_schema(), ensure_ascii=False, indent=2) + "\n"
