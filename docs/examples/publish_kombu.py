"""Publish alerts with kombu, and send again what has no answer: python publish_kombu.py alerts.jsonl

AMQP_URL is the broker, ANSWER_WITHIN_S how long an answer may take. Exit code 1 if an alert was refused.
"""

import json
import os
import re
import sys
import time

from kombu import Connection, Consumer, Exchange, Producer, Queue

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")
ANSWER_WITHIN_S = float(os.environ.get("ANSWER_WITHIN_S", "60"))
ANSWERS = {"accepted", "repeated", "amended", "withdrawn", "refused"}
# both exchanges are ours: name them, never declare them with arguments of your own
ALERTS = Exchange("alerts", type="topic", no_declare=True)
OUTCOMES = Exchange("outcomes", type="topic", no_declare=True)

with open(sys.argv[1], encoding="utf-8") as lines:
    alerts = [json.loads(line) for line in lines if line.strip()]
waiting = {(alert["source"], alert["source_ref"]): alert for alert in alerts}
sent: dict[tuple[str, str], float] = {}
refused = 0


def publish(producer, key):
    """One alert, persistent; returns when the broker holds it. That is no answer yet."""
    risk = str(waiting[key].get("risk", "L4")).lower()
    producer.publish(
        json.dumps(waiting[key], ensure_ascii=False).encode(),
        routing_key=f"alert.{risk}",
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode="persistent",
        mandatory=True,
        confirm_timeout=60,  # a broker in alarm holds publishers back: begin anew
    )
    sent[key] = time.monotonic()


def told(message):
    """An outcome: the first one for an alert of ours is its answer."""
    global refused
    outcome = json.loads(message.body)
    key = (outcome["source"], outcome["source_ref"])
    if outcome["what"] in ANSWERS and waiting.pop(key, None) is not None:
        refused += outcome["what"] == "refused"
        print(key[1], outcome["what"], flush=True)
    message.ack()


def work():
    """Publish and listen over one connection, until everything is answered."""
    # a queue of your own, which keeps outcomes while you are away
    words = sorted({re.sub(r"[^A-Za-z0-9_-]+", "_", source) for source, _ in waiting})
    arguments = {"x-queue-type": "quorum"}
    name = "outcomes." + "+".join(words)
    queues = [Queue(name, OUTCOMES, f"outcome.{word}", durable=True, queue_arguments=arguments) for word in words]
    with Connection(URL, heartbeat=30, connect_timeout=5, transport_options={"confirm_publish": True}) as connection:
        producer = Producer(connection.channel(), ALERTS, serializer=None)
        with Consumer(connection.channel(), queues, on_message=told, accept=None, prefetch_count=100):
            while waiting:
                for key in list(waiting):
                    if key in waiting and time.monotonic() - sent.get(key, -ANSWER_WITHIN_S) >= ANSWER_WITHIN_S:
                        publish(producer, key)
                try:
                    connection.drain_events(timeout=0.2)
                except TimeoutError:
                    connection.heartbeat_check()


while waiting:
    try:
        work()
    # what the broker did not confirm is published again; repeats are harmless
    except (OSError, *Connection(URL).connection_errors, *Connection(URL).channel_errors) as fault:
        print(f"again in 2 s: {type(fault).__name__}", file=sys.stderr)
        time.sleep(2)
sys.exit(1 if refused else 0)
