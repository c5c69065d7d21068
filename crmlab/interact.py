"""Interaction: a campaign as one plan, touch-points on the way to an order, and wear-out.

A long module, because half of it is definitions and examples.

Lift, sample size and the division of a budget are in `decide`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._threads import one_thread

__all__ = ["Campaign", "WearOut", "WearOutResults", "removal_effect"]


@dataclass(frozen=True)
class Campaign:
    """A contact plan in six steps: target, goal, content, budget, channel and frequency, evaluation.

    Parameters
    ----------
    target : members in each segment, such as `{"recent": 9000, "cooling": 5000}`
    goal, content, channel : in words
    budget : yuan for the whole campaign
    frequency : messages a member and month, for each segment of `target`; 0 leaves it out
    cost : yuan a message
    months : how long it runs
    hold_out : share of each segment kept without messages, by lot, so that the campaign can be judged

    Raises ValueError for segments that differ, numbers that cannot be, or a plan dearer than its budget.
    Change one step with `dataclasses.replace(plan, frequency=…)`: the plan is checked again.

    >>> plan = Campaign({"recent": 1000}, "packs sold", "advice", 1000, "wechat", {"recent": 2}, cost=0.15)
    >>> round(plan.spend(), 2)
    810.0
    """

    target: Mapping[str, int]
    goal: str
    content: str
    budget: float
    channel: str
    frequency: Mapping[str, float]
    cost: float
    months: int = 3
    hold_out: float = 0.1

    def __post_init__(self) -> None:
        if not self.target or set(self.target) != set(self.frequency):
            raise ValueError(
                f"target has the segments {', '.join(self.target) or 'none'}, frequency has "
                f"{', '.join(self.frequency) or 'none'}: give each segment its number of messages"
            )
        for name in self.target:
            _check.whole(f"target[{name!r}]", self.target[name], 0, unit="members of a segment")
            _check.number(f"frequency[{name!r}]", self.frequency[name], 0, unit="messages a member and month")
        _check.number("cost", self.cost, 0, unit="yuan a message")
        _check.number("budget", self.budget, 0, unit="yuan for the campaign")
        _check.whole("months", self.months, 1, 1200, unit="how long the campaign runs")
        _check.share("hold_out", self.hold_out, unit="the share kept without messages, so that somebody can judge")
        if self.spend() > self.budget + 0.005:
            cost, budget = f"{self.spend():,.0f}", f"{self.budget:,.0f}"
            raise ValueError(f"the plan costs {cost} yuan, its budget is {budget}: write less often")

    def spend(self) -> float:
        """Yuan the messages cost, hold-out left out."""
        sent = sum(self.target[name] * self.frequency[name] for name in self.target)
        return float(sent * self.months * (1 - self.hold_out) * self.cost)

    def steps(self) -> pd.Series:
        """The six steps in words, as a brief of one column."""
        every = ", ".join(f"{name} {self.frequency[name]:.3g}" for name in self.target)
        return pd.Series(
            {
                "1 target": ", ".join(f"{name} {n:,}" for name, n in self.target.items()),
                "2 goal": self.goal,
                "3 content": self.content,
                "4 budget": f"{self.budget:,.0f} yuan, plan costs {self.spend():,.0f}",
                "5 channel and frequency": f"{self.channel}; messages a month: {every}",
                "6 evaluation": f"{self.hold_out:.0%} of each segment without messages, by lot, {self.months} months",
            },
            name="plan",
        )

    def expected(self, gain: Mapping[str, Callable[[float], float]]) -> pd.DataFrame:
        """What the plan should bring: `gain[segment](f)` is yuan a member and month at f messages over none.

        `gain` is before the cost of the messages. Returns one row a segment: members (written to), messages,
        cost, gain, net; in yuan for the whole campaign. Raises KeyError for a segment without a curve.
        """
        missing = [name for name in self.target if name not in gain]
        if missing:
            raise KeyError(f"gain has no curve for {', '.join(missing)}")
        rows = {}
        for name, n in self.target.items():
            members = n * (1 - self.hold_out)
            sent = members * self.frequency[name] * self.months
            made = members * self.months * float(gain[name](self.frequency[name]))
            rows[name] = [members, sent, sent * self.cost, made, made - sent * self.cost]
        return pd.DataFrame.from_dict(rows, orient="index", columns=["members", "messages", "cost", "gain", "net"])

    def assign(self, segment: pd.Series, seed: int) -> pd.Series:
        """Arms by lot, the same share of each segment: "message" or "hold-out", in the order of `segment`.

        Raises ValueError for a segment the plan does not have. The same seed gives the same arms.
        """
        segment = _check.ids("segment", segment, rows=1)
        seed = _check.whole("seed", seed, 0)
        unknown = set(segment.astype("str")) - set(self.target)
        if unknown:
            raise ValueError(f"the plan has no segment {', '.join(sorted(unknown))}")
        rng = np.random.default_rng(seed)
        draw = pd.Series(rng.random(len(segment)), index=segment.index)
        rank = draw.groupby(segment.astype("str")).rank(method="first")
        size = draw.groupby(segment.astype("str")).transform("size")
        arm = np.where(rank <= np.round(self.hold_out * size), "hold-out", "message")
        return pd.Series(arm, index=segment.index, name="arm")


def removal_effect(
    journeys: pd.DataFrame, journey: str = "journey_id", touchpoint: str = "touchpoint", converted: str = "converted"
) -> pd.Series:
    """Share of orders lost if a touch-point disappeared and all who come to it gave up.

    Journeys are read as a first-order Markov chain from the start over touch-points to an order or to nothing,
    with transition shares as counted. P is the chance of an order, P₋ⱼ the chance with every step to j going to
    nothing: effect = 1 − P₋ⱼ/P. It is a share of what goes *through* j, not what j causes.

    Parameters: one row a touch-point of a journey, rows in the order of the steps; names of the columns for
    journey, touch-point, and whether the journey ended in an order. Returns one effect a touch-point, 0–1, by name.
    Raises KeyError for missing columns; ValueError for gaps, a journey both with and without an order, or no order.
    Source: Anderl et al. (2016).

    >>> three = pd.DataFrame({"journey_id": [1, 1, 2, 3], "touchpoint": ["a", "b", "a", "b"],
    ...                       "converted": [True, True, False, True]})
    >>> removal_effect(three).to_dict()
    {'a': 0.5, 'b': 1.0}
    """
    _check.frame("journeys", journeys, journey, touchpoint, converted, rows=1)
    rows = pd.DataFrame(
        {
            journey: _check.ids(journey, journeys[journey]).to_numpy(dtype=object),
            touchpoint: _check.ids(touchpoint, journeys[touchpoint]).to_numpy(dtype=object),
            converted: _check.flags(converted, journeys[converted]),
        }
    )
    ends = rows.groupby(journey)[converted].nunique()
    if (ends > 1).any():
        both = (ends > 1).sum()
        raise ValueError(f"{both} journeys end both with and without an order; the first is {ends.idxmax()!r}")
    names = sorted(rows[touchpoint].astype("str").unique())
    place = {name: k for k, name in enumerate(names)}
    code = rows[touchpoint].astype("str").map(place).to_numpy(dtype=int)
    who = rows[journey].to_numpy()
    order = np.argsort(rows.groupby(journey, sort=False).ngroup().to_numpy(), kind="stable")
    code, who, bought = code[order], who[order], rows[converted].to_numpy(dtype=bool)[order]
    opens = np.append(True, who[1:] != who[:-1])
    closes = np.append(opens[1:], True)
    n = len(names)
    counts = np.zeros((n + 1, n + 2))  # from start and each touch-point; to each touch-point, order, nothing
    np.add.at(counts, (0, code[opens]), 1)
    np.add.at(counts, (code[:-1][~closes[:-1]] + 1, code[1:][~opens[1:]]), 1)
    np.add.at(counts, (code[closes] + 1, np.where(bought[closes], n, n + 1)), 1)
    share = counts / counts.sum(axis=1, keepdims=True)
    every = _order_chance(share, n)
    if every == 0:
        raise ValueError(f"none of the {int(opens.sum())} journeys ended in an order: there is nothing to lose")
    effect = []
    for k in range(n):
        without = share.copy()
        without[:, n + 1] += without[:, k]
        without[:, k] = 0.0
        effect.append(1 - _order_chance(without, n) / every)
    return pd.Series(effect, index=pd.Index(names, name=touchpoint), name="removal_effect")


def _order_chance(share: np.ndarray, n: int) -> float:
    ends = np.linalg.solve(np.eye(n) - share[1:, :n], share[1:, n])
    return float(share[0, :n] @ ends)


class WearOut:
    """Response to f contacts in a period, b + a·f·e^(−k·f): each contact helps, each wears the others out.

    b is the response without a contact, a that of the first contact before wear-out, k the wear-out. Without
    costs and opt-outs the response is highest at f* = 1/k. Fitted by least squares; standard errors allow for
    heteroscedasticity and for several rows of one customer.

    Parameters: `contacts` f of each row, set by lot, at least four different values, 0 among them; `response` of
    each row, 0/1 or a number; `customer` of each row, or None if every row is another customer.
    Raises TypeError for text, ValueError for unequal lengths, gaps, negative contacts or too few values.
    Source: form of Ricker (1954), used for advertising wear-out; errors after Liang and Zeger (1986).

    >>> f = np.tile(np.arange(7), 3)
    >>> WearOut(f, 0.01 + 0.04 * f * np.exp(-0.25 * f)).fit().params.round(3).to_dict()
    {'b': 0.01, 'a': 0.04, 'k': 0.25}
    """

    def __init__(self, contacts: ArrayLike, response: ArrayLike, customer: ArrayLike | None = None) -> None:
        _check.same_rows(contacts=contacts, response=response, customer=customer)
        self.contacts = _check.vector("contacts", contacts, 0, rows=4)
        self.response = _check.vector("response", response, flags=True, rows=4)
        rows = len(self.contacts)
        self.customer = np.arange(rows) if customer is None else pd.factorize(_check.ids("customer", customer))[0]
        if len(np.unique(self.contacts)) < 4 or self.contacts.min() > 0:
            raise ValueError("a curve of three numbers needs at least four numbers of contacts, 0 among them")

    def fit(self) -> "WearOutResults":
        """Fit the curve; raises ValueError where the response does not depend on contacts enough to see k."""
        from scipy.optimize import least_squares

        f, y = self.contacts, self.response
        levels, place = np.unique(f, return_inverse=True)
        count = np.bincount(place)
        mean = np.bincount(place, weights=y) / count
        base = mean[levels == 0][0]
        rise = max(float((mean - base).max()), 1e-6)
        start = [base, rise, 0.3]
        weight = np.sqrt(count / count.sum())
        with one_thread():
            found = least_squares(lambda t: weight * (_curve(levels, *t) - mean), start, x_scale=[rise, rise, 0.1])
        worn = f * np.exp(-found.x[2] * f)
        slopes = np.column_stack([np.ones(len(f)), worn, -found.x[1] * f * worn])
        inner = slopes.T @ slopes
        if not found.success or np.linalg.cond(inner) > 1e12 or found.x[1] <= 0:
            raise ValueError("the response does not rise with contacts clearly enough to tell a and k")
        score = pd.DataFrame(slopes * (y - _curve(f, *found.x))[:, None]).groupby(self.customer).sum().to_numpy()
        bread = np.linalg.inv(inner)
        groups = len(score)
        covariance = bread @ (score.T @ score) @ bread * groups / max(groups - 1, 1)
        names = ["b", "a", "k"]
        return WearOutResults(pd.Series(found.x, index=names), pd.DataFrame(covariance, index=names, columns=names))


def _curve(f: ArrayLike, b: float, a: float, k: float) -> np.ndarray:
    f = np.asarray(f, dtype=float)
    return b + a * f * np.exp(-k * f)


@dataclass(frozen=True)
class WearOutResults:
    """A fitted wear-out curve: `params` (b, a, k) and their `covariance`."""

    params: pd.Series
    covariance: pd.DataFrame

    @property
    def bse(self) -> pd.Series:
        """Standard errors."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.params.index)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Intervals of b, a and k: columns estimate, low and high."""
        half = _check.z_of(level) * self.bse
        return pd.DataFrame({"estimate": self.params, "low": self.params - half, "high": self.params + half})

    def predict(self, contacts: ArrayLike) -> np.ndarray:
        """Response to these numbers of contacts, 0 or more."""
        return _curve(_check.vector("contacts", contacts, 0), *self.params)
