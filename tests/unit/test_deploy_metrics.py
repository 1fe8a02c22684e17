"""Dashboard, alarms and pages name metrics that there are, and lead to parts of the runbook that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from servers import missing

from dispatcher import measures

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
ALARMS = (DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8")
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text("utf-8"))
NAME = re.compile(r"\bquanzu_\w+")
SELECTOR = re.compile(r"(?P<name>quanzu_\w+)\{(?P<labels>[^}]*)\}")


def alarms() -> list[dict[str, str]]:
    """Each alarm's name, expression and runbook; the file is ours, and simple enough for this."""
    found = []
    for part in ALARMS.split("      - alert: ")[1:]:
        lines = dict(re.findall(r"^ {8,10}(expr|summary|runbook|for): (.*)$", part, re.MULTILINE))
        found.append({"alert": part.partition("\n")[0], **lines})
    return found


def expressions() -> list[str]:
    """Everything that is asked of Prometheus."""
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return asked + [alarm["expr"] for alarm in alarms()]


def by_exposed() -> dict[str, measures.Measure]:
    """The measure of every name that is exposed."""
    return {name: one for one in (*measures.EVENTS, *measures.STANDINGS) for name in one.exposed}


def test_every_metric_that_is_asked_for_is_told() -> None:
    """Somebody renamed a metric: no panel stays empty and no alarm silent because of it."""
    asked = {name for one in expressions() for name in NAME.findall(one)}
    assert len(asked) > 25
    assert asked - measures.exposed() == set()


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_is_whole_and_its_labels_are_there(expression: str) -> None:
    """An alarm was mistyped: a label that a metric does not have would keep it silent for ever."""
    for opened, closed in ("()", "[]", "{}"):
        assert expression.count(opened) == expression.count(closed)
    told = by_exposed()
    for found in SELECTOR.finditer(expression):
        labels = set(re.findall(r"(\w+)\s*[=!]", found["labels"]))
        assert labels <= {*told[found["name"]].labels, "le"}
    names = NAME.findall(expression)
    for by in re.findall(r"\bby \(([^)]*)\)", expression):
        known = {"le", "job", *(label for name in names for label in told[name].labels)}
        assert {label.strip() for label in by.split(",")} <= known


def test_counters_are_asked_for_their_rise() -> None:
    """A counter only grows: whoever compares it itself is alarmed once and for ever."""
    for expression in expressions():
        for name in NAME.findall(expression):
            if by_exposed()[name].kind is not measures.Kind.GAUGE:
                assert re.search(rf"(rate|increase)\({name}[^)]*\[\d+m\]\)", expression), expression


def test_every_alarm_says_what_to_do() -> None:
    """Somebody is woken at 3 a.m.: the alarm says what is wrong in a sentence, and leads to a part of the runbook."""
    page = (ROOT / "docs" / "how-to" / "runbook.md").read_text("utf-8")
    anchors = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^## (.+)$", page, re.M)}
    assert len(alarms()) > 20
    for alarm in alarms():
        path, _, anchor = alarm["runbook"].partition("#")
        assert path == "docs/how-to/runbook.md" and anchor in anchors, alarm["alert"]
        assert alarm["for"] and len(alarm["summary"]) > 20, alarm["alert"]
        assert alarm["alert"] in page, f"{alarm['alert']} is not named in the runbook"


def test_every_part_of_the_runbook_is_complete() -> None:
    """Whoever reads one part at night finds what it means, what to do, and when he may sleep again."""
    page = (ROOT / "docs" / "how-to" / "runbook.md").read_text("utf-8")
    for part in page.split("\n## ")[1:]:
        for word in ("- **See**", "- **Means**", "- **Do**", "- **Over**"):
            assert word in part, f"{part.partition(chr(10))[0]} lacks {word}"


def test_the_dashboard_is_the_one_that_is_made() -> None:
    """The dashboard's file is made by a page of Python: nobody changed only one of them."""
    found: dict[str, Any] = {"__name__": "made", "__file__": str(DEPLOY / "grafana" / "make.py")}
    exec(compile((DEPLOY / "grafana" / "make.py").read_text("utf-8"), "make.py", "exec"), found)  # noqa: S102 - ours
    assert found["dashboard"]() == DASHBOARD
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_page_of_metrics_is_the_one_that_is_written() -> None:
    """A reader of the reference reads what /metrics tells today."""
    command = [sys.executable, str(ROOT / "docs" / "metrics.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    ["check rules alerts.yml", "check config prometheus.yml", "test rules alerts_test.yml"],
)
def test_prometheus_itself_can_read_it(words: str) -> None:
    """Prometheus' own checker reads configuration and alarms, and alarms of made-up figures come and stay away."""
    promtool = shutil.which("promtool")
    if promtool is None:
        missing("promtool", "promtool is not here: apt-get install prometheus")
    command = [str(promtool), *words.split()]
    done = subprocess.run(command, cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alertmanager_itself_can_read_it() -> None:
    """Where Alertmanager's own checker is installed, it reads the routes without a fault."""
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("amtool is not here: it comes with Alertmanager 0.26 or later")
    path = DEPLOY / "prometheus" / "alertmanager.yml"
    done = subprocess.run([amtool, "check-config", str(path)], capture_output=True, text=True, check=False)
    if "url_file not found" in done.stderr + done.stdout:
        pytest.skip("this amtool is older than 0.26, and knows no url_file")
    assert done.returncode == 0, done.stdout + done.stderr
