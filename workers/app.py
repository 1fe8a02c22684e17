"""The Celery app: real workers, no beat, no result backend, no ETA; time lives in rows."""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from config.settings import Settings
from workers import filequeue
from workers.names import LANES, SUBMIT, dispatch_queue, queues_of

POLL_S = 0.1
"""A compromise of the embedded transport: a message waits 50 ms on average, an idle worker hardly works."""


def make_celery(settings: Settings) -> Celery:
    """An app for this deployment's broker. Its worker processes read the same settings from the environment."""
    filequeue.register()
    app = Celery("quanzu", broker=broker_url(settings), include=["workers.tasks"])
    app.conf.update(_common(settings))
    app.conf.update(broker_transport_options=transport_options(settings))
    return app


def broker_url(settings: Settings) -> str:
    """Where messages travel: RabbitMQ if it is named, else files of this machine."""
    return "filequeue://localhost//" if settings.embedded_broker else settings.broker_url


def transport_options(settings: Settings, *, durable: bool = False) -> dict[str, Any]:
    """How the transport is to behave; `durable` makes a publish return only when the message is safe."""
    if not settings.embedded_broker:
        return {"confirm_publish": True}
    return {
        "folder": str(settings.queue_folder),
        "polling_interval": POLL_S,
        "durable": durable,
        "rejected": "delete",
    }


def _common(settings: Settings) -> dict[str, Any]:
    exchange = Exchange("dispatch", type="direct", durable=True)
    names = [dispatch_queue(channel, lane) for channel in ("sms", "call", "visit") for lane in LANES]
    queues = [Queue(name, exchange, routing_key=name, durable=True) for name in (*names, SUBMIT)]
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
        "worker_prefetch_multiplier": 2 if settings.embedded_broker else 1,
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
        "concurrency": 1 if lane == "intake" else settings.worker_threads,
        "queues": queues_of(lane),
        "without_gossip": True,
        "without_mingle": True,
        "without_heartbeat": True,
        "loglevel": settings.log_level,
    }
