"""Who the customers are, how satisfied they are, who leads whom, and what the rival does."""

# ruff: noqa: RUF009 (planted makes a field)

from dataclasses import dataclass

from crmlab.company.parameters.planted import Story, planted

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class People(Story):
    """Persons and their lasting traits. Scores have mean 0 and variance 1."""

    pattern: tuple[int, int, int] = planted(
        (30, 9, 4), "of every 43: only retail, only subscriber, both", "people", 1, 100
    )
    city_shares: Numbers = planted((0.18, 0.15, 0.16, 0.14, 0.22, 0.15), "where people live, by city", "share", 0.01, 1)
    female: float = planted(0.58, "women among the people", "share", 0, 1)
    age_mean: float = planted(41, "mean age", "years", 25, 60)
    age_spread: float = planted(12.5, "spread of age", "years", 1, 30)
    age_limits: tuple[int, int] = planted(
        (18, 85), "youngest and oldest; beyond them ages are set to these", "years", (16, 70), (25, 110)
    )
    segment_base: Numbers = planted(
        (0.36, 0.22, 0.18, 0.14, 0.10), "needs, at mean age and mixed sex", "share", 0.01, 1
    )
    segment_age: Numbers = planted((0.0, -0.14, 0.30, 0.10, -0.20), "tilt of each need by a sd of age", "log", -2, 2)
    segment_sex: Numbers = planted((0.0, 0.34, 0.20, -0.34, -0.08), "tilt of each need for a woman", "log", -2, 2)
    join_power: float = planted(1.25, "days of joining are a power of a uniform number: above 1, early", "", 0.5, 4)
    join_days: int = planted(1074, "last day on which a retail member joins", "day", 400, 1095)
    habit: tuple[float, float] = planted((0.5, 0.87), "habit: weight of the purchase rate, rest", "sd", 0, 1)
    switching: tuple[float, float] = planted((0.2, 0.98), "switching cost: weight of habit, rest", "sd", 0, 1)
    effort: tuple[float, float] = planted((0.15, 0.99), "cost to serve: weight of the purchase rate, rest", "sd", 0, 1)
    advocacy: Numbers = planted(
        (0.25, 0.54, 0.34, 0.73), "referral score: attitude, purchase rate, spending, rest", "sd", 0, 1
    )
    elasticity_gift: float = planted(-0.6, "mean price elasticity of gift buyers", "log a log", -5, 0)
    elasticity_others: float = planted(-2.1, "mean price elasticity of all others", "log a log", -5, 0)
    elasticity_spread: float = planted(0.4, "spread of elasticity between people", "log a log", 0, 2)
    moved: float = planted(0.04, "people who move, a year", "probability", 0.001, 0.5)
    baby: float = planted(0.04, "people who have a baby, a year", "probability", 0.001, 0.5)
    moved_factor: float = planted(0.6, "rate of buying after a move", "factor", 0.1, 3)
    baby_factor: float = planted(1.4, "rate of buying after a baby", "factor", 0.1, 3)
    event_lag: int = planted(60, "days until an event changes the rate of buying", "day", 0, 365)
    source_shares: Numbers = planted(
        (0.45, 0.22, 0.20, 0.13),
        "how those came who were not brought: walk-in, search, wechat, event",
        "share",
        0.01,
        1,
    )


@dataclass(frozen=True)
class Satisfaction(Story):
    """The satisfaction model (ECSI), and how satisfaction keeps customers in each kind of market."""

    paths: dict[str, dict[str, float]] = planted(
        {
            "expectation": {"image": 0.50},
            "product_quality": {"expectation": 0.45},
            "service_quality": {"expectation": 0.40},
            "value": {"expectation": 0.10, "product_quality": 0.35, "service_quality": 0.35},
            "satisfaction": {
                "image": 0.15,
                "expectation": 0.05,
                "product_quality": 0.25,
                "service_quality": 0.25,
                "value": 0.30,
            },
            "attitude": {"satisfaction": 0.50, "image": 0.15},
        },
        "path of each cause to its effect, all variances being 1",
        "sd a sd",
        -0.6,
        0.6,
    )
    regime_level: Numbers = planted((-0.5, 0.0, 0.5), "index of leaving: monopoly, oligopoly, competition", "sd", -3, 3)
    regime_slope: Numbers = planted(
        (0.4, 0.8, 1.5), "how far satisfaction lowers that index, by market", "sd a sd", 0, 4
    )
    concave: float = planted(1.0, "bend of the curve of satisfaction in a monopoly", "", 0.1, 2)
    convex: float = planted(0.9, "bend of the curve of satisfaction in competition", "", 0.1, 2)
    fault_satisfaction: float = planted(0.35, "drop in satisfaction for a point of severity left", "sd", 0, 2)
    fault_memory: float = planted(180.0, "days in which that drop fades to 1/e", "day", 1, 2000)


@dataclass(frozen=True)
class Rival(Story):
    """The rival of 2023-03-01 in Luyuan: attitude and switching cost protect, habit does not."""

    rival_day: int = planted(424, "the day it opens", "day", 60, 1000)
    rival_pull: float = planted(0.75, "most that may go over", "probability", 0, 1)
    rival_delay: float = planted(45.0, "mean days until they do", "day", 1, 400)
    rival_attitude: float = planted(0.8, "bond by attitude", "sd a sd", 0, 3)
    rival_switching: float = planted(0.4, "bond by switching cost", "sd a sd", 0, 3)
    rival_slope: float = planted(2.0, "how sharply the bond tells", "sd a sd", 0, 10)
    rival_level: float = planted(0.1, "bond at which half of the pull works", "sd", -2, 2)


@dataclass(frozen=True)
class Referrals(Story):
    """Who brings whom, and what a referral is worth."""

    referred: float = planted(0.35, "people who are candidates for having been brought", "probability", 0, 1)
    referred_spend: float = planted(0.16, "how far big spenders are more often candidates", "log a sd", 0, 1)
    referral_slope: float = planted(1.2, "how far the referral score draws candidates", "log a sd", 0, 3)
    referral_window: int = planted(860, "people before her among whom a candidate picks", "people", 1, 5000)
    type_1: float = planted(0.55, "referred who would not have come otherwise", "share", 0, 1)
    referral_value: tuple[float, float] = planted(
        (60.0, 2.0), "worth of a new customer: mean yuan, gamma shape", "", (5, 0.5), (500, 10)
    )
    referral_saved: float = planted(35.0, "cost of winning a customer that every referral saves", "yuan", 0, 500)
