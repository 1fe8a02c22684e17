"""An upstream that hears what became of its alerts: prints each outcome once, in order. Needs only kombu.

python hear_outcomes.py amqp://user:password@host:5672/vhost bank
"""

import json
import sys

from kombu import Connection, Exchange, Queue


def main(broker: str, source: str) -> None:
    """Print outcomes of one source until interrupted; connects again whenever the broker was away."""
    exchange = Exchange("outcomes", type="topic", no_declare=True)  # ours: name it, do not declare it
    queue = Queue(
        f"outcomes.{source}",
        exchange,
        routing_key=f"outcome.{source}",
        durable=True,
        queue_arguments={"x-queue-type": "quorum"},
    )
    newest: dict[str, int] = {}  # keep this where you keep your alerts: a restart must not forget it

    def hear(body: object, message: object) -> None:
        outcome = json.loads(body) if isinstance(body, (bytes, str)) else body
        whose = outcome["alert"] or outcome.get("dead_letter") or ""
        if outcome["number"] > newest.get(whose, 0):  # at least once: a repeat is older than what you know
            newest[whose] = outcome["number"]
            print(json.dumps(outcome, ensure_ascii=False), flush=True)
        message.ack()  # only now: what you have not kept comes again

    while True:
        try:
            with Connection(broker, heartbeat=30) as connection:
                connection.ensure_connection(max_retries=None)
                with connection.Consumer(queue, callbacks=[hear], accept=["json"], prefetch_count=200):
                    while True:
                        try:
                            connection.drain_events(timeout=10)
                        except TimeoutError:
                            connection.heartbeat_check()
        except connection.connection_errors + connection.channel_errors:
            print("the broker was away, connecting again", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
