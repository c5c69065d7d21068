"""Customer lifetime value: from orders and contracts to what each customer will still be worth.

Without a contract: `purchase_summary` → `BetaGeometricNBD` (how often, still alive?) and `GammaGamma` (how
much) → `customer_value`. With a contract: `contract_cohorts`, `ShiftedBetaGeometric`. By hand: `clv_simple`,
`markov_clv`.

Conventions: a week is 7 days counted from the customer's own first order; orders of one day are one purchase;
frequency counts *repeat* purchase days; recency is the age at the last of them (in RFM it is the time since).
"""

from crmlab.clv._fit import ConvergenceWarning
from crmlab.clv.bg_nbd import BetaGeometricNBD, BetaGeometricNBDResults
from crmlab.clv.gamma_gamma import GammaGamma, GammaGammaResults
from crmlab.clv.residual import customer_value
from crmlab.clv.sbg import ShiftedBetaGeometric, ShiftedBetaGeometricResults, contract_cohorts
from crmlab.clv.textbook import clv_simple, markov_clv
from crmlab.orders import cohort_table, purchase_summary

__all__ = [
    "BetaGeometricNBD", "BetaGeometricNBDResults", "ConvergenceWarning", "GammaGamma", "GammaGammaResults",
    "ShiftedBetaGeometric", "ShiftedBetaGeometricResults", "clv_simple", "cohort_table",
    "contract_cohorts", "customer_value", "markov_clv", "purchase_summary",
]
