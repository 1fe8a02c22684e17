"""Schema v1: what one upstream says in one alert, group by group, as it stands in JSON.

Every text is bounded and free of control characters; a blank optional text counts as absent, so does null.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from dispatcher.alert import checks
from dispatcher.alert.terms import AgeBand, DeviceKind, Sex
from dispatcher.words import FraudType, Risk

# C0 and C1 controls, line separators, and marks that turn the direction of writing
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"

_blank = AfterValidator(checks.blank_is_absent)
Text32 = Annotated[str | None, Field(max_length=32, pattern=NO_CONTROLS), _blank]
Text64 = Annotated[str | None, Field(max_length=64, pattern=NO_CONTROLS), _blank]
Text128 = Annotated[str | None, Field(max_length=128, pattern=NO_CONTROLS), _blank]
Text256 = Annotated[str | None, Field(max_length=256, pattern=NO_CONTROLS), _blank]
Text2048 = Annotated[str | None, Field(max_length=2048, pattern=NO_CONTROLS), _blank]
Account = Annotated[str, Field(max_length=128, pattern=NO_CONTROLS), AfterValidator(checks.filled)]
_nobody = AfterValidator(checks.nobodys_number)
Reason = Annotated[Text128, AfterValidator(checks.nobodys_words)]
Reference = Annotated[str, Field(max_length=128, pattern=NO_CONTROLS), AfterValidator(checks.filled), _nobody]

Instant = Annotated[
    datetime | None,
    PlainValidator(checks.instant),
    WithJsonSchema({"type": ["string", "null"], "format": "date-time", "maxLength": 40}),
]
Source = Annotated[
    str,
    PlainValidator(checks.source),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64}),
]
RegionCode = Annotated[
    str | None,
    PlainValidator(checks.region),
    WithJsonSchema({"type": ["string", "null"], "pattern": "^[0-9]{6}$"}),
]
Phone = Annotated[
    str,
    PlainValidator(checks.phone),
    WithJsonSchema({"type": "string", "minLength": 10, "maxLength": 32}),
]
Yuan = Annotated[
    Decimal | None,
    PlainValidator(checks.yuan),
    WithJsonSchema({"type": ["number", "null"], "minimum": 0, "maximum": checks.MOST_YUAN}),
]
RiskWord = Annotated[Risk, PlainValidator(checks.risk), WithJsonSchema({"type": "string", "enum": list(checks.RISKS)})]
TypeWord = Annotated[
    FraudType, PlainValidator(checks.fraud_type), WithJsonSchema({"type": "string", "enum": list(checks.FRAUD_TYPES)})
]
SexWord = Annotated[Sex | None, PlainValidator(checks.sex), WithJsonSchema({"enum": [*checks.SEXES, None]})]
AgeWord = Annotated[
    AgeBand | None, PlainValidator(checks.age_band), WithJsonSchema({"enum": [*checks.AGE_BANDS, None]})
]
DeviceWord = Annotated[
    DeviceKind | None, PlainValidator(checks.device_kind), WithJsonSchema({"enum": [*checks.DEVICES, None]})
]


class Group(BaseModel):
    """A group of fields: nothing unknown, nothing converted, nothing changed afterwards, nothing shown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    def __repr__(self) -> str:
        # a log line or a failing test must not tell who it is
        return f"{type(self).__name__}(…)"

    __str__ = __repr__


class Victim(Group):
    """The person in danger; the phone is the key, all else is optional."""

    phone: Phone = Field(description="Mainland mobile or landline; kept as E.164, +86…")
    name: Text64 = None
    id_number: Annotated[Text32, AfterValidator(checks.identity)] = Field(
        None, description="18 characters; an area code that is unknown here is a warning only"
    )
    bank_card: Annotated[Text32, AfterValidator(checks.bank_card)] = Field(None, description="12 to 19 digits")
    accounts: Annotated[list[Account], Field(max_length=20)] | None = Field(
        None, description="Other accounts: payment, chat, shop"
    )
    sex: SexWord = None
    age_band: AgeWord = Field(None, description="Whole years, both ends included")
    address: Text256 = None


class Suspect(Group):
    """What is known of the other side."""

    phone: Text32 = Field(None, description="As shown to the victim, any notation")
    website: Text2048 = None
    app: Text128 = None
    ip: Annotated[Text64, AfterValidator(checks.ip)] = Field(None, description="IPv4 or IPv6, without a port")
    bank_account: Text64 = None
    device_kind: DeviceWord = None


class Signal(Group):
    """What made the upstream speak."""

    call_count: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(None, description="Calls, >= 0")
    call_seconds: Annotated[int, Field(ge=0, le=100_000_000)] | None = Field(
        None, description="Seconds of all calls together, >= 0"
    )
    amount_yuan: Yuan = Field(None, description="Yuan at stake, >= 0, at most two decimals")


MOST_REVISIONS = 1_000_000


class Message(Group):
    """One upstream's word that one person seems to be being cheated."""

    source: Source = Field(description="The upstream, one that the deployment knows")
    source_ref: Reference = Field(description="The upstream's own id of this alert; with `source` it is unique")
    batch: Annotated[Text64, _nobody] = Field(None, description="The upstream's batch; no part of what the alert means")
    risk: RiskWord
    fraud_type: TypeWord
    occurred_at: Instant = Field(None, description="When it happened; with its offset from UTC")
    pushed_at: Instant = Field(None, description="When the upstream sent it (the 24 h clock); else its receipt")
    region: RegionCode = Field(None, description="GB/T 2260, six digits; an old code is rolled up")
    test: bool = Field(False, description="A trial alert, told apart in every figure")
    revision: Annotated[int, Field(ge=1, le=MOST_REVISIONS)] = Field(
        1, description="Counts what was said of this alert: a higher one amends it, a lower one comes too late"
    )
    withdraw: Literal[False] = Field(False, description="True takes the alert back: then only its name is needed")
    victim: Victim
    suspect: Suspect | None = None
    signal: Signal | None = None


class Withdraw(Group):
    """The upstream's word that an alert of its own was wrong. The alert's other fields may stand, and are not read."""

    source: Source
    source_ref: Reference
    withdraw: Literal[True]
    reason: Reason = Field(None, description="Why it is withdrawn; only with `withdraw`; names no person")
    batch: Any = None
    risk: Any = None
    fraud_type: Any = None
    occurred_at: Any = None
    pushed_at: Any = None
    region: Any = None
    test: Any = None
    revision: Any = None
    victim: Any = None
    suspect: Any = None
    signal: Any = None
