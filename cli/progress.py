"""What a run shows while it goes on: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli.publish import Answers
from cli.say import told
from cli.watch import Standing
from dispatcher.words import DispatchState

EVERY_S = 5.0


@dataclass(slots=True)
class Progress:
    """Call `show` as often as there is news."""

    console: Console
    total: int
    began: float = field(default_factory=time.monotonic)
    _live: Live | None = None
    _said_at: float = 0.0
    _past: list[tuple[float, int]] = field(default_factory=list)

    def __enter__(self) -> Progress:
        if self.console.is_terminal:
            self._live = Live(console=self.console, refresh_per_second=4)
            self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.__exit__(None, None, None)

    def show(self, sent: int, answers: Answers, standing: Standing) -> None:
        """Tell how it stands."""
        rate = self._rate(standing.ended)
        if self._live is not None:
            self._live.update(self._table(sent, answers, standing, rate))
        elif time.monotonic() - self._said_at >= EVERY_S:
            self._said_at = time.monotonic()
            self.console.print(self._line(sent, answers, standing, rate))

    def _rate(self, ended: int) -> float:
        """Dispatches ended a second, over the last ten seconds."""
        now = time.monotonic()
        self._past.append((now, ended))
        while len(self._past) > 2 and now - self._past[0][0] > 10:
            self._past.pop(0)
        (then, before) = self._past[0]
        return (ended - before) / (now - then) if now > then else 0.0

    def _line(self, sent: int, answers: Answers, standing: Standing, rate: float) -> str:
        parts = [
            f"{time.monotonic() - self.began:5.0f} s",
            f"sent {told(sent)}/{told(self.total)}",
            f"accepted {told(answers.accepted)}",
            *([f"refused {told(answers.refused)}"] if answers.refused else []),
            f"dispatches ended {told(standing.ended)}/{told(standing.total)}",
            f"{rate:.0f}/s",
            _left(standing, rate),
        ]
        return " · ".join(parts)

    def _table(self, sent: int, answers: Answers, standing: Standing, rate: float) -> Table:
        table = Table(title=self._line(sent, answers, standing, rate), title_justify="left")
        table.add_column("channel")
        for state in DispatchState:
            table.add_column(state.value, justify="right")
        for channel, states in standing.states.items():
            table.add_row(channel, *(told(states[state.value]) for state in DispatchState))
        return table


def _left(standing: Standing, rate: float) -> str:
    if standing.ended == standing.total:
        waiting = standing.limits + standing.closings
        return f"waiting for {told(waiting)} limits and closings" if waiting else "all ended"
    return f"about {(standing.total - standing.ended) / rate:.0f} s left" if rate >= 1 else "waiting"
