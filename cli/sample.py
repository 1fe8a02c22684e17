"""A made-up day of alerts: plausible in every share, the same for the same seed, and nobody's.

Shares are our own guesses after the published mix of cases, see each table. Instants depend on the day and on
`now`; everything else on the seed alone.
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from itertools import accumulate
from random import Random
from typing import Any

from cli.sample_faults import malformed_line
from config.regions import Regions
from dispatcher.alert.identity import check_character
from dispatcher.words import FraudType, Risk

CHINA = timezone(timedelta(hours=8))

RISKS = {Risk.L1: 1, Risk.L2: 4, Risk.L3: 35, Risk.L4: 60}
TYPES = {
    FraudType.BRUSH_REBATE: 30,
    FraudType.FAKE_CUSTOMER_SERVICE: 14,
    FraudType.FAKE_LOAN: 13,
    FraudType.FAKE_INVESTMENT: 12,
    FraudType.FAKE_POLICE: 7,
    FraudType.FAKE_SHOPPING: 6,
    FraudType.FAKE_ACQUAINTANCE: 5,
    FraudType.FAKE_CREDIT: 4,
    FraudType.ELDER_FRAUD: 3,
    FraudType.ROMANCE: 2,
    FraudType.GAME_TRADE: 2,
    FraudType.FAKE_EPIDEMIC_TRACER: 1,
    FraudType.OTHER: 1,
}
SOURCES = {
    "national_centre": 25,
    "province_model": 18,
    "telecom_cmcc": 16,
    "bank": 10,
    "telecom_cucc": 8,
    "telecom_ctcc": 8,
    "payment": 4,
    "ncac_app": 3,
    "miit_12381": 3,
    "internet_company": 2,
    "hotline_96110": 2,
    "police_110": 1,
}
HOURS = (1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2, 4, 6, 7, 6, 5, 5, 6, 7, 7, 6, 5, 6, 7, 6, 4, 2)
"""How busy each hour of a day is, from midnight on."""

SAME_TYPE, OTHER_TYPE = 0.03, 0.01
"""Shares of alerts that speak of an earlier person: of the same fraud, of another one."""

PROMPT = 0.85
PROMPT_S, LATE_S = (5, 470), (15 * 60 + 5, 59 * 60)
"""Seconds from the event to the push; nothing lies near the ten minutes at which timeliness is judged."""

FAULTY_ENDINGS = range(9901, 9950)
"""Last four digits that tell the simulated carrier to misbehave: no sample has them."""

MOBILE_STARTS = (
    *(134, 135, 136, 137, 138, 139, 147, 150, 151, 152, 157, 158, 159, 178, 182, 183, 187, 188, 198),
    *(130, 131, 132, 155, 156, 166, 175, 176, 185, 186),
    *(133, 153, 173, 177, 180, 181, 189, 191, 199),
)
SURNAMES = "王李张刘陈杨赵郭武任贾侯申牛薛卫常阎乔梁郝温樊畅霍药蔚相姬荆"
GIVEN = "建国志强秀英桂兰晓军海燕丽娟永红春梅文斌俊峰雪琴宏伟玉珍子涵一鸣雨欣浩然佳怡"
AGE_BANDS = (("0-17", 3), ("18-29", 30), ("30-44", 32), ("45-59", 22), ("60-69", 9), ("70+", 4))
AGES = {"0-17": (10, 17), "18-29": (18, 29), "30-44": (30, 44), "45-59": (45, 59), "60-69": (60, 69), "70+": (70, 88)}
REFERENCE_YEAR = 2026
"""Birthdays are counted from here, not from today, so that an identity number depends on the seed alone."""


@dataclass(slots=True)
class Person:
    """Somebody made up, and the kinds of fraud already told of."""

    victim: dict[str, Any] = field(repr=False)
    region: str | None
    types: list[FraudType]


class Town:
    """People who come out of a seed, one after another, no phone twice."""

    def __init__(self, chance: Random, regions: Regions) -> None:
        self._chance = chance
        self._regions = regions
        self._phones: set[str] = set()
        self.people: list[Person] = []

    def newcomer(self, fraud_type: FraudType) -> Person:
        """Somebody not met so far."""
        chance = self._chance
        county = chance.choices(self._regions.counties, self._regions.weights)[0]
        bands, weights = zip(*AGE_BANDS, strict=True)
        band = chance.choices(bands, weights)[0]
        sex = chance.choice(("female", "male"))
        victim: dict[str, Any] = {"phone": self._phone()}
        if chance.random() < 0.92:
            # three characters, so that no name is found by chance inside a place's name
            victim["name"] = chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, 2))
        if chance.random() < 0.6:
            victim["id_number"] = self._identity(county, band, sex)
        if chance.random() < 0.8:
            victim |= {"sex": sex, "age_band": band}
        if chance.random() < 0.3:
            victim["bank_card"] = "62" + "".join(chance.choices("0123456789", k=17))
        if chance.random() < 0.5:
            victim["address"] = f"{self._regions.name(county)}迎春路{chance.randint(1, 300)}号"
        person = Person(victim, county if chance.random() < 0.9 else None, [fraud_type])
        self.people.append(person)
        return person

    def _phone(self) -> str:
        while True:
            last = self._chance.randrange(10**8)
            phone = f"{self._chance.choice(MOBILE_STARTS)}{last:08d}"
            if last % 10_000 not in FAULTY_ENDINGS and phone not in self._phones:
                self._phones.add(phone)
                return phone

    def _identity(self, county: str, band: str, sex: str) -> str:
        chance = self._chance
        born = REFERENCE_YEAR - chance.randint(*AGES[band])
        area = county if chance.random() < 0.85 else chance.choice(self._regions.counties)
        # the last digit of the sequence is odd for a man
        sequence = chance.randrange(50) * 2 + (sex == "male")
        first = f"{area}{born}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}{sequence:03d}"
        return first + check_character(first)


def make_sample(alerts: int, *, day: date | None, seed: int, now: datetime, malformed: int = 0) -> Iterator[str]:
    """Alerts of one day as JSON Lines of schema v1, in the order of their pushing, without line ends.

    Args:
        alerts: how many right ones, >= 0.
        day: in Shanghai; None is the day of `now`. On that day nothing lies after `now`.
        seed: the same seed tells of the same people, dangers and faults.
        now: aware.
        malformed: how many wrong lines are strewn in besides, >= 0.

    Raises: ValueError: the day lies in the future, or a count below 0.
    """
    here = now.astimezone(CHINA)
    day = day or here.date()
    if alerts < 0 or malformed < 0:
        raise ValueError("counts must be at least 0")
    if day > here.date():
        raise ValueError("the day must not lie in the future")
    return _lines(alerts, day, seed, here, malformed)


def _lines(alerts: int, day: date, seed: int, here: datetime, malformed: int) -> Iterator[str]:
    chance, places = _chance(seed, "what"), _chance(seed, "faults")
    town = Town(chance, Regions.load())
    stem = f"S{seed}-{day:%Y%m%d}"
    faults_before = Counter(places.randrange(alerts + 1) for _ in range(malformed))
    told_faults = 0
    moments = _moments(alerts, day, seed, here)
    for place in range(alerts + 1):
        for _ in range(faults_before[place]):
            pushed = moments[min(place, alerts - 1)][1] if moments else _instant(here)
            yield malformed_line(told_faults, f"{stem}-M{told_faults:05d}", pushed, places)
            told_faults += 1
        if place < alerts:
            alert = _alert(chance, town, f"{stem}-{place:06d}", *moments[place])
            yield json.dumps(alert, ensure_ascii=False, separators=(",", ":"))


def _chance(seed: int, purpose: str) -> Random:
    """A stream of chance of its own, so that one more draw here moves nothing there."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 - nobody's secret hangs on a made-up alert


def _moments(alerts: int, day: date, seed: int, here: datetime) -> list[tuple[str, str]]:
    """(occurred, pushed) of each alert, in the order of the pushing."""
    chance = _chance(seed, "when")
    midnight = datetime.combine(day, time(), CHINA)
    seconds_gone = min(86_400.0, (here - midnight).total_seconds())
    weights = [weight * max(0.0, min(1.0, seconds_gone / 3600 - hour)) for hour, weight in enumerate(HOURS)]
    ends = list(accumulate(weights))
    draws = []
    for _ in range(alerts):
        busy, prompt, delay = chance.random() * ends[-1], chance.random() < PROMPT, chance.random()
        hour = min(bisect_right(ends, busy), 23)
        within = (busy - (ends[hour] - weights[hour])) / HOURS[hour] * 3600
        low, high = PROMPT_S if prompt else LATE_S
        draws.append((int(min(hour * 3600 + within, seconds_gone)), int(low + delay * (high - low))))
    return [
        (_instant(midnight + timedelta(seconds=at - delay)), _instant(midnight + timedelta(seconds=at)))
        for at, delay in sorted(draws)
    ]


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def _alert(chance: Random, town: Town, source_ref: str, occurred: str, pushed: str) -> dict[str, Any]:
    risk = chance.choices(list(RISKS), list(RISKS.values()))[0]
    fraud_type = chance.choices(list(TYPES), list(TYPES.values()))[0]
    whom = chance.random()
    if town.people and whom < SAME_TYPE + OTHER_TYPE:
        person = chance.choice(town.people)
        if whom < SAME_TYPE:
            fraud_type = chance.choice(person.types)
        else:
            fraud_type = chance.choice([kind for kind in TYPES if kind not in person.types] or list(TYPES))
            person.types.append(fraud_type)
    else:
        person = town.newcomer(fraud_type)
    alert: dict[str, Any] = {
        "source": chance.choices(list(SOURCES), list(SOURCES.values()))[0],
        "source_ref": source_ref,
        "risk": risk.value,
        "fraud_type": fraud_type.value,
        "occurred_at": occurred,
        "pushed_at": pushed,
    }
    if person.region is not None:
        alert["region"] = person.region
    alert["victim"] = person.victim
    if chance.random() < 0.5:
        alert["suspect"] = {"phone": f"+{chance.randint(1, 99):02d}{chance.randrange(10**8):08d}"}
    if chance.random() < 0.6:
        calls = chance.randint(1, 9)
        alert["signal"] = {"call_count": calls, "call_seconds": calls * chance.randint(20, 600)}
        if chance.random() < 0.3:
            alert["signal"]["amount_yuan"] = chance.randint(1, 200) * 500
    return alert
