"""What each figure means, in one sentence a supervisor can hold us to. Ids are stable for every door."""

KPIS = {
    "alerts": (
        "预警数",
        "Alerts that opened a case (numerator) of all alerts pushed, those that joined one included (denominator); "
        "the value is the count.",
    ),
    "sign_in_on_time": (
        "签收及时率",
        "First sign-ins given by their limit, of those given or due by now; void ones left out.",
    ),
    "feedback": (
        "反馈率",
        "Feedback given at all, of the feedback owed (once for a case and warning) that was given or due by now.",
    ),
    "feedback_on_time": (
        "反馈及时率",
        "First feedback that came by its limit, of the feedback owed that was given or due by now; "
        "late on arrival left out.",
    ),
    "pushed_on_time": (
        "预警及时率",
        "Alerts received within the limit after the event, of those whose event time is known; joined ones left out.",
    ),
    "sms_delivered": ("短信送达率", "Texts with a delivered receipt, of texts that a carrier took or may have taken."),
    "call_answered": ("电话接通率", "Persons who answered a call themselves, of persons called."),
    "met": ("见面劝阻率", "Persons met at the door, of persons to whom an officer was to go."),
    "met_on_time": (
        "见面及时率",
        "Persons met by the limit, of persons met or whose limit for it has passed.",
    ),
    "coverage": ("劝阻覆盖率", "Persons reached themselves, by phone or met, of all persons."),
    "dissuaded_provisional": (
        "劝阻成功率（暂计）",
        "Persons not defrauded who were dissuaded in time or were aware, of persons reached themselves; "
        "later losses are not awaited.",
    ),
    "missed_contact": (
        "漏劝率",
        "Persons at L1 to L3 not reached themselves by their level's limit, of those whose limit has passed or who "
        "were reached; a text alone is a miss.",
    ),
}
"""Id to (Chinese name, definition)."""
