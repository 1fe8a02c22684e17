"""The carriers' languages as pure functions: one file a carrier, the vendor's codes as tables under their source.

LANGUAGES is the table of kinds: one line a kind, as in `config/carriers/kinds.py` and `workers/carriers/`.
"""

from __future__ import annotations

from collections.abc import Mapping

from config.carriers.base import CarrierSettings
from config.carriers.generic import Http
from dispatcher.carriers import aliyun, generic, kannel, simulator, tencent, twilio
from dispatcher.carriers.language import Language
from dispatcher.words import Outcome

LANGUAGES: Mapping[str, Language] = {
    "simulator_sms": simulator.TEXTS,
    "simulator_call": simulator.CALLS,
    "twilio_sms": twilio.TEXTS,
    "twilio_voice": twilio.CALLS,
    "aliyun_sms": aliyun.SMS,
    "aliyun_voice": aliyun.VOICE,
    "tencent_sms": tencent.SMS,
    "tencent_voice": tencent.VOICE,
    "kannel": kannel.LANGUAGE,
}
"""By kind; but `http`, whose language its section describes: `language_for` knows all."""


def language_for(section: CarrierSettings) -> Language:
    """The language of a section of the carriers file. Raises: KeyError: a kind without one, a fault of the program."""
    return generic.language_of(section) if isinstance(section, Http) else LANGUAGES[section.kind]


def outcome_of(kind: str, code: str) -> Outcome | None:
    """What a code of a kind of carrier means, before any override; None when it is not final. A code that no table has
    is `unknown`. See `Network.meaning` for a deployment's own carriers."""
    return LANGUAGES[kind].codes.get(code, Outcome.UNKNOWN)
