"""One valid call of every public function, for the contract test to spoil. A function without one fails there.

`taken` names what a function takes on purpose, by (argument, spoiler), each with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from crmlab import (
    churn,
    clv,
    decide,
    identity,
    interact,
    loyalty,
    needs,
    plot,
    satisfaction,
    service,
    survey,
    value,
    winback,
)
from crmlab.satisfaction import diagram

ROOMS = {
    "value": value, "clv": clv, "churn": churn, "survey": survey, "decide": decide, "needs": needs, "winback": winback,
    "interact": interact, "loyalty": loyalty, "service": service, "identity": identity, "satisfaction": satisfaction,
    "satisfaction.diagram": diagram, "plot": plot,
}  # fmt: skip


@dataclass
class Call:
    """A valid call. `methods` are called on what it returns, with the whole result compared."""

    function: Callable[..., Any]
    arguments: dict[str, Any]
    taken: dict[tuple[str, str], str] = field(default_factory=dict)
    covers: tuple[str, ...] = ()  # names of `__all__` that this call exercises, beside its own


rng = np.random.default_rng(7)
N = 40
IDS = [f"C{k:03d}" for k in range(N)]
ROWS = pd.Index(range(100, 100 + N))


def column(values: Any) -> pd.Series:
    return pd.Series(np.asarray(values), index=ROWS)


days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 120), unit="D")
orders = pd.DataFrame({
    "customer_id": rng.choice(IDS, 120), "order_date": days, "amount": rng.gamma(3, 30, 120).round(2),
})  # fmt: skip
summary = pd.DataFrame({
    "customer_id": IDS, "frequency": rng.integers(0, 6, N), "age": rng.uniform(30, 50, N).round(1), "monetary": 0.0,
})  # fmt: skip
summary["recency"] = np.where(summary["frequency"] > 0, (summary["age"] * rng.uniform(0.2, 0.9, N)).round(1), 0.0)
summary["monetary"] = rng.gamma(6, 20, N).round(2)
buyers = summary[summary["frequency"] > 0]
bgnbd = clv.BetaGeometricNBDResults.from_params(r=0.24, alpha=4.41, a=0.79, b=2.43)
gamma_gamma = clv.GammaGammaResults.from_params(p=6.25, q=3.74, gamma=15.44)
sbg = clv.ShiftedBetaGeometricResults.from_params(alpha=0.67, beta=3.8)
life = column(rng.integers(1, 9, N))
left = column(rng.random(N) < 0.6)
score = column(rng.normal(size=N))
yes = column(np.arange(N) % 3 == 0)
points = column(rng.integers(0, 11, N))
payments = pd.DataFrame({
    "customer_id": [c for c in IDS for _ in range(3)], "month": np.tile([0, 1, 2], N),
    "amount": rng.uniform(20, 90, 3 * N).round(2),
}).drop(index=[2, 7, 8, 20])  # fmt: skip
history = pd.DataFrame({
    "customer_id": np.repeat(IDS, 9), "month": np.tile(np.arange(9), N), "late": rng.random(9 * N) < 0.3,
    "quiet": rng.random(9 * N) < 0.2,
})  # fmt: skip
lives = pd.DataFrame({"first_month": 0, "last_month": np.where(np.arange(N) % 4 == 0, 5.0, np.nan)}, index=IDS)
seen = history["month"] <= history["customer_id"].map(lives["last_month"]).fillna(99)
history = history[seen].reset_index(drop=True)
quality = rng.normal(size=60)
items = pd.DataFrame({
    f"{name}{k}": np.clip(np.round(6 + 1.5 * (weight * quality + rng.normal(size=60))), 1, 10)
    for name, weight in (("q", 1.0), ("s", 0.8)) for k in (1, 2)
})  # fmt: skip
kano = pd.DataFrame({
    "functional": rng.choice(needs.ANSWERS, 60), "dysfunctional": rng.choice(needs.ANSWERS, 60),
    "feature": np.repeat(["wrapping", "freshness"], 30),
})  # fmt: skip
baskets = pd.DataFrame(rng.integers(0, 3, (12, 4)), columns=["green", "black", "puer", "herbal"])
baskets += np.eye(12, 4, dtype=int)
similar = needs.item_similarity(baskets)
contacts = column(np.tile(np.arange(8), N // 8))
bought = 0.02 + 0.05 * contacts * np.exp(-0.3 * contacts) + rng.normal(0, 0.002, N)
curve = interact.WearOut(contacts, bought).fit()
plan = interact.Campaign({"new": 100}, "packs", "advice", 1000.0, "wechat", {"new": 2.0}, cost=0.15)
journeys = pd.DataFrame({
    "journey_id": ["J1", "J1", "J2", "J3", "J3", "J4"],
    "touchpoint": list("ababca"), "converted": [True, True, False, True, True, False],
})  # fmt: skip
satisfied = pd.Series(np.tile(np.arange(1, 11), 12))
stays = pd.Series((np.arange(120) * 37 % 100 < satisfied.to_numpy() ** 2).astype(int))
market = pd.Series(np.repeat(["rivals", "alone"], 60))
first = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(N), unit="D"), index=IDS)
second = first + pd.to_timedelta(np.where(np.arange(N) % 3 == 0, np.nan, 10 + np.arange(N)), unit="D")
leads = pd.DataFrame({
    "lead_id": ["L1", "L2"], "created": pd.to_datetime(["2024-02-01", "2022-01-01"]),
    "converted": pd.to_datetime(["2024-03-01", None]),
})  # fmt: skip
referrals = pd.DataFrame({"customer_id": IDS[:3], "date": pd.to_datetime(["2024-05-01"] * 3)})
calls = pd.DataFrame({"caller_id": IDS[:6] * 2, "reason": "late"})
calls["date"] = pd.to_datetime(["2024-01-01"] * 6 + ["2024-01-05"] * 6)
counted = pd.Series([4, 6, 5, 9, 3], index=list("vwxyz"))
exposure = pd.Series([100, 110, 90, 100, 120], index=list("vwxyz"))
base = pd.Series([True, True, True, False, False], index=list("vwxyz"))
samples = pd.DataFrame(rng.normal(100, 1, (12, 4)), columns=list("abcd"))
chart = service.xbar_chart(samples)[["rate", "centre", "lower", "upper"]]
records = pd.DataFrame({
    "phone": ["138", "138", "139", "137", "139", "136"], "name": ["Wang", "Wang", "Li", "Zhao", "Li", "Chen"],
}, index=list("uvwxyz"))  # fmt: skip
pairs = pd.DataFrame({"left": ["u", "w", "u"], "right": ["v", "y", "x"]})
match = rng.random(300) < 0.3
levels = pd.DataFrame({f: np.where(match, rng.random(300) < 0.9, rng.random(300) < 0.1).astype(int) for f in "abc"})
linkage = identity.FellegiSunter(levels).fit()
entity = pd.Series(["A", "A", "B", "C", "B", "D"], index=list("uvwxyz"))
blocks, paths = {"quality": ["q1", "q2"], "satisfaction": ["s1", "s2"]}, {"satisfaction": ["quality"]}
path_model = satisfaction.PathModel(items, blocks, paths).fit()
drivers = pd.DataFrame({"clean": rng.integers(1, 6, 90), "fast": rng.integers(1, 6, 90)})
outcome = drivers["clean"] - 0.5 * drivers["fast"] + pd.Series(rng.normal(size=90))
strata = pd.Series(np.repeat(["f", "m"], [25, 15]), index=ROWS)
population = pd.Series({"f": 500, "m": 500})
estimates = pd.DataFrame({"estimate": [1.0, 2.0], "low": [0.5, 1.0], "high": [1.5, 3.0]}, index=["a", "b"])


def _ax(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a figure shows, without leaving it open."""
    import matplotlib.pyplot as plt

    def drawn(*args: Any, **options: Any) -> Any:
        figure, ax = plt.subplots()
        try:
            function(*args, ax=ax, **options)
            return [text.get_text() for text in ax.texts] + [str(len(ax.lines) + len(ax.patches))]
        finally:
            plt.close(figure)

    return drawn


def _concave(rate: float) -> Callable[[float], float]:
    return lambda spent: 100 * (1 - np.exp(-rate * spent))


LABEL = "labels that no other argument shares do not matter"
GAP = "missing where she never came a second time, or is still here"
SCALE = "answers in another unit give other points; only missing and infinite ones are wrong"

CALLS: dict[str, Call] = {
    "value.totals": Call(value.totals, {"orders": orders, "end": "2024-06-30"}),
    "value.rfm_measures": Call(value.rfm_measures, {"orders": orders, "end": "2024-12-31"}),
    "value.abc": Call(value.abc, {
        "table": value.totals(orders)[["customer_id", "amount"]], "cuts": (0.8, 0.95), "convention": "inclusive"}),
    "value.gini": Call(value.gini, {"values": orders["amount"]}),
    "value.rfm": Call(value.rfm, {"measures": value.rfm_measures(orders, end="2024-12-31"), "bins": 3}),
    "value.select_cells": Call(value.select_cells, {
        "cells": pd.DataFrame({"contacts": [400, 300, 200], "responses": [12, 3, 4]}),
        "cost": 0.55, "profit": 40.0}),
    "value.compare_rankings": Call(value.compare_rankings, {
        "scores": pd.DataFrame({"one": score, "two": points}), "realised": score + 3, "top": 0.2},
        {("scores", "not a table"): "a dictionary of columns is as good"}),
    "clv.purchase_summary": Call(clv.purchase_summary, {"orders": orders, "end": "2024-12-31"}),
    "clv.cohort_table": Call(clv.cohort_table, {"orders": orders[["customer_id", "order_date"]], "end": "2024-12-31"}),
    "clv.BetaGeometricNBD": Call(
        lambda frequency, recency, age: clv.BetaGeometricNBD(frequency, recency, age).loglike([0.24, 4.4, 0.8, 2.4]),
        {name: summary[name] for name in ("frequency", "recency", "age")}, covers=("BetaGeometricNBDResults",)),
    "clv.BetaGeometricNBDResults.expected_purchases": Call(bgnbd.expected_purchases, {
        "t": 26.0, **{name: summary[name] for name in ("frequency", "recency", "age")}}),
    "clv.BetaGeometricNBDResults.expected_purchases_new": Call(bgnbd.expected_purchases_new, {
        "t": pd.Series([1.0, 5.0])}),
    "clv.BetaGeometricNBDResults.conf_int": Call(bgnbd.conf_int, {"level": 0.95}),
    "clv.GammaGamma": Call(lambda frequency, monetary: clv.GammaGamma(frequency, monetary).loglike([6.0, 4.0, 15.0]), {
        "frequency": buyers["frequency"], "monetary": buyers["monetary"]}, covers=("GammaGammaResults",)),
    "clv.GammaGammaResults.expected_spend": Call(gamma_gamma.expected_spend, {
        "frequency": buyers["frequency"], "monetary": buyers["monetary"]}),
    "clv.ShiftedBetaGeometric": Call(
        lambda life, observed: clv.ShiftedBetaGeometric(life, observed).loglike([1.0, 3.0]),
        {"life": life, "observed": left}, covers=("ShiftedBetaGeometricResults", "ConvergenceWarning")),
    "clv.ShiftedBetaGeometric.from_survivors": Call(
        lambda survivors: clv.ShiftedBetaGeometric.from_survivors(survivors).fit().params,
        {"survivors": pd.Series([1000, 869, 743, 653])}),
    "clv.ShiftedBetaGeometricResults.residual_lifetime": Call(sbg.residual_lifetime, {
        "tenure": pd.Series([0, 1, 4]), "discount": 0.1, "first_payment": 1}),
    "clv.ShiftedBetaGeometricResults.survival": Call(sbg.survival, {"t": pd.Series([0, 1, 4])}),
    "clv.clv_simple": Call(clv.clv_simple, {"m": 100.0, "r": 0.8, "i": 0.1, "first_margin": 1, "periods": 10}),
    "clv.markov_clv": Call(clv.markov_clv, {
        "P": pd.DataFrame([[0.8, 0.2], [0.0, 1.0]]), "R": pd.Series([100.0, 0.0]), "d": 0.1, "periods": 10}),
    "clv.contract_cohorts": Call(clv.contract_cohorts, {
        "start": pd.Series(np.tile(["2023", "2024"], N // 2), index=ROWS), "life": life, "observed": left}),
    "clv.customer_value": Call(clv.customer_value, {
        "summary": summary, "purchases": bgnbd, "spend": gamma_gamma, "margin": 0.4, "weeks": 52.0,
        "annual_discount": 0.1}),
    "churn.rates": Call(churn.rates, {"payments": payments, "start": 0, "end": 2}),
    "churn.survival": Call(churn.survival, {
        "time": life, "event": left, "at": [2.0, 4.0], "entry": life * 0.0, "level": 0.95}),
    "churn.snapshot": Call(churn.snapshot, {"history": history, "lives": lives, "month": 4, "horizon": 2, "window": 3},
                           {("lives", "missing"): GAP, ("lives", "nullable gap"): GAP,
                            ("history", "flags of 1 and 2"): "signals may be numbers"}),
    "churn.alarms": Call(churn.alarms, {"history": history, "lives": lives, "horizon": 2},
                         {("lives", "missing"): GAP, ("lives", "nullable gap"): GAP}),
    "churn.lift": Call(churn.lift, {"event": yes, "score": score, "share": 0.2}),
    "churn.expected_maximum_profit": Call(churn.expected_maximum_profit, {
        "event": yes, "score": score, "value": 200.0, "offer": 10.0, "contact": 1.0}),
    "survey.sample_size": Call(survey.sample_size, {"error": 0.05, "p": 0.5, "level": 0.95, "population": 1000}),
    "survey.krejcie_morgan": Call(survey.krejcie_morgan, {"population": 1000, "error": 0.05}),
    "survey.allocate": Call(survey.allocate, {
        "sizes": pd.Series([500, 300, 200], list("abc")), "spread": pd.Series([10.0, 20, 50], list("abc")), "n": 100}),
    "survey.cronbach_alpha": Call(survey.cronbach_alpha, {"items": items}),
    "survey.item_report": Call(survey.item_report, {"items": items}),
    "survey.poststratify": Call(survey.poststratify, {"stratum": strata, "population": population}),
    "survey.rake": Call(lambda respondents, population: survey.rake(respondents, {"sex": population}), {
        "respondents": strata.to_frame("sex"), "population": population}),
    "survey.weighted_mean": Call(survey.weighted_mean, {
        "values": points, "weights": column(rng.uniform(0.5, 2, N)), "strata": strata, "level": 0.95}),
    "decide.ab_test": Call(decide.ab_test, {
        "successes": 60, "n": 1000, "control_successes": 45, "control_n": 1000, "level": 0.95}),
    "decide.mean_difference": Call(decide.mean_difference, {
        "treated": score + 1, "control": pd.Series(rng.normal(size=30)), "level": 0.95}),
    "decide.sample_size": Call(decide.sample_size, {"base": 0.1, "lift": 0.02, "power": 0.8, "level": 0.95}),
    "decide.allocate": Call(decide.allocate, {
        "budget": 100.0, "curves": {"a": _concave(0.02), "b": _concave(0.05)}, "step": 1.0, "least": 0.0},
        {(name, "result"): "where nothing is spent there is no last step" for name in ("budget", "step", "least")}),
    "needs.kano_category": Call(needs.kano_category, {
        "functional": kano["functional"], "dysfunctional": kano["dysfunctional"]}),
    "needs.kano_summary": Call(needs.kano_summary, {"answers": kano, "by": "feature", "level": 0.95},
                               {("answers", "result"): "nobody is asked again where all answers are questionable"}),
    "needs.item_similarity": Call(needs.item_similarity, {"baskets": baskets}),
    "needs.recommend": Call(needs.recommend, {"baskets": baskets, "similarity": similar, "k": 2, "known": "keep"}),
    "winback.shrink_rates": Call(winback.shrink_rates, {
        "successes": pd.Series([60, 55, 6, 1], list("abcd")), "trials": pd.Series([200, 100, 10, 10], list("abcd")),
        "level": 0.95}),
    "winback.roll_back": Call(
        lambda chance, gain: winback.roll_back({"chance": {"yes": (chance, gain), "no": (0.7, -20)}}),
        {"chance": 0.3, "gain": 100.0}),
    "interact.Campaign": Call(
        lambda budget, cost, months, hold_out: interact.Campaign(
            {"new": 100}, "packs", "advice", budget, "wechat", {"new": 2.0}, cost, months, hold_out).spend(),
        {"budget": 1000.0, "cost": 0.15, "months": 3, "hold_out": 0.1}),
    "interact.Campaign.assign": Call(plan.assign, {"segment": pd.Series(["new"] * 20), "seed": 1},
                                   {("segment", "reversed"): "arms are drawn in the order given"}),
    "interact.removal_effect": Call(interact.removal_effect, {"journeys": journeys},
                                    {("journeys", "reversed"): "rows are steps, in their order"}),
    "interact.WearOut": Call(
        lambda contacts, response, customer: interact.WearOut(contacts, response, customer).fit().conf_int(),
        {"contacts": contacts, "response": bought, "customer": pd.Series(IDS, index=ROWS)}, covers=("WearOutResults",)),
    "interact.WearOutResults.conf_int": Call(curve.conf_int, {"level": 0.95}),
    "interact.WearOutResults.predict": Call(curve.predict, {"contacts": contacts},
                                            {("contacts", "reversed"): "an array in the order given"}),
    "loyalty.dick_basu": Call(
        lambda attitude, behaviour, high: loyalty.dick_basu(attitude, behaviour, (high, 1.0)),
        {"attitude": points, "behaviour": score, "high": 5.0}),
    "loyalty.bend": Call(loyalty.bend, {
        "satisfaction": satisfied, "loyal": stays, "market": market, "person": pd.Series([f"P{k}" for k in range(120)]),
        "level": 0.95}),
    "loyalty.curve": Call(loyalty.curve, {
        "satisfaction": satisfied, "loyal": stays, "market": market, "at": [2.0, 8.0], "level": 0.95}),
    "loyalty.two_slopes": Call(loyalty.two_slopes, {
        "loyal": outcome, "expectations": drivers[["clean"]], "level": 0.95}),
    "loyalty.nps": Call(loyalty.nps, {"ratings": points, "level": 0.95}),
    "loyalty.repeat_hazard": Call(loyalty.repeat_hazard, {
        "first": first, "second": second, "end": "2024-06-30", "width": 30},
        {("second", "missing"): GAP, ("second", "empty"): "nobody came again",
         ("second", "one row"): "the others did not come again"}),
    "loyalty.ladder": Call(loyalty.ladder, {
        "orders": orders[["customer_id", "order_date"]], "leads": leads, "referrals": referrals, "asof": "2024-06-30",
        "days": 365, "client": 4}, {("leads", "missing"): GAP}),
    "service.erlang_c": Call(service.erlang_c, {
        "calls": pd.Series([200.0, 100.0]), "interval_s": 3600.0, "aht": pd.Series([180.0, 170.0]),
        "agents": pd.Series([14, 8]), "within": 20.0},
        {(name, "result"): "a queue that grows without end has an infinite wait"
         for name in ("calls", "aht", "agents", "interval_s", "within")}),
    "service.required_agents": Call(service.required_agents, {
        "calls": pd.Series([200.0, 100.0]), "interval_s": 3600.0, "aht": 180.0, "target": 0.8, "within": 20.0},
        {("calls", "reversed"): "an array in the order given"}),
    "service.simulate_queue": Call(service.simulate_queue, {
        "arrival_s": pd.Series([0.0, 10, 20]), "talk_s": pd.Series([60.0, 60, 60]), "agents": 2}),
    "service.issues": Call(service.issues, {"calls": calls, "window": 7}),
    "service.u_chart": Call(service.u_chart, {"count": counted, "exposure": exposure, "base": base}),
    "service.p_chart": Call(service.p_chart, {"count": counted, "n": exposure, "base": base}),
    "service.xbar_chart": Call(service.xbar_chart, {"samples": samples, "base": pd.Series([True] * 11 + [False])}),
    "service.runs": Call(service.runs, {"chart": chart}),
    "identity.block": Call(identity.block, {"records": records, "keys": ["phone", ["name"]], "largest": 100},
                           {("records", "missing"): "a missing key joins nobody",
                            ("records", "blank"): "nor does a blank",
                            ("records", "nullable gap"): "a missing key joins nobody",
                            ("records", "mixed"): "a key of another kind equals no text",
                            ("records", "reversed"): "pairs stand in the order of the records"}),
    "identity.compare": Call(
        lambda records, pairs: identity.compare(records, pairs, {"name": (0.8, 0.92), "phone": ()}),
        {"records": records, "pairs": pairs},
        {("records", "missing"): "level -1", ("records", "blank"): "level -1", ("records", "nullable gap"): "level -1",
         ("records", "mixed"): "compared as text", ("pairs", "empty"): "no pairs, no levels"}),
    "identity.FellegiSunter": Call(lambda levels: identity.FellegiSunter(levels).fit().weights, {"levels": levels},
                                   covers=("FellegiSunterResults",)),
    "identity.FellegiSunterResults.predict": Call(linkage.predict, {"levels": levels}),
    "identity.clusters": Call(identity.clusters, {"records": records.index, "links": pairs},
                              {("links", "empty"): "nobody is linked"}),
    "identity.pair_metrics": Call(identity.pair_metrics, {"links": pairs, "truth": entity},
                                  {("links", "empty"): "no links: precision is missing",
                                   ("links", "result"): "precision of no links is missing"}),
    "identity.cluster_metrics": Call(identity.cluster_metrics, {
        "label": identity.clusters(records.index, pairs).astype("str"), "truth": entity},
        {("label", "result"): "of one record there are no pairs"}),
    "satisfaction.PathModel": Call(
        lambda data, scheme: satisfaction.PathModel(data, blocks, paths, scheme=scheme).fit().params,
        {"data": items, "scheme": "path"}, covers=("PathResults", "Bootstrap")),
    "satisfaction.PathResults.bootstrap": Call(
        lambda draws, seed, level: path_model.bootstrap(draws, seed).interval("index", level),
        {"draws": 60, "seed": 1, "level": 0.95}),
    "satisfaction.model_spec": Call(satisfaction.model_spec, {"name": "acsi"}),
    "satisfaction.acsi_score": Call(satisfaction.acsi_score, {"items": items[["s1", "s2"]], "weights": [0.6, 0.4]},
                                    {("items", "missing"): "the score of who skipped an item is missing",
                                     ("items", "nullable gap"): "the score of who skipped an item is missing"}),
    "satisfaction.lmg": Call(satisfaction.lmg, {"ratings": drivers, "outcome": outcome}),
    "satisfaction.penalty_reward": Call(satisfaction.penalty_reward, {
        "ratings": drivers, "outcome": outcome, "low": 2.0, "high": 4.0, "level": 0.95}),
    "satisfaction.diagram.path_diagram": Call(
        lambda quality: _ax(lambda ax: diagram.path_diagram(ax, {"loyalty": ["satisfaction"]}, values={
            "satisfaction -> loyalty": quality}))(), {"quality": 0.5}),
    "plot.bars": Call(_ax(plot.bars), {
        "values": pd.Series([3.0, 2.0], list("ab")), "low": pd.Series([2.0, 1.0], list("ab")),
        "high": pd.Series([4.0, 3.0], list("ab"))}),
    "plot.lines": Call(_ax(plot.lines), {"table": pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [2.0, 2.0, 3.0]})},
                       {("table", "missing"): "a line may begin late",
                        ("table", "nullable gap"): "a line may begin late",
                        ("table", "reversed"): "names stand beside the ends, wherever those are"}),
    "plot.intervals": Call(_ax(plot.intervals), {"table": estimates},
                           {("table", "missing"): "a row without an estimate is left blank",
                            ("table", "nullable gap"): "a row without an estimate is left blank"}),
}  # fmt: skip

# names of `__all__` that take nothing a user could spoil
WITHOUT_INPUT = {"plot.chinese_font", "plot.money_axis", "plot.percent_axis"}
