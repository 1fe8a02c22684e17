"""The Celery app: real workers, no beat, no result backend, no ETA; time lives in rows."""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu import Queue

from config.settings import Settings
from workers import filequeue, inflating, lenient
from workers.names import DISPATCH, LANES, SUBMIT, dispatch_queue, queues_of

POLL_S = 0.1
"""A compromise of the embedded transport: a message waits 50 ms on average, an idle worker hardly works."""


TASK_LIMIT_S = 120
"""A task that hangs longer than any lease, request and settling together is ended with its process (prefork)."""


def make_celery(settings: Settings) -> Celery:
    """An app for this deployment's broker. Its worker processes read the same settings from the environment.

    From now on this process bears any message, on all of its connections: see `lenient` and `inflating`.
    """
    filequeue.register()
    lenient.install()
    inflating.install()
    app = Celery("quanzu", broker=broker_url(settings), include=["workers.tasks"])
    app.conf.update(_common(settings))
    app.conf.update(broker_transport_options=transport_options(settings))
    return app


def broker_url(settings: Settings) -> str:
    """Where messages travel: RabbitMQ if it is named, else files of this machine."""
    return "filequeue://localhost//" if settings.embedded_broker else settings.broker_url


TCP_USER_TIMEOUT = 18
"""Linux's socket option: how long sent bytes may stay unconfirmed, ms. Named here, as macOS has no such name."""
DEAD_AFTER_MS = 10_000
"""A broker that takes nothing for this long (gone without a word, or in an alarm) costs the connection."""


def transport_options(settings: Settings, *, durable: bool = False) -> dict[str, Any]:
    """How the transport is to behave; `durable` makes a publish return only when the message is safe.

    Bells are not confirmed: one that is lost is rung again.
    """
    if not settings.embedded_broker:
        return {"confirm_publish": durable, "socket_settings": {TCP_USER_TIMEOUT: DEAD_AFTER_MS}}
    return {
        "folder": str(settings.queue_folder),
        "polling_interval": POLL_S,
        "durable": durable,
        "rejected": "set-aside",
    }


def _common(settings: Settings) -> dict[str, Any]:
    names = [dispatch_queue(channel, lane) for channel in ("sms", "call", "visit") for lane in LANES]
    # declared by `topology` on every connection, never by Celery, which only has to know that they are quorum queues
    kind = None if settings.embedded_broker else {"x-queue-type": "quorum"}
    queues = [
        Queue(name, DISPATCH, routing_key=name, durable=True, no_declare=True, queue_arguments=kind)
        for name in (*names, SUBMIT)
    ]
    return {
        "task_queues": queues,
        "task_default_queue": SUBMIT,
        "task_create_missing_queues": False,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "result_backend": None,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_publish_retry": False,
        "worker_consumer": "workers.celery_consumer:WorkerConsumer",
        "worker_prefetch_multiplier": 2,
        "worker_proc_alive_timeout": 60.0,
        "task_time_limit": TASK_LIMIT_S,
        "worker_enable_prefetch_count_reduction": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
        "worker_soft_shutdown_timeout": 25,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "broker_connection_timeout": 2,
        "broker_heartbeat": 10,
        "broker_pool_acquire_timeout": 5,
        "timezone": "UTC",
    }


def worker_arguments(settings: Settings, lane: str, name: str) -> dict[str, Any]:
    """What `app.Worker` is started with: threads on the embedded transport, processes on RabbitMQ."""
    return {
        "hostname": name,
        "pool": "threads" if settings.embedded_broker else "prefork",
        "concurrency": _concurrency(settings, lane),
        "queues": queues_of(lane),
        "without_gossip": True,
        "without_mingle": True,
        "without_heartbeat": True,
        "loglevel": settings.log_level,
    }


def _concurrency(settings: Settings, lane: str) -> int:
    if lane == "intake":
        return 1
    return settings.worker_threads if settings.embedded_broker else settings.worker_processes
