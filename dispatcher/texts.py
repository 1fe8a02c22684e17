"""What is said to whom: the text of a fraud type, the robot's script, the caller's words.

None of these takes a person as an argument, so none can carry a person's data.
"""

from functools import cache

from config.faults import ConfigurationFault
from config.messages import Messages, utf16_units
from dispatcher.words import FraudType

ONE_PART_UNITS = 70
PART_UNITS = 67
"""A text of several parts gives three units of each to the joining header. Source: GSM 03.40, UCS-2."""


@cache
def shipped() -> Messages:
    """The texts that come with the package, read once."""
    return complete(Messages.load())


def complete(messages: Messages) -> Messages:
    """The same messages, when they have words for every fraud type and for no other.

    Raises:
        ConfigurationFault: types are missing, or are none of ours. Mend the messages file.
    """
    ours = {str(fraud_type) for fraud_type in FraudType}
    odd = sorted(ours ^ set(messages.types))
    if odd:
        raise ConfigurationFault(f"messages.types.{code}: missing, or no fraud type of ours" for code in odd)
    return messages


def segments(text: str) -> int:
    """How many parts a text is billed as: one up to 70 UTF-16 units, else one for each 67 begun.

    The signature counts, so hand in what is really sent. An empty text is one part.
    """
    units = utf16_units(text)
    return 1 if units <= ONE_PART_UNITS else -(-units // PART_UNITS)


def text_for(fraud_type: FraudType, messages: Messages | None = None, *, after_transfer: bool = False) -> str:
    """The warning for this type, signature first; `after_transfer` when the person says he has paid."""
    words = messages or shipped()
    body = words.after_transfer if after_transfer else words.types[fraud_type].text
    return words.signature + body


def duty_text(messages: Messages | None = None) -> str:
    """For the duty phone of a unit that has not looked: that there is work, not whose."""
    words = messages or shipped()
    return words.signature + words.duty


def script_for(fraud_type: FraudType, messages: Messages | None = None) -> str:
    """What the robot speaks: who calls, the type's warning, then key 1 (understood) and key 2 (has paid)."""
    words = messages or shipped()
    return words.robot_opening + words.types[fraud_type].text + words.robot_keys


def caller_words(fraud_type: FraudType, messages: Messages | None = None) -> str:
    """What loosens the lever of this type, for a human caller to say first."""
    words = messages or shipped()
    return words.callers[words.types[fraud_type].lever]


def type_name(fraud_type: FraudType, messages: Messages | None = None) -> str:
    """The type's Chinese name."""
    return (messages or shipped()).types[fraud_type].name
