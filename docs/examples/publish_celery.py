"""Hand alerts to the Celery task `alerts.submit`: python publish_celery.py alerts.jsonl; AMQP_URL is the broker."""

import json
import os
import sys

from celery import Celery
from kombu import Exchange, Queue

app = Celery("upstream", broker=os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//"))
# the queue is ours and a quorum queue: name it, do not declare it
dispatch = Exchange("dispatch", type="direct", no_declare=True)
app.conf.task_queues = [Queue("alerts.submit", dispatch, routing_key="alerts.submit", no_declare=True)]
app.conf.task_default_queue = "alerts.submit"
app.conf.broker_transport_options = {"confirm_publish": True}
app.conf.task_ignore_result = True

with open(sys.argv[1], encoding="utf-8") as lines:
    alerts = [json.loads(line) for line in lines if line.strip()]
for first in range(0, len(alerts), 100):
    app.send_task("alerts.submit", args=[alerts[first : first + 100]], queue="alerts.submit")
