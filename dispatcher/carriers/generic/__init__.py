"""The language of any gateway that a section of the carriers file describes.

fill.py      a template's slots filled in, and the request built and signed
places.py    where something is in a reply or a callback
answers.py   how a request ended, what a try asked for has come to
news.py      callbacks: whether they are honest, what they tell
"""

from dispatcher.carriers.generic.news import language_of

__all__ = ["language_of"]
