"""What an alert is (schema v1), and how one is read: wholly right, or refused with every fault at once.

    raw bytes --read--> Alert | Withdrawal | Refused          a queue's message, a line of a file
    JSON value --check--> Alert | Withdrawal | Refused        one item of a request's body

Nothing here looks at a clock or a database: the time and the rules are handed in.
"""

from dispatcher.alert.alert import Alert, RegionFrom, Withdrawal
from dispatcher.alert.faults import Fault, Refused
from dispatcher.alert.message import Message, Signal, Suspect, Victim, Withdraw
from dispatcher.alert.reading import check, read
from dispatcher.alert.rules import Rules
from dispatcher.alert.schema import alert_json_schema
from dispatcher.alert.terms import AgeBand, DeviceKind, Sex

__all__ = [
    "AgeBand",
    "Alert",
    "DeviceKind",
    "Fault",
    "Message",
    "Refused",
    "RegionFrom",
    "Rules",
    "Sex",
    "Signal",
    "Suspect",
    "Victim",
    "Withdraw",
    "Withdrawal",
    "alert_json_schema",
    "check",
    "read",
]
