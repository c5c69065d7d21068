"""Service: how many agents a contact centre needs, issues behind calls, and charts that watch a process.

Kaplan–Meier, regression and Cohen's kappa come from statsmodels.
"""

from crmlab.service.charts import p_chart, runs, u_chart, xbar_chart
from crmlab.service.issues import issues
from crmlab.service.queue import erlang_c, required_agents, simulate_queue

__all__ = ["erlang_c", "issues", "p_chart", "required_agents", "runs", "simulate_queue", "u_chart", "xbar_chart"]
