"""Residual lifetime value: the purchases and the spend still to come, in today's money."""

import numpy as np
import pandas as pd

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
    missing = {"customer_id", "frequency", "recency", "age", "monetary"} - set(summary)
    if missing:
        raise KeyError(f"summary lacks {', '.join(sorted(missing))}; purchase_summary makes these columns")
    repeated = summary["customer_id"].duplicated().sum()
    if repeated:
        raise ValueError(f"customer_id: {repeated} of {len(summary)} rows repeat a customer; one row each")
    if not 0 < margin <= 1:
        raise ValueError(f"margin is a share of revenue, above 0 and at most 1, got {margin}")
    if not (weeks > 0 and annual_discount >= 0):
        raise ValueError(f"weeks must be above 0 (got {weeks}), discount 0 or more ({annual_discount})")
    x, tx, T = (summary[name].to_numpy() for name in ("frequency", "recency", "age"))
    alive = purchases.probability_alive(x, tx, T)
    ends = np.linspace(0, weeks, int(np.ceil(weeks / 4)) + 1)
    to_date = np.array([purchases.expected_purchases(end, x, tx, T) for end in ends])
    factor = (1 + annual_discount) ** (-(ends[1:] + ends[:-1]) / 2 / 52)
    amount = spend.expected_spend(x, summary["monetary"].to_numpy())
    return pd.DataFrame({
        "customer_id": summary["customer_id"].to_numpy(), "probability_alive": alive,
        "expected_purchases": to_date[-1], "expected_spend": amount,
        "value": margin * amount * (factor @ np.diff(to_date, axis=0))}, index=summary.index)
