"""The calls of those who want to cancel: who takes them, what is said, and who is saved."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crmlab.company import firm
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

STEPS = ("comprehended", "proposed", "responded")


@stage("agents")
def agents_stage(world: World) -> pd.DataFrame:
    """The agents: share of the calls, skill in the three steps, and their own effect on the log odds."""
    p = world.parameters.saving
    ids = np.arange(p.agents)
    load = np.exp(p.agent_load * world.normal("agent load", ids))
    return pd.DataFrame(
        {
            "since": np.floor(p.agent_since * world.uniform("agent since", ids)).astype(int),
            "load": load / load.sum(),
            "skill": world.normal("agent skill", ids),
            "effect": p.agent_effect * world.normal("agent effect", ids),
        }
    )


@stage("save_calls")
def save_calls_stage(world: World) -> pd.DataFrame:
    """Calls of subscribers who want to cancel; whether they stay is the core's business.

    Who leaves is settled in `first_lives`. So the agent, the order of the talk and the steps taken are drawn *given*
    the outcome, by Bayes' rule from a logit model: their odds ratios are those of the model.
    """
    p = world.parameters.saving
    lives, path = world["first_lives"], world["defection"]
    person = lives["person"].to_numpy()
    last = (lives["start"] + lives["length"] - 1).to_numpy()
    leaves = (last < firm.MONTHS) & (world.uniform("calls to cancel", person) < p.calls_to_cancel[0])
    row, month = np.nonzero(path["discontent"] & (np.arange(firm.MONTHS) < firm.MONTHS - p.stays_months))
    stays = (last[row] >= month + p.stays_months) & (
        world.uniform("calls and stays", person[row] * 64 + month) < p.calls_to_cancel[1]
    )
    row, month = row[stays], month[stays]
    calls = pd.DataFrame(
        {
            "person": np.concatenate([person[leaves], person[row]]),
            "month": np.concatenate([last[leaves], month]),
            "saved": np.repeat([False, True], [leaves.sum(), len(row)]),
        }
    )
    return _who_and_how(world, calls.sort_values(["month", "person"], ignore_index=True))


def _who_and_how(world: World, calls: pd.DataFrame) -> pd.DataFrame:
    p = world.parameters.saving
    agents = world["agents"]
    cells = pd.MultiIndex.from_product([range(p.agents), (0, 1), (0, 1), (0, 1), (0, 1)]).to_frame().to_numpy()
    agent, offer_first, steps = cells[:, 0], cells[:, 1], cells[:, 2:]
    take = expit(np.array(p.step_level) + p.step_skill * agents["skill"].to_numpy()[agent][:, None])
    prior = agents["load"].to_numpy()[agent] / 2 * np.where(steps == 1, take, 1 - take).prod(axis=1)
    odds = agents["effect"].to_numpy()[agent] + p.offer_first * offer_first + steps @ np.array(p.step_effect)
    saving = expit(p.save_level + odds)
    chosen = np.zeros(len(calls), dtype=int)
    ids = (calls["person"] * 64 + calls["month"]).to_numpy()
    for saved, weight in ((True, prior * saving), (False, prior * (1 - saving))):
        rows = calls["saved"].to_numpy() == saved
        chosen[rows] = world.choice("save call", ids[rows], weight)
    day = firm.month_days()[calls["month"]] + np.floor(27 * world.uniform("save call day", ids)).astype(int)
    made = calls.assign(day=day, agent=agent[chosen], offer_first=offer_first[chosen] == 1)
    for k, name in enumerate(STEPS):
        made[name] = steps[chosen, k] == 1
    return made


@table(
    "agents",
    grain="an agent of the contact centre",
    chapter="19",
    scale="firm",
    columns="""
    agent_id* string: agent
    since! date: first day at the firm
    """,
)
def agents(world: World) -> pd.DataFrame:
    hired = np.datetime64(firm.FIRST_DAY) - world["agents"]["since"].to_numpy().astype("timedelta64[D]")
    return pd.DataFrame({"agent_id": _agent_ids(world), "since": hired.astype("datetime64[s]")})


def _agent_ids(world: World) -> NDArray[np.object_]:
    return np.array([f"T{k + 1:02d}" for k in range(world.parameters.saving.agents)], dtype=object)


@table(
    "save_calls",
    grain="a call of a subscriber who wants to cancel",
    chapter="19",
    scale="sample",
    columns="""
    call_id* integer: call
    customer_id! string -> customers.customer_id: subscriber
    date! date: day of the call
    agent_id! string -> agents.agent_id: agent, by who is free
    box! string -> plans.box: size of the box
    opening! string: how the agent had to open, by lot: reason first or offer first
    comprehended! boolean: asked for the reason and repeated it
    proposed! boolean: proposed something that fits the reason
    responded! boolean: answered the objection and agreed a next step
    saved! boolean: stayed for at least three months
    """,
)
def save_calls(world: World) -> pd.DataFrame:
    calls = world["save_calls"]
    person = calls["person"].to_numpy()
    box = world["first_lives"].set_index("person")["box"].loc[person].to_numpy()
    return pd.DataFrame(
        {
            "call_id": (person + 1) * 100 + calls["month"].to_numpy(),
            "customer_id": customer_ids(world, person),
            "date": dates(calls["day"]),
            "agent_id": _agent_ids(world)[calls["agent"].to_numpy()],
            "box": labels(box, firm.BOXES),
            "opening": labels(calls["offer_first"].astype(int), ("reason first", "offer first")),
            **{name: calls[name] for name in STEPS},
            "saved": calls["saved"],
        }
    )


@table(
    "truth/save_calls",
    grain="a term of the model behind the save calls",
    chapter="19",
    scale="firm",
    columns="""
    term* string: step, opening or agent
    log_odds! number [log odds]: effect on the log odds that a caller stays
    """,
)
def truth_save_calls(world: World) -> pd.DataFrame:
    """The log odds ratios of the model behind the calls: steps, opening, agents."""
    p = world.parameters.saving
    terms = [*STEPS, "offer first", *_agent_ids(world)]
    return pd.DataFrame(
        {"term": terms, "log_odds": [*p.step_effect, p.offer_first, *world["agents"]["effect"].round(4)]}
    )
