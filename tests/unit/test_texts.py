"""What a person reads and hears: within the rules, counted as the networks count, complete for every type."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.faults import ConfigurationFault
from config.messages import DATA, Messages, faults_of, utf16_units
from dispatcher.alert.terms import FRAUD_TYPE_WORDS
from dispatcher.texts import (
    caller_words,
    complete,
    duty_text,
    script_for,
    segments,
    shipped,
    text_for,
    type_name,
)
from dispatcher.words import FraudType

LENGTHS = {
    FraudType.BRUSH_REBATE: 62,
    FraudType.FAKE_INVESTMENT: 63,
    FraudType.FAKE_LOAN: 60,
    FraudType.FAKE_CUSTOMER_SERVICE: 61,
    FraudType.FAKE_ACQUAINTANCE: 63,
    FraudType.FAKE_POLICE: 64,
    FraudType.FAKE_EPIDEMIC_TRACER: 63,
    FraudType.ELDER_FRAUD: 60,
}


@pytest.mark.parametrize("fraud_type", FraudType)
def test_every_warning_is_one_part(fraud_type: FraudType) -> None:
    """Whatever threatens a person, the warning comes signed, in one part, of the length that was measured."""
    text = text_for(fraud_type)
    assert text.startswith("【山西反诈】")
    assert utf16_units(text) == LENGTHS.get(fraud_type, 60)
    assert segments(text) == 1


def test_after_a_transfer_the_text_says_110() -> None:
    """Somebody who has paid is told to call 110 at once, whatever the fraud was."""
    text = text_for(FraudType.ROMANCE, after_transfer=True)
    assert utf16_units(text) == 57
    assert "110" in text
    assert text == text_for(FraudType.FAKE_POLICE, after_transfer=True)


@pytest.mark.parametrize("fraud_type", FraudType)
def test_the_robot_asks_for_its_two_keys(fraud_type: FraudType) -> None:
    """A person who hears the robot out knows which key says understood and which says paid."""
    script = script_for(fraud_type)
    assert text_for(fraud_type).removeprefix("【山西反诈】") in script
    assert script.index("按1") < script.index("按2")


def test_the_caller_loosens_the_right_lever() -> None:
    """A frightened person is told first that nothing was done wrong; a greedy one is told to withdraw."""
    assert caller_words(FraudType.FAKE_POLICE).startswith("您没有犯事，真警察不会电话办案")
    assert "提现" in caller_words(FraudType.FAKE_INVESTMENT)
    assert "通讯录" in caller_words(FraudType.FAKE_ACQUAINTANCE)


def test_the_duty_phone_learns_of_work_and_of_nobody() -> None:
    """A unit that has not looked is told that there is work, in one part, without a digit of anybody's."""
    assert segments(duty_text()) == 1
    assert not any(character.isdigit() for character in duty_text())


def test_names_are_the_same_in_files_and_in_texts() -> None:
    """A type that a spreadsheet names in Chinese is called the same by the messages."""
    assert {type_name(fraud_type): fraud_type for fraud_type in FraudType} == FRAUD_TYPE_WORDS


@given(st.text(max_size=400))
def test_parts_hold_the_text_and_no_more(text: str) -> None:
    """The bill of any text is right: it fits in its parts and not in one fewer."""
    units, parts = len(text.encode("utf-16-le", "surrogatepass")) // 2, segments(text)
    assert utf16_units(text) == units
    if units <= 70:
        assert parts == 1
    else:
        assert 67 * (parts - 1) < units <= 67 * parts
        assert parts >= 2


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_words_never_cost_less(text: str, more: str) -> None:
    """Adding words to a warning never makes it cheaper."""
    assert segments(text + more) >= segments(text)


@pytest.mark.parametrize(("length", "parts"), [(0, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_where_the_parts_begin(length: int, parts: int) -> None:
    """The seventy-first unit costs a second part, the 135th a third."""
    assert segments("安" * length) == parts
    assert segments("😀" * (length // 2) + "a" * (length % 2)) == parts


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("请看 https://a.example", "link"),
        ("详见 fanzha.cn", "link"),
        ("请加微信核实", "chat"),
        ("请拨打13800138000", "number"),
        ("请拨打０３５１", "number"),
        ("您将损失五千元", "amount"),
        ("王先生，您好", "person"),
        ("您好{name}", "slot"),
        ("请点击核实", "asks"),
        ("收到请回复", "asks"),
        ("请立即支付", "asks"),
        ("停\x00下", "control"),
        ("  ", "empty"),
        ("安" * 135, "longer"),
    ],
)
def test_a_text_that_could_be_the_swindlers_own_is_refused(text: str, what: str) -> None:
    """Nobody gets a warning that looks like the fraud it warns of."""
    assert any(what in fault for fault in faults_of(text))


@pytest.mark.parametrize("text", ["不要点击链接，切勿回复，无需扫码。", "请立即停止垫付，可拨110或96110。"])
def test_telling_people_not_to_is_allowed(text: str) -> None:
    """A warning may name what not to do."""
    assert list(faults_of(text)) == []


def test_all_faults_of_the_file_come_at_once(tmp_path: Path) -> None:
    """A deployment that writes its own texts is told of every wrong one at once, by its place."""
    text = (DATA / "messages.toml").read_text("utf-8")
    text = text.replace("【山西反诈】", "山西反诈").replace('lever = "greed"', 'lever = "envy"', 1)
    text = text.replace("请立即停止垫付", "请点击链接", 1).replace("请按1", "请说话")
    path = tmp_path / "messages.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationFault) as refused:
        Messages.load(path)
    places = [fault.partition(": ")[0] for fault in refused.value.faults]
    assert places == [
        "messages.signature",
        "messages.robot.keys",
        "messages.types.brush_rebate.lever",
        "messages.types.brush_rebate.text",
    ]


@pytest.mark.parametrize("content", ["", "texts = 3", "a = ", "[types]\nx = 1"])
def test_a_broken_file_is_a_fault_and_no_crash(content: str, tmp_path: Path) -> None:
    """An administrator with a broken file is told so in words."""
    path = tmp_path / "messages.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationFault):
        Messages.load(path)


def test_a_deployment_signs_with_its_own_name() -> None:
    """People of another city read their own centre's signature."""
    messages = Messages.load(signature="【太原反诈中心】")
    assert text_for(FraudType.OTHER, messages).startswith("【太原反诈中心】您")
    with pytest.raises(ConfigurationFault):
        Messages.load(signature="太原反诈")


def test_no_type_is_left_without_words(tmp_path: Path) -> None:
    """An alert of any type finds its text, or the start is refused and says which is missing."""
    text = (DATA / "messages.toml").read_text("utf-8").replace("[types.romance]", "[types.lottery]")
    path = tmp_path / "messages.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationFault, match=r"lottery.*romance"):
        complete(Messages.load(path))
    assert complete(shipped()) is shipped()
