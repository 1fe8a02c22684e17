"""Tencent Cloud's language: SMS 2021-01-11 for texts, VMS 2020-09-02 for calls.

codes    what each of its codes means
signing  how a request is signed
letters  what it is asked
replies  what it answers
news     what it reports
"""

from dispatcher.carriers.language import Language, Reply
from dispatcher.carriers.tencent import codes
from dispatcher.carriers.tencent.news import read_calls, read_texts

THANKS = Reply(200, b'{"result":0,"errmsg":"OK"}', "application/json")

SMS = Language("tencent_sms", codes.SMS, read_texts, THANKS)
VOICE = Language("tencent_voice", codes.CALLS, read_calls, THANKS)
LANGUAGES = (SMS, VOICE)
