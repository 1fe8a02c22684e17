"""The door of meaning: alerts come in, and what is answered "accepted" is committed, planned, and never forgotten.

raw alerts -> read -> known before? -> join or open a case -> plan -> one transaction -> results, bells

door       `Intake`, which every door of the system calls: read, keep the batch, or find the one that cannot be kept
answers    what comes (`Incoming`) and what is answered (`Result`, `Accepted`)
batch      one batch inside its transaction
known      the people, alerts and sources that were there before
placing    the case that an alert joins and raises, or the new one that it opens
amending   a later revision of an alert changes what it said, and may raise its case
withdrawing  an alert that was wrong is taken back, and nobody sets out in vain
refusals   refused alerts, kept as dead letters
"""

from dispatcher.intake.answers import Accepted, Incoming, Result, Status
from dispatcher.intake.batch import CONFLICT
from dispatcher.intake.door import UNKEEPABLE, Intake

__all__ = ["CONFLICT", "UNKEEPABLE", "Accepted", "Incoming", "Intake", "Result", "Status"]
