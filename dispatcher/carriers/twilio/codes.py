"""What Twilio's statuses and error codes mean. A code of news is a status, or the error code where one is given."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.words import Outcome

DICTIONARY = "Twilio, Error and Warning Dictionary; Message Status Values; Call Status Values"

# Source: Twilio, Message resource, "Message Status Values"; error codes from its Error and Warning Dictionary.
# Statuses failed and undelivered without an error code tell no reason: unknown.
TEXTS: Mapping[str, Outcome | None] = {
    "accepted": None,
    "scheduled": None,
    "queued": None,
    "sending": None,
    "sent": None,
    "delivered": Outcome.DELIVERED,
    "read": Outcome.DELIVERED,
    "30001": Outcome.GATEWAY_TEMPORARY,  # queue overflow
    "30002": Outcome.OUR_FAULT,  # account suspended
    "30003": Outcome.PHONE_TEMPORARY,  # unreachable handset
    "30004": Outcome.BLOCKED,  # message blocked
    "30005": Outcome.BAD_NUMBER,  # unknown handset
    "30006": Outcome.BAD_NUMBER,  # landline or unreachable carrier
    "30007": Outcome.OUR_FAULT,  # filtered for its content
    "30008": Outcome.UNKNOWN,
    "21211": Outcome.BAD_NUMBER,
    "21610": Outcome.BLOCKED,  # the person has unsubscribed
    "21614": Outcome.BAD_NUMBER,  # not a number that takes texts
}

# Source: Twilio, Call resource, "Call Status Values", and AnsweredBy of "Answering Machine Detection".
# `failed` covers numbers that do not exist, that are suspended and networks that fail: what is no more than temporary.
CALLS: Mapping[str, Outcome | None] = {
    "queued": None,
    "initiated": None,
    "ringing": None,
    "in-progress": None,
    "gather-timeout": None,  # a machine presses no key either: `completed` tells
    "key-1": Outcome.KEY_UNDERSTOOD,
    "key-2": Outcome.KEY_PAID,
    "key-other": Outcome.HEARD,
    "completed": Outcome.HEARD,
    "completed-short": Outcome.HUNG_UP,
    "completed-machine": Outcome.MACHINE,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "failed": Outcome.UNREACHABLE,
    "canceled": Outcome.PLATFORM_FAULT,
    "21211": Outcome.INVALID_NUMBER,
}

OUR_FAULTS = frozenset({"20003", "20404", "21212", "21606", "21608", "30002"})
"""Refusals that say that our account, key or sender number is wrong.

Source: Twilio's dictionary: authentication, not found, invalid From, From not text-capable, unverified on trial."""
BUSY = frozenset({"20429"})
"""Source: the same: too many requests."""

MACHINES = ("machine", "fax")
"""How `AnsweredBy` begins where no person answered."""
