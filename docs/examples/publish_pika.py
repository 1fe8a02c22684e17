"""Publish alerts with pika, and send again what has no answer: python publish_pika.py alerts.jsonl

AMQP_URL is the broker, ANSWER_WITHIN_S how long an answer may take. Exit code 1 if an alert was refused.
"""

import json
import os
import re
import sys
import time

import pika
from pika.exceptions import AMQPError

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/%2F")
ANSWER_WITHIN_S = float(os.environ.get("ANSWER_WITHIN_S", "60"))
ANSWERS = {"accepted", "repeated", "amended", "withdrawn", "refused"}
PROPERTIES = pika.BasicProperties(content_type="application/json", delivery_mode=pika.DeliveryMode.Persistent)

with open(sys.argv[1], encoding="utf-8") as lines:
    alerts = [json.loads(line) for line in lines if line.strip()]
waiting = {(alert["source"], alert["source_ref"]): alert for alert in alerts}
sent: dict[tuple[str, str], float] = {}
refused = 0


def publish(channel, key):
    """One alert, persistent; returns when the broker holds it. That is no answer yet."""
    risk = str(waiting[key].get("risk", "L4")).lower()
    body = json.dumps(waiting[key], ensure_ascii=False).encode()
    channel.basic_publish("alerts", f"alert.{risk}", body, PROPERTIES, mandatory=True)
    sent[key] = time.monotonic()


def told(channel, method, _properties, body):
    """An outcome: the first one for an alert of ours is its answer."""
    global refused
    outcome = json.loads(body)
    key = (outcome["source"], outcome["source_ref"])
    if outcome["what"] in ANSWERS and waiting.pop(key, None) is not None:
        refused += outcome["what"] == "refused"
        print(key[1], outcome["what"], flush=True)
    channel.basic_ack(method.delivery_tag)


def work():
    """Publish and listen over one connection, until everything is answered."""
    parameters = pika.URLParameters(URL)
    parameters.heartbeat = 30
    parameters.blocked_connection_timeout = 60  # a broker in alarm holds publishers back: begin anew
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        # a queue of your own, which keeps outcomes while you are away
        words = sorted({re.sub(r"[^A-Za-z0-9_-]+", "_", source) for source, _ in waiting})
        queue = "outcomes." + "+".join(words)
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        for word in words:
            channel.queue_bind(queue, "outcomes", f"outcome.{word}")
        channel.basic_consume(queue, told)
        while waiting:
            for key in list(waiting):
                if key in waiting and time.monotonic() - sent.get(key, -ANSWER_WITHIN_S) >= ANSWER_WITHIN_S:
                    publish(channel, key)
            connection.process_data_events(time_limit=0.2)


while waiting:
    try:
        work()
    except AMQPError as fault:  # what the broker did not confirm is published again; repeats are harmless
        print(f"again in 2 s: {type(fault).__name__}", file=sys.stderr)
        time.sleep(2)
sys.exit(1 if refused else 0)
