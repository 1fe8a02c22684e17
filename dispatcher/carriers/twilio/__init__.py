"""Twilio's language, API 2010-04-01: messages and calls.

codes.py    what its statuses and errors mean
signing.py  how its callbacks are signed
asking.py   how a try is asked for and the reply read
calls.py    the script as TwiML, a call's request, its news
texts.py    a message's request, its news
"""

from dispatcher.carriers.twilio.calls import LANGUAGE as CALLS
from dispatcher.carriers.twilio.texts import LANGUAGE as TEXTS

__all__ = ["CALLS", "TEXTS"]
