"""What is promised at which risk level, and by when: the policy, read from TOML and checked whole.

A policy is a value. It is frozen into a case when the case is planned (by the digest of its text), so that a
change of policy tonight does not move the goal posts of yesterday's cases. No public source gives minute
deadlines: all figures are proposals, kept here and nowhere in code. Durations are seconds, `_s` in the name.
"""

from __future__ import annotations

import hashlib
import tomllib
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from config.faults import ConfigurationFault, faults_of

FOLDER = Path(__file__).parent / "policies"

Positive = Field(gt=0)

PrefectureCode = Annotated[str, Field(pattern=r"^\d{4}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SmsRule(_Value):
    """How a level's text is sent: hand-over promise, tries after a temporary refusal, wait for the receipt."""

    hand_over_s: float = Positive
    flash: bool = False
    tries: int = Field(ge=1, le=9)
    retry_s: float = Positive
    news_s: float = Positive
    repeat_unsure_after_s: float | None = Field(default=None, gt=0)


class RobotRule(_Value):
    """How often and between which hours (local) a robot calls; `opens` None means at any hour."""

    tries: int = Field(ge=1, le=9)
    redial_s: float = Positive
    news_s: float = Positive
    opens: time | None = None
    closes: time | None = None

    @model_validator(mode="after")
    def _hours_come_in_pairs(self) -> RobotRule:
        if (self.opens is None) != (self.closes is None):
            raise ValueError("give both opens and closes, or neither")
        if self.opens is not None and self.closes is not None and self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self


class HumanRule(_Value):
    """How often a person redials, from which miss on relatives are called, and how long a report may take."""

    start: Literal["at_once", "after_robot"]
    tries: int = Field(ge=1, le=30)
    redial_s: float = Positive
    report_s: float = Positive
    relatives_from_miss: int | None = Field(default=None, ge=1)
    relative_tries: int = Field(default=3, ge=1, le=9)
    busy_escalates_after_s: float | None = Field(default=None, gt=0)


class VisitRule(_Value):
    """When an officer goes, and how long his report may take before the visit counts as unknown."""

    start: Literal["at_once", "escalated"]
    report_s: float = Positive


class LevelRule(_Value):
    """Everything one risk level promises. A channel that is absent is not used at this level."""

    sms: SmsRule
    robot: RobotRule | None = None
    human: HumanRule | None = None
    visit: VisitRule | None = None
    sign_in_s: float | None = Field(default=None, gt=0)
    contact_s: float | None = Field(default=None, gt=0)
    met_s: float | None = Field(default=None, gt=0)
    feedback_s: float | None = Field(default=None, gt=0)
    follow_ups_s: tuple[float, ...] = ()
    follow_up_share: float = Field(default=1.0, ge=0, le=1)
    closes_itself_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _people_need_limits(self) -> LevelRule:
        faults = []
        if self.human or self.visit:
            limits = {"sign_in_s": self.sign_in_s, "feedback_s": self.feedback_s}
            faults += [
                f"{name} is needed where people are sent (human or visit)"
                for name, limit in limits.items()
                if limit is None
            ]
        if self.human and self.human.start == "after_robot" and self.robot is None:
            faults.append('human.start = "after_robot" needs a robot')
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Fatigue(_Value):
    """How often one person may be reached for in a sliding window by machines; L1 and L2 are exempt."""

    sms: int = Field(ge=1)
    robot: int = Field(ge=1)
    window_s: float = Positive


class Joining(_Value):
    """When an alert joins an earlier case of the same person and type, and when it counts as a second warning."""

    dissuaded_takes_s: float = Positive
    second_warning_s: float = Positive
    second_source_s: float = Positive


class Notices(_Value):
    """Whom to tell when nobody looks: the duty phone after `idle_s`; a reminder at this share of the limit."""

    idle_s: float = Positive
    remind_share: float = Field(gt=0, lt=1)


class Policy(_Value):
    """One whole policy; `levels` has exactly L1, L2, L3 and L4."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    on_time_push_s: float = Positive
    fatigue: Fatigue
    joining: Joining
    notices: Notices
    levels: dict[Literal["L1", "L2", "L3", "L4"], LevelRule]
    prefectures: dict[PrefectureCode, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("levels", mode="after")
    @classmethod
    def _all_levels(cls, levels: dict[str, LevelRule]) -> dict[str, LevelRule]:
        if missing := [level for level in ("L1", "L2", "L3", "L4") if level not in levels]:
            raise ValueError(f"{', '.join(missing)} missing")
        return levels

    def level(self, risk: str) -> LevelRule:
        """The rule of a level, "L1" .. "L4"."""
        return self.levels[risk]  # type: ignore[index]  # a Risk is one of the four literals

    @cached_property
    def text(self) -> str:
        """The canonical JSON of this policy, as it is frozen into cases."""
        return self.model_dump_json()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `text`, 64 hex digits: the key under which the policy is kept."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def for_region(self, region: str) -> Policy:
        """This policy with the overrides of the region's prefecture (first four digits), if it has any."""
        override = self.prefectures.get(region[:4])
        if not override:
            return self
        return self._by_prefecture[region[:4]]

    @cached_property
    def _by_prefecture(self) -> dict[str, Policy]:
        base = self.model_dump(mode="json", exclude={"prefectures"})
        return {code: Policy.model_validate(_merged(base, over)) for code, over in self.prefectures.items()}


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        out[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def load_policy(name: str, folder: Path = FOLDER) -> Policy:
    """Read a policy by name from `folder`, or from a path that ends in .toml.

    Raises: ConfigurationFault: every fault of the file at once.
    """
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.toml")))
        raise ConfigurationFault([f"policy: no policy of that name; known: {known}, or give a path to a .toml file"])
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text("utf-8")))
        _ = policy._by_prefecture
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationFault([f"policy {name}: not TOML: {fault}"]) from fault
    except ValidationError as fault:
        raise ConfigurationFault([f"policy {name}: {line}" for line in faults_of(fault)]) from fault
    return policy


def policy_from_text(text: str) -> Policy:
    """The policy that `Policy.text` wrote."""
    return Policy.model_validate_json(text)
