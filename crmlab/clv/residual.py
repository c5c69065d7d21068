"""Residual lifetime value: the purchases and the spend still to come, in today's money."""

import numpy as np
import pandas as pd

from crmlab import _check
from crmlab.clv.bg_nbd import BetaGeometricNBDResults
from crmlab.clv.gamma_gamma import GammaGammaResults


def customer_value(summary: pd.DataFrame, purchases: BetaGeometricNBDResults, spend: GammaGammaResults, *,
                   margin: float, weeks: float, annual_discount: float) -> pd.DataFrame:
    """Return the residual lifetime value of each customer: discounted purchases × spend × margin.

    value = margin · E[M] · Σ_j (E[Y(t_j)] − E[Y(t_{j−1})]) / (1+d)^(m_j/52), the horizon cut in equal steps
    of at most four weeks that end at t_j and have their middle at m_j. Nothing is counted before the end of
    observation: no past margin, no acquisition cost.

    Parameters
    ----------
    summary : one row per customer, as `purchase_summary` gives it: customer_id, frequency, recency, age
        (weeks), monetary
    purchases : fitted BG/NBD results; spend : fitted gamma–gamma results
    margin : contribution as a share of revenue, above 0 and at most 1
    weeks : horizon in weeks
    annual_discount : discount rate per year of 52 weeks, e.g. 0.10

    Returns customer_id, probability_alive, expected_purchases (not discounted), expected_spend, value.
    Raises KeyError for missing columns, ValueError for duplicate customers or impossible values.
    Source: Fader, Hardie and Lee (2005), Journal of Marketing Research 42(4).

    >>> seen = pd.DataFrame({"customer_id": ["a"], "frequency": [2], "recency": [30.43], "age": [38.86],
    ...                      "monetary": [50.0]})
    >>> bgnbd = BetaGeometricNBDResults.from_params(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
    >>> spend = GammaGammaResults.from_params(p=6.25, q=3.74, gamma=15.44)
    >>> customer_value(seen, bgnbd, spend, margin=0.4, weeks=52, annual_discount=0.1).round(2)
      customer_id  probability_alive  expected_purchases  expected_spend  value
    0           a               0.73                1.56           47.34  28.25
    """
    _check.frame("summary", summary, "customer_id", "frequency", "recency", "age", "monetary")
    _check.ids("customer_id", summary["customer_id"], unique=True)
    margin = _check.share("margin", margin, above=0, most=1, unit="a share of revenue")
    weeks = _check.number("weeks", weeks, above=0, most=_check.MOST_PERIODS, unit="weeks to look ahead")
    annual_discount = _check.share("annual_discount", annual_discount, least=0, below=1, unit="a rate a year")
    x = _check.counts("frequency", summary["frequency"])
    tx, T = _check.vector("recency", summary["recency"], 0), _check.vector("age", summary["age"], 0)
    alive = purchases.probability_alive(x, tx, T)
    ends = np.linspace(0, weeks, int(np.ceil(weeks / 4)) + 1)
    to_date = np.array([purchases.expected_purchases(end, x, tx, T) for end in ends])
    factor = (1 + annual_discount) ** (-(ends[1:] + ends[:-1]) / 2 / 52)
    amount = spend.expected_spend(x, _check.vector("monetary", summary["monetary"], 0, missing=True))
    return pd.DataFrame({
        "customer_id": summary["customer_id"].to_numpy(), "probability_alive": alive,
        "expected_purchases": to_date[-1], "expected_spend": amount,
        "value": margin * amount * (factor @ np.diff(to_date, axis=0))}, index=summary.index)
