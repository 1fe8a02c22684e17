"""The cases that one transaction works on: loaded once, changed in memory, written once.

Only here are levels raised, plans written, contacts noted and cases closed, so that intake, carriers' news and
people's reports all do it in the same way. One book in six layers, each standing on the one before:

loading    cases and dispatches are fetched, their people locked; what changes is noted
asking     what a case was promised, who shares its call, which policy is frozen into it
limits     promised times: kept, tightened, no longer owed; follow-ups
ending     somebody was reached; work is cancelled, a case closes, ends better, or opens again
raising    a level rises, a second warning begins, a ruling adds a dispatch; plans become rows
writing    `CaseBook`: everything new and changed goes to the database

Beside them `policies`: those that this process has met.
"""

from dispatcher.casebook.asking import way_of
from dispatcher.casebook.ending import NOBODY_TO_WARN
from dispatcher.casebook.loading import OPEN, only_lock_people
from dispatcher.casebook.policies import remember_policy, remembered_policy
from dispatcher.casebook.writing import CaseBook

__all__ = ["NOBODY_TO_WARN", "OPEN", "CaseBook", "only_lock_people", "remember_policy", "remembered_policy", "way_of"]
