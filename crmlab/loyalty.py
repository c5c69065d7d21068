"""Loyalty: attitude against behaviour, the satisfaction–loyalty curve, expectations with a knot, and the ladder.

Arithmetic of one line (a liability for points, a share of wallet) stands in the notebook; this room has what needs
care with gaps, groups and intervals.
"""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CELLS",
    "STAGES",
    "bend",
    "brand_measures",
    "curve",
    "dick_basu",
    "ladder",
    "nps",
    "repeat_hazard",
    "two_slopes",
]

CELLS = ("true", "latent", "spurious", "none")
STAGES = ("prospect", "disqualified", "first-time", "repeat", "client", "advocate", "inactive")
LEAST = 20  # rows of a market below which no curve is fitted


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    series = pd.Series(np.asarray(values))
    if not (pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series)):
        raise TypeError(f"{name} must be numbers, got {series.dtype}: convert them first")
    array = series.to_numpy(dtype=float, na_value=np.nan)
    gaps = int((~np.isfinite(array)).sum())
    if gaps:
        raise ValueError(f"{name} has {gaps} missing or infinite values of {len(array)}: drop those rows first")
    if not len(array):
        raise ValueError(f"{name} is empty")
    return array


def _same_length(**columns: Any) -> None:
    sizes = {name: len(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"one entry a customer in each: got {', '.join(f'{n} {k}' for n, k in sizes.items())}")


def _columns(name: str, table: pd.DataFrame, wanted: tuple[str, ...]) -> None:
    missing = [column for column in wanted if column not in table]
    if missing:
        raise KeyError(f"{name} lacks column {', '.join(missing)}; there are {', '.join(map(str, table))}")


def _z(level: float) -> float:
    from scipy.stats import norm

    if not 0 < level < 1:
        raise ValueError(f"level is a share between 0 and 1, such as .95, got {level}")
    return float(norm.ppf(0.5 + level / 2))


def dick_basu(attitude: ArrayLike, behaviour: ArrayLike, cuts: tuple[float, float]) -> pd.Series:
    """Kind of loyalty of each customer: attitude relative to rivals against repeat buying.

    true: both at their cut or above; latent: attitude only; spurious: behaviour only; none: neither.

    Parameters: attitude (points) and behaviour (orders, or share of wallet), one entry a customer; `cuts`, the
    least attitude and the least behaviour that count as high. Returns the cell of each customer, with the index of
    `behaviour` if it is a Series. Raises TypeError for text, ValueError for gaps or unequal lengths.
    Source: Dick and Basu (1994).

    >>> dick_basu([9, 9, 4, 4], [5, 1, 5, 1], cuts=(7, 3)).to_list()
    ['true', 'latent', 'spurious', 'none']
    """
    _same_length(attitude=attitude, behaviour=behaviour)
    likes = _numbers("attitude", attitude) >= cuts[0]
    buys = _numbers("behaviour", behaviour) >= cuts[1]
    cell = np.select([likes & buys, likes, buys], [0, 1, 2], 3)
    index = behaviour.index if isinstance(behaviour, pd.Series) else None
    return pd.Series(pd.Categorical.from_codes(cell, pd.Index(CELLS)), index=index, name="loyalty")


def _markets(
    satisfaction: ArrayLike, loyal: ArrayLike, market: ArrayLike, person: ArrayLike | None
) -> tuple[pd.DataFrame, list[Any]]:
    _same_length(
        satisfaction=satisfaction, loyal=loyal, market=market, **({} if person is None else {"person": person})
    )
    x, y = _numbers("satisfaction", satisfaction), _numbers("loyal", loyal)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"loyal must be 0 or 1 (stayed or not); there is {y[~np.isin(y, (0, 1))][0]:g}")
    if x.std() == 0:
        raise ValueError("satisfaction is the same for everybody: there is no curve to see")
    names = pd.Series(np.asarray(market, dtype=object))
    if names.isna().any():
        raise ValueError(f"market has {int(names.isna().sum())} missing values: drop those rows first")
    who = np.arange(len(x)) if person is None else pd.factorize(np.asarray(person, dtype=object))[0]
    frame = pd.DataFrame({"x": x, "s": (x - x.mean()) / x.std(), "y": y, "market": names, "who": who})
    known = (
        market.categories
        if isinstance(market, pd.Categorical)
        else getattr(getattr(market, "cat", None), "categories", None)
    )
    order = [name for name in (pd.unique(names) if known is None else known) if (names == name).any()]
    for name, group in frame.groupby("market"):
        if len(group) < LEAST or group["y"].nunique() < 2:
            raise ValueError(
                f"market {name!r} has {len(group)} rows and {int(group['y'].sum())} loyal: a curve needs {LEAST} rows, "
                "with some who stayed and some who left"
            )
    return frame, order


def bend(
    satisfaction: ArrayLike, loyal: ArrayLike, market: ArrayLike, person: ArrayLike | None = None, level: float = 0.95
) -> pd.DataFrame:
    """How steep and how bent the satisfaction–loyalty curve is in each market.

    Per market, least squares of loyal = a + slope·s + bend·s², with s the satisfaction standardised over all rows.
    A bend above 0 is convex (only the most satisfied stay: competition), below 0 concave (a little is enough:
    near-monopoly). Standard errors hold for rows of the same person (cluster-robust).

    Parameters
    ----------
    satisfaction : points, any scale
    loyal : 1 stayed, 0 left
    market : name of the market of each row
    person : who answered, where a person may have several rows
    level : confidence level

    Returns one row a market: n, share (loyal), slope, slope_low, slope_high, bend, bend_low, bend_high, in shares a
    standard deviation of satisfaction (and its square). Raises TypeError or ValueError for text, gaps, unequal
    lengths, or a market with fewer than 20 rows or one outcome only. Source: Jones and Sasser (1995).

    >>> s = np.tile(np.arange(1, 11), 30)
    >>> stays = (np.arange(300) % 100 < s**2).astype(int)
    >>> bool(bend(s, stays, ["rivals"] * 300).loc["rivals", "bend_low"] > 0)
    True
    """
    import statsmodels.formula.api as smf

    z = _z(level)
    frame, order = _markets(satisfaction, loyal, market, person)
    rows = {}
    for name in order:
        group = frame[frame["market"] == name]
        fit = smf.ols("y ~ s + I(s**2)", group).fit(cov_type="cluster", cov_kwds={"groups": group["who"]})
        row = {"n": len(group), "share": group["y"].mean()}
        for k, what in ((1, "slope"), (2, "bend")):
            middle, half = fit.params.iloc[k], z * fit.bse.iloc[k]
            row |= {what: middle, f"{what}_low": middle - half, f"{what}_high": middle + half}
        rows[name] = row
    return pd.DataFrame(rows).T.astype({"n": int})


def curve(
    satisfaction: ArrayLike,
    loyal: ArrayLike,
    market: ArrayLike,
    at: ArrayLike,
    person: ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The satisfaction–loyalty curve of each market, with its band, to be drawn.

    Per market a logistic regression on satisfaction and its square; the band is that of the linear predictor
    (cluster-robust), turned into shares, so it stays between 0 and 1.

    Parameters: as for `bend`; `at`, the points of satisfaction at which to read the curve. Returns columns market,
    satisfaction, share, low, high. Raises as `bend` does. Source: Jones and Sasser (1995).

    >>> s = np.tile(np.arange(1, 11), 30)
    >>> stays = (np.arange(300) % 100 < s**2).astype(int)
    >>> found = curve(s, stays, ["rivals"] * 300, at=[2, 9])
    >>> found["share"].is_monotonic_increasing and bool(found[["low", "high"]].stack().between(0, 1).all())
    True
    """
    import statsmodels.api as sm
    from scipy.special import expit

    z = _z(level)
    frame, order = _markets(satisfaction, loyal, market, person)
    points = _numbers("at", at)
    s = (points - frame["x"].mean()) / frame["x"].std(ddof=0)
    new = np.column_stack([np.ones(len(s)), s, s**2])
    parts = []
    for name in order:
        group = frame[frame["market"] == name]
        known = np.column_stack([np.ones(len(group)), group["s"], group["s"] ** 2])
        model = sm.GLM(group["y"].to_numpy(), known, family=sm.families.Binomial())
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": group["who"].to_numpy()})
        middle = new @ fit.params
        half = z * np.sqrt(np.einsum("ij,jk,ik->i", new, fit.cov_params(), new))
        ends = {"share": expit(middle), "low": expit(middle - half), "high": expit(middle + half)}
        parts.append(pd.DataFrame({"market": name, "satisfaction": points, **ends}))
    return pd.concat(parts, ignore_index=True)


def two_slopes(loyal: ArrayLike, expectations: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Where the effect of each expectation on loyalty changes, and its slope below and above that knot.

    loyal = a + Σ_j below_j·min(x_j − k_j, 0) + above_j·max(x_j − k_j, 0). The knots are found together, by least
    squares over the answers that leave a twentieth of the rows on either side; intervals of the slopes are for those
    knots, heteroscedasticity-robust. Basic expectations are steep below and flat above, latent ones the reverse.

    Parameters: loyalty (points); one or two columns of answers on expectations (points); `level`.
    Returns one row an expectation: knot, below, below_low, below_high, above, above_low, above_high (points of
    loyalty for a point). Raises TypeError or ValueError for text, gaps, more than two columns, or answers with fewer
    than four values. Source: Hudson (1966) for the knots; the distinction after Kano et al. (1984).

    >>> x = np.tile(np.arange(1.0, 11), 20)
    >>> y = 50 + 6 * np.minimum(x - 7, 0) + np.repeat([1.0, -1.0], 100)
    >>> two_slopes(y, pd.DataFrame({"basic": x}))[["knot", "below"]].round(6).to_numpy().tolist()
    [[7.0, 6.0]]
    """
    import statsmodels.api as sm

    z = _z(level)
    y = _numbers("loyal", loyal)
    _same_length(loyal=y, expectations=expectations)
    names = list(expectations)
    if not 1 <= len(names) <= 2:
        raise ValueError(f"expectations has {len(names)} columns; give one or two")
    x = {name: _numbers(str(name), expectations[name]) for name in names}
    candidates = []
    for name in names:
        values = np.unique(x[name])
        inside = [v for v in values if 0.05 <= (x[name] < v).mean() and (x[name] > v).mean() >= 0.05]
        if len(values) < 4 or not inside:
            raise ValueError(f"{name} has {len(values)} different answers: too few to find a knot")
        candidates.append(inside)

    def design(knots: tuple[float, ...]) -> NDArray[np.float64]:
        parts = [np.ones(len(y))]
        for name, knot in zip(names, knots, strict=True):
            parts += [np.minimum(x[name] - knot, 0), np.maximum(x[name] - knot, 0)]
        return np.column_stack(parts)

    def left_over(knots: tuple[float, ...]) -> float:
        matrix = design(knots)
        return float(((y - matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]) ** 2).sum())

    best = min(itertools.product(*candidates), key=left_over)
    fit = sm.OLS(y, design(best)).fit(cov_type="HC1")
    rows = {}
    for j, name in enumerate(names):
        row = {"knot": float(best[j])}
        for k, what in ((1 + 2 * j, "below"), (2 + 2 * j, "above")):
            middle, half = fit.params[k], z * fit.bse[k]
            row |= {what: middle, f"{what}_low": middle - half, f"{what}_high": middle + half}
        rows[name] = row
    return pd.DataFrame(rows).T


def nps(ratings: ArrayLike, level: float = 0.95) -> pd.Series:
    """Net promoter score with its error: promoters (9–10) less detractors (0–6), in points of 100.

    NPS = 100·(p − d); standard error 100·√((p + d − (p − d)²)/n), for a sample of answers 0–10.

    Parameters: whole numbers 0–10, one a respondent; `level`. Returns nps, low, high, se, promoters, passives,
    detractors (shares), n. Raises TypeError or ValueError for text, gaps, or answers off the scale.
    Source: Reichheld (2003); the error is that of a difference of two shares of one multinomial sample.

    >>> nps([10] * 200 + [8] * 120 + [3] * 80)[["nps", "se"]].round(1).to_list()
    [30.0, 3.9]
    """
    z = _z(level)
    answers = _numbers("ratings", ratings)
    wrong = answers[(answers < 0) | (answers > 10) | (answers != np.round(answers))]
    if len(wrong):
        raise ValueError(f"ratings are whole numbers from 0 to 10; {len(wrong)} are not, the first is {wrong[0]:g}")
    up, down = float((answers >= 9).mean()), float((answers <= 6).mean())
    score, se = 100 * (up - down), 100 * float(np.sqrt((up + down - (up - down) ** 2) / len(answers)))
    return pd.Series(
        {
            "nps": score,
            "low": score - z * se,
            "high": score + z * se,
            "se": se,
            "promoters": up,
            "passives": 1 - up - down,
            "detractors": down,
            "n": len(answers),
        }
    )


def repeat_hazard(first: pd.Series, second: pd.Series, end: str | pd.Timestamp, width: int = 30) -> pd.DataFrame:
    """Chance of a second purchase in each period since the first, among those who have not made it yet.

    hazard = bought in the period / at risk at its beginning; `repeated` = 1 − Π(1 − hazard). Who has not bought
    again by `end` counts for the periods she was seen through in full, and is then left out (censored).

    Parameters
    ----------
    first, second : dates of the first and the second purchase by customer; missing second where there is none
    end : last day seen
    width : days in a period, at least 1

    Returns one row a period, indexed by its first day: at_risk, bought, hazard, repeated (to its end). Raises
    ValueError for a second purchase before the first, a date after the end, or a customer without a first purchase.
    Source: the life-table estimate (Cutler and Ederer, 1958), without half-period correction.

    >>> first = pd.Series(pd.to_datetime(["2024-01-01"] * 4), index=list("abcd"))
    >>> second = pd.Series(pd.to_datetime(["2024-01-11", "2024-02-10", None, None]), index=list("abcd"))
    >>> repeat_hazard(first, second, end="2024-03-01").round(3)[["at_risk", "bought", "repeated"]].values.tolist()
    [[4.0, 1.0, 0.25], [3.0, 1.0, 0.5]]
    """
    if width < 1 or width != int(width):
        raise ValueError(f"width is a whole number of days, at least 1, got {width}")
    start, again = pd.to_datetime(first), pd.to_datetime(second).reindex(first.index)
    if start.isna().any():
        raise ValueError(f"{int(start.isna().sum())} customers have no first purchase: drop them")
    last = pd.Timestamp(end)
    if (start > last).any() or (again > last).any():
        raise ValueError(f"some purchases are after the end, {last:%Y-%m-%d}: cut the orders there first")
    gap = (again - start).dt.days
    if (gap < 0).any():
        raise ValueError(f"{int((gap < 0).sum())} customers have a second purchase before their first")
    seen = (last - start).dt.days
    rows = []
    for day in range(0, int(seen.max()) - width + 2, width):
        through = (seen >= day + width - 1) | (gap < day + width)
        at_risk = through & ~(gap < day)
        bought = at_risk & (gap < day + width)
        if not at_risk.any():
            break
        rows.append({"day": day, "at_risk": int(at_risk.sum()), "bought": int(bought.sum())})
    table = pd.DataFrame(rows, columns=["day", "at_risk", "bought"]).set_index("day")
    table["hazard"] = table["bought"] / table["at_risk"]
    table["repeated"] = 1 - (1 - table["hazard"]).cumprod()
    return table


def ladder(
    orders: pd.DataFrame,
    leads: pd.DataFrame,
    referrals: pd.DataFrame,
    asof: str | pd.Timestamp,
    days: int = 365,
    client: int = 4,
) -> pd.Series:
    """Stage of each lead and customer on the loyalty ladder on one day.

    A lead without an order is a *prospect* for `days`, then *disqualified*. A customer without an order in the last
    `days` is *inactive*; otherwise *first-time* with one order so far, *repeat* with more, *client* with at least
    `client` orders in the last `days`, and *advocate* if she repeats and has brought somebody by then.

    Parameters: `orders` (customer_id, order_date), `leads` (lead_id, created, converted), `referrals` (customer_id,
    date); `asof`, the day; `days`; `client`, orders a period. Only what had happened by `asof` counts.
    Returns the stage by customer_id or lead_id. Raises KeyError for missing columns, ValueError for numbers below 1.
    Source: after Griffin (1995), whose *suspect* (anybody who might buy) is in no table.

    >>> dates = pd.to_datetime(["2024-01-05", "2024-05-01", "2024-06-01", "2022-01-01"])
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "order_date": dates})
    >>> leads = pd.DataFrame({"lead_id": ["L1"], "created": dates[:1], "converted": [pd.NaT]})
    >>> brought = pd.DataFrame({"customer_id": ["b"], "date": dates[2:3]})
    >>> ladder(orders, leads, brought, "2024-06-30").to_dict()
    {'a': 'first-time', 'b': 'advocate', 'c': 'inactive', 'L1': 'prospect'}
    """
    _columns("orders", orders, ("customer_id", "order_date"))
    _columns("leads", leads, ("lead_id", "created", "converted"))
    _columns("referrals", referrals, ("customer_id", "date"))
    if days < 1 or client < 1:
        raise ValueError(f"days and client are counts of at least 1, got {days} and {client}")
    day = pd.Timestamp(asof)
    so_far = orders[orders["order_date"] <= day]
    recent = so_far["order_date"] > day - pd.Timedelta(days=days)
    total = so_far.groupby("customer_id").size()
    lately = recent.groupby(so_far["customer_id"]).sum()
    brought = total.index.isin(referrals.loc[referrals["date"] <= day, "customer_id"])
    stage = np.select(
        [lately == 0, (total > 1) & brought, lately >= client, total > 1],
        ["inactive", "advocate", "client", "repeat"],
        "first-time",
    )
    open_leads = leads[(leads["created"] <= day) & ~(leads["converted"] <= day)]
    young = open_leads["created"] > day - pd.Timedelta(days=days)
    cold = np.where(young, "prospect", "disqualified")
    found = pd.Series([*stage, *cold], index=[*total.index, *open_leads["lead_id"]], dtype=object)
    return found.astype(pd.CategoricalDtype(list(STAGES), ordered=False)).rename("stage")


def brand_measures(purchases: pd.DataFrame, household: str, brand: str) -> pd.DataFrame:
    """How loyal buyers are to each brand: penetration, frequency, share of requirements, repeat rate.

    For brand b: share of purchases; penetration (households that bought it at least once); purchases per buyer;
    share of requirements = its purchases / all purchases of its buyers; sole buyers (bought nothing else); repeat
    rate = of the purchases after one of b, the share that are b again.

    Parameters: one row a purchase, each household's rows in the order of time; names of the two columns.
    Returns one row a brand, the largest first: purchases, share, penetration, per_buyer, requirements, sole, repeat.
    Raises KeyError for missing columns, ValueError for gaps. Source: Ehrenberg, Uncles and Goodhardt (2004).

    >>> rows = [("x", "a"), ("x", "a"), ("x", "b"), ("y", "a"), ("y", "a")]
    >>> found = brand_measures(pd.DataFrame(rows, columns=["who", "what"]), "who", "what")
    >>> found.loc["a", ["share", "requirements", "sole", "repeat"]].round(2).to_list()
    [0.8, 0.8, 0.5, 0.67]
    """
    _columns("purchases", purchases, (household, brand))
    pair = purchases[[household, brand]]
    if pair.isna().any(axis=None):
        raise ValueError(f"purchases has {int(pair.isna().any(axis=1).sum())} rows without household or brand")
    what, who = pair[brand].astype(str), pair[household]
    held = pd.crosstab(who, what)
    mine, size = held.sum(), held.sum(axis=1)
    buyers = held > 0
    previous = what.groupby(who.to_numpy()).shift()
    after = previous.value_counts().reindex(mine.index, fill_value=0)
    again = previous[previous == what].value_counts().reindex(mine.index, fill_value=0)
    table = pd.DataFrame(
        {
            "purchases": mine,
            "share": mine / len(pair),
            "penetration": buyers.mean(),
            "per_buyer": mine / buyers.sum(),
            "requirements": mine / buyers.mul(size, axis=0).sum(),
            "sole": held.eq(size, axis=0).sum() / buyers.sum(),
            "repeat": again / after.where(after > 0),
        }
    )
    return table.sort_values("purchases", ascending=False, kind="stable").rename_axis(brand)
