"""What people read and hear: the texts by fraud type, the robot's script, the caller's words.

A text is refused at load when it could be mistaken for the swindler's own: see `faults_of`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.faults import ConfigurationFault

DATA = Path(__file__).parent / "data"
LEVERS = ("greed", "fear", "prior_belief", "none")
LONGEST_UNITS = 134
"""Two parts of 67 UTF-16 units: our own bound, so that a warning never arrives as a long tail of parts."""

ALLOWED_NUMBERS = ("110", "96110")

_DIGITS = re.compile(r"[0-9０-９]+")
_LINK = re.compile(r"(?i)https?:|www\.|[a-z0-9-]+\.[a-z]{2,}\b|://")
_CHAT = re.compile(r"(?i)微信号?[:：]|加(?:我|微|群|好友)|扣扣|QQ|(?:群|企鹅)号|telegram|whatsapp|v信|\bvx\b|@")
_AMOUNT = re.compile(r"[0-9０-９〇零一二两三四五六七八九十百千万亿]+(?:多|余)?(?:元|块|圆)|[¥￥$]")
_NAME = re.compile(r"[{}%<>]|[\u4e00-\u9fff某](?:先生|女士|同志)|尊敬的")
_ASKS = re.compile(
    r"(?<![不勿])(?<!不要)(?<!无需)(?:点击|点开|回复|扫码|退订)"
    r"|请(?:您)?(?:尽快|立即|及时|务必)?(?:支付|付款|转账|汇款|缴纳|充值|垫付|下载)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SIGNATURE = re.compile(r"【[^【】]{2,16}】")

RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_LINK, "holds a link"),
    (_CHAT, "holds a chat id or asks for one"),
    (_AMOUNT, "names an amount of money"),
    (_NAME, "names a person or leaves a slot to be filled"),
    (_ASKS, "asks to reply, click or pay"),
    (_CONTROL, "holds a control character"),
)


@dataclass(frozen=True, slots=True)
class TypeWords:
    """How one fraud type is called, which lever it pulls, and the text's body without the signature."""

    name: str
    lever: str
    text: str


@dataclass(frozen=True, slots=True)
class Messages:
    """Every text, linted. `types` is keyed by the code of the fraud type, `callers` by lever."""

    signature: str
    after_transfer: str
    duty: str
    robot_opening: str
    robot_keys: str
    callers: Mapping[str, str]
    types: Mapping[str, TypeWords]

    @classmethod
    def load(cls, path: Path = DATA / "messages.toml", *, signature: str | None = None) -> "Messages":
        """Read and lint the texts; `signature` (with its brackets) replaces the file's.

        Raises:
            ConfigurationFault: a text is missing or breaks a rule; all faults at once.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            raise ConfigurationFault([f"messages: {fault}"]) from fault
        if signature is not None:
            table["signature"] = signature
        found = list(_faults(table))
        if found:
            raise ConfigurationFault(f"messages.{fault}" for fault in found)
        texts, robot = table["texts"], table["robot"]
        return cls(
            signature=table["signature"],
            after_transfer=texts["after_transfer"],
            duty=texts["duty"],
            robot_opening=robot["opening"],
            robot_keys=robot["keys"],
            callers=table["callers"],
            types={
                code: TypeWords(row["name"], row["lever"], row.get("text", texts["generic"]))
                for code, row in table["types"].items()
            },
        )


def utf16_units(text: str) -> int:
    """Length as a phone network counts it: a rare character beyond the BMP is two."""
    return len(text) + sum(character > "\uffff" for character in text)


def faults_of(text: str, *, signature: str = "") -> Iterator[str]:
    """Why this text may not go to a person; nothing when it may.

    Source: the practice of the public 12381 warning texts; the length is our own bound.
    """
    if not text.strip():
        yield "is empty"
    if any(number not in ALLOWED_NUMBERS for number in _DIGITS.findall(text)):
        yield f"holds a number other than {' and '.join(ALLOWED_NUMBERS)}"
    for pattern, what in RULES:
        if pattern.search(text):
            yield what
    if utf16_units(signature + text) > LONGEST_UNITS:
        yield f"is longer than {LONGEST_UNITS} UTF-16 units with its signature"


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of the file, each with the place it stands at."""
    signature = table.get("signature")
    if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
        yield "signature: wants 2 to 16 characters in 【】"
        signature = ""
    elif _CONTROL.search(signature):
        yield "signature: holds a control character"
    for section, keys in (
        ("texts", ("generic", "after_transfer", "duty")),
        ("robot", ("opening",)),
        ("callers", LEVERS),
    ):
        for key in keys:
            yield from _linted(f"{section}.{key}", _section(table, section).get(key), signature)
    # the robot has to ask for its two keys, so that one sentence is heard, not linted for numbers
    keys_text = _section(table, "robot").get("keys")
    if not isinstance(keys_text, str) or not {"按1", "按2"} <= {keys_text[at : at + 2] for at in range(len(keys_text))}:
        yield "robot.keys: wants a sentence that offers 按1 and 按2"
    types = _section(table, "types")
    if not types:
        yield "types: wants at least one fraud type"
    for code, row in types.items():
        row = row if isinstance(row, dict) else {}
        if not isinstance(row.get("name"), str) or not row["name"].strip():
            yield f"types.{code}.name: wants the type's name"
        if row.get("lever") not in LEVERS:
            yield f"types.{code}.lever: wants one of {', '.join(LEVERS)}"
        if "text" in row:
            yield from _linted(f"types.{code}.text", row["text"], signature)


def _section(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = table.get(name)
    return section if isinstance(section, dict) else {}


def _linted(place: str, text: object, signature: str) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"{place}: wants a text"
        return
    for what in faults_of(text, signature=signature):
        yield f"{place}: {what}"
