"""How subscribers leave, what the firm could have seen, and who comes back: views of the core, and the save calls.

Seven listening posts watch for customers about to leave. Five are signals of the defection path: skipped boxes
(purchase), remarks noted by staff (front line), late payments (receivables), visits to the page on cancelling (web)
and critical events; survey answers and the churn score the firm has elsewhere.
"""

import numpy as np
import pandas as pd
from scipy.special import expit

from crmlab.company import parameters as P
from crmlab.company.chance import Floats
from crmlab.company.people import month_days
from crmlab.company.tables import BOXES, PLANS, customer_ids, dates, labels, table
from crmlab.company.world import World, stage

POSTS = ("purchase", "front_line", "receivables", "web", "critical_event")
LATE_FROM = 8  # days; a payment at least so late is the signal
INTERVIEWED = 0.20  # of those who answered the exit survey
CALLS_TO_CANCEL = (0.55, 0.30)  # share phoning, of those who leave, and of discontented months that pass
STAYS = 3  # months after a call for which a saved subscriber stays, at least
STEPS = ("comprehended", "proposed", "responded")
STEP_EFFECT = (0.80, 0.45, 0.60)  # log odds of saving, for each step of CPR carried out
SAVE_LEVEL = -1.2  # about two in five calls save
OFFER_FIRST = -0.55  # log odds, if the agent must make an offer before asking why
STEP_LEVEL, STEP_SKILL = (0.9, 0.2, -0.3), 0.5  # log odds of a step; for one sd of skill
AGENTS, AGENT_EFFECT = 14, 0.35  # sd of the agents' own effect on the log odds
WORDS = {
    "price": ("Too dear for what I drink.", "I can get tea cheaper.", "We have to save."),
    "service": ("Nobody answered my complaint.", "The box was late again.", "Had to call three times."),
    "competitor": ("Another shop has a better box.", "A friend gave me another tea club.", "The new shop is nearer."),
    "product": ("The blends bore me.", "Too much of the same.", "The tea was not fresh."),
    "no need": ("I drink coffee now.", "The cupboard is full.", "My husband was the tea drinker."),
    "moved": ("We are moving away.", "No delivery at the new place.", "I go abroad."),
}


@table("exit_survey")
def exit_survey(world: World) -> pd.DataFrame:
    frame = world["exits"]
    frame = frame[frame["answers"]]
    person, says = frame["person"].to_numpy(), frame["says"].to_numpy()
    which = np.floor(3 * world.uniform("exit words", person)).astype(int)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "cause": labels(says, P.CAUSES),
            "text": np.array([WORDS[cause] for cause in P.CAUSES])[says, which],
        }
    )


@table("exit_interviews")
def exit_interviews(world: World) -> pd.DataFrame:
    """Long talks with some of those who answered the exit survey: what they had said, and what they had meant."""
    frame = world["exits"]
    frame = frame[frame["answers"] & (world.uniform("exit interview", frame["person"]) < INTERVIEWED)]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "said": labels(frame["says"], P.CAUSES),
            "meant": labels(frame["cause"], P.CAUSES),
        }
    )


def _months(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row of the life, person and month of every active month of a first life."""
    row, month = np.nonzero(world["defection"]["active"])
    return row, world["first_lives"]["person"].to_numpy()[row], month


@table("listening_posts")
def listening_posts(world: World) -> pd.DataFrame:
    row, person, month = _months(world)
    signals = world["defection"]["signals"][row, month]
    made = {"customer_id": customer_ids(world, person), "month": dates(month_days()[month])}
    shown = ("purchase", "front_line", "critical_event")
    return pd.DataFrame(made | {name: signals[:, POSTS.index(name)] for name in shown})


@table("payments")
def payments(world: World) -> pd.DataFrame:
    lives = world["subscriptions"].set_index("subscription_id")
    sent = world["boxes"]
    person, month = sent["person"].to_numpy(), sent["month"].to_numpy()
    first = world["first_lives"]["person"].to_numpy()
    late = np.zeros((world.people, P.MONTHS), dtype=bool)
    late[first] = world["defection"]["signals"][:, :, POSTS.index("receivables")]
    late = late[person, month] & (sent["subscription_id"].to_numpy() % 10 == 1)
    draw = world.uniform("days late", person * 64 + month)
    usual = np.floor(np.maximum(0, 12 * draw - 6)).astype(int)  # half pay on the day, the others within five
    return pd.DataFrame(
        {
            "subscription_id": sent["subscription_id"],
            "month": dates(month_days()[month]),
            "amount": lives["price_fen"].reindex(sent["subscription_id"]).to_numpy() / 100,
            "days_late": np.where(late, LATE_FROM + np.floor(28 * draw**2).astype(int), usual),
        }
    )


@table("web_visits")
def web_visits(world: World) -> pd.DataFrame:
    row, person, month = _months(world)
    path = world["defection"]
    mean = np.exp(0.9 + 0.45 * path["engagement"][row, month])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "month": dates(month_days()[month]),
            "visits": _poisson(world.uniform("web visits", person * 64 + month), mean),
            "cancel_page": path["signals"][row, month, POSTS.index("web")],
        }
    )


def _poisson(draw: Floats, mean: Floats) -> np.ndarray:
    """Poisson counts by inversion, at most 40."""
    count, term = np.zeros(len(draw), dtype=int), np.exp(-mean)
    total = term.copy()
    for k in range(1, 41):
        count += draw > total
        term = term * mean / k
        total += term
    return count


@table("retention_test")
def retention_test(world: World) -> pd.DataFrame:
    """The call of April 2024, its arms by lot; what the firm knew on the day it drew the lots."""
    p = world.parameters
    lives = world["first_lives"]
    lives = lives[lives["tested"]]
    person = lives["person"].to_numpy()
    left = np.where(lives["called"], lives["leaves_if_called"], lives["leaves_if_not_called"]).astype(bool)
    end = np.minimum(lives["start"] + lives["length"], P.MONTHS)
    receptive = world["people"]["receptive_score"].to_numpy()[person]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "arm": labels(lives["called"].astype(int), ("control", "called")),
            "plan": labels(lives["automatic"].astype(int), PLANS),
            "box": labels(lives["box"], BOXES),
            "tenure": (p.retention_month - lives["start"]).to_numpy(),
            "openness": (receptive + 0.25 * world.normal("openness", person)).round(2),
            "left": left,
            "boxes": (end - p.retention_month).to_numpy(),
        }
    )


@table("lost_customers")
def lost_customers(world: World) -> pd.DataFrame:
    """All whose first subscription had ended by the end of June 2024, as the firm saw them then."""
    p = world.parameters
    frame = world["winback"]
    person = frame["person"].to_numpy()
    lives = world["first_lives"].set_index("person").loc[person]
    price = np.array(p.box_prices)[lives["box"]]
    margin = price * np.where(lives["automatic"], 0.92, 1.0) - (1 - p.margin) * price
    months = (frame["end_month"] + 1).to_numpy() - lives["start"].to_numpy()
    said = world["exits"].set_index("person").reindex(person)
    cause = np.where(said["answers"].to_numpy() == True, said["says"].to_numpy(), -1)  # noqa: E712 (objects)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "last_month": dates(month_days()[frame["end_month"]]),
            "plan": labels(lives["automatic"].astype(int), PLANS),
            "box": labels(lives["box"], BOXES),
            "months": months,
            "margin": margin.round(2),
            "first_life_value": (margin * months).round(2),
            "cause": labels(cause, P.CAUSES),
        }
    )


@table("winback_test")
def winback_test(world: World) -> pd.DataFrame:
    frame = world["winback"]
    lives = world["subscriptions"]
    second = lives[lives["life"] == 2].set_index("person")["months"].reindex(frame["person"])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], ("none", "gift", "discount")),
            "returned": frame["returns"],
            "second_life_months": second.fillna(0).astype(int).to_numpy(),
        }
    )


# ---- the calls of those who want to cancel ---------------------------------------------------------------


@stage("agents")
def agents_stage(world: World) -> pd.DataFrame:
    """The agents: share of the calls, skill in the three steps, and their own effect on the log odds."""
    ids = np.arange(AGENTS)
    load = np.exp(0.6 * world.normal("agent load", ids))
    return pd.DataFrame(
        {
            "since": np.floor(900 * world.uniform("agent since", ids)).astype(int),
            "load": load / load.sum(),
            "skill": world.normal("agent skill", ids),
            "effect": AGENT_EFFECT * world.normal("agent effect", ids),
        }
    )


@stage("save_calls")
def save_calls_stage(world: World) -> pd.DataFrame:
    """Calls of subscribers who want to cancel; whether they stay is the core's business.

    Who leaves is settled in `first_lives`. So the agent, the order of the talk and the steps taken are drawn *given*
    the outcome, by Bayes' rule from a logit model: their odds ratios are those of the model.
    """
    lives, path = world["first_lives"], world["defection"]
    person = lives["person"].to_numpy()
    last = (lives["start"] + lives["length"] - 1).to_numpy()
    leaves = (last < P.MONTHS) & (world.uniform("calls to cancel", person) < CALLS_TO_CANCEL[0])
    row, month = np.nonzero(path["discontent"] & (np.arange(P.MONTHS) < P.MONTHS - STAYS))
    stays = (last[row] >= month + STAYS) & (
        world.uniform("calls and stays", person[row] * 64 + month) < CALLS_TO_CANCEL[1]
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
    agents = world["agents"]
    cells = pd.MultiIndex.from_product([range(AGENTS), (0, 1), (0, 1), (0, 1), (0, 1)]).to_frame().to_numpy()
    agent, offer_first, steps = cells[:, 0], cells[:, 1], cells[:, 2:]
    take = expit(np.array(STEP_LEVEL) + STEP_SKILL * agents["skill"].to_numpy()[agent][:, None])
    prior = agents["load"].to_numpy()[agent] / 2 * np.where(steps == 1, take, 1 - take).prod(axis=1)
    odds = agents["effect"].to_numpy()[agent] + OFFER_FIRST * offer_first + steps @ np.array(STEP_EFFECT)
    saving = expit(SAVE_LEVEL + odds)
    chosen = np.zeros(len(calls), dtype=int)
    ids = (calls["person"] * 64 + calls["month"]).to_numpy()
    for saved, weight in ((True, prior * saving), (False, prior * (1 - saving))):
        rows = calls["saved"].to_numpy() == saved
        chosen[rows] = world.choice("save call", ids[rows], weight)
    day = month_days()[calls["month"]] + np.floor(27 * world.uniform("save call day", ids)).astype(int)
    made = calls.assign(day=day, agent=agent[chosen], offer_first=offer_first[chosen] == 1)
    for k, name in enumerate(STEPS):
        made[name] = steps[chosen, k] == 1
    return made


@table("agents")
def agents(world: World) -> pd.DataFrame:
    hired = np.datetime64(P.FIRST_DAY) - world["agents"]["since"].to_numpy().astype("timedelta64[D]")
    return pd.DataFrame({"agent_id": _agent_ids(np.arange(AGENTS)), "since": hired.astype("datetime64[s]")})


def _agent_ids(agent: np.ndarray) -> np.ndarray:
    return np.array([f"T{k + 1:02d}" for k in range(AGENTS)], dtype=object)[agent]


@table("save_calls")
def save_calls(world: World) -> pd.DataFrame:
    calls = world["save_calls"]
    person = calls["person"].to_numpy()
    box = world["first_lives"].set_index("person")["box"].loc[person].to_numpy()
    return pd.DataFrame(
        {
            "call_id": (person + 1) * 100 + calls["month"].to_numpy(),
            "customer_id": customer_ids(world, person),
            "date": dates(calls["day"]),
            "agent_id": _agent_ids(calls["agent"].to_numpy()),
            "box": labels(box, BOXES),
            "opening": labels(calls["offer_first"].astype(int), ("reason first", "offer first")),
            **{name: calls[name] for name in STEPS},
            "saved": calls["saved"],
        }
    )


@table("truth/save_calls")
def truth_save_calls(world: World) -> pd.DataFrame:
    """The log odds ratios of the model behind the calls: steps, opening, agents."""
    terms = [*STEPS, "offer first", *_agent_ids(np.arange(AGENTS))]
    return pd.DataFrame({"term": terms, "log_odds": [*STEP_EFFECT, OFFER_FIRST, *world["agents"]["effect"].round(4)]})


@table("truth/defection")
def truth_defection(world: World) -> pd.DataFrame:
    """Discontent by month: spells that end in leaving, and others that pass."""
    path, lives = world["defection"], world["first_lives"]
    row, month = np.nonzero(path["discontent"])
    last = (lives["start"] + lives["length"] - 1).to_numpy()[row]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, lives["person"].to_numpy()[row]),
            "month": dates(month_days()[month]),
            "months_to_exit": pd.array(np.where(last < P.MONTHS, last - month, -1), dtype="Int64"),
        }
    ).assign(months_to_exit=lambda frame: frame["months_to_exit"].where(frame["months_to_exit"] >= 0))
