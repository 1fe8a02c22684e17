"""Feedback: whoever sent a warning is told what became of it, at least once, in order per case, without personal data.

a change -> noted with it -> a page -> messages -> the exchange, or an upstream's own address -> forgotten

noting     what a transaction changed, as rows of `outcomes`
messages   a row and an alert, as the message of schema outcome/1
pages      the next rows, each with the alerts that it concerns; forgotten once they were told
turns      one publisher at a time, replaced when it dies
signing    addresses that may be told, and the signature of what is told there
webhooks   upstreams with an address of their own, and what waits for each
listeners  upstreams that hear by the queue, and what is kept for one whose queue is gone
standing   how much waits, since when
"""
