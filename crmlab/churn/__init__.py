"""Churn: the family of churn rates, features as they were known on a day, warnings, and the profit of calling.

Log-rank, Cox and logit models come from statsmodels, the area under the ROC curve from scikit-learn. A rate of one
period as a rate of another is one line: `1 - (1 - monthly) ** 12`.
"""

from crmlab.churn.measures import rates, survival
from crmlab.churn.ranking import expected_maximum_profit, lift
from crmlab.churn.warning import alarms, snapshot

__all__ = ["alarms", "expected_maximum_profit", "lift", "rates", "snapshot", "survival"]
