"""Figures that can be recounted: every number with its definition, numerator and denominator.

Scope       which alerts are meant
figures()   the alerts, the dispatches by state, the dozen KPIs
"""

from dispatcher.figures.count import Figures, Kpi, figures
from dispatcher.figures.definitions import KPIS
from dispatcher.figures.scope import Scope

__all__ = ["KPIS", "Figures", "Kpi", "Scope", "figures"]
