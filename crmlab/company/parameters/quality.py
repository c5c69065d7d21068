"""Service quality and loyalty: gaps, processes, pilots; points, prices, expectations, leads."""

# ruff: noqa: RUF009 (planted makes a field)

from dataclasses import dataclass

from crmlab.company.parameters.planted import Story, planted

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Quality(Story):
    """The gap model: what customers expect and perceive in stores (first) and in the call centre."""

    weights: Numbers = planted((0.11, 0.32, 0.22, 0.19, 0.16), "importance of the five dimensions", "share", 0.01, 1)
    weight_noise: float = planted(0.35, "spread of weights between people", "log", 0, 2)
    expected: Numbers = planted((5.3, 6.1, 6.0, 5.9, 5.6), "mean expectation of a dimension", "points, 1–7", 1, 7)
    expected_item: float = planted(0.10, "spread of items around it", "points, 1–7", 0, 1)
    gaps: tuple[Numbers, Numbers] = planted(
        ((-0.15, -0.20, -0.85), (-0.20, -0.95, -0.15)), "gaps 1 to 3, by place", "points, 1–7", -3, 0
    )
    gap_pattern: tuple[Numbers, Numbers] = planted(
        ((0.4, 1.2, 1.1, 1.0, 0.8), (0.5, 0.8, 1.4, 0.9, 1.3)), "the largest gap by dimension, by place", "factor", 0, 3
    )
    gap_size: tuple[float, float] = planted((0.85, 0.30), "a company's gaps against these: least, span", "factor", 0, 2)
    gap_item: float = planted(0.05, "spread of items around a gap", "points, 1–7", 0, 1)
    over_promise: tuple[float, float, float] = planted(
        (0.9, 0.25, 0.2), "promised above delivery: mean, spread, least", "points, 1–7", 0, 4
    )
    broken: float = planted(0.30, "perception lost by a point promised and not delivered", "points, 1–7", 0, 2)
    answer_spread: tuple[float, float] = planted(
        (0.50, 0.80), "spread of answers: the person's level, the item", "points, 1–7", 0.1, 3
    )
    manager_spread: tuple[float, float] = planted((0.30, 0.60), "the same of managers", "points, 1–7", 0.1, 3)
    overall_noise: float = planted(0.45, "noise of the overall rating", "points, 1–7", 0, 3)
    servqual_asked: float = planted(0.08, "customers in the survey", "share", 0, 1)
    servqual_place: tuple[float, float] = planted((0.5, 0.5), "asked about store, call centre", "share", 0.01, 1)
    servqual_day: int = planted(1004, "day of the survey: 2024-10-01", "day", 731, 1060)
    audit_noise: tuple[float, float, float] = planted(
        (0.20, 0.10, 0.40), "audits: spread of units, visits, items", "points, 1–7", 0, 2
    )


@dataclass(frozen=True)
class Processes(Story):
    """Deliveries, packing, and what quality costs."""

    slips: Numbers = planted(
        (0.006, 0.010, 0.012, 0.006, 0.025, 0.005, 0.007), "small slips, in the order of the seven rights",
        "probability", 0, 0.09,
    )  # fmt: skip
    bad_day: float = planted(0.06, "days when everything slips more", "share", 0, 1)
    bad_times: float = planted(10.0, "times more it slips then", "factor", 1, 20)
    stray: float = planted(0.30, "lost parcels that went to a wrong place or person", "share", 0, 1)
    first_delivery: int = planted(546, "first day of the table: July 2023", "day", 366, 900)
    box_day: int = planted(947, "thinner boxes from Monday 2024-08-05", "day", 750, 1080)
    box_slip: float = planted(0.035, "more that arrive dented", "probability", 0, 0.5)
    promised_days: int = planted(3, "days promised", "day", 1, 10)
    late_span: float = planted(5.0, "most days late beyond the first", "day", 1, 30)
    grams: tuple[float, float] = planted((100.5, 0.80), "a tin: mean, spread", "gram", (90, 0.01), (110, 5))
    fill_day: int = planted(989, "the machine fills less from Monday 2024-09-16", "day", 750, 1080)
    fill_shift: float = planted(-0.70, "grams less", "gram", -10, 0)
    prevention: Numbers = planted(
        (12, 10, 14, 11, 16, 20, 28, 36, 40, 34, 24, 22), "prevention, by quarter", "1 000 yuan a month", 1, 100
    )
    failure: float = planted(6.25e8, "failure cost of a month × prevention: least total at 25 000", "yuan²", 1e7, 1e10)
    failure_size: tuple[float, float] = planted((0.85, 0.30), "a company's against that: least, span", "factor", 0, 2)
    internal: float = planted(0.40, "failures found within the firm", "share", 0, 1)
    appraisal: float = planted(9000.0, "appraisal", "yuan a month", 100, 1e5)
    cost_noise: tuple[float, float] = planted(
        (0.05, 0.12), "spread of prevention and appraisal, of failures", "log", 0, 1
    )


@dataclass(frozen=True)
class Pilots(Story):
    """The test of care, and the pilot of raised quality."""

    care_asked: float = planted(0.70, "members in the test of care", "share", 0, 1)
    care_share: float = planted(0.5, "cared for by lot", "share", 0, 1)
    trigger_shares: Numbers = planted((0.34, 0.33, 0.33), "first order, birthday, silence", "share", 0.01, 1)
    care_base: Numbers = planted((0.20, 0.14, 0.07), "come within 60 days without care", "probability", 0, 0.5)
    care_attitude: tuple[float, float] = planted(
        (0.20, 0.6), "that by attitude, and its limit", "share a sd", (0, 0), (0.9, 0.9)
    )
    care_effect: Numbers = planted((0.080, 0.018, 0.000), "more who come with care", "probability", 0, 0.4)
    care_margin: float = planted(42.0, "margin of a customer who comes", "yuan", 1, 500)
    pilot_customers: int = planted(10_000, "customers in each place", "customer", 100, 20_000)
    pilot_base: float = planted(0.68, "buy again without the pilot", "probability", 0.2, 0.7)
    keeps: float = planted(0.07, "buying again by a point of quality", "probability", 0, 0.2)
    keeper_margin: float = planted(140.0, "margin of six months of a customer who buys again", "yuan", 10, 1000)
    goodwill: tuple[float, float] = planted(
        (0.80, 0.14), "goodwill: on the rating, on buying again", "", (0, 0), (2, 0.15)
    )
    rating_noise: float = planted(0.60, "noise of the rating", "points, 1–7", 0.1, 3)
    piloted: tuple[float, float] = planted(
        (0.5, 0.6), "share of its largest gap the pilot closes: store, call centre", "share", 0, 1
    )
    project_cost: Numbers = planted(
        (45_000.0, 190_000.0, 70_000.0, 12_000.0, 60_000.0, 90_000.0, 300_000.0, 20_000.0),
        "projects for gaps 1–4, call centre then stores", "yuan", 1000, 1e6,
    )  # fmt: skip
    project_closes: Numbers = planted(
        (0.5, 0.6, 0.5, 0.8, 0.5, 0.6, 0.5, 0.8), "share of its gap a project closes", "share", 0, 1
    )
    project_customers: tuple[int, int] = planted(
        (60_000, 90_000), "customers in six months: call centre, stores", "customer", 1000, 1_000_000
    )


@dataclass(frozen=True)
class Loyalty(Story):
    """Points, the price test, the loyalty survey, leads."""

    breakage: float = planted(0.22, "points never redeemed", "share", 0, 1)
    points_life: int = planted(180, "days until points expire", "day", 30, 365)
    points_delay: float = planted(60.0, "mean days to redemption, of a law cut at the end of their life", "day", 5, 300)
    price_day: int = planted(1004, "price test: October 2024", "day", 731, 1090)
    price_asked: float = planted(0.14, "members who see prices by lot", "share", 0, 1)
    price_factors: Numbers = planted(
        (0.80, 0.90, 1.00, 1.10, 1.25), "shown price against list price, by lot", "factor", 0.3, 3
    )
    price_grams: float = planted(150.0, "median amount at list price", "gram", 10, 1000)
    price_noise: tuple[float, float] = planted((0.40, 0.45), "spread of grams: between people, within", "log", 0, 2)
    loyalty_asked: float = planted(0.30, "active customers in the loyalty survey", "share", 0, 1)
    basic_item: tuple[float, float] = planted(
        (7.2, 0.8), "basic expectations met: mean, weight of product quality", "points, 1–10", (1, 0.0), (10, 0.99)
    )
    latent_item: tuple[float, float] = planted(
        (5.6, 0.6), "latent expectations met: mean, weight of service quality", "points, 1–10", (1, 0.0), (10, 0.99)
    )
    met_spread: float = planted(1.75, "spread of both", "points, 1–10", 0.1, 5)
    basic: tuple[float, float, float] = planted(
        (7.0, 6.0, 0.5), "intention by basic: knot, slope below, above", "points, 0–100", (2, 0, 0), (9, 10, 10)
    )
    latent: tuple[float, float, float] = planted(
        (6.0, 0.5, 6.0), "intention by latent: knot, slope below, above", "points, 0–100", (2, 0, 0), (9, 10, 10)
    )
    intention: tuple[float, float] = planted((22.0, 9.0), "intention to stay: level, noise", "points, 0–100", 0, 60)
    recommend: tuple[float, float, float] = planted(
        (7.4, 2.0, 0.70),
        "recommendation: level, spread, weight of attitude",
        "points, 0–10",
        (0, 0.1, 0.0),
        (10, 5, 0.99),
    )
    was_lead: Numbers = planted(
        (0.35, 0.10, 0.35, 0.45, 0.60),
        "customers who were a lead before: referral, walk-in, search, wechat, event",
        "share",
        0,
        1,
    )
    lost_leads: float = planted(0.62, "leads without an order, for each customer", "share", 0, 1)
    lost_sources: Numbers = planted((0.10, 0.08, 0.34, 0.33, 0.15), "their sources", "share", 0.01, 1)
    lead_days: float = planted(30.0, "mean days from lead to first order", "day", 1, 365)
