"""The parts of the docs that code knows better: written between two marks in a page, compared by a test.

    .venv/bin/python docs/generate.py            writes them anew
    .venv/bin/python docs/generate.py --check    exit code 1 and the pages' names if one is out of date

A page asks for a part by a pair of marks on lines of their own: `<!-- generated: NAME -->`, `<!-- end -->`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import typer.main  # noqa: E402  # the repository has to be found first, here and below

from cli.main import app  # noqa: E402
from config.policy import load_policy  # noqa: E402
from config.settings import Settings  # noqa: E402
from dispatcher import lifecycle, tables, words  # noqa: E402
from dispatcher.alert import terms  # noqa: E402
from dispatcher.figures import KPIS  # noqa: E402
from dispatcher.worklist import codes  # noqa: E402
from simulator.numbers import FATES  # noqa: E402

MARKS = re.compile(r"<!-- generated: (?P<name>[a-z-]+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)

SETTINGS_MEAN = {
    "home": "the folder of database, queue, keys and logs; closed to other users",
    "database_url": "`sqlite:///…` or `postgresql://…`; empty: a SQLite file in the home",
    "broker_url": "`amqp://…` or `amqps://…` (RabbitMQ); empty: files in the home",
    "policy": "a policy by name (`default`, `demo`), or a path that ends in `.toml`",
    "host": "the address at which the API listens",
    "port": "its port",
    "public_url": "where carriers reach the API, such as `https://quanzu.example`; empty: from host and port",
    "simulator_url": "where workers reach the simulated carrier; empty: from its host and port",
    "keys_file": "the file of the encryption keys, the same on every host; empty: `keys.json` in the home",
    "simulator_host": "the address of the simulated carrier",
    "simulator_port": "its port",
    "simulator_askable": "whether the simulated carrier can be asked for a try by our reference",
    "sources": "upstreams of your own beside the known ones, separated by commas",
    "home_region": "the GB/T 2260 code that an alert without any region is given",
    "lease_s": "seconds for which a worker owns what it claimed",
    "request_timeout_s": "seconds after which a request to a carrier counts as unsure",
    "settling_s": 'seconds after which "not found" from the carrier may be believed',
    "settle_within_ms": "milliseconds for which answers are gathered before they are written",
    "chunk": "dispatch ids in one bell",
    "sms_batch": "texts in one request",
    "call_batch": "robot calls in one request",
    "intake_batch": "the most alerts in one transaction of the queue's consumer",
    "worker_threads": "threads of one worker process (embedded broker)",
    "worker_processes": "processes of a worker's pool, for the lanes urgent and routine (RabbitMQ)",
    "simulator_secret": "what signs the simulated carrier's news; empty: made once and kept in the home",
    "log_level": "`DEBUG`, `INFO`, `WARNING` or `ERROR`",
}

KINDS = {
    "Uuid": "UUID",
    "Instant": "UTC instant",
    "LargeBinary": "bytes",
    "Integer": "whole number",
    "BigInteger": "whole number",
    "Boolean": "true or false",
    "Text": "text",
    "JSON": "JSON",
}

COLUMNS_MEAN = {
    "actual_fraud_type": "the type as the reporter found it",
    "actual_risk": "the level as the reporter found it",
    "again_at": "when it is looked at again while it waits",
    "amount_yuan": "the money that the upstream saw",
    "answer": "how the request ended; empty while it may be out",
    "answered_at": "when that was known",
    "applied_at": "when it was applied or found to change nothing",
    "ask_at": "when the carrier is asked about this try",
    "asks": "how often it was asked",
    "assigned_at": "when it was first put on a worklist",
    "attempts": "rows in `attempts`",
    "batch": "the upstream's own batch",
    "begun_at": "before the request went out",
    "body": "the policy, canonical JSON",
    "body_index": "keyed digest of the body: tells a repeat",
    "by": "which worker",
    "by_key": "whose key reported",
    "carrier": "the carrier's name; `worklist` for people's work",
    "carrier_ref": "the carrier's own id",
    "close_code": "how it ended; `temp_unreachable` while open",
    "closes_itself_at": "when it is closed by rule at the latest",
    "code": "the raw code, as it came",
    "contacted_at": "when the person himself was reached",
    "contacted_by": "by robot, human or officer",
    "defrauded_yuan": "money lost",
    "digest": "SHA-256",
    "dissuaded_yuan": "money that was not paid thanks to the warning",
    "done_at": "when the promise was kept",
    "door": "by which door it came: `queue`, `api`, `file`, `task`",
    "due_at": "not before this; for a deadline: by this",
    "duty_phone_sealed": "where the unit is told that nobody has looked",
    "ended_at": "when it came to a final state",
    "faults": "every reason, by field",
    "fence": "counts claims: an older claim's answer is void",
    "first_risk": "the level at the beginning",
    "hand_over_by": "by when the text was promised to be with the carrier",
    "handed_over_at": "when the carrier or the unit first had it",
    "happened_at": "when it happened, as told",
    "hash": "covers this row and the row before",
    "is_test": "a trial; in no figure",
    "key": "whose key read",
    "key_id": "which key of the key file sealed this row",
    "label": "whose key it is, for the timeline",
    "lane": "`urgent` or `routine`",
    "late_on_arrival": "it had run out before the alert came",
    "later_loss_yuan": "what a follow-up found lost after all",
    "lease_owner": "which worker process holds it",
    "lease_until": "until when that worker holds it",
    "looked_at": "when somebody last opened the unit's worklist",
    "merged": "it joined a case that was there",
    "missed_at": "when the clock found the promise broken",
    "news_due_at": "until when news or a report is awaited",
    "noticed_at": "when the duty phone was last told",
    "number": "counted from 1",
    "occurred_at": "when the event happened",
    "on_time": "whether feedback came by its limit",
    "outcome": "what it came to, in our words",
    "outcome_at": "when that happened",
    "outcome_code": "the raw code it came as",
    "phone_index": "keyed digest of the phone: finds the person, tells nothing",
    "phone_sealed": "the phone, encrypted",
    "prefix": "the eight letters that find the key",
    "previous_case_id": "the earlier case of the same person and type",
    "push_lag_ms": "milliseconds from the event to the receipt",
    "pushed_at": "when the upstream sent it: the feedback clock starts here",
    "pushes": "how many alerts it has",
    "raised_at": "when its level was last raised",
    "reason": "why it stands as it does",
    "received_at": "when we had it",
    "reference": "how we and the carrier call this try",
    "region": "GB/T 2260, six digits",
    "region_from": "`given`, `id_number` or `home`",
    "remind_at": "when a reminder is due",
    "remote": "from which address",
    "revoked_at": "from when on the key is useless",
    "ring_at": "when the clock rings for it",
    "rings": "how often it was rung for since it became due",
    "sealed": "what identifies a person, or the body as it came; encrypted",
    "second_warning": "reopened as 二次预警",
    "shares_case_id": "the case whose call and visit serve this one",
    "signed_in_at": "when somebody took it",
    "signed_in_by": "whose key took it",
    "source": "the upstream",
    "source_ref": "the upstream's own id",
    "started_at": "when the clock of this promise began",
    "step": "0 for the first; counted up when it goes to the unit above, or for later follow-ups",
    "stem": "with the try's number it makes the reference",
    "stopped_yuan": "money stopped on its way",
    "times": "how often the same body came",
    "tries": "tries on the person",
    "unit_id": "on whose worklist it is",
    "void_at": "when the promise lost its object",
    "why": "the reason",
    "withdrawn_at": "when the upstream took it back",
    "receipts.tries": "how often it was looked at",
    "units.region": "the region that the unit serves",
    "units.code": "the unit's code; a region's code for the centres made at the start",
    "units.parent_id": "the unit above",
    "api_keys.unit_id": "sees this unit and all below",
    "api_keys.source": "the one source that an upstream's key speaks for",
    "access_log.unit_id": "whose unit read",
    "access_log.fields": "which fields were read",
    "policies.name": "as its file says",
    "ticks.duty": "which sweep",
    "ticks.ticked_at": "when it was last begun",
}
"""What a column holds, by its name, or by table and name where that differs. A column without a line needs none."""


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar within a cell is kept."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def lifecycle_drawing() -> str:
    """The state diagram, as Mermaid."""
    return f"```mermaid\n{lifecycle.drawing()}\n```\n"


def lifecycle_moves() -> str:
    """Each move with its sentence."""
    moves = lifecycle.MOVES.items()
    rows = [(f"`{state}`", f"`{event}`", f"`{to}`", lifecycle.SAYS[event]) for (state, event), to in moves]
    return table(("from", "event", "to", "what happened"), rows)


def figures() -> str:
    """Each figure with its definition."""
    return table(("id", "中文", "definition"), [(f"`{name}`", *told) for name, told in KPIS.items()])


def settings() -> str:
    """Each environment variable. Raises: KeyError: a setting without a sentence above."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if name in ("sources", "simulator_secret") else "var" if name == "home" else field.default
        bounds = ", ".join(str(rule) for rule in field.metadata if type(rule).__name__ in ("Gt", "Ge", "Lt", "Le"))
        told = f"`{default}`" if default != "" else "empty"
        rows.append((f"`QUANZU_{name.upper()}`", told, _bounds(bounds), SETTINGS_MEAN[name]))
    return table(("variable", "default", "bounds", "meaning"), rows)


def _bounds(told: str) -> str:
    signs = {"Gt(gt=": "> ", "Ge(ge=": "≥ ", "Lt(lt=": "< ", "Le(le=": "≤ "}
    for rule, sign in signs.items():
        told = told.replace(rule, sign)
    return told.replace(")", "")


def cli() -> str:
    """Every command with its sentences, arguments and options."""
    root: Any = typer.main.get_command(app)
    return "\n".join(_command(f"quanzu {path}", command) for path, command in _commands(root))


def _commands(group: Any, before: str = "") -> Iterable[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def _command(path: str, command: Any) -> str:
    with typer.main.get_command(app).make_context("quanzu", [], resilient_parsing=True) as context:
        records = [(param, param.get_help_record(context)) for param in command.params if param.name != "help"]
    told, _, example = inspect.cleandoc(command.help or "").partition("\n\nExample: ")
    arguments = "".join(f" {param.opts[0].upper()}" for param, _ in records if param.param_type_name == "argument")
    lines = [f"### {path}{arguments}", "", told, "", "```sh", example, "```", ""]
    rows = [(f"`{record[0]}`", _plain(record[1])) for param, record in records if record]
    return "\n".join(lines) + "\n" + (table(("", "meaning"), rows) if rows else "")


def _plain(told: str) -> str:
    """Click's own brackets, as text that Markdown leaves alone."""
    return re.sub(r"\s*\[(.*?)\]$", r" (\1)", " ".join(told.split())).replace("<", "&lt;")


def memory() -> str:
    """Every table: its sentences, columns and rules."""
    return "\n".join(_table_page(name) for name in sorted(tables.metadata.tables))


def _table_page(name: str) -> str:
    model = next(
        getattr(tables, title)
        for title in tables.__all__
        if getattr(getattr(tables, title), "__tablename__", None) == name
    )
    found = tables.metadata.tables[name]
    module = sys.modules[model.__module__]
    rows = [
        (
            f"`{column.name}`",
            _kind(column),
            "yes" if column.nullable else "",
            _meaning(name, column),
        )
        for column in found.columns
    ]
    named: list[Any] = [*found.constraints, *(index for index in found.indexes if index.unique)]
    rules = sorted(
        (str(rule.name), _rule(rule))
        for rule in named
        if type(rule).__name__ in ("CheckConstraint", "UniqueConstraint", "Index")
        and not str(rule.name).endswith("_is_boolean")
    )
    page = f"## {name}\n\n{inspect.getdoc(module)}\n\n{inspect.getdoc(model)}\n\n"
    page += table(("column", "holds", "may be empty", "meaning"), rows)
    if rules:
        page += "\n" + table(("rule", "holds"), [(f"`{rule}`", f"`{says}`") for rule, says in rules])
    return page


def _kind(column: Any) -> str:
    told = type(column.type).__name__
    if told == "String":
        return f"text, ≤ {column.type.length}"
    if told == "Numeric":
        return "yuan, two decimals"
    return KINDS[told]


def _meaning(name: str, column: Any) -> str:
    if column.primary_key and column.name == "id":
        return "the row's own id, UUIDv7"
    told = COLUMNS_MEAN.get(f"{name}.{column.name}") or COLUMNS_MEAN.get(column.name, "")
    rows = ", ".join(f"a row of `{key.column.table.name}`" for key in column.foreign_keys)
    return "; ".join(part for part in (rows, told) if part)


def _rule(rule: Any) -> str:
    if hasattr(rule, "sqltext"):
        return " ".join(str(rule.sqltext).split())
    listed = ", ".join(column.name for column in rule.columns)
    where = rule.dialect_options["sqlite"].get("where") if hasattr(rule, "dialect_options") else None
    return f"UNIQUE ({listed})" + (f" WHERE {where}" if where is not None else "")


LISTS: tuple[type[Any], ...] = (
    words.Risk,
    words.FraudType,
    words.Channel,
    words.Means,
    words.Target,
    words.DispatchState,
    words.Answer,
    words.Outcome,
    words.CloseCode,
    words.DeadlineKind,
    words.Role,
)
CHINESE: dict[str, dict[str, str]] = {
    "Risk": {code: word for word, code in terms.RISK_WORDS.items()},
    "FraudType": {code: word for word, code in terms.FRAUD_TYPE_WORDS.items()},
    "Channel": {"sms": "短信", "call": "电话", "visit": "见面"},
    "Means": {"carrier": "短信通道", "robot": "机器人外呼", "human": "人工外呼", "officer": "民警"},
    "Target": {"self": "本人", "relative": "亲友", "duty": "值班电话"},
    "CloseCode": {
        "dissuaded": "已劝阻",
        "temp_unreachable": "暂时找不到",
        "unreachable": "确实找不到",
        "false_alarm": "不符",
        "duplicate": "重复预警",
        "defrauded_stopped": "已被骗，已止付",
        "defrauded_lost": "已被骗，未止付",
        "transferred_out": "移交",
        "auto_closed": "自动办结",
    },
    "DeadlineKind": {"sign_in": "签收", "contact": "电话接触", "met": "见面", "feedback": "反馈", "follow_up": "回访"},
    "Role": {
        "upstream": "上游",
        "caller": "话务员",
        "officer": "民警",
        "supervisor": "督导",
        "administrator": "管理员",
    },
}


def closed_lists() -> str:
    """Every closed list of words.py, with the Chinese word where the trade has one."""
    parts = []
    for listed in LISTS:
        chinese = CHINESE.get(listed.__name__, {})
        rows = [(f"`{member}`", chinese.get(str(member), "")) for member in listed]
        told = inspect.cleandoc(listed.__doc__ or "")
        body = table(("code", "中文"), rows) if chinese else ", ".join(row[0] for row in rows) + "\n"
        parts.append(f"## {listed.__name__}\n\n{told}\n\n{body}")
    parts.append("## Sources\n\n" + ", ".join(f"`{source}`" for source in words.SOURCES) + "\n")
    return "\n".join(parts)


def report_codes() -> str:
    """The fields of a report with their codes."""
    rows = []
    for name, field in codes.Report.model_json_schema()["properties"].items():
        required = "yes" if codes.Report.model_fields[name].is_required() else ""
        rows.append((f"`{name}`", required, _values(field)))
    return table(("field", "wanted", "values"), rows)


def _values(field: dict[str, Any]) -> str:
    branches = [branch for branch in field.get("anyOf", [field]) if branch.get("type") != "null"]
    listed = [value for branch in branches for value in branch.get("enum", branch.get("items", {}).get("enum", []))]
    if listed:
        several = "any of " if any(branch.get("type") == "array" for branch in branches) else ""
        return several + ", ".join(f"`{value}`" for value in listed)
    for branch in branches:
        if "$ref" in branch:
            return {"Risk": "`L1` … `L4`", "FraudType": "a fraud type", "CloseCode": "a closing code"}[
                branch["$ref"].rpartition("/")[2]
            ]
        if branch.get("format") == "date-time":
            return "an instant with its offset"
        if branch.get("type") == "number":
            return "yuan, ≥ 0, at most two decimals"
    return "text"


def policy_levels() -> str:
    """The default policy's limits and channels, level by level, in seconds."""
    rules = [(risk, load_policy("default").level(risk)) for risk in ("L1", "L2", "L3", "L4")]

    def row(says: str, of: Callable[[Any], object]) -> tuple[str, ...]:
        return (says, *(_or_dash(of(rule)) for _, rule in rules))

    rows = [
        row("text handed over", lambda rule: rule.sms.hand_over_s),
        row("flash text 闪信", lambda rule: "yes" if rule.sms.flash else None),
        row("robot: tries, pause", lambda rule: rule.robot and f"{rule.robot.tries}, {rule.robot.redial_s:g}"),
        row("robot's hours", lambda rule: rule.robot and f"{rule.robot.opens:%H:%M}–{rule.robot.closes:%H:%M}"),
        row("a person calls", lambda rule: rule.human and rule.human.start),
        row("a person: tries, pause", lambda rule: rule.human and f"{rule.human.tries}, {rule.human.redial_s:g}"),
        row("relatives from miss", lambda rule: rule.human and rule.human.relatives_from_miss),
        row("visit", lambda rule: rule.visit and rule.visit.start),
        row("sign-in 签收", lambda rule: rule.sign_in_s),
        row("contact", lambda rule: rule.contact_s),
        row("met", lambda rule: rule.met_s),
        row("feedback", lambda rule: rule.feedback_s),
        row("follow-ups 回访", lambda rule: ", ".join(f"{due:g}" for due in rule.follow_ups_s) or None),
        row("share followed up", lambda rule: rule.follow_up_share if rule.follow_ups_s else None),
        row("closes itself", lambda rule: rule.closes_itself_s),
    ]
    return table(("", *(f"{risk} {CHINESE['Risk'][risk]}" for risk, _ in rules)), rows)


def _or_dash(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:,g}" if isinstance(value, float) else str(value)


def numbers() -> str:
    """What the last four digits mean in the simulated town."""
    return table(("ends in", "what befalls it"), [(f"`{digits}`", fate.says) for digits, fate in sorted(FATES.items())])


PARTS: dict[str, Callable[[], str]] = {
    "lifecycle-drawing": lifecycle_drawing,
    "lifecycle-moves": lifecycle_moves,
    "figures": figures,
    "settings": settings,
    "cli": cli,
    "tables": memory,
    "codes": closed_lists,
    "report": report_codes,
    "policy-levels": policy_levels,
    "numbers": numbers,
}


def filled(page: str) -> str:
    """The page with its generated parts as the code has them now. Raises: KeyError: a part nobody knows."""
    return MARKS.sub(
        lambda found: f"<!-- generated: {found['name']} -->\n\n{PARTS[found['name']]()}\n<!-- end -->", page
    )


def pages() -> list[Path]:
    """The pages that ask for a part, in order."""
    return sorted(path for path in (ROOT / "docs").rglob("*.md") if MARKS.search(path.read_text("utf-8")))


def main(arguments: Sequence[str]) -> int:
    """Write or check all pages."""
    old = [path for path in pages() if filled(path.read_text("utf-8")) != path.read_text("utf-8")]
    for path in old:
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        if "--check" not in arguments:
            path.write_text(filled(path.read_text("utf-8")), "utf-8")
    return 1 if old and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
