"""Each environment variable, with a sentence."""

from __future__ import annotations

from config.settings import Settings
from parts.markdown import table

MEANINGS = {
    "home": "the folder of database, queue, keys and logs; closed to other users",
    "database_url": "`sqlite:///…` or `postgresql://…`; empty: a SQLite file in the home",
    "broker_url": "`amqp://…` or `amqps://…` (RabbitMQ); empty: files in the home",
    "carriers": "a path: the carriers file; empty means the simulator for texts and calls",
    "policy": "a policy by name (`default`, `demo`), or a path that ends in `.toml`",
    "host": "the address at which the API listens",
    "port": "its port",
    "public_url": "where carriers reach the API, such as `https://quanzu.example`; empty: from host and port",
    "trusted_proxies": (
        "networks of the proxies before the API, separated by commas: only what they tell of a request's source "
        "(`X-Forwarded-For`) is believed; empty: the source is whoever connects"
    ),
    "simulator_url": "where workers reach the simulated carrier; empty: from its host and port",
    "keys_file": "the file of the encryption keys, the same on every host; empty: `keys.json` in the home",
    "simulator_host": "the address of the simulated carrier",
    "simulator_port": "its port",
    "simulator_askable": "whether the simulated carrier can be asked for a try by our reference",
    "sources": (
        "upstreams of your own beside the known ones, separated by commas; none that would share a routing key with "
        "another (`bank.a` and `bank_a`) or is called `unknown`"
    ),
    "home_region": "the GB/T 2260 code that an alert without any region is given",
    "lease_s": "seconds for which a worker owns what it claimed",
    "request_timeout_s": "seconds after which a request to a carrier counts as unsure",
    "settling_s": 'seconds after which "not found" from the carrier may be believed',
    "settle_within_ms": "milliseconds for which answers are gathered before they are written",
    "chunk": "dispatch ids in one bell",
    "sms_batch": "texts in one request",
    "call_batch": "robot calls in one request",
    "sms_per_s": "texts a second that the carrier may be given, by all workers together; 0: no limit",
    "calls_per_s": "robot calls a second, likewise; 0: no limit",
    "intake_batch": "the most alerts in one transaction of the queue's consumer",
    "worker_threads": "threads of one worker process (embedded broker)",
    "worker_processes": "processes of a worker's pool, for the lanes urgent and routine (RabbitMQ)",
    "simulator_secret": "what signs the simulated carrier's news; empty: made once and kept in the home",
    "metrics_port": "where each worker's host tells its counts to Prometheus, at QUANZU_HOST; 0: nowhere",
    "otlp_endpoint": "where traces go (OTLP over HTTP, needs the extra otel); empty: nowhere",
    "log_level": "`DEBUG`, `INFO`, `WARNING` or `ERROR`",
}

EMPTY = ("sources", "trusted_proxies", "simulator_secret")


def settings() -> str:
    """Each environment variable. Raises: KeyError: a setting without a sentence above."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = (
            ""
            if name in ("sources", "trusted_proxies", "simulator_secret")
            else "var"
            if name == "home"
            else field.default
        )
        bounds = ", ".join(str(rule) for rule in field.metadata if type(rule).__name__ in ("Gt", "Ge", "Lt", "Le"))
        told = f"`{default}`" if default != "" else "empty"
        rows.append((f"`QUANZU_{name.upper()}`", told, _bounds(bounds), MEANINGS[name]))
    return table(("variable", "default", "bounds", "meaning"), rows)


def _bounds(told: str) -> str:
    signs = {"Gt(gt=": "> ", "Ge(ge=": "≥ ", "Lt(lt=": "< ", "Le(le=": "≤ "}
    for rule, sign in signs.items():
        told = told.replace(rule, sign)
    return told.replace(")", "")
