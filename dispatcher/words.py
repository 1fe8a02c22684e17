"""The closed lists of the trade: one word for one thing, in code, tables, API and docs alike.

Source: the domain's public vocabulary, see docs/glossary.md. Every list here is closed: a value that is not
in it is refused at the door and by a CHECK constraint in the table.
"""

from enum import StrEnum


class Risk(StrEnum):
    """How dangerous an alert is: L1 特危, L2 高危, L3 中危, L4 低危. L1 is the highest."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"

    @property
    def urgent(self) -> bool:
        """L1 and L2 travel in the urgent lane."""
        return self in (Risk.L1, Risk.L2)

    def raised(self, steps: int = 1) -> "Risk":
        """The level `steps` (>= 0) higher; L1 stays L1."""
        order = list(Risk)
        return order[max(0, order.index(self) - steps)]

    def higher(self, other: "Risk") -> "Risk":
        """The more dangerous of the two."""
        return min(self, other)


class FraudType(StrEnum):
    """What kind of fraud the person seems to be meeting."""

    BRUSH_REBATE = "brush_rebate"
    FAKE_INVESTMENT = "fake_investment"
    FAKE_LOAN = "fake_loan"
    FAKE_CUSTOMER_SERVICE = "fake_customer_service"
    FAKE_ACQUAINTANCE = "fake_acquaintance"
    FAKE_POLICE = "fake_police"
    FAKE_EPIDEMIC_TRACER = "fake_epidemic_tracer"
    ELDER_FRAUD = "elder_fraud"
    FAKE_SHOPPING = "fake_shopping"
    FAKE_CREDIT = "fake_credit"
    ROMANCE = "romance"
    GAME_TRADE = "game_trade"
    OTHER = "other"


class Channel(StrEnum):
    """By which way a person is warned: 短信, 电话, 面对面."""

    SMS = "sms"
    CALL = "call"
    VISIT = "visit"


class Means(StrEnum):
    """Who does it: a carrier's text gateway, a calling robot, a human caller, an officer at the door."""

    CARRIER = "carrier"
    ROBOT = "robot"
    HUMAN = "human"
    OFFICER = "officer"


class Target(StrEnum):
    """Whom it is for: the person himself, a relative, or the duty phone of a unit that has not looked."""

    SELF = "self"
    RELATIVE = "relative"
    DUTY = "duty"


class DispatchState(StrEnum):
    """Where a dispatch stands, told from the person's side; the table of moves is in lifecycle.py."""

    WAITING = "waiting"
    UNDERWAY = "underway"
    HANDED_OVER = "handed_over"
    FULFILLED = "fulfilled"
    MISSED = "missed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing moves it any more but better news or a person's correction."""
        return self in (
            DispatchState.FULFILLED,
            DispatchState.MISSED,
            DispatchState.UNKNOWN,
            DispatchState.CANCELLED,
        )


class Answer(StrEnum):
    """How a carrier's request ended: taken, surely not sent, try later, or nobody can tell."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    BUSY = "busy"
    UNSURE = "unsure"


class Outcome(StrEnum):
    """What a try came to, in our words; every vendor's code maps to one of these, or to `unknown`."""

    # text
    DELIVERED = "delivered"
    BAD_NUMBER = "bad_number"
    BLOCKED = "blocked"
    OUR_FAULT = "our_fault"
    PHONE_TEMPORARY = "phone_temporary"
    GATEWAY_TEMPORARY = "gateway_temporary"
    # call
    HEARD = "heard"
    KEY_UNDERSTOOD = "key_understood"
    KEY_PAID = "key_paid"
    HUNG_UP = "hung_up"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    POWERED_OFF = "powered_off"
    SUSPENDED = "suspended"
    INVALID_NUMBER = "invalid_number"
    PLATFORM_FAULT = "platform_fault"
    # people's work
    REACHED = "reached"
    REFUSED_ADVICE = "refused_advice"
    NOT_REACHED = "not_reached"
    MET = "met"
    VISIT_INVALID = "visit_invalid"
    # none
    FATIGUE = "fatigue"
    UNKNOWN = "unknown"


class CloseCode(StrEnum):
    """How a case ended; `temp_unreachable` 暂时找不到 is the one code that a case carries while open."""

    DISSUADED = "dissuaded"
    TEMP_UNREACHABLE = "temp_unreachable"
    UNREACHABLE = "unreachable"
    FALSE_ALARM = "false_alarm"
    DUPLICATE = "duplicate"
    DEFRAUDED_STOPPED = "defrauded_stopped"
    DEFRAUDED_LOST = "defrauded_lost"
    TRANSFERRED_OUT = "transferred_out"
    AUTO_CLOSED = "auto_closed"


class StopState(StrEnum):
    """Where an emergency stop of a payment stands: 紧急止付, proposed by whatever heard of it, decided by a person."""

    PROPOSED = "proposed"
    REQUESTED = "requested"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class StopReply(StrEnum):
    """What the bank answered: money is stopped, none was left, no such account, or it will not."""

    STOPPED = "stopped"
    NOTHING_LEFT = "nothing_left"
    NO_SUCH_ACCOUNT = "no_such_account"
    REFUSED = "refused"


class DeadlineKind(StrEnum):
    """What was promised by when."""

    SIGN_IN = "sign_in"
    CONTACT = "contact"
    MET = "met"
    FEEDBACK = "feedback"
    FOLLOW_UP = "follow_up"


class Role(StrEnum):
    """What an API key may do; everyone sees the own region's subtree and no more."""

    UPSTREAM = "upstream"
    CALLER = "caller"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


SOURCES = (
    "national_centre",
    "ncac_app",
    "miit_12381",
    "telecom_cmcc",
    "telecom_cucc",
    "telecom_ctcc",
    "bank",
    "payment",
    "internet_company",
    "province_model",
    "hotline_96110",
    "police_110",
    "manual",
)
"""Upstreams known from the start; a deployment adds its own in the settings."""
