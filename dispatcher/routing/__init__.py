"""Which carrier a letter goes by: pure functions of what is known, no database and no clock of their own.

network.py   the carriers of a deployment: channels, routes, limits, languages
way.py       one carrier on one channel
order.py     the carriers that a letter may go by, in order
breaker.py   whether a carrier is to be passed by
windows.py   when a person may be reached by a carrier again
"""
