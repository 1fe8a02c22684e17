"""Settings of a deployment: environment variables that begin with QUANZU_, checked whole at the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.faults import ConfigurationFault, faults_of
from config.files import values_of_files
from config.policy import load_policy

OTHERS = {
    "QUANZU_HANGS_S",
    "QUANZU_KANNEL_TEXTS",
    "QUANZU_REQUIRE",
    "QUANZU_KILL_ALERTS",
    "QUANZU_GARBAGE",
    "QUANZU_STORM_RECEIPTS",
    "QUANZU_SUPERVISOR_PID",
    "QUANZU_SIMULATOR_ID",
    "QUANZU_SIMULATOR_ALIYUN_CALLBACK",
    "QUANZU_SIMULATOR_ALIYUN_VOICE_CALLBACK",
    "QUANZU_SIMULATOR_TENCENT_CALLBACK",
    "QUANZU_SIMULATOR_TENCENT_VOICE_CALLBACK",
    "QUANZU_SIMULATOR_CALLER_KEYS",
    "QUANZU_SIMULATOR_OFFICER_KEYS",
}
"""Variables of the tests, the supervisor and the simulated town, which are no settings of a deployment."""


def default_home() -> Path:
    """`var` in the project's folder when run from a checkout, else in the current folder."""
    project = Path(__file__).parent.parent
    return (project if (project / "pyproject.toml").is_file() else Path()) / "var"


class Settings(BaseSettings):
    """Everything an operator may set. The defaults are the embedded engine: one machine, nothing to install.

    `home` holds the embedded database, queue, keys and logs, closed to other users.
    """

    model_config = SettingsConfigDict(env_prefix="QUANZU_", extra="ignore", frozen=True, validate_default=True)

    home: Path = Field(default_factory=default_home)
    database_url: str = ""
    broker_url: str = ""
    keys_file: str = ""
    policy: str = "default"
    carriers: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8496, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    simulator_host: str = "127.0.0.1"
    simulator_port: int = Field(default=8497, ge=0, le=65535)
    simulator_url: str = ""
    simulator_askable: bool = True
    sources: Annotated[tuple[str, ...], NoDecode] = ()
    home_region: str = Field(default="140000", pattern=r"^\d{6}$")
    lease_s: float = Field(default=20.0, gt=1, le=30)
    request_timeout_s: float = Field(default=6.0, gt=0, le=25)
    settling_s: float = Field(default=4.0, gt=0)
    settle_within_ms: int = Field(default=150, ge=1, le=200)
    chunk: int = Field(default=100, ge=1, le=500)
    sms_batch: int = Field(default=100, ge=1, le=500)
    call_batch: int = Field(default=25, ge=1, le=500)
    sms_per_s: float = Field(default=0.0, ge=0, le=100_000)
    calls_per_s: float = Field(default=0.0, ge=0, le=100_000)
    intake_batch: int = Field(default=250, ge=1, le=1000)
    worker_threads: int = Field(default=8, ge=1, le=64)
    worker_processes: int = Field(default=2, ge=1, le=64)
    simulator_secret: SecretStr = SecretStr("")
    metrics_port: int = Field(default=0, ge=0, le=65535)
    otlp_endpoint: str = ""
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("sources", "trusted_proxies", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value.replace("postgresql://", "postgresql+psycopg://", 1)

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("amqp://", "amqps://", "filequeue://")):
            raise ValueError("must begin with amqp:// or amqps:// (RabbitMQ), or be empty (embedded)")
        return value

    @field_validator("public_url", "simulator_url", "otlp_endpoint")
    @classmethod
    def _plain_base(cls, value: str) -> str:
        if value and not _is_base(value):
            raise ValueError("must be http:// or https://, a host and no user, query or fragment; or be empty")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _a_request_ends_within_its_lease(self) -> Settings:
        if self.lease_s < 2 * self.request_timeout_s:
            raise ValueError("lease_s must be at least twice request_timeout_s: a request has to end within its lease")
        return self

    @property
    def database(self) -> str:
        """The database's URL; a SQLite file in `home` unless set."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'quanzu.sqlite'}"

    @property
    def queue_folder(self) -> Path:
        """Where the embedded transport keeps its messages."""
        return self.home.resolve() / "queue"

    @property
    def embedded_broker(self) -> bool:
        """True when messages travel through files of this machine."""
        return not self.broker_url or self.broker_url.startswith("filequeue://")

    @property
    def keys(self) -> Path:
        """The file of this deployment's keys: the same contents wherever a process of it runs."""
        return Path(self.keys_file).resolve() if self.keys_file else self.home.resolve() / "keys.json"

    @property
    def web_url(self) -> str:
        """Where our own doors are reached from this machine."""
        return f"http://{_from_here(self.host)}:{self.port}"

    @property
    def callback_base(self) -> str:
        """Where carriers, and people elsewhere, reach our doors."""
        return self.public_url or self.web_url

    @property
    def simulator_base(self) -> str:
        """Where the simulated carrier is reached."""
        return self.simulator_url or f"http://{_from_here(self.simulator_host)}:{self.simulator_port}"


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of this process.

    Raises: ConfigurationFault: every fault at once, each naming its variable.
    """
    faults = _unknown_variables()
    settings: Settings | None = None
    from_files, unread = values_of_files(Settings.model_fields, os.environ)
    faults += unread
    try:
        settings = Settings(**{**from_files, **(overrides or {})})  # type: ignore[arg-type]  # pydantic checks every value
    except ValidationError as error:
        faults += [_named(line) for line in faults_of(error)]
    chosen = settings.policy if settings else (overrides or {}).get("policy", os.environ.get("QUANZU_POLICY"))
    try:
        load_policy(str(chosen or "default"))
    except ConfigurationFault as fault:
        faults += [_named(line) if line.startswith("policy:") else line for line in fault.faults]
    if settings is None or faults:
        raise ConfigurationFault(faults)
    return settings


def _unknown_variables() -> list[str]:
    """A sentence for each variable that looks like a setting and is none: a slip of the pen must not go unseen."""
    settings = {f"QUANZU_{name.upper()}" for name in Settings.model_fields}
    known = settings | {f"{name}_FILE" for name in settings if not name.endswith("_FILE")} | OTHERS
    unknown = sorted(name for name in os.environ if name.upper().startswith("QUANZU_") and name.upper() not in known)
    nearest = {name: get_close_matches(name.upper(), sorted(settings), n=1, cutoff=0.0)[0] for name in unknown}
    return [f"{name}: is no setting; did you mean {nearest[name]}?" for name in unknown]


def _from_here(host: str) -> str:
    """Where one who listens at every address is reached from the same machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  # this listens nowhere


def _is_base(value: str) -> bool:
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:  # a port that is no number, a bracket too many
        return False
    return bool(whole) and not (parts.username or parts.password or parts.query or parts.fragment or " " in value)


def _named(line: str) -> str:
    """The fault of a field, by the name of its variable; a fault between fields names them itself."""
    if line.startswith("whole: "):
        return (
            line.removeprefix("whole: Value error, ")
            .replace("lease_s", "QUANZU_LEASE_S")
            .replace("request_timeout_s", "QUANZU_REQUEST_TIMEOUT_S")
        )
    return f"QUANZU_{_upper_field(line)}".replace(": Value error, ", ": ", 1)


def _upper_field(line: str) -> str:
    field, colon, rest = line.partition(":")
    return field.upper() + colon + rest
