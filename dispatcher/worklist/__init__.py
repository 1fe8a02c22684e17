"""Officers' and callers' work: what waits for a unit, who has it, what they report.

tasks     what a unit has to do now
signing   somebody takes a task, and may then see whom it is about
passing   a task goes back, or to another unit
reports   what came of it, in codes that must agree
"""

from dispatcher.worklist.codes import Report, read_report
from dispatcher.worklist.passing import hand_back, transfer
from dispatcher.worklist.reports import Reported, report, report_follow_up
from dispatcher.worklist.scope import NotYours, Scope
from dispatcher.worklist.signing import SignedIn, sign_in
from dispatcher.worklist.tasks import FollowUp, Task, follow_ups, tasks_of

__all__ = [
    "FollowUp",
    "NotYours",
    "Report",
    "Reported",
    "Scope",
    "SignedIn",
    "Task",
    "follow_ups",
    "hand_back",
    "read_report",
    "report",
    "report_follow_up",
    "sign_in",
    "tasks_of",
    "transfer",
]
