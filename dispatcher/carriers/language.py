"""A carrier's language: what every file of this room says of its vendor, and nothing of how it is sent.

LANGUAGE in each file: the codes of its news, how a callback is read, what the vendor wants to hear in reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatcher.news import Told
from dispatcher.words import Outcome


@dataclass(frozen=True, slots=True)
class Callback:
    """A request that claims to be a carrier's, as it came. Personal data may be anywhere in it: never logged.

    `url` is the whole public URL, query included, as the vendor was told it. `headers` by lower-case name.
    """

    method: str
    url: str = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a vendor must hear, to the byte."""

    status: int
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Language:
    """One vendor's language for one channel.

    `codes`: a code of its news to its outcome; None is news that is not final. What it has not is `unknown`.
    `read_news`: the news of one callback and a sentence for each element that could not be read.
    Raises BadNews: not a callback of this vendor at all.
    `thanks`: the reply when everything is stored, or what makes it from the callback (a voice gateway is told what to
    do next); `try_again`: when nothing was.
    `honest(callback, secret)`: whether its signature fits; None where the vendor signs nothing.
    `source`: the document in which the vendor lists its codes, for the page that shows them.
    `by_carrier_ref`: its news may repeat only its own name for a try, so that the names it tells are kept.
    `polls`: it has no callbacks, and is asked how each try ended until the news deadline.
    """

    kind: str
    codes: Mapping[str, Outcome | None]
    read_news: Callable[[Callback], tuple[list[Told], Sequence[str]]]
    thanks: Reply | Callable[[Callback], Reply]
    try_again: Reply = Reply(503, b"", "text/plain")
    honest: Callable[[Callback, str], bool] | None = None
    source: str = ""
    by_carrier_ref: bool = True
    polls: bool = False

    def reply(self, callback: Callback) -> Reply:
        """What the vendor hears when all that this callback tells is stored."""
        return self.thanks if isinstance(self.thanks, Reply) else self.thanks(callback)
