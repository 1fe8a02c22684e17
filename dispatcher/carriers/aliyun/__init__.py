"""Aliyun's language: Dysmsapi for texts, Dyvmsapi for calls.

codes    what each of its codes means
signing  how a request is signed
letters  what it is asked
replies  what it answers
news     what it reports
"""

from dispatcher.carriers.aliyun import codes
from dispatcher.carriers.aliyun.news import read_calls, read_texts
from dispatcher.carriers.language import Language, Reply

THANKS = Reply(200, '{"code":0,"msg":"接收成功"}'.encode(), "application/json")
"""Whatever else it hears it takes for a failure: it comes again after 1, 5 and 10 minutes, and then no more."""

SMS = Language("aliyun_sms", codes.SMS, read_texts, THANKS)
VOICE = Language("aliyun_voice", codes.CALLS, read_calls, THANKS)
LANGUAGES = (SMS, VOICE)
