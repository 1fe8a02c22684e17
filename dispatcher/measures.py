"""What is measured, by name: every metric that /metrics tells, in one list that docs, dashboard and alarms are held to.

Events are counted where they happen, by the process in which they happen. Standings are read from the tables when
somebody asks. No label names a person, and every label's values are a closed list or the name of a carrier.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import chain


class Kind(StrEnum):
    """How a metric behaves: it only grows; it is what it is now; it sorts values into buckets."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. A counter's name is told without its ending `_total`, which Prometheus adds."""

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exposed(self) -> tuple[str, ...]:
        """The names under which Prometheus finds it."""
        match self.kind:
            case Kind.COUNTER:
                return (f"{self.name}_total",)
            case Kind.HISTOGRAM:
                return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
            case Kind.GAUGE:
                return (self.name,)


def _counter(name: str, says: str, *labels: str) -> Measure:
    return Measure(f"quanzu_{name}", Kind.COUNTER, says, labels)


def _gauge(name: str, says: str, *labels: str) -> Measure:
    return Measure(f"quanzu_{name}", Kind.GAUGE, says, labels)


def _seconds(name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Measure:
    return Measure(f"quanzu_{name}_seconds", Kind.HISTOGRAM, says, labels, buckets)


QUICK_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG_S = (0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)

ALERTS = _counter("alerts", "Alerts answered at a door (queue, task, api), by answer.", "door", "status")
BATCH = Measure("quanzu_intake_batch_alerts", Kind.HISTOGRAM, "Alerts in one transaction of intake.", ("door",), SIZES)
INTAKE = _seconds("intake", "How long one batch took until it was committed.", QUICK_S, "door")
CLAIMS = _counter("claims", "Dispatches that a worker became the owner of.", "channel")
DISPATCHES = _counter(
    "dispatches",
    "Answers to dispatches; `worklist` is the carrier of calls and visits by people, whose answer is `assigned`.",
    "channel",
    "carrier",
    "answer",
)
HANDED_OVER = _seconds(
    "alert_to_handed_over",
    "From the instant at which an alert planned a dispatch to a carrier's acceptance, retries and all.",
    LONG_S,
    "level",
    "channel",
)
CARRIER = _seconds("carrier_request", "How long a carrier took to answer one request.", QUICK_S, "carrier", "channel")
OUR_FAULT = _counter(
    "carrier_our_fault",
    "Requests that a carrier refused for a fault of ours: signature, template, no money.",
    "carrier",
)
VOID = _counter("answers_void", "Carriers' answers that came after their lease had run out, and did not count.")
UNSETTLED = _counter("settle_faults", "Batches of answers that could not be written, and were tried again.")
LEASES = _counter("leases_expired", "Leases that ran out: their worker died, hung, or was cut off.")
RECEIPTS = _counter(
    "receipts",
    "News from carriers: kept when it came, placed on its try, or early; unread: an element in no known shape.",
    "fate",
)
NEWS_CAME = _counter(
    "news",
    "News of tries, by carrier and how it came: `told` by the carrier at our door, or `asked` for.",
    "carrier",
    "way",
)
CALLBACKS = _counter(
    "callbacks_refused",
    "Requests at the carriers' door that were not believed: nothing of them was stored.",
    "carrier",
    "reason",
)
UNROUTED = _counter(
    "outcomes_unrouted",
    "Outcomes for which no queue was bound, or whose queue refused: kept, given up after a day, or for nobody.",
    "fate",
)
BELLS = _counter("bells", "Dispatches rung for: sent to the broker, or lost (the clock rings again).", "lane", "result")
PROBES = _counter(
    "broker_probes", "Messages to nobody by which a web process asks whether the broker takes any.", "result"
)
RECONNECTIONS = _counter("reconnections", "How often a connection had to be made anew.", "to")
SWEEPS = _counter("sweeps", "Turns of the clock, by how they ended.", "result")
SWEEP = _seconds("sweep", "How long one turn of the clock took.", QUICK_S)
DUTIES = _counter("clock_acts", "Rows that the clock acted on, by duty.", "duty")
REQUESTS = _counter("http_requests", "Requests at our doors, by the door's pattern and status.", "door", "status")
REQUEST = _seconds("http_request", "How long a door took to answer.", QUICK_S, "door")

EVENTS = (
    ALERTS,
    BATCH,
    INTAKE,
    CLAIMS,
    DISPATCHES,
    HANDED_OVER,
    CARRIER,
    OUR_FAULT,
    VOID,
    UNSETTLED,
    LEASES,
    RECEIPTS,
    NEWS_CAME,
    CALLBACKS,
    UNROUTED,
    BELLS,
    PROBES,
    RECONNECTIONS,
    SWEEPS,
    SWEEP,
    DUTIES,
    REQUESTS,
    REQUEST,
)

UP = _gauge("database_up", "1 when the database answered this question, else 0.")
READ = _gauge("standing_seconds", "How long the database took to answer all of the questions below.")
WAITING = _gauge(
    "waiting", "Dispatches that wait, of the 10,000 of each lane that are rung for next.", "lane", "channel", "level"
)
OLDEST = _gauge(
    "oldest_due_seconds", "For how long the oldest of these has been due; 0 when none is.", "lane", "channel", "level"
)
UNSENT = _gauge(
    "unsent_oldest_seconds",
    "Since the oldest dispatch was planned that waits in the urgent lane and was never handed over, whatever put it"
    " off but a person's own window, or a test's want of a carrier; of the 50,000 rung for next; 0 when there is none."
    " `held`: by an operator.",
    "level",
    "held",
)
LANE = _gauge("lane_waiting", "Dispatches that wait in a lane; counting stops at 200,000.", "lane")
UNDERWAY = _gauge("underway", "Dispatches that a worker holds right now; counting stops at 50,000.", "channel")
AWAITING = _gauge(
    "handed_over", "Dispatches whose news or report is awaited; counting stops at 100,000 a channel.", "channel"
)
HELD = _gauge("held", "Dispatches that an operator holds back; counting stops at 50,000.")
NEWS = _gauge("receipts_waiting", "News that is kept and not yet placed; counting stops at 50,000.")
NEWS_AGE = _gauge("receipts_overdue_seconds", "For how long the most overdue news should have been looked at.")
ASKING = _gauge("unsure_open", "Unsure tries whose carrier is still to be asked; counting stops at 50,000.")
ASKING_AGE = _gauge("unsure_overdue_seconds", "For how long the most overdue unsure try should have been asked for.")
DEAD = _gauge("dead_letters_kept", "Alerts refused within the last day and not mended; counting stops at 50,000.")
OVERDUE = _gauge(
    "deadlines_overdue", "Promises whose time has been over for 10 s and which the clock has not yet noticed.", "kind"
)
MISSED = _gauge("deadlines_missed", "Promises missed within the last day and still owed.", "kind")
STOPS = _gauge("stop_payments_open", "Stops of payments that await a person or an answer.", "state")
STOPS_AGE = _gauge("stop_payments_oldest_seconds", "For how long the oldest proposal has awaited a person's decision.")
CASES = _gauge("cases_open", "Open cases; counting stops at 200,000.")
OUTCOMES = _gauge("outcomes_waiting", "Outcomes that are not yet on their way to upstreams; counting stops at 50,000.")
OUTCOMES_AGE = _gauge("outcomes_oldest_seconds", "For how long the oldest of these has waited.")
HOOK_LETTERS = _gauge("webhook_letters_waiting", "Outcomes that wait for an upstream's address to take them.")
HOOKS = _gauge("webhooks_failing", "Upstreams' addresses that did not take what they were told last.")
HOOKS_AGE = _gauge("webhooks_failing_seconds", "For how long the longest of these has been failing.")
LISTENER_LETTERS = _gauge(
    "listener_letters_waiting", "Outcomes kept for upstreams whose queue is gone; counting stops at 50,000."
)
LISTENERS = _gauge("listeners_gone", "Upstreams that heard by the queue and whose queue is gone.")
LISTENERS_AGE = _gauge("listeners_gone_seconds", "For how long the longest of these has been gone.")
CLOCK = _gauge("clock_lag_seconds", "Since the clock last took a turn, in any worker.")
CLOCK_DONE = _gauge(
    "clock_done_seconds", "Since a turn of the clock last ended with all of its duties done; no line before the first."
)
SWEPT = _gauge("last_sweep_timestamp_seconds", "When the clock last took a turn, as a UNIX time.")
SHUT = _gauge(
    "carrier_passed_by", "1 while a carrier fails and is passed by or tried with a few letters, else 0.", "carrier"
)
SHARE = _gauge("carrier_failure_share", "Of a carrier's latest requests, those that failed or hung, 0 .. 1.", "carrier")
LATENCY = _gauge("carrier_latency_seconds", "How long a carrier took to answer last.", "carrier")
OUR_FAULT_AGE = _gauge(
    "carrier_our_fault_age_seconds",
    "Since a carrier last refused us for a fault of ours; no line when never.",
    "carrier",
)
WORKERS = _gauge("workers_alive", "Worker processes seen within the last 15 s.", "lane")

STANDINGS = (
    UP,
    READ,
    WAITING,
    OLDEST,
    UNSENT,
    LANE,
    UNDERWAY,
    AWAITING,
    HELD,
    NEWS,
    NEWS_AGE,
    ASKING,
    ASKING_AGE,
    DEAD,
    OVERDUE,
    MISSED,
    STOPS,
    STOPS_AGE,
    CASES,
    OUTCOMES,
    OUTCOMES_AGE,
    HOOK_LETTERS,
    HOOKS,
    HOOKS_AGE,
    LISTENER_LETTERS,
    LISTENERS,
    LISTENERS_AGE,
    CLOCK,
    CLOCK_DONE,
    SWEPT,
    SHUT,
    SHARE,
    LATENCY,
    OUR_FAULT_AGE,
    WORKERS,
)


def exposed() -> set[str]:
    """Every name that may stand in a dashboard or an alarm."""
    return set(chain.from_iterable(measure.exposed for measure in (*EVENTS, *STANDINGS)))
