"""Aliyun's codes: of the answer to a request, of a text's report, of a call's report."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.carriers import operators
from dispatcher.words import Outcome

# Source: the vendor's API error codes of the SMS and voice services. `isv` is what the caller did, `isp` the platform.
REFUSALS: Mapping[str, Outcome] = {
    "isv.MOBILE_NUMBER_ILLEGAL": Outcome.BAD_NUMBER,
    "isv.SMS_SIGNATURE_ILLEGAL": Outcome.OUR_FAULT,
    "isv.SMS_TEMPLATE_ILLEGAL": Outcome.OUR_FAULT,
    "isv.SMS_CONTENT_ILLEGAL": Outcome.OUR_FAULT,
    "isv.TEMPLATE_MISSING_PARAMETERS": Outcome.OUR_FAULT,
    "isv.INVALID_PARAMETERS": Outcome.OUR_FAULT,
    "isv.INVALID_JSON_PARAM": Outcome.OUR_FAULT,
    "isv.BLACK_KEY_CONTROL_LIMIT": Outcome.OUR_FAULT,
    "isv.PARAM_LENGTH_LIMIT": Outcome.OUR_FAULT,
    "isv.PARAM_NOT_SUPPORT_URL": Outcome.OUR_FAULT,
    "isv.OUT_OF_SERVICE": Outcome.OUR_FAULT,
    "isv.AMOUNT_NOT_ENOUGH": Outcome.OUR_FAULT,
    "isv.PRODUCT_UN_SUBSCRIPT": Outcome.OUR_FAULT,
    "isv.PRODUCT_UNSUBSCRIBE": Outcome.OUR_FAULT,
    "isv.ACCOUNT_NOT_EXISTS": Outcome.OUR_FAULT,
    "isv.ACCOUNT_ABNORMAL": Outcome.OUR_FAULT,
    "isp.RAM_PERMISSION_DENY": Outcome.OUR_FAULT,
    "isp.SYSTEM_ERROR": Outcome.GATEWAY_TEMPORARY,
}

THROTTLED = ("isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "Throttling")
"""Codes that begin so: too often, for this person or for this account. Surely not sent."""

PLATFORM = "isp."
"""What no table has and begins so went wrong at the platform, before or after it was taken: it does not tell."""

NONCE_USED = "SignatureNonceUsed"
"""The very same request came before: whether that one was taken, this answer does not tell."""

# Source: the report's `success`, beside the operators' codes.
SUCCESS, FAILURE = "success", "failure"
SMS: Mapping[str, Outcome | None] = {**operators.CODES, SUCCESS: Outcome.DELIVERED, FAILURE: Outcome.UNKNOWN}

KEY = "300000/"
"""A pressed key is told by this status and `dtmf`: `300000/1`."""

# Source: the vendor's list of call states (单呼, a call to one number). 200005 covers both a rejected call and one
# that the operator could not connect. What `smart_status_code` says of a machine is in no list that we have seen: such
# a call is told by its status alone.
CALLS: Mapping[str, Outcome | None] = {
    "200000": Outcome.HEARD,
    "200001": Outcome.HUNG_UP,
    "200002": Outcome.BUSY,
    "200003": Outcome.NO_ANSWER,
    "200004": Outcome.INVALID_NUMBER,
    "200005": Outcome.REJECTED,
    "200006": Outcome.PLATFORM_FAULT,
    "200007": Outcome.UNREACHABLE,
    "200008": Outcome.HEARD,  # a key was awaited and none was pressed: heard, not confirmed
    "200010": Outcome.POWERED_OFF,
    "200011": Outcome.SUSPENDED,
    "200117": Outcome.PLATFORM_FAULT,
    "200118": Outcome.PLATFORM_FAULT,
    "200119": Outcome.PLATFORM_FAULT,
    "200121": Outcome.PLATFORM_FAULT,
    "482": Outcome.INVALID_NUMBER,
    "400": Outcome.PLATFORM_FAULT,
    "500": Outcome.PLATFORM_FAULT,
    "999999": Outcome.PLATFORM_FAULT,
    # while a call is being set up, where those reports are subscribed to
    "200101": None,
    "200102": None,
    "200103": None,
    # whoever pressed a key that means nothing has listened all the same
    **{f"{KEY}{key}": Outcome.HEARD for key in "03456789*#"},
    f"{KEY}1": Outcome.KEY_UNDERSTOOD,
    f"{KEY}2": Outcome.KEY_PAID,
}
