"""The policy file: what ships is right, what is wrong is told whole, what is frozen comes back the same."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.faults import ConfigurationFault
from config.policy import FOLDER, Policy, load_policy, policy_from_text

Level = dict[str, Any]


def shipped() -> dict[str, Any]:
    """The default policy as TOML tells it."""
    return tomllib.loads((FOLDER / "default.toml").read_text("utf-8"))


def written(folder: Path, text: str) -> str:
    """A policy file of a deployment's own; its path."""
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return str(path)


def faults_in(folder: Path, text: str) -> list[str]:
    """What is told of this file."""
    with pytest.raises(ConfigurationFault) as fault:
        load_policy(written(folder, text))
    return fault.value.faults


@pytest.mark.parametrize("name", ["default", "demo"])
def test_what_ships_is_right_and_freezes(name: str) -> None:
    """A shipped policy is read, written into a case, and read back as the same value under the same digest."""
    policy = load_policy(name)
    again = policy_from_text(policy.text)
    assert again == policy
    assert again.digest == policy.digest
    assert len(policy.digest) == 64


def test_the_demo_differs_in_durations_alone() -> None:
    """Tries, caps, channels, flash and shares of the demo are the default's, so that a demo shows the real thing."""
    for risk in ("L1", "L2", "L3", "L4"):
        default, demo = (_counts(load_policy(name).level(risk).model_dump()) for name in ("default", "demo"))
        assert default == demo


def _counts(level: Level) -> Level:
    """A level without its durations and hours."""
    return {
        name: _counts(value) if isinstance(value, dict) else value
        for name, value in level.items()
        if not name.endswith(("_s", "opens", "closes"))
    }


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Five mistakes in five places: five sentences, each with its place, in one go."""
    text = (
        (FOLDER / "default.toml")
        .read_text("utf-8")
        .replace("idle_s = 180", "idle_s = -1")
        .replace("sms = 3", "sms = 0")
        .replace("hand_over_s = 10,", 'hand_over_s = "soon",')
        .replace("closes = 20:00:00", "closes = 07:00:00")
        .replace("sign_in_s = 600\n", "sing_in_s = 600\n")
    )
    told = "\n".join(faults_in(tmp_path, text))
    for place in (
        "notices.idle_s",
        "fatigue.sms",
        "levels.L1.sms.hand_over_s",
        "levels.L4.robot",
        "levels.L2.sing_in_s",
    ):
        assert place in told, told
    assert "opens must be before closes" in told


def test_a_level_that_sends_people_needs_both_their_limits(tmp_path: Path) -> None:
    """No sign-in and no feedback limit at L1: both are asked for at once."""
    text = (FOLDER / "default.toml").read_text("utf-8")
    text = text.replace("sign_in_s = 300\n", "").replace("feedback_s = 14400\n", "")
    told = "\n".join(faults_in(tmp_path, text))
    assert "sign_in_s" in told
    assert "feedback_s" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda levels: levels["L3"].pop("robot"), "needs a robot"),
        (lambda levels: levels["L3"]["robot"].pop("closes"), "both opens and closes"),
        (lambda levels: levels.pop("L4"), "L4"),
        (lambda levels: levels.update(L5=levels["L4"]), "L5"),
        (lambda levels: levels["L4"].update(follow_up_share=1.5), "follow_up_share"),
        (lambda levels: levels["L1"]["sms"].update(tries=0), "levels.L1.sms.tries"),
        (lambda levels: levels["L1"].pop("sms"), "levels.L1.sms"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(change: Callable[[Level], object], told: str) -> None:
    """Each mistake alone is found, and the sentence names what would be right."""
    values = shipped()
    change(values["levels"])
    with pytest.raises(ValueError, match=told):
        Policy.model_validate(values)


def test_missing_levels_are_told_beside_other_faults(tmp_path: Path) -> None:
    """No L4, and a wrong figure elsewhere: both are told."""
    text = (FOLDER / "default.toml").read_text("utf-8").replace("idle_s = 180", "idle_s = 0")
    told = "\n".join(faults_in(tmp_path, text[: text.index("[levels.L4]")]))
    assert "L4 missing" in told
    assert "notices.idle_s" in told


def test_a_prefecture_may_have_its_own_limits(tmp_path: Path) -> None:
    """One city signs in within three minutes; all else, and everybody else, is as before."""
    text = (FOLDER / "default.toml").read_text("utf-8") + "\n[prefectures.1401.levels.L1]\nsign_in_s = 180\n"
    policy = load_policy(written(tmp_path, text))
    city = policy.for_region("140105")
    assert city.level("L1").sign_in_s == 180
    assert city.level("L1").sms == policy.level("L1").sms
    assert policy.for_region("140203") is policy
    assert len({city.digest, policy.digest, load_policy("default").digest}) == 3
    assert policy_from_text(city.text) == city


def test_a_prefectures_faults_are_told_at_the_start(tmp_path: Path) -> None:
    """A wrong figure of one city is found when the file is read, not when its first alert comes."""
    text = (FOLDER / "default.toml").read_text("utf-8") + "\n[prefectures.1401.levels.L1]\nsign_in_s = -180\n"
    assert "sign_in_s" in "\n".join(faults_in(tmp_path, text))


def test_a_prefecture_is_named_by_four_digits(tmp_path: Path) -> None:
    """Six digits would never be found: refused instead of ignored."""
    text = (FOLDER / "default.toml").read_text("utf-8") + "\n[prefectures.140100.levels.L1]\nsign_in_s = 180\n"
    assert "prefectures" in "\n".join(faults_in(tmp_path, text))


def test_no_such_policy_and_no_toml_are_told(tmp_path: Path) -> None:
    """A wrong name lists the known ones; a broken file is called broken."""
    with pytest.raises(ConfigurationFault, match="default, demo"):
        load_policy("deamon")
    assert "not TOML" in faults_in(tmp_path, "name = ")[0]
