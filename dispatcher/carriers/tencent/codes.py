"""Tencent's codes: of the answer to a request or for one number, of a text's report, of a call's report."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.carriers import operators
from dispatcher.words import Outcome

OK = "Ok"

# Source: the vendor's error codes of SMS 2021-01-11 and VMS 2020-09-02, as its SDK lists them.
REFUSALS: Mapping[str, Outcome] = {
    "InvalidParameterValue.IncorrectPhoneNumber": Outcome.BAD_NUMBER,
    "InvalidParameterValue.CalledNumberVerifyFail": Outcome.BAD_NUMBER,
    "FailedOperation.PhoneNumberParseFail": Outcome.BAD_NUMBER,
    "FailedOperation.PhoneNumberInBlacklist": Outcome.BLOCKED,
    "FailedOperation.ContainSensitiveWord": Outcome.OUR_FAULT,
    "FailedOperation.FailResolvePacket": Outcome.OUR_FAULT,
    "FailedOperation.InsufficientBalanceInSmsPackage": Outcome.OUR_FAULT,
    "FailedOperation.InsufficientBalanceInVoicePackage": Outcome.OUR_FAULT,
    "FailedOperation.InvalidJsonParameters": Outcome.OUR_FAULT,
    "FailedOperation.InvalidParameters": Outcome.OUR_FAULT,
    "FailedOperation.JsonParseFail": Outcome.OUR_FAULT,
    "FailedOperation.MissingSignature": Outcome.OUR_FAULT,
    "FailedOperation.PhonenumberUnappliedOrExpired": Outcome.OUR_FAULT,
    "FailedOperation.SignatureIncorrectOrUnapproved": Outcome.OUR_FAULT,
    "FailedOperation.TemplateIdNotExist": Outcome.OUR_FAULT,
    "FailedOperation.TemplateIncorrectOrUnapproved": Outcome.OUR_FAULT,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": Outcome.OUR_FAULT,
    "FailedOperation.TemplateUnapprovedOrNotExist": Outcome.OUR_FAULT,
    "InternalError.JsonParseFail": Outcome.OUR_FAULT,
    "InternalError.RequestTimeException": Outcome.OUR_FAULT,
    "InternalError.RestApiInterfaceNotExist": Outcome.OUR_FAULT,
    "InternalError.SigFieldMissing": Outcome.OUR_FAULT,
    "InternalError.SigVerificationFail": Outcome.OUR_FAULT,
}

OUR_FAULTS = (
    "AuthFailure",
    "InvalidParameter",  # and InvalidParameterValue
    "MissingParameter",
    "UnauthorizedOperation",
    "UnsupportedOperation",
    "InvalidAction",
    "InvalidRequest",
    "NoSuchVersion",
    "UnknownParameter",
    "UnsupportedProtocol",
    "UnsupportedRegion",
)
"""Families: what no table has and begins so was refused for what we asked."""

THROTTLED = ("LimitExceeded", "RequestLimitExceeded")
"""Families: too often, for this person or for this account. Surely not sent."""

PAUSES_S: Mapping[str, float] = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": 30.0,
    "LimitExceeded.PhoneNumberOneHourLimit": 3_600.0,
    "LimitExceeded.PhoneNumberDailyLimit": 3_600.0,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": 3_600.0,
}
"""When it may be tried again, where the code tells; what lasts a day is tried by the hour, as a window slides."""

UNSURE = ("InternalError", "Timeout", "SendRecvFail", "SendAndRecvFail")
"""Where one of these is in a code that no table has, it broke on the way: it may have been sent."""

# Source: the status callback's report_status, beside the operators' codes.
SUCCESS, FAIL = "SUCCESS", "FAIL"
SMS: Mapping[str, Outcome | None] = {**operators.CODES, SUCCESS: Outcome.DELIVERED, FAIL: Outcome.UNKNOWN}

RESULT, KEY, FAILURE = "result/", "key/", "failure/"
"""Which of its callbacks a call's code is from: voiceprompt, voicekey, voice_failure."""

# Source: the vendor's callbacks for voice notifications. That a call was not answered (1) or broke (2) is said before
# the reason is: a try must not be judged, and its person not called again, until voice_failure_callback tells whether
# the number exists. Who does not get that callback says in `codes` what result/1 and result/2 mean.
CALLS: Mapping[str, Outcome | None] = {
    f"{RESULT}0": Outcome.HEARD,
    f"{RESULT}1": None,
    f"{RESULT}2": None,
    # whoever pressed a key that means nothing has listened all the same
    **{f"{KEY}{key}": Outcome.HEARD for key in "03456789*#"},
    f"{KEY}1": Outcome.KEY_UNDERSTOOD,
    f"{KEY}2": Outcome.KEY_PAID,
    f"{FAILURE}1": Outcome.POWERED_OFF,
    f"{FAILURE}2": Outcome.BUSY,
    f"{FAILURE}3": Outcome.UNREACHABLE,
    f"{FAILURE}4": Outcome.SUSPENDED,
    f"{FAILURE}5": Outcome.NO_ANSWER,
    f"{FAILURE}6": Outcome.UNREACHABLE,
    f"{FAILURE}7": Outcome.SUSPENDED,
    f"{FAILURE}8": Outcome.INVALID_NUMBER,
    f"{FAILURE}9": Outcome.PLATFORM_FAULT,
    f"{FAILURE}10": Outcome.BUSY,
    f"{FAILURE}11": Outcome.PLATFORM_FAULT,
    f"{FAILURE}12": Outcome.REJECTED,
    f"{FAILURE}13": Outcome.SUSPENDED,
    f"{FAILURE}15": Outcome.INVALID_NUMBER,
    f"{FAILURE}16": Outcome.MACHINE,
    f"{FAILURE}17": Outcome.SUSPENDED,
    f"{FAILURE}18": Outcome.PLATFORM_FAULT,
    f"{FAILURE}19": Outcome.INVALID_NUMBER,
    f"{FAILURE}20": Outcome.NO_ANSWER,
}
