"""The static rules: what nbval cannot see, or sees too late to say what to do about it.

A rule is a small function that takes a notebook and yields `(cell number or None, what is wrong)`. The
decorator gives it an id, the kinds of notebook it holds for and the cure that is printed with every finding.
Each rule has a broken fixture of its own in `tests/test_net.py`; a rule without one fails there.
"""

from tools.rules import anatomy, code, numbers, plain, proof, prose
from tools.rules.base import RULES, Rule, table

__all__ = ["RULES", "Rule", "anatomy", "code", "numbers", "plain", "proof", "prose", "table"]
