"""Flower: shows workers and queues, changes nothing, asks for a name and a password; all secrets come from files."""

import os
from pathlib import Path

SECRETS = Path(os.environ.get("SECRETS", "/run/secrets"))

os.environ["CELERY_BROKER_URL"] = (SECRETS / "broker_url").read_text().strip()
broker_api = (SECRETS / "broker_api").read_text().strip()
basic_auth = [(SECRETS / "flower_auth").read_text().strip()]
read_only = True
# our workers send no events (see docs/how-to/run-with-compose.md): do not ask them to
enable_events = False
address = os.environ.get("FLOWER_ADDRESS", "")
