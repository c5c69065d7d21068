"""Subscribers: how long they stay, why they leave, what they say, and what brings them back."""

# ruff: noqa: RUF009 (planted makes a field)

from dataclasses import dataclass

from crmlab.company.parameters.planted import Story, planted

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Subscriptions(Story):
    """The monthly box: shifted beta-geometric lives."""

    churn: tuple[float, float] = planted((0.765, 7.735), "beta of monthly churn: alpha, beta", "", 0.1, 100)
    start_power: float = planted(1.3, "months of starting are a power of a uniform number: above 1, early", "", 0.5, 4)
    plan_share: float = planted(0.55, "month to month; the rest renew automatically", "share", 0, 1)
    box_prices: Numbers = planted((88.0, 128.0, 198.0), "small, classic, large box", "yuan", 10, 1000)
    box_shares: Numbers = planted((0.40, 0.40, 0.20), "subscribers by box", "share", 0.01, 1)
    automatic_price: float = planted(0.92, "price of the automatic plan against the other", "factor", 0.5, 1.2)
    box_cost: float = planted(9.0, "packing and courier of a box", "yuan", 1, 50)


@dataclass(frozen=True)
class Leaving(Story):
    """The path to leaving, the causes, and what leavers say."""

    lead: Numbers = planted(
        (0.50, 0.14, 0.12, 0.10, 0.08, 0.06), "months of discontent before the exit, 0 to 5", "share", 0.001, 1
    )
    false_spell: float = planted(0.04, "a spell of discontent begins that passes, a month", "probability", 0, 1)
    false_spell_months: int = planted(2, "months it lasts", "month", 1, 12)
    signal_in: Numbers = planted(
        (0.50, 0.40, 0.35, 0.30, 0.30), "the five signals in a month of discontent", "probability", 0, 1
    )
    signal_out: Numbers = planted(
        (0.06, 0.05, 0.05, 0.04, 0.03), "the five signals in any other month", "probability", 0, 1
    )
    engagement: tuple[float, float, float] = planted(
        (0.8, 0.5, 0.7), "engagement: weight of staying, the person, the month", "sd", 0, 3
    )
    visits: tuple[float, float] = planted((0.9, 0.45), "visits to the site: level, engagement", "log", 0, 2)
    late_from: int = planted(8, "days from which a late payment is a signal", "day", 6, 30)
    late_days: float = planted(28.0, "spread of late payments beyond that", "day", 1, 90)
    late_usual: tuple[float, float] = planted(
        (12.0, 6.0), "usual days late: span of a uniform number, less", "day", (6, 1), (30, 12)
    )
    cause_level: Numbers = planted(
        (0.20, 0.05, -0.35, -0.55, -0.45, -1.05), "causes of leaving at mean traits", "log", -5, 5
    )
    cause_elasticity: tuple[float, float] = planted(
        (0.5, 1.8), "price as a cause: weight and centre of elasticity", "log", (0, 0), (3, 5)
    )
    cause_regime: float = planted(0.5, "competitor as a cause, by a step of competition", "log", -3, 3)
    cause_satisfaction: Numbers = planted(
        (0.0, -0.8, -0.3, -0.2, 0.0, 0.15), "the six causes by satisfaction",
        "log a sd", -3, 3,
    )  # fmt: skip
    says_price: Numbers = planted(
        (0.93, 0.42, 0.52, 0.45, 0.42, 0.10), "say it was the price, by true cause", "probability", 0, 1
    )
    exit_answer: float = planted(0.60, "leavers who answer the exit survey", "share", 0, 1)
    interviewed: float = planted(0.20, "of those, interviewed at length", "share", 0, 1)


@dataclass(frozen=True)
class Saving(Story):
    """Calls of those who want to cancel: who takes them, and what saves."""

    calls_to_cancel: tuple[float, float] = planted(
        (0.55, 0.30), "phone first: of those who leave, and of discontented months that pass", "share", 0, 1
    )
    stays_months: int = planted(3, "months a saved subscriber stays at least", "month", 1, 12)
    step_effect: Numbers = planted(
        (0.80, 0.45, 0.60), "saving by comprehending, proposing, responding", "log odds", -3, 3
    )
    save_level: float = planted(-1.2, "saving without any step", "log odds", -5, 5)
    offer_first: float = planted(-0.55, "saving if an offer comes before the reason", "log odds", -3, 3)
    step_level: Numbers = planted((0.9, 0.2, -0.3), "the three steps taken by a mean agent", "log odds", -5, 5)
    step_skill: float = planted(0.5, "steps by an agent's skill", "log odds a sd", 0, 3)
    agents: int = planted(14, "agents", "person", 2, 40)
    agent_effect: float = planted(0.35, "spread of the agents' own effect", "log odds", 0, 2)
    agent_load: float = planted(0.6, "spread of calls between agents", "log", 0, 2)
    agent_since: float = planted(900.0, "longest service of an agent at the start", "day", 1, 5000)


@dataclass(frozen=True)
class Retention(Story):
    """The call of April 2024 and the win-back offer of July 2024."""

    retention_month: int = planted(27, "month of the call", "month", 25, 35)
    retention_share: float = planted(0.5, "subscribers called", "share", 0, 1)
    persuadable: tuple[float, float, float] = planted(
        (2.58, -2.5, 1.0), "saved by a call, if she would leave: level, churn score, receptiveness", "log odds", -60, 10
    )
    sleeping_dog: tuple[float, float, float, float] = planted(
        (-2.80, 1.5, 1.0, -0.8), "woken by a call, if she would stay: level, old and monthly, score, receptiveness",
        "log odds", -60, 10,
    )  # fmt: skip
    veteran: int = planted(12, "months after which she is old", "month", 1, 30)
    churn_score: tuple[float, float] = planted(
        (-0.604, 0.842), "mean and sd of the churn score among the active", "sd", -3, 3
    )
    openness_noise: float = planted(0.25, "noise of openness, which shows receptiveness", "sd", 0, 3)
    call_cost: float = planted(12.0, "a retention call: eight minutes of an agent, and the gift", "yuan", 1, 100)
    winback_month: int = planted(30, "month of the win-back offer", "month", 28, 35)
    winback: tuple[Numbers, ...] = planted(
        (
            (0.06, 0.15, 0.33),
            (0.08, 0.27, 0.20),
            (0.04, 0.10, 0.15),
            (0.04, 0.09, 0.11),
            (0.02, 0.04, 0.05),
            (0.005, 0.01, 0.01),
        ),
        "come back on no offer, gift, discount, by cause of leaving (rows)", "probability", 0, 1,
    )  # fmt: skip
    second_life: Numbers = planted(
        (0.87, 0.96, 0.91, 0.92, 0.93, 0.95),
        "stay another month after coming back, by cause",
        "probability",
        0.1,
        0.999,
    )
    gift_cost: float = planted(25.0, "win-back gift", "yuan", 1, 200)
    discount: float = planted(0.30, "win-back discount on the first three boxes", "share", 0, 1)


@dataclass(frozen=True)
class Mobile(Story):
    """A mobile operator (a case of its own)."""

    lines: int = planted(8_000, "lines in a company of the course's size", "line", 100, 20_000)
    contract_shares: Numbers = planted((0.35, 0.40, 0.25), "no contract, 12 months, 24 months", "share", 0.01, 1)
    fees: Numbers = planted((29.0, 59.0, 99.0, 159.0), "monthly fees", "yuan", 1, 1000)
    fee_shares: Numbers = planted((0.35, 0.35, 0.20, 0.10), "lines by fee", "share", 0.01, 1)
    line_churn: tuple[float, float] = planted((1.6, 62.0), "beta of monthly leaving without contract", "", 0.1, 500)
    within_contract: float = planted(0.25, "times that while bound", "factor", 0, 2)
    contract_end: float = planted(5.0, "times that in the month a contract ends", "factor", 0, 20)
    most_leaving: float = planted(0.95, "most that leave in a month", "probability", 0.1, 0.99)
    line_fall: float = planted(
        0.80, "use in each of the last three months against the month before", "factor", 0.1, 1.5
    )
    line_use: tuple[float, float, float] = planted(
        (90.0, 0.5, 0.25), "minutes: median, spread between lines and months (log)", "", (10, 0, 0), (500, 2, 2)
    )
    line_service: tuple[float, float] = planted(
        (0.30, 0.05), "calls to service: before leaving over network or service, else", "probability", 0, 1
    )
    line_extra: tuple[float, float] = planted((6.0, 0.6), "extras: median yuan, spread (log)", "", (0.1, 0), (100, 2))
    line_reasons: Numbers = planted((0.30, 0.20, 0.16, 0.18, 0.08, 0.08), "true reasons of leaving", "share", 0.01, 1)
    line_says_price: Numbers = planted(
        (0.92, 0.40, 0.45, 0.50, 0.15, 0.70), "name the price, by true reason", "probability", 0, 1
    )
    line_asked: float = planted(0.55, "lost lines that were asked", "share", 0, 1)
    line_regain: tuple[Numbers, ...] = planted(
        (
            (0.05, 0.24, 0.08, 0.12),
            (0.03, 0.06, 0.07, 0.05),
            (0.07, 0.12, 0.26, 0.13),
            (0.04, 0.08, 0.06, 0.24),
            (0.01, 0.01, 0.01, 0.01),
            (0.12, 0.30, 0.14, 0.33),
        ),
        "come back on nothing, credit, apology call, handset, by reason (rows)", "probability", 0, 1,
    )  # fmt: skip
    line_second_life: Numbers = planted(
        (0.87, 0.92, 0.97, 0.95, 0.95, 0.80),
        "stay another month after coming back, by reason",
        "probability",
        0.1,
        0.999,
    )
    line_paid: Numbers = planted(
        (1.0, 1.0, 1.0, 1.0, 1.0, 0.45), "pay the bills of the second life, by reason", "probability", 0, 1
    )
    line_test_month: int = planted(18, "who had left by then is in the test", "month", 6, 22)
