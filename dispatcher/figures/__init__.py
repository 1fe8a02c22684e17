"""Figures that can be recounted: every number with its definition, numerator and denominator.

Scope        which alerts are meant
count()      any figures of a scope, by any dimensions: a Table of Kpi
count_each() the same by several dimensions, each for itself, at once
branches()   the figures of the units right below one, each with all below it
quantiles()  response times of a scope: p50, p90, p99; all_quantiles(): several at once
behind()     whom a figure counted, as long a list as the figure says; unit_of() tells of what
fold()       the facts of touched people are made anew; the clock does it every second
rest()       days that no fold changes are summed up by level, type, hour and source; the clock does it at leisure
verify()     whether the facts at rest are what the rows say; repair() has the others made anew
lag()        how far the figures are behind the rows; cases_waiting(): how many cases
figures()    the alerts, the dispatches by state, the first dozen, straight from the rows
"""

from dispatcher.figures.behind import behind, unit_of
from dispatcher.figures.branches import branches
from dispatcher.figures.count import Figures, figures
from dispatcher.figures.counting import count
from dispatcher.figures.definitions import DEFINITIONS, DOZEN, KPIS, LATENCIES, Definition
from dispatcher.figures.dimensions import DIMENSIONS
from dispatcher.figures.each import count_each
from dispatcher.figures.folding import fold
from dispatcher.figures.lag import Lag, cases_waiting, lag
from dispatcher.figures.quantiles import all_quantiles, quantiles
from dispatcher.figures.resting import rest
from dispatcher.figures.scope import Scope
from dispatcher.figures.table import Behind, Key, Kpi, Quantiles, Table
from dispatcher.figures.verifying import Verified, repair, verify

__all__ = [
    "DEFINITIONS",
    "DIMENSIONS",
    "DOZEN",
    "KPIS",
    "LATENCIES",
    "Behind",
    "Definition",
    "Figures",
    "Key",
    "Kpi",
    "Lag",
    "Quantiles",
    "Scope",
    "Table",
    "Verified",
    "all_quantiles",
    "behind",
    "branches",
    "cases_waiting",
    "count",
    "count_each",
    "figures",
    "fold",
    "lag",
    "quantiles",
    "repair",
    "rest",
    "unit_of",
    "verify",
]
