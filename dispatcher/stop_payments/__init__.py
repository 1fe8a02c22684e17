"""Emergency stops of payments, 紧急止付: proposed by what was heard, decided by a person, executed by the bank.

    proposed → requested → answered
             → dismissed

listing   what is open or was, for those who decide
deciding  a named person requests, dismisses, or notes the bank's answer
"""

from dispatcher.stop_payments.deciding import LASTS, Wanted, account_of, answer, dismiss, request
from dispatcher.stop_payments.listing import NoSuchStop, Stop, stops_of
from dispatcher.stop_payments.rules import AlreadyDecided, AlreadyRequested, StoppedTwice

__all__ = [
    "LASTS",
    "AlreadyDecided",
    "AlreadyRequested",
    "NoSuchStop",
    "Stop",
    "StoppedTwice",
    "Wanted",
    "account_of",
    "answer",
    "dismiss",
    "request",
    "stops_of",
]
