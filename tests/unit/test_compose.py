"""docker-compose.yml, read as Docker would read it: no container is started here."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.apps.worker import install_worker_term_handler
from deployment_files import (
    COMPOSE,
    DEFAULTED,
    DOCKERFILE,
    KILLED_AFTER_S,
    ROOT,
    UNITS,
    compose,
    interpolated,
    seconds,
    stops_within_s,
    understood,
    unknown_variables,
)

from config.settings import load_settings
from workers.app import make_celery

READ = compose()
SERVICES: dict[str, dict[str, Any]] = READ["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("quanzu:")}
WORKERS = {"worker-intake", "worker-urgent", "worker-routine"}
MONITORING = {"flower", "prometheus", "alertmanager", "grafana"}
PARTS = {"postgres", "rabbitmq", "migrate", "web", "simulator", "tools", *MONITORING, *WORKERS}
WRITTEN_BY_HAND = "alert_webhook"
each = pytest.mark.parametrize("name", sorted(SERVICES))


def specification(read: dict[str, Any]) -> None:
    """Raises: ValueError: not what the Compose specification allows, or a name that nobody defines."""
    library = pytest.importorskip("compose_spec", reason="compose-spec has a wheel for Linux on x86-64 alone")
    library.PyCompose.from_json(json.dumps(read)).validate()


def test_it_is_what_the_specification_allows() -> None:
    """A parser of the Compose specification knows every key, and every volume, network and secret is defined."""
    specification(READ)
    assert set(SERVICES) == PARTS


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("cap_drop:", "cap_dropped:"),
        ("condition: service_healthy", "condition: service_well"),
        ("networks: [inside, edge]", "networks: [inside, egde]"),
        ("keys:/var/lib/quanzu-keys:ro", "keyz:/var/lib/quanzu-keys:ro"),
        ("secrets: [database_password]", "secrets: [database_passwort]"),
        ("retries: 5", "retry: 5"),
    ],
)
def test_this_file_would_notice(right: str, wrong: str) -> None:
    """A slip of the pen in a key, a condition or a name is found out before anybody starts it."""
    text = interpolated(COMPOSE.read_text("utf-8"))
    assert right in text
    with pytest.raises(ValueError):
        specification(yaml.safe_load(text.replace(right, wrong)))


@each
def test_a_service_is_pinned_bounded_and_without_rights(name: str) -> None:
    """An image by its version, limits of memory, CPU and processes, no root, no capability, nothing written."""
    service = SERVICES[name]
    version = service["image"].partition(":")[2]
    assert version and any(sign.isdigit() for sign in version) and "latest" not in version
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0 and limits["memory"][-1] in "mg" and service["pids_limit"] > 0
    assert service["user"].partition(":")[0] not in ("", "0", "root")
    assert (service["cap_drop"], service["read_only"]) == (["ALL"], True)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service and "cap_add" not in service and service.get("network_mode") is None
    assert service["logging"]["options"]["max-size"]


@each
def test_a_service_says_whether_it_is_well(name: str) -> None:
    """What stays is asked regularly and started again; what ends by itself is not."""
    service = SERVICES[name]
    if name in ("migrate", "tools"):
        assert service["healthcheck"] == {"disable": True}
        # the tables are tried for again until they are there; a command that failed has told somebody why
        assert service["restart"] == {"migrate": "on-failure", "tools": "no"}[name]
        return
    health = service["healthcheck"]
    assert (
        health["test"][0] == "CMD" and seconds(health["timeout"]) <= seconds(health["interval"]) and health["retries"]
    )
    assert service["restart"] == "unless-stopped"


@each
def test_what_a_service_waits_for_is_there(name: str) -> None:
    """Nobody waits for a service of another profile, for health that nobody tells, or for an end that never comes."""
    told = SERVICES[name].get("depends_on", {})
    wanted = told if isinstance(told, dict) else {other: {"condition": "service_started"} for other in told}
    for other, how in wanted.items():
        assert other in SERVICES
        assert set(SERVICES[other].get("profiles", [])) <= set(SERVICES[name].get("profiles", []))
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]
        if how["condition"] == "service_completed_successfully":
            assert other == "migrate"


def test_everything_of_ours_waits_for_the_tables() -> None:
    """No worker and no door starts before `quanzu migrate` has ended well."""
    for name in (*WORKERS, "web"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_the_command_waits_for_nobody() -> None:
    """The broker is away at night: the doctor, a hold and a brake still run, which is when they are wanted."""
    assert "depends_on" not in SERVICES["tools"]


def test_a_database_that_is_only_being_made_is_not_well() -> None:
    """On a fresh volume the image's first server, which makes the database and ends, hears its socket alone."""
    test = SERVICES["postgres"]["healthcheck"]["test"]
    assert test[:2] == ["CMD", "pg_isready"] and "--host=127.0.0.1" in test


def test_only_this_host_reaches_a_port_and_nobody_the_servers() -> None:
    """Every port is bound to 127.0.0.1; databases, queues and workers are on a network without a way out."""
    assert READ["networks"]["inside"] == {"internal": True}
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert ("edge" in service["networks"]) == bool(service.get("ports")), name
    for name in ("postgres", "rabbitmq", "migrate", "simulator", *WORKERS):
        assert SERVICES[name]["networks"] == ["inside"] and "ports" not in SERVICES[name]


def test_the_monitoring_is_a_profile() -> None:
    """Without `--profile monitoring` there are the parts that warn people, and no more."""
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert {name for name, told in profiles.items() if told == ["monitoring"]} == MONITORING
    assert {name for name, told in profiles.items() if told == ["tools"]} == {"tools"}


NAMED_VERSION = re.compile(r"\bquanzu(?:-flower)?:(\d[\w.]*)|\bARG VERSION=(\S+)")


def test_every_file_names_the_version_that_there_is() -> None:
    """An operator who asks which version runs is told the same by the image's name, its label and the package."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    named = {}
    for path in (COMPOSE, DOCKERFILE, *DEPLOYED):
        found = NAMED_VERSION.findall(path.read_text("utf-8"))
        named.update({f"{path.name} {at}": image or label for at, (image, label) in enumerate(found)})
    assert len(named) >= 4
    assert {where: told for where, told in named.items() if told != version} == {}


def test_every_command_is_one_of_ours() -> None:
    """What each container runs is a verb of `quanzu` with its options, and every lane has a worker."""
    for service in OURS.values():
        understood(service["command"])
    lanes = {tuple(service["command"]) for name, service in OURS.items() if name in WORKERS}
    assert lanes == {("worker", "--lane", lane) for lane in ("intake", "urgent", "routine")}
    assert "--no-people" in SERVICES["simulator"]["command"]


@pytest.mark.parametrize(
    "wrong", [["worker"], ["worker", "--lane", "fast"], ["sing"], ["web", "--colour"], ["stats", "x"]]
)
def test_a_command_that_is_none_would_be_noticed(wrong: list[str]) -> None:
    """No lane, a lane that is none, a verb that is none, an option that is none, a word too many."""
    with pytest.raises(Exception):  # noqa: B017  # whichever way it is wrong
        understood(wrong)


def test_every_setting_is_one_of_ours() -> None:
    """A variable that nobody reads would be believed by whoever wrote it; and no secret stands in the file."""
    assert unknown_variables(COMPOSE.read_text("utf-8")) == set()
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if any(word in variable for word in ("PASSWORD", "SECRET", "_URL")):
                assert variable.endswith("FILE") or value.startswith("http://"), f"{name}: {variable}"


def test_a_worker_is_given_the_time_it_takes_to_stop() -> None:
    """Docker's SIGKILL comes after all that a worker waits for on SIGTERM."""
    for name in WORKERS:
        grace_s = seconds(SERVICES[name]["stop_grace_period"])
        assert grace_s == KILLED_AFTER_S and grace_s >= stops_within_s(name.removeprefix("worker-")) + 5


def test_what_is_said_of_stopping_is_what_celery_does() -> None:
    """On SIGTERM a worker waits for its tasks without a bound: Celery's soft shutdown is for SIGQUIT, and no page
    promises its seconds."""
    assert install_worker_term_handler.keywords == {"sig": "SIGTERM", "how": "Warm"}
    soft_s = make_celery(load_settings()).conf.worker_soft_shutdown_timeout
    promises = re.compile(rf"\b{soft_s} ?s(econds)?\b")
    for path in (COMPOSE, *UNITS, *PAGES):
        for line in path.read_text("utf-8").splitlines():
            assert not (promises.search(line) and re.search("finish|stop|in hand", line)), f"{path.name}: {line}"


def test_secrets_are_files_that_one_command_makes(tmp_path: Path) -> None:
    """`deploy/make-secrets` makes every file the compose file names, in a closed folder, and keeps what is there."""
    folder = tmp_path / "secrets"
    subprocess.run(["sh", str(ROOT / "deploy" / "make-secrets"), str(folder)], check=True)
    named = {name: Path(told["file"]).name for name, told in READ["secrets"].items()}
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(named.values()) <= set(made) and all(name == file for name, file in named.items())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {name: 0o644 if name == WRITTEN_BY_HAND else 0o444 for name in made}
    assert made[WRITTEN_BY_HAND] == "", "nobody is woken until an operator says who"
    passwords = [made[name] for name in made if name.endswith(("_password", "_secret"))]
    assert len(set(passwords)) == len(passwords) and all(len(word) == 48 for word in passwords)
    (folder / WRITTEN_BY_HAND).write_text("https://alarm.example/duty\n")
    subprocess.run(["sh", str(ROOT / "deploy" / "make-secrets"), str(folder)], check=True)
    made[WRITTEN_BY_HAND] = "https://alarm.example/duty\n"
    assert made == {path.name: path.read_text() for path in folder.iterdir()}


def test_the_settings_of_a_container_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of our containers starts with settings that hold together, told by files as they will be."""
    folder = tmp_path / "secrets"
    subprocess.run(["sh", str(ROOT / "deploy" / "make-secrets"), str(folder)], check=True)
    for name, service in OURS.items():
        with monkeypatch.context() as patch:
            for variable, value in service["environment"].items():
                patch.setenv(variable, str(value).replace("/run/secrets", str(folder)))
            given = {Path(value).name for value in service["environment"].values() if "/run/secrets/" in str(value)}
            assert given <= set(service["secrets"]), name
            settings = load_settings({"home": tmp_path})
            assert settings.callback_base == "http://web:8496"
            if name not in ("simulator",):
                assert settings.database.startswith("postgresql+psycopg://quanzu:") and not settings.embedded_broker
                assert settings.simulator_base == "http://simulator:8497"


def test_keys_are_made_by_one_and_read_by_the_rest() -> None:
    """The encryption keys lie in one volume: `migrate` makes them, nobody else can change them, others see none."""
    holders = {name for name, service in SERVICES.items() for volume in service.get("volumes", []) if "keys:" in volume}
    assert holders == {"migrate", "tools", "web", *WORKERS}
    writers = {name for name in holders if "keys:/var/lib/quanzu-keys" in SERVICES[name]["volumes"]}
    assert writers == {"migrate", "tools"}


def test_what_is_mounted_from_the_checkout_is_there() -> None:
    """A file that is not there would be made by Docker as an empty folder, and nobody would know why."""
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists() and volume.endswith(":ro"), volume


def test_every_variable_of_the_operator_has_a_default() -> None:
    """`docker compose up` needs no environment."""
    assert "${" not in interpolated(COMPOSE.read_text("utf-8"))
    assert {found["name"] for found in DEFAULTED.finditer(COMPOSE.read_text("utf-8"))} >= {"SECRETS", "WEB_PORT"}


PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "examples").iterdir()])
DEPLOYED = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())


@pytest.mark.parametrize("path", [*PAGES, *DEPLOYED], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_setting_that_a_page_names_is_one(path: Path) -> None:
    """Whoever sets what a page or a file of `deploy/` names is understood."""
    assert unknown_variables(path.read_text("utf-8")) == set()


def test_prometheus_asks_services_that_answer() -> None:
    """Every target is a service of the compose file, at the port that it is told to answer at."""
    read = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8"))
    targets = [
        target for job in read["scrape_configs"] for told in job.get("static_configs", []) for target in told["targets"]
    ]
    for target in targets:
        name, _, port = target.partition(":")
        told = SERVICES[name]["environment"]
        assert port == (told["QUANZU_METRICS_PORT"] if name in WORKERS else "8496"), target
        assert told["QUANZU_HOST"] == "0.0.0.0"  # noqa: S104  # on a network without a way out
    assert {target.partition(":")[0] for target in targets} == {"web", *WORKERS}


ALARMING = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8")).get("alerting", {})
RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]


def routes_of(severity: str, read: dict[str, Any]) -> list[dict[str, Any]]:
    """The routes that an alarm of this severity takes, each with what it inherits from the first."""
    first = {name: value for name, value in read["route"].items() if name != "routes"}
    return [first | one for one in read["route"]["routes"] if one["matchers"] == [f'severity="{severity}"']]


def test_prometheus_tells_its_alarms_to_somebody() -> None:
    """An alarm that no Alertmanager hears of is a line on a page that nobody looks at at night."""
    (told,) = [told for manager in ALARMING["alertmanagers"] for told in manager["static_configs"]]
    assert told["targets"] == ["alertmanager:9093"]
    service = SERVICES["alertmanager"]
    assert service["ports"] == ["127.0.0.1:9093:9093"] and set(service["networks"]) == {"inside", "edge"}
    assert "--cluster.listen-address=" in service["command"], "one alone looks for no others"
    assert "alertmanager:/alertmanager" in service["volumes"], "what was told and silenced outlives a restart"


def test_an_alarm_that_wakes_somebody_is_repeated_and_the_others_are_a_list() -> None:
    """Somebody slept through the first call: a page comes again within minutes, and by alarm, so that a second
    trouble is not taken for the first. A ticket comes once a day, all of them together."""
    (mounted,) = [
        v for v in SERVICES["alertmanager"]["volumes"] if v.startswith("./deploy/prometheus/alertmanager.yml:")
    ]
    assert f"--config.file={mounted.split(':')[1]}" in SERVICES["alertmanager"]["command"]
    read = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alertmanager.yml").read_text("utf-8"))
    assert {rule["labels"]["severity"] for group in RULES for rule in group["rules"]} == {"page", "ticket"}
    (page,), (ticket,) = routes_of("page", read), routes_of("ticket", read)
    assert read["route"]["receiver"] == page["receiver"], "a severity that is none of ours wakes somebody too"
    assert seconds(page["group_wait"]) <= 30 and seconds(page["repeat_interval"]) <= 30 * 60
    assert page["group_by"] == ["alertname"] and ticket["group_by"] == ["severity"]
    assert 24 * 3600 <= seconds(ticket["repeat_interval"]) < 120 * 3600, "Alertmanager remembers for 120 h"
    receivers = {one["name"]: one["webhook_configs"] for one in read["receivers"]}
    assert set(receivers) == {page["receiver"], ticket["receiver"]}
    for (hook,) in receivers.values():
        assert hook == {"url_file": f"/run/secrets/{WRITTEN_BY_HAND}", "send_resolved": True}
    assert SERVICES["alertmanager"]["secrets"] == [WRITTEN_BY_HAND]


def test_grafana_is_given_its_source_and_its_dashboard() -> None:
    """The source is the Prometheus beside it, and the dashboard lies where the provider looks."""
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "quanzu.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090" and source["type"] == "prometheus"
    (provider,) = yaml.safe_load((folder / "dashboards" / "quanzu.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/quanzu.json" in mounted
