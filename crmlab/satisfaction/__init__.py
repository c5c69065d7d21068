"""Satisfaction: index models estimated by partial least squares, the score they give, and what drives it.

`path_model` holds the path model, `results` what it found, `diagram` draws it; `specs` has the index models as arrows,
`drivers` what splits and bends importance. Weighted indices and top-box shares are a line of pandas each;
their intervals are in `survey` and statsmodels.
"""

from crmlab.satisfaction.drivers import lmg, penalty_reward
from crmlab.satisfaction.path_model import PathModel
from crmlab.satisfaction.results import Bootstrap, PathResults
from crmlab.satisfaction.specs import MODELS, acsi_score, model_spec

__all__ = ["MODELS", "Bootstrap", "PathModel", "PathResults", "acsi_score", "lmg", "model_spec", "penalty_reward"]
