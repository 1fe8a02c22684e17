"""The closed lists that only an alert knows, and the Chinese words an upstream may use for ours."""

from enum import StrEnum

from dispatcher.words import FraudType, Risk


class Sex(StrEnum):
    """As the upstream's register has it; leave it out when it is not known."""

    FEMALE = "female"
    MALE = "male"


class AgeBand(StrEnum):
    """Whole years, both ends included. Source: our own bands, so that figures need no birthday."""

    UNDER_18 = "0-17"
    FROM_18 = "18-29"
    FROM_30 = "30-44"
    FROM_45 = "45-59"
    FROM_60 = "60-69"
    FROM_70 = "70+"


class DeviceKind(StrEnum):
    """What the suspect dials through: GOIP gateway, 多卡宝 (many cards in one box), 络漫宝 (far-away card)."""

    GOIP = "goip"
    MANY_CARDS = "duokabao"
    FAR_CARD = "luomanbao"
    OTHER = "other"


RISK_WORDS = {"特危": Risk.L1, "高危": Risk.L2, "中危": Risk.L3, "低危": Risk.L4}

FRAUD_TYPE_WORDS = {
    "刷单返利": FraudType.BRUSH_REBATE,
    "虚假投资理财": FraudType.FAKE_INVESTMENT,
    "虚假网络贷款": FraudType.FAKE_LOAN,
    "冒充电商物流客服": FraudType.FAKE_CUSTOMER_SERVICE,
    "冒充领导熟人": FraudType.FAKE_ACQUAINTANCE,
    "冒充公检法": FraudType.FAKE_POLICE,
    "冒充疫情流调": FraudType.FAKE_EPIDEMIC_TRACER,
    "养老诈骗": FraudType.ELDER_FRAUD,
    "虚假购物": FraudType.FAKE_SHOPPING,
    "虚假征信": FraudType.FAKE_CREDIT,
    "婚恋交友": FraudType.ROMANCE,
    "游戏交易": FraudType.GAME_TRADE,
    "其他": FraudType.OTHER,
}

SEX_WORDS = {"女": Sex.FEMALE, "男": Sex.MALE}

DEVICE_WORDS = {
    "GOIP": DeviceKind.GOIP,
    "多卡宝": DeviceKind.MANY_CARDS,
    "络漫宝": DeviceKind.FAR_CARD,
    "其他": DeviceKind.OTHER,
}
