"""Loyalty: attitude against behaviour, the satisfaction–loyalty curve, expectations with a knot, and the ladder.

Arithmetic of one line (a liability for points, a share of wallet) stands in the notebook; this room has what needs
care with gaps, groups and intervals.
"""

from crmlab.loyalty.curves import bend, curve, two_slopes
from crmlab.loyalty.measures import CELLS, STAGES, dick_basu, ladder, nps, repeat_hazard

__all__ = ["CELLS", "STAGES", "bend", "curve", "dick_basu", "ladder", "nps", "repeat_hazard", "two_slopes"]
